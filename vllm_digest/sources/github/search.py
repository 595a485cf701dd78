"""Get all results of searches at GitHub.

One search returns at most a thousand results, so a larger one is split into halves of its time span.
Searches are by times of creation or closing and sorted by creation, so that events during paging do not shift
the results.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from itertools import pairwise

from vllm_digest.errors import SourceError
from vllm_digest.models import Gap, GapCode
from vllm_digest.sources.github.answers import SearchPage, parse
from vllm_digest.sources.github.candidates import Candidate, candidates, read_repository
from vllm_digest.sources.github.client import BatchSize, Client, Query
from vllm_digest.sources.github.failures import NullFieldError
from vllm_digest.sources.github.queries import with_fragments
from vllm_digest.sources.github.response import Answer
from vllm_digest.window import TimeWindow

RESULTS = 1000
"""Results of one search; GitHub's maximum: https://docs.github.com/en/rest/search/search"""
SHOWN = 30
"""Last comments, reviews and events of each thread that a search asks for."""
_PAGE = 100
"""Results per page; GitHub's maximum."""
_SLOTS = 10
"""Searches per request: enough for all first searches of `HistoricalSearch`."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Search:
    """A search for threads whose time of creation or closing is in `[start, end)` (UTC).

    `kind`: `issue` or `pr`. `by`: `created` or `closed`.
    `touched_since`: only threads updated since (UTC), with their latest events; None for all, without events.
    `after`: cursor of the page before; None for the first page. `seen`: number of results before that cursor.
    """

    kind: str
    by: str
    start: datetime
    end: datetime
    touched_since: datetime | None = None
    after: str | None = None
    seen: int = 0

    def query(self, repo: str) -> str:
        # A..B includes both ends, and GitHub's times are whole seconds.
        span = f"{_iso(self.start)}..{_iso(self.end - _SECOND)}"
        touched = f" updated:>={_iso(self.touched_since)}" if self.touched_since else ""
        return f"repo:{repo} is:{self.kind} {self.by}:{span}{touched} sort:created-asc"

    def halves(self) -> list["Search"]:
        """The search split into halves of its span; only one if the span is a single second."""
        middle = self.start + (self.end - self.start) // _SECOND // 2 * _SECOND
        cuts = sorted({self.start, middle, self.end})
        return [replace(self, start=start, end=end, after=None, seen=0) for start, end in pairwise(cuts)]


@dataclass(slots=True)
class Matches:
    """The threads found, and the gaps."""

    threads: list[Candidate] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Results:
    """The results of searches. `repo`, `repo_url`: as in `candidates.Discovery`.

    `listed`: of searches without `touched_since`. `touched`: of those with it.
    """

    repo: str
    repo_url: str
    listed: Matches
    touched: Matches


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of a search. `count`: of all its results. `cursor`: of the next page; None after the last."""

    found: tuple[Candidate, ...]
    count: int
    cursor: str | None


@dataclass(frozen=True, slots=True)
class _Pages:
    """One page of each search in a response. `began_at`: when the repository was created (UTC)."""

    repo: str
    repo_url: str
    began_at: datetime
    pages: tuple[_Page, ...]


def search(client: Client, repo: str, searches: Iterable[Search]) -> Results:
    """Return all results of the searches."""
    listed, touched = Matches(), Matches()
    waiting = list(searches)
    size = BatchSize(_PAGE)
    while waiting:
        answer = _ask(client, repo, waiting, size)
        repo = answer.repo
        asked, waiting = waiting[: len(answer.pages)], waiting[len(answer.pages) :]
        for one, page in zip(asked, answer.pages, strict=True):
            found = touched if one.touched_since else listed
            if page.count > RESULTS:
                waiting += _smaller(one, answer.began_at)
                continue
            found.threads += page.found
            seen = one.seen + len(page.found)
            # An empty page with a cursor would be followed for ever.
            if page.cursor is not None and page.found and seen < RESULTS:
                waiting.append(replace(one, after=page.cursor, seen=seen))
            elif seen < page.count:
                found.gaps.append(
                    Gap(GapCode.SEARCH_CUT, detail=one.query(repo), seen=seen, expected=page.count)
                )
    return Results(repo, answer.repo_url, listed, touched)


