"""Finding the threads of a window long past: by search, by the feed of comments, by a look at reviews.

- Created and closed threads come from GitHub's search with date qualifiers. It gives a thousand results of
  one search at most, so a larger one is asked again in halves of its time.
- Comments made in the window come from the repository's feed of comments.
- Reviews have no feed. A pull request that was only reviewed in the window has been updated since its start,
  so those are searched for, too, and the times of their reviews looked at.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise

from vllm_digest.errors import SourceError
from vllm_digest.fetch.client import Answer, Client, Question, Size, readable
from vllm_digest.fetch.faults import QueryTooLargeError
from vllm_digest.fetch.nodes import Discovery, Found, Node, moment, next_cursor, repository, whole
from vllm_digest.fetch.queries import document
from vllm_digest.models import Gap
from vllm_digest.window import TimeWindow

_RESULTS = 1000
"""GitHub gives no more results of one search."""
_SLOTS = 5
"""Searches in one request: what search.graphql has room for."""
_ROWS = 100
"""Comments on a page of the feed."""
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Search:
    """Threads of one kind whose `field` (created, closed, updated) is in `[start, end)`, from a cursor on.

    `seen` counts the results before the cursor.
    """

    kind: str
    field: str
    start: datetime
    end: datetime
    after: str | None = None
    seen: int = 0

    def query(self, repo: str) -> str:
        # A..B takes both ends, and GitHub's times are whole seconds.
        span = f"{_iso(self.start)}..{_iso(self.end - _SECOND)}"
        return f"repo:{repo} is:{self.kind} {self.field}:{span} sort:created-asc"

    def pieces(self, count: int) -> list["_Search"]:
        """The same search in at most `count` spans of time, from their beginnings."""
        seconds = (self.end - self.start) // _SECOND
        cuts = sorted({self.start + _SECOND * (seconds * i // count) for i in range(count + 1)})
        return [replace(self, start=start, end=end, after=None, seen=0) for start, end in pairwise(cuts)]


@dataclass(frozen=True, slots=True)
class _Results:
    """One page of each search asked, and the repository's present name."""

    repo: str
    pages: tuple[Node, ...]


def by_search(client: Client, repo: str, window: TimeWindow, size: Size, now: datetime) -> Discovery:
    """The threads that may belong to the window."""
    lists = [
        _Search(kind, field, window.start, window.end)
        for kind in ("issue", "pr")
        for field in ("created", "closed")
    ]
    repo, nodes, gaps = _all_results(client, repo, lists, size)
    since_then = _Search("pr", "updated", window.start, max(now, window.end) + timedelta(days=1))
    _, pulls, more_gaps = _all_results(client, repo, since_then.pieces(_SLOTS), size, with_reviews=True)
    nodes += [pull for pull in pulls if _may_be_reviewed_in(pull, window)]
    found = {node["number"]: Found.of(node) for node in nodes}
    commented = sorted(set(_commented(client, repo, window)) - found.keys())
    found |= {thread.number: thread for thread in _looked_up(client, repo, commented)}
    return Discovery(repo, tuple(found.values()), (*gaps, *more_gaps))


def _all_results(
    client: Client, repo: str, searches: Iterable[_Search], size: Size, *, with_reviews: bool = False
) -> tuple[str, list[Node], list[Gap]]:
    """The repository's present name, every result of the searches, and what was not to be had of them."""
    nodes: list[Node] = []
    gaps: list[Gap] = []
    waiting = deque(searches)
    while waiting:
        asked = [waiting.popleft() for _ in range(min(_SLOTS, len(waiting)))]
        results = client.query(
            partial(_question, repo, asked, with_reviews), size, partial(_read_results, repo, len(asked))
        )
        if results.repo != repo:
            # Renamed, and a search does not follow: nothing was found under the old name.
            repo = results.repo
            waiting.extendleft(reversed(asked))
            continue
        for search, page in zip(asked, results.pages, strict=True):
            count, cursor = page["issueCount"], next_cursor(page)
            if count > _RESULTS:
                waiting.extend(_smaller(search))
                continue
            nodes += whole(page)
            seen = search.seen + len(page["nodes"])
            if cursor is not None:
                waiting.append(replace(search, after=cursor, seen=seen))
            elif seen < count:
                gaps.append(
                    Gap(f"{search.query(repo)} 的搜索结果", f"GitHub 称有 {count} 条，只给出 {seen} 条")
                )
    return repo, nodes, gaps


