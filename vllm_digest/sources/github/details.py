"""Fetch whole threads: in batches by node id, then the further pages of their lists."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from vllm_digest.errors import SourceError
from vllm_digest.models import Gap, GapCode, Kind, Thread
from vllm_digest.sources import OnProgress
from vllm_digest.sources.github.answers import IssueNode, PullNode, parse
from vllm_digest.sources.github.candidates import Candidate
from vllm_digest.sources.github.client import BatchSize, Client, Query
from vllm_digest.sources.github.content import (
    CommentsPage,
    Content,
    EventsPage,
    FilesPage,
    ReviewsPage,
)
from vllm_digest.sources.github.failures import NullFieldError, QueryTooLargeError, WrongFieldError
from vllm_digest.sources.github.nodes import thread
from vllm_digest.sources.github.pages import read_further_pages
from vllm_digest.sources.github.queries import document
from vllm_digest.sources.github.refusals import refusal
from vllm_digest.sources.github.response import Answer
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)

BATCH = 25
"""Pull requests in a query, with twice as many issues. GitHub computes a diff for each pull request and ends
a query after ten seconds; about fifty pull requests are too many (getsentry/sentry#122671)."""
FIRST_PAGES = {"comments": 100, "reviews": 10, "replies": 20}
"""GitHub charges for the comments of each review on a page, whether there are that many reviews or not: a day
costs 64 points with pages of 10, 90 with 20 and 161 with 50, for as many requests (docs/fetching.md)."""
_MOST_LOST = 5
"""Threads outside the five lists that may be missing from a report, or one in a hundred of all if that is
more; with more than that, GitHub has an outage."""
_LISTS = {Kind.ISSUE: "issues", Kind.PULL_REQUEST: "pulls"}


@dataclass(frozen=True, slots=True)
class FetchedThread:
    """A thread from a response, with the entries of its lists that were read so far."""

    node: IssueNode
    content: Content

    def assembled(self) -> tuple[Thread, tuple[Gap, ...]]:
        """Return the thread and its gaps, once all pages are read."""
        content = self.content
        nulls = (Gap(GapCode.ENTRIES_NULL, content.number, seen=content.nulls),) if content.nulls > 0 else ()
        return thread(self.node, content.events, content.remarks, content.paths), (*content.gaps, *nulls)


@dataclass(frozen=True, slots=True)
class _Unavailable:
    """A thread that cannot be fetched. `error`: the reason; None if it was deleted."""

    gap: Gap
    error: SourceError | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """The threads that could be fetched, and the gaps."""

    threads: tuple[Thread, ...]
    gaps: tuple[Gap, ...]

    @property
    def partial(self) -> frozenset[int]:
        """Numbers of the threads with a gap."""
        return frozenset(gap.number for gap in self.gaps if gap.number is not None)


class LostThreadError(SourceError):
    """GitHub did not return a thread that belongs to a list of the window."""


def fetch_details(
    client: Client, found: Sequence[Candidate], window: TimeWindow, on_progress: OnProgress
) -> Details:
    """Fetch the candidates with all their lists.

    Raises LostThreadError if one that belongs to a list of the window cannot be fetched, SourceError if more
    than `_MOST_LOST` others cannot.
    """
    whole: list[FetchedThread] = []
    lost: list[_Unavailable] = []
    for done, (one, batched) in enumerate(_in_batches(client, found)):
        on_progress(done, len(found))
        outcome = batched or _alone(client, one)
        if isinstance(outcome, FetchedThread):
            whole.append(outcome)
            continue
        lost.append(outcome)
        if outcome.error is not None and one.is_listed_in(window):
            raise LostThreadError(
                outcome.error.problem,
                f"A list would be incomplete, so the window is left out. {outcome.error.remedy}",
            ) from outcome.error
        _check_losses([loss.error for loss in lost if loss.error is not None], len(found))
    read_further_pages(client, [one.content for one in whole])
    on_progress(len(found), len(found))
    assembled = [one.assembled() for one in whole]
    return Details(
        tuple(thread for thread, _ in assembled),
        (*(loss.gap for loss in lost), *(gap for _, gaps in assembled for gap in gaps)),
    )


def _check_losses(errors: Sequence[SourceError], found: int) -> None:
    if len(errors) > max(_MOST_LOST, found // 100):
        raise SourceError(
            f"{len(errors)} threads could not be fetched. {errors[-1].problem}",
            f"Too much would be missing, so it is not published. {errors[-1].remedy}",
        ) from errors[-1]


def _in_batches(
    client: Client, found: Sequence[Candidate]
) -> Iterator[tuple[Candidate, FetchedThread | _Unavailable | None]]:
    """Yield each candidate with its outcome; None if GitHub returned only a part of it or nothing."""
    size = BatchSize(BATCH)
    waiting = {kind: [one for one in found if one.kind is kind] for kind in Kind}
    while any(waiting.values()):
        try:
            got = client.query(partial(_batch, waiting), size, partial(_read_batch, waiting, size))
        except QueryTooLargeError as error:
            log.info("GitHub could not answer for one thread of each kind (%s)", error)
            got = {}
        asked = _asked(waiting, size.now)
        for kind in Kind:
            waiting[kind] = waiting[kind][len(asked[kind]) :]
            yield from ((one, got.get(one.id)) for one in asked[kind])


def _asked(waiting: Mapping[Kind, Sequence[Candidate]], count: int) -> dict[Kind, Sequence[Candidate]]:
    """The candidates that a query of this size asks for."""
    return {
        Kind.ISSUE: waiting.get(Kind.ISSUE, ())[: 2 * count],
        Kind.PULL_REQUEST: waiting.get(Kind.PULL_REQUEST, ())[:count],
    }


def _alone(client: Client, one: Candidate) -> FetchedThread | _Unavailable:
    """Fetch one thread; without its files if the query is too large."""
    try:
        try:
            return _one(client, one, with_files=True)
        except QueryTooLargeError:
            if one.kind is Kind.ISSUE:
                raise
            got = _one(client, one, with_files=False)
            if isinstance(got, FetchedThread):
                got.content.miss(GapCode.FILES_MISSING)
            return got
    except QueryTooLargeError as error:
        return _Unavailable(
            Gap(GapCode.THREAD_UNREADABLE, one.number),
            SourceError(f"GitHub did not give #{one.number}: {error}.", "Run the same command again later."),
        )


def _one(client: Client, one: Candidate, *, with_files: bool) -> FetchedThread | _Unavailable:
    waiting = {one.kind: [one]}
    query = partial(_batch, waiting, with_files=with_files)
    return client.query(query, BatchSize(1), lambda answer: _read_node(one, answer, (_LISTS[one.kind], 0)))


def _batch(waiting: Mapping[Kind, Sequence[Candidate]], count: int, *, with_files: bool = True) -> Query:
    asked = _asked(waiting, count)
    issues, pulls = ([one.id for one in asked[kind]] for kind in (Kind.ISSUE, Kind.PULL_REQUEST))
    return Query(
        document("details"),
        {
            "issues": issues,
            "pulls": pulls,
            "withIssues": bool(issues),
            "withPulls": bool(pulls),
            "withFiles": with_files,
            **FIRST_PAGES,
        },
    )


def _read_batch(
    waiting: Mapping[Kind, Sequence[Candidate]], size: BatchSize, answer: Answer
) -> dict[str, FetchedThread | _Unavailable]:
    """Return the complete threads of a batch, by node id."""
    got = {}
    for kind, asked in _asked(waiting, size.now).items():
        for place, one in enumerate(asked):
            try:
                got[one.id] = _read_node(one, answer, (_LISTS[kind], place))
            except NullFieldError as error:
                log.info("GitHub left out a thread of a batch, or a part of it (%s)", error)
    return got


def _read_node(one: Candidate, answer: Answer, path: tuple[str, int]) -> FetchedThread | _Unavailable:
    """Read the thread at `path`. Raises NullFieldError if something is missing without a stated reason."""
    nodes = answer.data.get(path[0])
    if not isinstance(nodes, list) or len(nodes) <= path[1]:
        raise NullFieldError(path)
    if nodes[path[1]] is None and answer.is_gone(path):
        return _Unavailable(Gap(GapCode.THREAD_DELETED, one.number))
    try:
        got = read_whole(nodes[path[1]], answer, path)
    except NullFieldError as error:
        if problem := answer.forbidden(error.path):
            refused = refusal(403, problem.message)
            return _Unavailable(
                Gap(GapCode.THREAD_UNREADABLE, one.number),
                SourceError(f"#{one.number} cannot be read. {refused.problem}", refused.remedy),
            )
        raise
    if (got.node.id, got.node.number) != (one.id, one.number):
        raise WrongFieldError((*path, "number"), f"it is not the requested #{one.number}")
    return got


def read_whole(value: object, answer: Answer, path: tuple[str | int, ...]) -> FetchedThread:
    """Read a thread with its texts. Raises NullFieldError if something is missing without a stated reason."""
    is_pull = isinstance(value, dict) and value.get("__typename") == "PullRequest"
    node = parse(PullNode if is_pull else IssueNode, value, *path)
    for name in node.null_fields:
        if answer.forbidden((*path, name)) is None:
            raise NullFieldError((*path, name))
    content = Content(node.number)
    content.take(EventsPage.model_construct(timeline_items=node.timeline_items), node.id)
    content.take(CommentsPage.model_construct(comments=node.comments), node.id)
    if isinstance(node, PullNode) and node.reviews is not None:
        content.take(ReviewsPage.model_construct(reviews=node.reviews), node.id)
    if isinstance(node, PullNode) and node.files is not None:
        content.take(FilesPage.model_construct(files=node.files), node.id)
    content.note_refusals(answer, path)
    return FetchedThread(node, content)
