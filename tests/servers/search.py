"""GitHub's issue search: its query language, its delayed index, its limit of 1,000 results."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from tests.servers.errors import RefusedError
from tests.servers.index import seconds
from tests.servers.world import PullRequest, Seen, Thread, World, seen

REACHABLE = 1_000
ALWAYS = (-(1 << 38), 1 << 38)
Span = tuple[int, int]
"""Seconds since 1970 of the first and the last moment, both included."""


@dataclass
class Query:
    """A search, taken apart."""

    repos: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    spans: dict[str, Span] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    sort: str = ""


def parse(text: str) -> Query:
    """Takes a search apart. A `+` is a space, and a word that is no qualifier must stand in the text."""
    query = Query()
    for token in text.replace("+", " ").split():
        name, colon, value = token.partition(":")
        if colon and name == "repo":
            query.repos.append(value.casefold())
        elif colon and name in {"is", "type", "state"} and value in _STATES:
            query.states.append(value)
        elif colon and name in {"created", "closed", "merged", "updated"}:
            query.spans[name] = span(value)
        elif colon and name == "sort":
            query.sort = value
        elif colon and re.fullmatch(r"-?[a-z]+(-[a-z]+)*", name):
            raise RefusedError(
                "NOT_IMPLEMENTED", f"The local server does not know the search qualifier {token!r}."
            )
        else:
            query.words.append(token.casefold())
    return query


def span(value: str) -> Span:
    """The moments that `A..B`, `>=A`, `>A`, `<=A`, `<A` or `A` mean; a bare date is a whole UTC day."""
    first, dots, last = value.partition("..")
    if dots:
        return (
            ALWAYS[0] if first == "*" else _moments(first)[0],
            ALWAYS[1] if last == "*" else _moments(last)[1],
        )
    moment = value.lstrip("<>=")
    low, high = _moments(moment)
    spans: dict[str, Span] = {
        ">=": (low, ALWAYS[1]),
        ">": (high + 1, ALWAYS[1]),
        "<=": (ALWAYS[0], high),
        "<": (ALWAYS[0], low - 1),
        "": (low, high),
    }
    return spans[value.removesuffix(moment)]


def _moments(text: str) -> Span:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise RefusedError(
            "NOT_IMPLEMENTED", f"The local server does not know the search time {text!r}."
        ) from None
    first = seconds(at if at.tzinfo else at.replace(tzinfo=UTC))
    return first, first + (86_399 if len(text) == len("2025-12-10") else 0)


_STATES: dict[str, Callable[[Thread, Seen], bool]] = {
    "issue": lambda thread, _: not isinstance(thread, PullRequest),
    "pr": lambda thread, _: isinstance(thread, PullRequest),
    "open": lambda _, now: now.state == "OPEN",
    "closed": lambda _, now: now.state != "OPEN",
    "merged": lambda _, now: now.state == "MERGED",
    "unmerged": lambda thread, now: isinstance(thread, PullRequest) and now.state != "MERGED",
}


def find(world: World, text: str, now: datetime, lag: timedelta) -> list[int]:
    """Numbers of the threads that match, in the order asked for, as the index knew them `lag` ago.

    Without `sort` the order is "best match", which no client can foresee: here it is mixed up.
    """
    query, then = parse(text), now - lag
    if world.repo.casefold() not in query.repos:
        return []
    found = [number for number in _candidates(world, query, then) if _matches(world, query, number, then)]
    return _sorted(world, query.sort, found, seconds(then))


def _candidates(world: World, query: Query, then: datetime) -> list[int]:
    """The shortest of the lists in which everything that matches must be."""
    index = world.index
    end = seconds(then)
    lists: list[Callable[[], list[int]]] = []
    if query.spans.keys() & {"closed", "merged"}:
        low, high = query.spans.get("closed") or query.spans["merged"]
        lists.append(lambda: index.closed_between(low, min(high, end)))
    if "created" in query.spans:
        first, last = query.spans["created"]
        lists.append(lambda: index.created_between(first, min(last, end)))
    if "updated" in query.spans:
        since, until = query.spans["updated"]
        lists.append(lambda: index.updated_between(since, min(until, end)))
    return min((make() for make in lists), key=len) if lists else list(world.by_number)


def _matches(world: World, query: Query, number: int, then: datetime) -> bool:
    thread = world[number]
    if not thread.visible(then):
        return False
    look = seen(thread, then)
    if not all(_STATES[state](thread, look) for state in query.states):
        return False
    times = {
        "created": seconds(thread.created_at),
        "updated": world.index.updated_second(number, seconds(then)),
        "closed": seconds(look.closed_at) if look.closed_at else None,
        "merged": seconds(look.merged_at) if look.merged_at else None,
    }
    for name, (low, high) in query.spans.items():
        at = times[name]
        if at is None or not low <= at <= high:
            return False
    return all(word in f"{look.title} {thread.body}".casefold() for word in query.words)


def _sorted(world: World, sort: str, found: list[int], then: int) -> list[int]:
    orders: dict[str, Callable[[int], tuple[int, int]]] = {
        "": lambda number: (hash((number, 7)), number),
        "created": lambda number: (seconds(world[number].created_at), number),
        "updated": lambda number: (world.index.updated_second(number, then), number),
    }
    name, _, direction = sort.partition("-")
    if name not in orders or direction not in {"", "asc", "desc"}:
        raise RefusedError("NOT_IMPLEMENTED", f"The local server does not know the search order {sort!r}.")
    return sorted(found, key=orders[name], reverse=direction != "asc")