def lists_of(window: TimeWindow) -> list[Search]:
    """The searches for the threads of a window's five lists."""
    return [
        Search(kind, by, window.start, window.end) for kind in ("issue", "pr") for by in ("created", "closed")
    ]


def count(client: Client, repo: str, window: TimeWindow) -> tuple[int, datetime]:
    """Return the approximate number of rows in a window's lists, and the repository's creation time (UTC)."""
    answer = _ask(client, repo, lists_of(window), BatchSize(_PAGE), page=1)
    return sum(page.count for page in answer.pages), answer.began_at


def _ask(
    client: Client, repo: str, searches: Sequence[Search], size: BatchSize, page: int | None = None
) -> _Pages:
    """Send as many of the first searches as `size` allows. `page`: results per page; None for `size`."""
    name = repo
    for _ in range(2):
        query, read = partial(_query, name, searches, page=page), partial(_read, name, searches)
        answer = client.query(query, size, read)
        if answer.repo == name:
            return answer
        # The repository was renamed; a search under the old name finds nothing.
        name = answer.repo
    raise SourceError(
        f"GitHub returns a different name of the repository {repo} with each response.",
        "Run the same command again later.",
    )


def _smaller(one: Search, began_at: datetime) -> list[Search]:
    """Split a search with too many results; its span is first cut to the repository's lifetime."""
    began = began_at.replace(microsecond=0)
    halves = replace(one, start=max(one.start, began) if began < one.end else one.start).halves()
    if len(halves) == 1:
        raise SourceError(
            f"More than {RESULTS} threads were {one.by} in the second {_iso(one.start)}, "
            "and GitHub's search lists no more of them.",
            "Report a window that leaves this second out.",
        )
    return halves


def _query(repo: str, searches: Sequence[Search], size: int, page: int | None = None) -> Query:
    """The query for the first of the searches: fewer of them if pages are smaller, but at least one."""
    owner, name = repo.split("/")
    # Each search takes GitHub time of its own, however few results are requested, so send fewer as well.
    asked = searches[: max(1, _SLOTS * size // _PAGE)]
    variables: dict[str, str | int | None] = {"owner": owner, "name": name, "page": page or size}
    for slot, one in enumerate(asked):
        variables |= {f"query{slot}": one.query(repo), f"after{slot}": one.after}
    return Query(search_document(tuple(one.touched_since is not None for one in asked)), variables)


@cache
def search_document(with_moments: tuple[bool, ...]) -> str:
    """Return the query for one search per entry of `with_moments`: with or without the latest events.

    Search n has the variables `queryn` and `aftern`. The repository is requested as well, for its current
    name: a search under an old name finds nothing.
    """
    names = [f"$query{slot}: String!, $after{slot}: String" for slot in range(len(with_moments))]
    searches = [
        f"search{slot}: search(type: ISSUE, first: $page, query: $query{slot}, after: $after{slot}) "
        f"{{ ...{'FoundWithMoments' if moments else 'Found'} }}"
        for slot, moments in enumerate(with_moments)
    ]
    repository = "repository(owner: $owner, name: $name) { nameWithOwner url createdAt }"
    body = "\n  ".join(("rateLimit { cost }", repository, *searches))
    parameters = ", ".join(("$owner: String!", "$name: String!", "$page: Int!", *names))
    return with_fragments(f"query Search({parameters}) {{\n  {body}\n}}\n")


def _read(repo: str, searches: Sequence[Search], answer: Answer) -> _Pages:
    answer.check_lists()
    there = read_repository(answer, repo)
    if there.created_at is None:
        raise NullFieldError(("repository", "createdAt"))
    pages = []
    for slot in range(len(searches)):
        alias = f"search{slot}"
        if alias not in answer.data:
            break
        page = parse(SearchPage, answer.data[alias], alias)
        found = candidates(page.whole(alias), SHOWN, alias, "nodes")
        pages.append(_Page(tuple(found), page.issue_count, page.next_cursor))
    if not pages:
        raise NullFieldError(("search0",))
    return _Pages(there.name_with_owner, there.url or "", there.created_at, tuple(pages))


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