def _smaller(search: _Search) -> list[_Search]:
    pieces = search.pieces(2)
    if len(pieces) == 1:
        raise SourceError(
            f"More than {_RESULTS} threads were {search.field} in the second {_iso(search.start)}, "
            "and GitHub's search lists no more of them.",
            "Report a window that leaves this second out.",
        )
    return pieces


def _question(repo: str, searches: Sequence[_Search], with_reviews: bool, page_size: int) -> Question:
    owner, name = repo.split("/")
    variables: dict[str, str | int | bool | None] = {
        "owner": owner,
        "name": name,
        "page": page_size,
        "withReviews": with_reviews,
    }
    for slot in range(_SLOTS):
        used = slot < len(searches)
        variables[f"query{slot}"] = searches[slot].query(repo) if used else ""
        variables[f"after{slot}"] = searches[slot].after if used else None
        if slot:
            variables[f"with{slot}"] = used
    return Question(document("search"), variables)


def _read_results(repo: str, count: int, answer: Answer) -> _Results:
    pages = tuple(answer.data[f"search{slot}"] for slot in range(count))
    for page in pages:
        whole(page)
    return _Results(repository(answer, repo)["nameWithOwner"], pages)


def _may_be_reviewed_in(pull: Node, window: TimeWindow) -> bool:
    times = [moment(review["submittedAt"]) for review in whole(pull["reviews"])]
    unseen = pull["reviews"]["totalCount"] > len(times)
    return any(time in window for time in times) or (unseen and min(times) >= window.start)


def _commented(client: Client, repo: str, window: TimeWindow) -> Iterator[int]:
    """The numbers of the threads commented in the window.

    The feed is filtered by when a comment was last changed and sorted by when it was made, so it begins
    with old comments edited since and may be left at the window's end.
    """
    page = 1
    while True:
        rows = client.rows(
            f"/repos/{repo}/issues/comments",
            {
                "since": _iso(window.start),
                "sort": "created",
                "direction": "asc",
                "per_page": _ROWS,
                "page": page,
            },
        )
        made = [readable(_read_comment, row) for row in rows]
        yield from (number for number, at in made if at in window)
        if len(rows) < _ROWS or made[-1][1] >= window.end:
            return
        page += 1


def _read_comment(row: Node) -> tuple[int, datetime]:
    return int(row["issue_url"].rpartition("/")[2]), moment(row["created_at"])


def _looked_up(client: Client, repo: str, numbers: Sequence[int]) -> Iterator[Found]:
    """Threads by number; one that is no longer there is left out."""
    waiting = list(numbers)
    size = Size(_ROWS)
    while waiting:
        answer = client.query(partial(_lookup, repo, waiting), size, partial(_read_lookup, repo))
        yield from answer
        waiting = waiting[size.now :]


def _lookup(repo: str, numbers: Sequence[int], count: int) -> Question:
    owner, name = repo.split("/")
    fields = "\n".join(f"n{n}: issueOrPullRequest(number: {n}) {{ ...Sighting }}" for n in numbers[:count])
    return Question(document("lookup").replace("NUMBERS", fields), {"owner": owner, "name": name})


def _read_lookup(repo: str, answer: Answer) -> list[Found]:
    threads = [node for key, node in repository(answer, repo).items() if key.startswith("n")]
    if None in threads and not answer.not_found:
        raise QueryTooLargeError("GitHub left out a thread")
    return [Found.of(node) for node in threads if node is not None]


def _iso(time: datetime) -> str:
    return f"{time:%Y-%m-%dT%H:%M:%SZ}"
