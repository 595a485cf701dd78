"""Fetch the further pages of the lists of many threads, several lists per request."""

import logging
from collections.abc import Iterable, Sequence
from functools import cache, partial

from vllm_digest.models import GapCode
from vllm_digest.sources.github.answers import parse
from vllm_digest.sources.github.client import BatchSize, Client, Query
from vllm_digest.sources.github.content import PAGES, Content, ListKind, NextPage, Page
from vllm_digest.sources.github.failures import NullFieldError, QueryTooLargeError
from vllm_digest.sources.github.queries import with_fragments
from vllm_digest.sources.github.response import Answer

log = logging.getLogger(__name__)

PAGE = 100
"""Entries per page; GitHub's maximum."""
SLOTS = 20
"""Lists per request: 2,000 entries, which GitHub returns well within its limit of ten seconds."""
_REPLIES = 20
"""Comments of each review on a page of reviews, as on a thread's first page (`details.FIRST_PAGES`)."""
_STATES = "[APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]"
"""All but PENDING: a pending review is visible to its author only and has no time of submission."""
_ISSUE_EVENTS = "[CLOSED_EVENT, REOPENED_EVENT, MARKED_AS_DUPLICATE_EVENT, UNMARKED_AS_DUPLICATE_EVENT]"
_PULL_EVENTS = _ISSUE_EVENTS.replace("[", "[MERGED_EVENT, ")
_ISSUE, _PULL, _REVIEW = "... on Issue { %s }", "... on PullRequest { %s }", "... on PullRequestReview { %s }"
_LISTS = {
    ListKind.COMMENTS: f"{_ISSUE} {_PULL}" % (("comments(CUT) { ...Comments }",) * 2),
    ListKind.REVIEWS: _PULL % f"reviews(CUT, states: {_STATES}) {{ ...Reviews }}",
    ListKind.REPLIES: _REVIEW % "comments(CUT) { ...Replies }",
    ListKind.FILES: _PULL % "files(CUT) { ...Files }",
    ListKind.EVENTS: f"{_ISSUE} {_PULL}"
    % (
        f"timelineItems(CUT, itemTypes: {_ISSUE_EVENTS}) {{ ...IssueEvents }}",
        f"timelineItems(CUT, itemTypes: {_PULL_EVENTS}) {{ ...PullEvents }}",
    ),
}
"""The GraphQL fields for a page of each list; CUT is replaced by the paging arguments."""


def read_further_pages(client: Client, contents: Iterable[Content]) -> None:
    """Fetch the pages that follow the first ones and add them to the contents; failures become gaps."""
    waiting = [one for content in contents for one in content.drain()]
    size = BatchSize(SLOTS)
    while waiting:
        try:
            pages, answer = client.query(partial(_query, waiting), size, partial(_read, waiting))
        except QueryTooLargeError as error:
            _give_up(waiting.pop(0), error)
            continue
        answered, waiting = waiting[: len(pages)], waiting[len(pages) :]
        for slot, (wanted, page) in enumerate(zip(answered, pages, strict=True)):
            if page is None:
                _read_alone(client, wanted)
            else:
                _take(wanted, page, answer, slot)
            waiting += wanted.content.drain()


def _read_alone(client: Client, wanted: NextPage) -> None:
    """Fetch a page that was missing in a response for several."""
    try:
        page, answer = client.query(partial(_query, [wanted]), BatchSize(1), partial(_read_one, wanted))
    except QueryTooLargeError as error:
        _give_up(wanted, error)
    else:
        _take(wanted, page, answer, 0)


def _take(wanted: NextPage, page: Page | GapCode, answer: Answer, slot: int) -> None:
    """Add a fetched page, or the gap instead of it, to its content."""
    wanted.content.note_refusals(answer, (_alias(slot),))
    if page is GapCode.PAGES_MISSING:
        wanted.content.miss(page)
    elif not isinstance(page, GapCode):
        wanted.content.take(page, wanted.node_id, wanted)


def _give_up(wanted: NextPage, error: QueryTooLargeError) -> None:
    log.warning(
        "#%d: GitHub did not return all pages of its %s (%s)", wanted.content.number, wanted.kind, error
    )
    wanted.content.miss(GapCode.PAGES_MISSING)


def _query(waiting: Sequence[NextPage], count: int) -> Query:
    asked = waiting[:count]
    variables: dict[str, str | int] = {}
    for slot, wanted in enumerate(asked):
        variables |= {f"id{slot}": wanted.node_id, f"after{slot}": wanted.after}
    return Query(pages_document(tuple(wanted.kind for wanted in asked)), variables)


@cache
def pages_document(kinds: tuple[ListKind, ...]) -> str:
    """Return the query for pages of lists of these kinds; list n has the variables `idn` and `aftern`."""
    names = [f"$id{slot}: ID!, $after{slot}: String!" for slot in range(len(kinds))]
    lists = [
        f"{_alias(slot)}: node(id: $id{slot}) {{ "
        + _LISTS[kind].replace("CUT", f"first: {PAGE}, after: $after{slot}")
        + " }"
        for slot, kind in enumerate(kinds)
    ]
    body = "\n  ".join(("rateLimit { cost }", *lists))
    query = f"query More({', '.join(names)}) {{\n  {body}\n}}\n"
    return with_fragments(query).replace("$replies", str(_REPLIES))


def _read(waiting: Sequence[NextPage], answer: Answer) -> tuple[list[Page | GapCode | None], Answer]:
    """Return the outcome of each requested page; None if it is incomplete without a stated reason."""
    pages: list[Page | GapCode | None] = []
    for slot, wanted in enumerate(waiting):
        if _alias(slot) not in answer.data:
            break
        try:
            pages.append(_page(wanted, slot, answer))
        except NullFieldError as error:
            log.info("GitHub left out a page, or a part of it (%s)", error)
            pages.append(None)
    if not pages:
        raise NullFieldError((_alias(0),))
    return pages, answer


def _read_one(wanted: NextPage, answer: Answer) -> tuple[Page | GapCode, Answer]:
    return _page(wanted, 0, answer), answer


def _page(wanted: NextPage, slot: int, answer: Answer) -> Page | GapCode:
    """Return a page, or the code of the gap instead. Raises NullFieldError if it is incomplete."""
    path = (_alias(slot),)
    value = answer.data.get(path[0])
    if value is None and answer.is_gone(path):
        return GapCode.PAGES_MISSING
    try:
        return parse(PAGES[wanted.kind], value, *path)
    except NullFieldError as error:
        if answer.forbidden(error.path) is None:
            raise
        return GapCode.FIELD_REFUSED


def _alias(slot: int) -> str:
    return f"page{slot}"
