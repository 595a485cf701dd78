"""Finding the threads of a window that has just ended, in the repository's own lists.

They are read by last update, newest first, back to the window's start. Unlike the search index they do not
lag, so nothing that happened a minute ago is missing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from vllm_digest.sources.github.client import Answer, Client, Query, Size
from vllm_digest.sources.github.nodes import (
    Candidate,
    Discovery,
    Node,
    moment,
    next_cursor,
    repository,
    whole,
)
from vllm_digest.sources.github.queries import document
from vllm_digest.window import TimeWindow

_CONNECTIONS = ("issues", "pullRequests")


@dataclass(frozen=True, slots=True)
class _Row:
    """A thread in a list; `last` is the latest creation, closing, comment or review the list shows."""

    found: Candidate
    updated_at: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of each list that was asked for, and where each goes on."""

    repo: str
    rows: dict[str, list[_Row]]
    cursors: dict[str, str | None]


def by_lists(
    client: Client, repo: str, window: TimeWindow, size: Size, oldest: timedelta
) -> Discovery | None:
    """The threads that may belong to the window.

    None when by GitHub's clock the window ended longer than `oldest` ago: too much to read back through.
    """
    found: dict[int, Candidate] = {}
    since = window.start
    while True:
        pages = []
        for page in _pages(client, repo, since, size):
            if client.server_time is not None and client.server_time - window.end > oldest:
                return None
            pages.append(page)
        rows = [row for page in pages for rows in page.rows.values() for row in rows]
        found |= {row.found.number: row.found for row in rows if row.last >= window.start}
        newest = max((row.updated_at for row in rows), default=since)
        if len(pages) == 1 or newest <= since:
            return Discovery(pages[0].repo, tuple(found.values()))
        # A thread touched while the pages were read has moved to the top, past the reader: look again there.
        since = newest


def _pages(client: Client, repo: str, since: datetime, size: Size) -> Iterator[_Page]:
    """One request each, until both lists are older than `since`."""
    cursors: dict[str, str | None] = dict.fromkeys(_CONNECTIONS)
    while cursors:
        page = client.query(partial(_query, repo, cursors), size, partial(_read_page, repo))
        yield page
        cursors = {
            key: cursor
            for key, cursor in page.cursors.items()
            if cursor is not None and page.rows[key] and page.rows[key][-1].updated_at >= since
        }


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


def _read_page(repo: str, answer: Answer) -> _Page:
    node = repository(answer, repo)
    keys = [key for key in _CONNECTIONS if key in node]
    return _Page(
        repo=node["nameWithOwner"],
        rows={key: [_read_row(row) for row in whole(node[key])] for key in keys},
        cursors={key: next_cursor(node[key]) for key in keys},
    )


def _read_row(node: Node) -> _Row:
    found = Candidate.of(node)
    last = max((found.created_at, *found.closings, *found.talk))
    return _Row(replace(found, unseen_before=last), moment(node["updatedAt"]), last)
