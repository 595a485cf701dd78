"""Pages of a connection, as GitHub cuts them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tests.servers.errors import RefusedError
from tests.servers.ids import cursor, read_cursor
from tests.servers.index import By, Index, Kind

Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The arguments by which a client cuts a connection."""

    field: str
    """The connection's name, for the words of an error."""
    first: int | None = None
    last: int | None = None
    after: str | None = None

    def check(self, nodes_wanted: Callable[[], bool]) -> None:
        """Raises GitHub's error for sizes that it refuses; a query for only `totalCount` needs no size."""
        name, size = ("first", self.first) if self.last is None else ("last", self.last)
        connection = f"the `{self.field}` connection"
        if self.first is not None and self.last is not None:
            raise RefusedError(
                "INVALID_PAGINATION_BOUNDARIES",
                f"Passing both `first` and `last` to paginate {connection} is not supported.",
            )
        if size is None and nodes_wanted():
            raise RefusedError(
                "MISSING_PAGINATION_BOUNDARIES",
                f"You must provide a `first` or `last` value to properly paginate {connection}.",
            )
        if size is not None and size > 100:
            raise RefusedError(
                "EXCESSIVE_PAGINATION",
                f"Requesting {size} records on {connection} exceeds the `{name}` limit of 100 records.",
            )
        if size is not None and size < 1:
            raise RefusedError(
                "INVALID_PAGINATION_BOUNDARIES", f"`{name}` on {connection} cannot be less than 1."
            )


@dataclass(frozen=True, slots=True)
class Page:
    """What a connection answers with."""

    nodes: Sequence[Any]
    has_next: bool
    has_previous: bool
    total: Callable[[], int]
    start: Key | None
    end: Key | None

    @property
    def start_cursor(self) -> str | None:
        return cursor(*self.start) if self.start else None

    @property
    def end_cursor(self) -> str | None:
        return cursor(*self.end) if self.end else None


def read(text: str | None) -> Key | None:
    """The sort key in a client's cursor; raises `RefusedError` when it is not one of ours."""
    if text is None:
        return None
    key = read_cursor(text)
    if key is None:
        raise RefusedError("INVALID_CURSOR_ARGUMENTS", f"`{text}` does not appear to be a valid cursor.")
    return key


def page(items: Sequence[Any], key: Callable[[Any], Key], bounds: Bounds) -> Page:
    """A page of `items`, which are in the order of their keys."""
    after = read(bounds.after)
    low = 0 if after is None else bisect_right(items, after, key=key)
    start, stop = _cut(low, len(items), bounds)
    nodes = items[start:stop]
    ends = (key(nodes[0]), key(nodes[-1])) if nodes else (None, None)
    return Page(nodes, stop < len(items), start > 0, lambda: len(items), *ends)


def page_in_place(items: Sequence[Any], bounds: Bounds) -> Page:
    """A page of items with fixed positions in the list; the position is the cursor."""
    after = read(bounds.after)
    start, stop = _cut(after[0] if after else 0, len(items), bounds)
    ends = ((start + 1,), (stop,)) if start < stop else (None, None)
    return Page(items[start:stop], stop < len(items), start > 0, lambda: len(items), *ends)


def _cut(low: int, high: int, bounds: Bounds) -> tuple[int, int]:
    if bounds.last is not None:
        return max(low, high - bounds.last), high
    return low, high if bounds.first is None else min(high, low + bounds.first)


def page_of_threads(
    index: Index,
    kind: Kind,
    now: int,
    bounds: Bounds,
    *,
    by: By,
    newest_first: bool,
    wanted: Callable[[int], bool],
) -> Page:
    """A page of a repository's threads; only as many as asked for are looked at.

    `wanted`: whether the thread of an entry is in the list at all.
    """
    backwards = bounds.last is not None
    after = read(bounds.after)
    start = after[0] if after and not backwards else None
    size = bounds.last or bounds.first or 0
    order = index.walk(kind, by, now, newest_first=newest_first != backwards, start=start)
    keys = list(islice((key for key in order if wanted(key)), size + 1))
    more, keys = len(keys) > size, keys[:size]
    if backwards:
        keys.reverse()

    def total() -> int:
        return sum(
            1 for key in index.walk(kind, "created", now, newest_first=False, start=None) if wanted(key)
        )

    return Page(
        keys,
        more and not backwards,
        more if backwards else start is not None,
        total,
        (keys[0],) if keys else None,
        (keys[-1],) if keys else None,
    )
