"""The further pages of many threads' lists, several lists in one request."""

import logging
from collections.abc import Iterable, Sequence
from functools import cache, partial

from vllm_digest.models import GapCode
from vllm_digest.sources.github.answers import parse
from vllm_digest.sources.github.client import Client, Query, Size
from vllm_digest.sources.github.content import PAGES, Content, Page, Rest, Want
from vllm_digest.sources.github.failures import NullFieldError, QueryTooLargeError
from vllm_digest.sources.github.problems import Answer
from vllm_digest.sources.github.queries import with_fragments

log = logging.getLogger(__name__)

PAGE = 100
"""GitHub gives no more entries at once."""
SLOTS = 20
"""Lists in a request: 2,000 entries, which GitHub gives well within its ten seconds."""
_REPLIES = 20
_STATES = "[APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]"
_ISSUE_EVENTS = "[CLOSED_EVENT, REOPENED_EVENT, MARKED_AS_DUPLICATE_EVENT, UNMARKED_AS_DUPLICATE_EVENT]"
_PULL_EVENTS = _ISSUE_EVENTS.replace("[", "[MERGED_EVENT, ")
_ISSUE, _PULL, _REVIEW = "... on Issue { %s }", "... on PullRequest { %s }", "... on PullRequestReview { %s }"
_LISTS = {
    Want.COMMENTS: f"{_ISSUE} {_PULL}" % (("comments(CUT) { ...Comments }",) * 2),
    Want.REVIEWS: _PULL % f"reviews(CUT, states: {_STATES}) {{ ...Reviews }}",
    Want.REPLIES: _REVIEW % "comments(CUT) { ...Replies }",
    Want.FILES: _PULL % "files(CUT) { ...Files }",
    Want.EVENTS: f"{_ISSUE} {_PULL}"
    % (
        f"timelineItems(CUT, itemTypes: {_ISSUE_EVENTS}) {{ ...IssueEvents }}",
        f"timelineItems(CUT, itemTypes: {_PULL_EVENTS}) {{ ...PullEvents }}",
    ),
}
"""How a page of each list is asked for; CUT stands for the page."""


def read_rests(client: Client, contents: Iterable[Content]) -> None:
    """Read on where the first pages ended, into the contents; what cannot be had is a gap there."""
    waiting = [rest for content in contents for rest in content.drain()]
    size = Size(SLOTS)
    while waiting:
        try:
            pages, answer = client.query(partial(_query, waiting), size, partial(_read, waiting))
        except QueryTooLargeError as error:
            _give_up(waiting.pop(0), error)
            continue
        answered, waiting = waiting[: len(pages)], waiting[len(pages) :]
        for slot, (rest, page) in enumerate(zip(answered, pages, strict=True)):
            if page is None:
                _read_alone(client, rest)
            else:
                _take(rest, page, answer, slot)
            waiting += rest.content.drain()


def _read_alone(client: Client, rest: Rest) -> None:
    """Ask again for a list that was missing in an answer for several."""
    try:
        page, answer = client.query(partial(_query, [rest]), Size(1), partial(_read_one, rest))
    except QueryTooLargeError as error:
        _give_up(rest, error)
    else:
        _take(rest, page, answer, 0)


def _take(rest: Rest, page: Page | GapCode, answer: Answer, slot: int) -> None:
    """Put what came of a list into its content."""
    rest.content.note_problems(answer, (_alias(slot),))
    if page is GapCode.PAGES_MISSING:
        rest.content.miss(page)
    elif not isinstance(page, GapCode):
        rest.content.take(page, rest.node_id, rest)


def _give_up(rest: Rest, error: QueryTooLargeError) -> None:
    log.warning("#%d: GitHub did not give the rest of its %s (%s)", rest.content.number, rest.want, error)
    rest.content.miss(GapCode.PAGES_MISSING)


def _query(waiting: Sequence[Rest], count: int) -> Query:
    asked = waiting[:count]
    variables: dict[str, str | int] = {}
    for slot, rest in enumerate(asked):
        variables |= {f"id{slot}": rest.node_id, f"after{slot}": rest.after}
    return Query(pages_document(tuple(rest.want for rest in asked)), variables)


@cache
def pages_document(wants: tuple[Want, ...]) -> str:
    """Return the query for the next page of so many lists; in slot n its variables are `idn` and `aftern`."""
    names = [f"$id{slot}: ID!, $after{slot}: String!" for slot in range(len(wants))]
    lists = [
        f"{_alias(slot)}: node(id: $id{slot}) {{ "
        + _LISTS[want].replace("CUT", f"first: {PAGE}, after: $after{slot}")
        + " }"
        for slot, want in enumerate(wants)
    ]
    body = "\n  ".join(("rateLimit { cost }", *lists))
    query = f"query More({', '.join(names)}) {{\n  {body}\n}}\n"
    return with_fragments(query).replace("$replies", str(_REPLIES))


def _read(waiting: Sequence[Rest], answer: Answer) -> tuple[list[Page | GapCode | None], Answer]:
    """Return what came of each list that was asked for, None where it is not whole for no reason told."""
    pages: list[Page | GapCode | None] = []
    for slot, rest in enumerate(waiting):
        if _alias(slot) not in answer.data:
            break
        try:
            pages.append(_page(rest, slot, answer))
        except NullFieldError as error:
            log.info("GitHub left out a page, or a part of it (%s)", error)
            pages.append(None)
    if not pages:
        raise NullFieldError((_alias(0),))
    return pages, answer


def _read_one(rest: Rest, answer: Answer) -> tuple[Page | GapCode, Answer]:
    return _page(rest, 0, answer), answer


def _page(rest: Rest, slot: int, answer: Answer) -> Page | GapCode:
    """Return a page, or why there is none. Raises NullFieldError if something is missing without a reason."""
    path = (_alias(slot),)
    value = answer.data.get(path[0])
    if value is None and answer.is_gone(path):
        return GapCode.PAGES_MISSING
    try:
        return parse(PAGES[rest.want], value, *path)
    except NullFieldError as error:
        if answer.forbidden(error.path) is None:
            raise
        return GapCode.FIELD_REFUSED


def _alias(slot: int) -> str:
    return f"page{slot}"
