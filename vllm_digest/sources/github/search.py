"""GitHub's search, all results of it.

It gives a thousand results of one search at most, so a larger one is asked again in halves of its time.
Every search here is over a time that never moves, when a thread was created or closed, and sorted by the
creation: what happens while its pages are read shifts nothing.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from vllm_digest.errors import SourceError
from vllm_digest.models import Gap, GapCode
from vllm_digest.sources.github.client import Answer, Client, Query, Size
from vllm_digest.sources.github.nodes import Candidate, Node, moment, next_cursor, repository, whole
from vllm_digest.sources.github.queries import document
from vllm_digest.window import TimeWindow

RESULTS = 1000
"""GitHub gives no more results of one search."""
_SLOTS = 5
"""Searches in one request: what search.graphql has room for."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Search:
    """Threads of one kind (`issue`, `pr`) whose `field` (created, closed) is in `[start, end)`.

    With `touched_since` only those updated since. `after` is the cursor it goes on from, `seen` counts the
    results before that.
    """

    kind: str
    field: str
    start: datetime
    end: datetime
    touched_since: datetime | None = None
    after: str | None = None
    seen: int = 0

    def query(self, repo: str) -> str:
        # A..B takes both ends, and GitHub's times are whole seconds.
        span = f"{_iso(self.start)}..{_iso(self.end - _SECOND)}"
        touched = f" updated:>={_iso(self.touched_since)}" if self.touched_since else ""
        return f"repo:{repo} is:{self.kind} {self.field}:{span}{touched} sort:created-asc"

    def halves(self) -> list["Search"]:
        """The same search in two spans of time, from their beginnings; one if it is a second long."""
        middle = self.start + (self.end - self.start) // _SECOND // 2 * _SECOND
        cuts = sorted({self.start, middle, self.end})
        return [replace(self, start=start, end=end, after=None, seen=0) for start, end in pairwise(cuts)]


@dataclass(frozen=True, slots=True)
class Results:
    """The threads found, the repository's present name and its creation, and what was not to be had."""

    repo: str
    began_at: datetime
    found: tuple[Candidate, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a search, how many results that has in all, and the cursor it goes on from."""

    found: tuple[Candidate, ...]
    count: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class _Pages:
    """One page of each search asked."""

    repo: str
    began_at: datetime
    pages: tuple[_Page, ...]


def search(
    client: Client, repo: str, searches: Iterable[Search], size: Size, *, with_times: bool = False
) -> Results:
    """Every result of the searches; `with_times` with what happened in each lately."""
    found: list[Candidate] = []
    gaps: list[Gap] = []
    waiting = deque(searches)
    while True:
        asked = [waiting.popleft() for _ in range(min(_SLOTS, len(waiting)))]
        answer = client.query(
            partial(_query, repo, asked, with_times), size, partial(_read_pages, repo, len(asked))
        )
        if answer.repo != repo:
            # Renamed, and a search does not follow: nothing was found under the old name.
            repo = answer.repo
            waiting.extendleft(reversed(asked))
            continue
        for one, page in zip(asked, answer.pages, strict=True):
            if page.count > RESULTS:
                waiting.extend(_smaller(one))
                continue
            found += page.found
            seen = one.seen + len(page.found)
            if page.cursor is not None:
                waiting.append(replace(one, after=page.cursor, seen=seen))
            elif seen < page.count:
                gaps.append(Gap(GapCode.SEARCH_CUT, detail=one.query(repo), seen=seen, expected=page.count))
        if not waiting:
            return Results(repo, answer.began_at, tuple(found), tuple(gaps))


def lists_of(window: TimeWindow) -> list[Search]:
    """The searches whose results are in a window's five lists."""
    return [
        Search(kind, field, window.start, window.end)
        for kind in ("issue", "pr")
        for field in ("created", "closed")
    ]


def count(client: Client, repo: str, window: TimeWindow) -> tuple[int, datetime]:
    """How many rows the lists of a window have, about, and when the repository was made."""
    searches = lists_of(window)
    while True:
        answer = client.query(
            partial(_query, repo, searches, False), Size(1), partial(_read_pages, repo, len(searches))
        )
        if answer.repo == repo:
            return sum(page.count for page in answer.pages), answer.began_at
        repo = answer.repo


def _smaller(one: Search) -> list[Search]:
    halves = one.halves()
    if len(halves) == 1:
        raise SourceError(
            f"More than {RESULTS} threads were {one.field} in the second {_iso(one.start)}, "
            "and GitHub's search lists no more of them.",
            "Report a window that leaves this second out.",
        )
    return halves


def _query(repo: str, searches: Sequence[Search], with_times: bool, page_size: int) -> Query:
    owner, name = repo.split("/")
    variables: dict[str, str | int | bool | None] = {
        "owner": owner,
        "name": name,
        "page": page_size,
        "withTimes": with_times,
    }
    for slot in range(_SLOTS):
        used = slot < len(searches)
        variables[f"query{slot}"] = searches[slot].query(repo) if used else ""
        variables[f"after{slot}"] = searches[slot].after if used else None
        if slot:
            variables[f"with{slot}"] = used
    return Query(document("search"), variables)


def _read_pages(repo: str, count: int, answer: Answer) -> _Pages:
    there = repository(answer, repo)
    pages = tuple(_read_page(answer.data[f"search{slot}"]) for slot in range(count))
    return _Pages(there["nameWithOwner"], moment(there["createdAt"]), pages)


def _read_page(page: Node) -> _Page:
    found = tuple(Candidate.of(node) for node in whole(page))
    return _Page(found, page["issueCount"], next_cursor(page))


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
