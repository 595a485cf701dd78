"""Sorted lists over a world's threads, so that a server answers as fast for a year as for an hour.

An entry is one integer, the second and the thread's number side by side: a year has over a million.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tests.servers.world import Thread

Kind = Literal["Issue", "PullRequest"]
By = Literal["created", "updated"]
KINDS: tuple[Kind, Kind] = ("Issue", "PullRequest")

_NUMBER_BITS = 24
_NUMBER = (1 << _NUMBER_BITS) - 1


def seconds(at: datetime) -> int:
    """Seconds since 1970; refuses what GitHub cannot store."""
    if at.tzinfo is None or at.microsecond:
        raise ValueError(f"A time must be aware and in whole seconds: {at!r}")
    return int(at.timestamp())


def entry(second: int, number: int) -> int:
    return second << _NUMBER_BITS | number


def number_of(key: int) -> int:
    return key & _NUMBER


@dataclass(frozen=True)
class Index:
    threads: tuple[Thread, ...]
    created: dict[Kind, array[int]]
    """Entries of the threads' creation."""
    updated: dict[Kind, array[int]]
    """Entries of everything that moves `updatedAt`."""
    closed: array[int]
    """Entries of all closings."""
    touches: dict[int, array[int]]
    """For each thread the seconds that move its `updatedAt`."""

    @classmethod
    def of(cls, threads: tuple[Thread, ...]) -> Index:
        created: dict[Kind, list[int]] = {kind: [] for kind in KINDS}
        updated: dict[Kind, list[int]] = {kind: [] for kind in KINDS}
        closed: list[int] = []
        touches: dict[int, array[int]] = {}
        for thread in threads:
            kind = kind_of(thread)
            moments = sorted({seconds(at) for at in thread.touches()})
            touches[thread.number] = array("q", moments)
            created[kind].append(entry(seconds(thread.created_at), thread.number))
            updated[kind].extend(entry(moment, thread.number) for moment in moments)
            closed.extend(
                entry(seconds(e.at), thread.number) for e in thread.history if type(e).__name__ == "Closed"
            )
        return cls(
            threads,
            {kind: array("q", sorted(keys)) for kind, keys in created.items()},
            {kind: array("q", sorted(keys)) for kind, keys in updated.items()},
            array("q", sorted(closed)),
            touches,
        )

    def updated_second(self, number: int, now: int) -> int:
        """The second of the thread's last update at `now`; the thread must exist by then."""
        moments = self.touches[number]
        return moments[bisect_right(moments, now) - 1]

    def walk(self, kind: Kind, by: By, now: int, *, newest_first: bool, start: int | None) -> Iterator[int]:
        """Entries of the threads of a kind that exist at `now`, in order, after the entry `start`."""
        keys = (self.created if by == "created" else self.updated)[kind]
        end = bisect_left(keys, entry(now + 1, 0))
        if newest_first:
            first = end if start is None else min(end, bisect_left(keys, start))
            positions = range(first - 1, -1, -1)
        else:
            positions = range(0 if start is None else bisect_right(keys, start), end)
        for position in positions:
            key = keys[position]
            if by == "created" or self.updated_second(number_of(key), now) == key >> _NUMBER_BITS:
                yield key

    def created_between(self, first: int, last: int) -> list[int]:
        """Numbers of the threads created from the second `first` to `last`, both included."""
        return [number for kind in KINDS for number in _between(self.created[kind], first, last)]

    def updated_between(self, first: int, last: int) -> list[int]:
        """Numbers of the threads with any update in the seconds from `first` to `last`."""
        return [number for kind in KINDS for number in _between(self.updated[kind], first, last)]

    def closed_between(self, first: int, last: int) -> list[int]:
        """Numbers of the threads with any closing in the seconds from `first` to `last`."""
        return _between(self.closed, first, last)


def kind_of(thread: Thread) -> Kind:
    return "PullRequest" if type(thread).__name__ == "PullRequest" else "Issue"


def _between(keys: array[int], first: int, last: int) -> list[int]:
    found = keys[bisect_left(keys, entry(first, 0)) : bisect_left(keys, entry(last + 1, 0))]
    return list(dict.fromkeys(number_of(key) for key in found))
