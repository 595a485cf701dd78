"""Fetch threads by number: as rows, or with their texts."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Generic, Protocol, TypeVar

from vllm_digest.models import Gap, GapCode, Thread
from vllm_digest.sources import TEXTS_A_REQUEST, Row
from vllm_digest.sources.github.answers import RowNode, parse
from vllm_digest.sources.github.candidates import read_repository
from vllm_digest.sources.github.client import BatchSize, Client, Query
from vllm_digest.sources.github.content import Content, EventsPage
from vllm_digest.sources.github.details import FIRST_PAGES, read_whole
from vllm_digest.sources.github.failures import NullFieldError, Path, QueryTooLargeError, WrongFieldError
from vllm_digest.sources.github.nodes import row
from vllm_digest.sources.github.pages import read_further_pages
from vllm_digest.sources.github.queries import with_fragments
from vllm_digest.sources.github.response import Answer

_ROWS = 100
_LARGEST = 2**31 - 1
"""The maximum of GraphQL's Int: a larger number makes the whole query fail, and no thread has one."""


class _FetchedRow:
    """A thread without its texts, with the events read so far."""

    def __init__(self, node: RowNode) -> None:
        self.node = node
        self.content = Content(node.number)
        self.content.take(EventsPage.model_construct(timeline_items=node.timeline_items), node.id)


class _Read(Protocol):
    """A thread whose lists may have further pages."""

    @property
    def node(self) -> RowNode: ...
    @property
    def content(self) -> Content: ...


R = TypeVar("R", bound=_Read)


def rows(client: Client, repo: str, numbers: Collection[int], end: datetime) -> tuple[list[Row], list[Gap]]:
    """Return the rows, as of `end` (UTC), of the numbered threads that existed before it, and the gaps."""
    rows_read, gaps = _Lookup(client, repo, "Rows", _read_row).fetch(numbers, _ROWS)
    there = [one for one in rows_read if one.node.created_at < end]
    gaps += [gap for one in there for gap in one.content.gaps]
    return [row(one.node, one.content.events, end) for one in there], gaps


def threads(
    client: Client, repo: str, numbers: Collection[int], end: datetime
) -> tuple[list[Thread], list[Gap]]:
    """Return the numbered threads that existed before `end` (UTC), with texts as of then, and the gaps."""
    whole, gaps = _Lookup(client, repo, "Threads", read_whole).fetch(numbers, TEXTS_A_REQUEST)
    assembled = [one.assembled() for one in whole if one.node.created_at < end]
    gaps += [gap for _, lacks in assembled for gap in lacks]
    return [thread.as_of(end) for thread, _ in assembled], gaps


@dataclass(frozen=True, slots=True)
class _Lookup(Generic[R]):
    """Fetches threads by number. `operation`: `Rows` or `Threads`. `read`: reads one thread."""

    client: Client
    repo: str
    operation: str
    read: Callable[[object, Answer, Path], R]

    def fetch(self, numbers: Collection[int], most: int) -> tuple[list[R], list[Gap]]:
        """Return the existing threads of these numbers with all pages of their lists, and the gaps.

        `most`: numbers per request.
        """
        found: list[R] = []
        gaps: list[Gap] = []
        wanted = sorted(number for number in set(numbers) if 0 < number <= _LARGEST)
        for number, batched in self._outcomes(wanted, BatchSize(most)):
            outcome = batched
            if outcome is None:
                [(_, outcome)] = self._outcomes([number], BatchSize(1))
            if outcome is None:
                gaps.append(Gap(GapCode.THREAD_UNREADABLE, number))
            elif not isinstance(outcome, Gap):
                found.append(outcome)
            elif outcome.code is not GapCode.THREAD_DELETED:
                gaps.append(outcome)
        read_further_pages(self.client, [one.content for one in found])
        return found, gaps

    def _outcomes(self, numbers: Sequence[int], size: BatchSize) -> Iterator[tuple[int, R | Gap | None]]:
        """Yield each number with its thread, a gap, or None if GitHub left it out without a reason."""
        waiting = list(numbers)
        while waiting:
            got: list[R | Gap | None]
            try:
                got = self.client.query(partial(self._query, waiting), size, partial(self._read_all, waiting))
            except QueryTooLargeError:
                got = [Gap(GapCode.THREAD_UNREADABLE, waiting[0])]
            yield from zip(waiting, got, strict=False)
            waiting = waiting[len(got) :]

    def _query(self, numbers: Sequence[int], count: int) -> Query:
        owner, name = self.repo.split("/")
        sizes = FIRST_PAGES if self.operation == "Threads" else {}
        variables = {"owner": owner, "name": name, **sizes}
        return Query(numbers_document(self.operation, numbers[:count]), variables)

    def _read_all(self, numbers: Sequence[int], answer: Answer) -> list[R | Gap | None]:
        """Return the outcomes of the requested numbers, in their order; as in `_outcomes`."""
        read_repository(answer, self.repo)
        there = answer.data["repository"]
        asked = [number for number in numbers if _alias(number) in there]
        if not asked or asked != list(numbers[: len(asked)]):
            raise NullFieldError(("repository", _alias(numbers[0])))
        return [self._read_one(number, there, answer) for number in asked]

    def _read_one(self, number: int, there: Mapping[str, object], answer: Answer) -> R | Gap | None:
        path = ("repository", _alias(number))
        value = there[path[1]]
        if value is None and answer.is_gone(path):
            return Gap(GapCode.THREAD_DELETED, number)
        try:
            got = self.read(value, answer, path)
        except NullFieldError as error:
            return Gap(GapCode.THREAD_UNREADABLE, number) if answer.forbidden(error.path) else None
        if got.node.number != number:
            raise WrongFieldError((*path, "number"), f"it is not the requested #{number}")
        return got


def numbers_document(operation: str, numbers: Sequence[int]) -> str:
    """Return the query for threads by number, with the alias `threadN`. `operation`: `Rows` or `Threads`."""
    sizes = "".join(f", ${name}: Int!" for name in FIRST_PAGES) if operation == "Threads" else ""
    fields = "...IssueText ...PullText" if operation == "Threads" else "...IssueHead ...PullHead"
    # The two `state` fields have different types, so one needs an alias.
    fields += " ... on Issue { state } ... on PullRequest { pullState: state }"
    threads = "\n    ".join(
        f"{_alias(number)}: issueOrPullRequest(number: {number}) {{ {fields} }}" for number in numbers
    )
    return with_fragments(
        f"query {operation}($owner: String!, $name: String!{sizes}) {{\n  rateLimit {{ cost }}\n"
        f"  repository(owner: $owner, name: $name) {{\n    nameWithOwner\n    url\n    {threads}\n  }}\n}}\n"
    )


def _read_row(value: object, answer: Answer, path: Path) -> _FetchedRow:
    head = _FetchedRow(parse(RowNode, value, *path))
    head.content.note_refusals(answer, path)
    return head


def _alias(number: int) -> str:
    return f"thread{number}"
