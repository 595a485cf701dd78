"""Everything about the threads that were found: in batches by node id, with further pages where needed."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from vllm_digest.errors import SourceError
from vllm_digest.models import Gap, GapCode, Kind, Remark, Thread
from vllm_digest.sources.github.client import Answer, Client, Query, Size, readable
from vllm_digest.sources.github.faults import QueryTooLargeError
from vllm_digest.sources.github.nodes import (
    Candidate,
    Node,
    comment,
    next_cursor,
    review,
    review_comment,
    thread,
)
from vllm_digest.sources.github.queries import document
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)

BATCH = 25
"""Threads of each kind in a query. GitHub computes a diff for each pull request and ends a query after ten
seconds; some fifty pull requests are too many."""
_FIRST_PAGES = {"comments": 100, "reviews": 20, "replies": 20}
"""Reviews and the comments in them are priced as if their pages were full, so these are small."""
_PAGE = 100
_MOST_LOST = 5
"""Threads outside the lists that a report may go without; if more are lost, GitHub is out of order."""


@dataclass(frozen=True, slots=True)
class _Rest:
    """A connection of a node that goes on after its first page; `shown_at` as in `_Content.read`."""

    node_id: str
    want: str
    after: str
    shown_at: datetime | None


@dataclass(slots=True)
class _Content:
    """What was said in a thread and the files it changes, as far as it was read.

    `rests` is what there is still to read; `nulls` counts what GitHub left out.
    """

    remarks: list[Remark] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    rests: list[_Rest] = field(default_factory=list)
    nulls: int = 0

    def read(
        self, node_id: str, want: str, connection: Node | None, shown_at: datetime | None = None
    ) -> None:
        """Take in a page of the connection `want`; null is one that GitHub cannot compute.

        Replies belong to a review, and nobody saw them before that was handed in at `shown_at`.
        """
        if connection is None:
            return
        for node in connection["nodes"]:
            match want:
                case _ if node is None:
                    self.nulls += 1
                case "files":
                    self.paths.append(node["path"])
                case "comments":
                    self.remarks.append(comment(node))
                case "replies":
                    reply = review_comment(node)
                    self.remarks.append(replace(reply, at=max(reply.at, shown_at or reply.at)))
                case "reviews":
                    self.remarks.append(review(node))
                    self.read(node["id"], "replies", node["comments"], self.remarks[-1].at)
        cursor = next_cursor(connection)
        if cursor is not None:
            self.rests.append(_Rest(node_id, want, cursor, shown_at))


@dataclass(frozen=True, slots=True)
class _Got:
    """A thread without its content, and the content as far as it came with it."""

    node_id: str
    thread: Thread
    content: _Content
    with_files: bool


@dataclass(frozen=True, slots=True)
class Details:
    """Threads as far as they could be had, and what of them could not."""

    threads: tuple[Thread, ...]
    gaps: tuple[Gap, ...]

    @property
    def partial(self) -> frozenset[int]:
        """The numbers of the threads that lack something."""
        return frozenset(gap.number for gap in self.gaps if gap.number is not None)


class LostThreadError(SourceError):
    """GitHub did not give a thread that belongs to a list of the window."""


def fetch_details(
    client: Client, found: Sequence[Candidate], window: TimeWindow, progress: Callable[[int, int], None]
) -> Details:
    """The threads found, whole, and what was not to be had of them.

    `progress` is told how many of how many threads are done. LostThreadError when a thread that belongs to a
    list of the window cannot be had, SourceError when too many others cannot.
    """
    threads: list[Thread] = []
    gaps: list[Gap] = []
    lost = 0
    for done, (one, batched) in enumerate(_in_batches(client, found), start=1):
        progress(done, len(found))
        try:
            got = batched or _alone(client, one)
        except QueryTooLargeError as error:
            lost += 1
            if one.is_listed_in(window):
                raise LostThreadError(
                    f"GitHub did not give #{one.number}: {error}.",
                    "A list would lack it, so the window is not published; run the same command again later.",
                ) from error
            if lost > max(_MOST_LOST, len(found) // 100):
                raise SourceError(
                    f"GitHub did not give {lost} threads, the last one #{one.number}: {error}.",
                    "Too much would be missing, so it is not published; run the same command again later.",
                ) from error
            gaps.append(Gap(GapCode.THREAD_UNREADABLE, one.number))
            continue
        if got is None:
            gaps.append(Gap(GapCode.THREAD_DELETED, one.number))
            continue
        gaps += _read_rests(client, got)
        threads.append(_assembled(got))
    return Details(tuple(threads), tuple(gaps))


def _in_batches(client: Client, found: Sequence[Candidate]) -> Iterator[tuple[Candidate, _Got | None]]:
    """Each thread found with what came of it, or None where nothing or not everything asked for did."""
    size = Size(BATCH)
    waiting = {kind: [one for one in found if one.kind is kind] for kind in Kind}
    while any(waiting.values()):
        try:
            got = client.query(partial(_batch, waiting), size, _read_batch)
        except QueryTooLargeError as error:
            log.info("GitHub could not answer for one thread of each kind (%s)", error)
            got = {}
        for kind in Kind:
            asked, waiting[kind] = waiting[kind][: size.now], waiting[kind][size.now :]
            yield from ((one, got.get(one.id)) for one in asked)


def _alone(client: Client, one: Candidate) -> _Got | None:
    """A thread asked for alone, at worst without its files; None when it is no longer there."""

    def ask(with_files: bool) -> _Got | None:
        query = partial(_batch, {one.kind: [one]}, with_files=with_files)
        return client.query(query, Size(1), partial(_read_one, one))

    try:
        return ask(True)
    except QueryTooLargeError:
        if one.kind is Kind.ISSUE:
            raise
        return ask(False)


def _batch(waiting: Mapping[Kind, Sequence[Candidate]], count: int, *, with_files: bool = True) -> Query:
    issues = [one.id for one in waiting.get(Kind.ISSUE, ())[:count]]
    pulls = [one.id for one in waiting.get(Kind.PULL_REQUEST, ())[:count]]
    return Query(
        document("details", "fragments"),
        {
            "issues": issues,
            "pulls": pulls,
            "withIssues": bool(issues),
            "withPulls": bool(pulls),
            "withFiles": with_files,
            **_FIRST_PAGES,
        },
    )


def _read_batch(answer: Answer) -> dict[str, _Got]:
    """What is whole of a batch, by node id."""
    got = {}
    for node in (*answer.data.get("issues", ()), *answer.data.get("pulls", ())):
        try:
            one = readable(_read_node, node)
        except QueryTooLargeError as error:
            log.info("GitHub left out a thread of a batch, or a part of it (%s)", error)
        else:
            got[one.node_id] = one
    return got


def _read_one(one: Candidate, answer: Answer) -> _Got | None:
    nodes = answer.data["issues" if one.kind is Kind.ISSUE else "pulls"]
    if nodes == [None] and answer.not_found:
        return None
    return _read_node(nodes[0])


def _read_node(node: Node) -> _Got:
    content = _Content()
    for want in ("comments", "reviews", "files"):
        if want in node:
            content.read(node["id"], want, node[want])
    return _Got(node["id"], thread(node), content, with_files="files" in node)


def _read_rests(client: Client, got: _Got) -> list[Gap]:
    """Read on where the first pages ended; what could not be had, told for the page."""
    content, number = got.content, got.thread.number
    gaps = []
    while content.rests:
        rest = content.rests.pop()
        try:
            page = client.query(partial(_more, rest), Size(_PAGE), partial(_read_more, rest))
        except QueryTooLargeError as error:
            log.warning("#%d: GitHub did not give the rest of its %s (%s)", number, rest.want, error)
            gaps.append(Gap(GapCode.PAGES_MISSING, number))
            continue
        content.remarks += page.remarks
        content.paths += page.paths
        content.rests += page.rests
        content.nulls += page.nulls
    if content.nulls:
        gaps.append(Gap(GapCode.ENTRIES_NULL, number, seen=content.nulls))
    if got.thread.is_pull and not got.with_files:
        gaps.append(Gap(GapCode.FILES_MISSING, number))
    return gaps


def _more(rest: _Rest, count: int) -> Query:
    return Query(
        document("more", "fragments"),
        {
            "id": rest.node_id,
            "after": rest.after,
            "page": count,
            "replies": _FIRST_PAGES["replies"],
            "wantComments": rest.want == "comments",
            "wantReviews": rest.want == "reviews",
            "wantReplies": rest.want == "replies",
            "wantFiles": rest.want == "files",
        },
    )


def _read_more(rest: _Rest, answer: Answer) -> _Content:
    content = _Content()
    connection = answer.data["node"]["comments" if rest.want == "replies" else rest.want]
    content.read(rest.node_id, rest.want, connection, rest.shown_at)
    return content


def _assembled(got: _Got) -> Thread:
    remarks = sorted(got.content.remarks, key=lambda remark: (remark.at, remark.id))
    return replace(got.thread, remarks=tuple(remarks), paths=tuple(got.content.paths))
