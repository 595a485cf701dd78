"""Find the threads of a window that ended within the last day, in the repository's lists.

The lists are sorted by last update and read from the newest entry back to the window's start. Unlike the
search index they have no delay.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from vllm_digest.errors import SourceError
from vllm_digest.sources.github.answers import Connection, ListedNode
from vllm_digest.sources.github.candidates import (
    FOR_EVER,
    Candidate,
    Discovery,
    candidates,
    read_repository,
)
from vllm_digest.sources.github.client import BatchSize, Client, Query
from vllm_digest.sources.github.failures import NullFieldError
from vllm_digest.sources.github.queries import document
from vllm_digest.sources.github.response import Answer
from vllm_digest.window import TimeWindow

_CONNECTIONS = ("issues", "pullRequests")
_SHOWN = 10
"""Last reviews and events of each thread that `recent.graphql` asks for."""
_MOST_PAGES = 300
"""Of one reading: 30,000 threads, more than a month has; more pages would never end."""
_MOST_READINGS = 10
"""Readings of the lists of a repository in which something happens during each reading."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A thread in a list. `last`: time of the latest event that the list shows. Times are UTC."""

    candidate: Candidate
    updated_at: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of each requested list. `rows`, `cursors` (of the next page, None after the last): by list."""

    repo: str
    repo_url: str
    rows: dict[str, list[_Row]]
    cursors: dict[str, str | None]


def by_lists(
    client: Client, repo: str, window: TimeWindow, size: BatchSize, oldest: timedelta
) -> Discovery | None:
    """Return the threads that may belong to the window. `size`: threads per page.

    None if the window ended more than `oldest` ago by GitHub's clock: that would be too many pages.
    """
    found: dict[int, Candidate] = {}
    since = window.start
    for reading in range(1, _MOST_READINGS + 1):
        pages = []
        for page in _pages(client, repo, since, size):
            if client.server_time is not None and client.server_time - window.end > oldest:
                return None
            pages.append(page)
        rows = [row for page in pages for rows in page.rows.values() for row in rows]
        found |= {row.candidate.number: row.candidate for row in rows if row.last >= window.start}
        newest = max((row.updated_at for row in rows), default=since)
        if len(pages) == 1 or newest <= since or reading == _MOST_READINGS:
            break
        # A thread updated while the pages were read has moved to the top of the list: read the top again.
        since = newest
    return Discovery(pages[0].repo, pages[0].repo_url, tuple(found.values()))


def _pages(client: Client, repo: str, since: datetime, size: BatchSize) -> Iterator[_Page]:
    """Yield the pages of both lists, one of each per request, back to `since`."""
    cursors: dict[str, str | None] = dict.fromkeys(_CONNECTIONS)
    seen: set[str] = set()
    while cursors:
        page = client.query(partial(_query, repo, cursors), size, partial(_read_page, repo, tuple(cursors)))
        yield page
        cursors = {
            key: cursor
            for key, cursor in page.cursors.items()
            if cursor is not None and (not page.rows[key] or page.rows[key][-1].updated_at >= since)
        }
        following = {f"{key} {cursor}" for key, cursor in cursors.items()}
        if following & seen or len(seen) > _MOST_PAGES:
            raise SourceError(
                f"GitHub's lists of {repo} have no end: their pages repeat.",
                "Run the same command again later.",
            )
        seen |= following


def _query(repo: str, cursors: Mapping[str, str | None], page_size: int) -> Query:
    owner, name = repo.split("/")
    variables = {
        "owner": owner,
        "name": name,
        "page": page_size,
        "withIssues": "issues" in cursors,
        "afterIssue": cursors.get("issues"),
        "withPulls": "pullRequests" in cursors,
        "afterPull": cursors.get("pullRequests"),
    }
    return Query(document("recent"), variables)


def _read_page(repo: str, asked: tuple[str, ...], answer: Answer) -> _Page:
    answer.check_lists()
    there = read_repository(answer, repo)
    lists = {"issues": there.issues, "pullRequests": there.pull_requests}
    rows: dict[str, list[_Row]] = {}
    cursors: dict[str, str | None] = {}
    for key in asked:
        path = ("repository", key)
        connection = lists[key]
        if connection is None:
            raise NullFieldError(path)
        rows[key] = list(_read_rows(connection, path))
        cursors[key] = connection.next_cursor
    return _Page(there.name_with_owner, there.url or "", rows, cursors)


def _read_rows(connection: Connection[ListedNode], path: tuple[str, str]) -> Iterator[_Row]:
    nodes = connection.whole(*path)
    for place, (node, one) in enumerate(zip(nodes, candidates(nodes, _SHOWN, *path, "nodes"), strict=True)):
        if node.updated_at is None:
            raise NullFieldError((*path, "nodes", place, "updatedAt"))
        if one.unseen_before == FOR_EVER:
            yield _Row(one, node.updated_at, node.updated_at)
        else:
            # The list shows only the last comment.
            last = max((one.created_at, *one.closings, *one.others))
            yield _Row(replace(one, unseen_before=last), node.updated_at, last)
