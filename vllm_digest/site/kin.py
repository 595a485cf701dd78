"""Which reports hold which: an hour's day, a day's hours, week and month; pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import PurePosixPath

from vllm_digest.site.entries import Entry


@dataclass(frozen=True, slots=True)
class Kin:
    """The reports round one: `within` are those of longer windows round its own, one a window, the shortest
    first; `parts` those that it is the shortest such report of, the oldest first."""

    within: tuple[Entry, ...] = ()
    parts: tuple[Entry, ...] = ()


def kin(entries: Iterable[Entry]) -> Mapping[PurePosixPath, Kin]:
    """The kin of each report by its place, for the reports of one repository."""
    ordered = sorted(entries, key=lambda entry: (entry.series, entry.window.start))
    series = [tuple(group) for _, group in groupby(ordered, key=lambda entry: entry.series)]
    starts = [[entry.window.start for entry in group] for group in series]
    within = {entry.place: _round(entry, series, starts) for entry in ordered}
    parts: dict[PurePosixPath, list[Entry]] = {}
    for entry in sorted(ordered, key=lambda one: one.window.start):
        found = within[entry.place]
        for whole in found:
            if whole.window.length == found[0].window.length:
                parts.setdefault(whole.place, []).append(entry)
    return {
        place: Kin(tuple({one.window: one for one in found}.values()), tuple(parts.get(place, ())))
        for place, found in within.items()
    }


def _round(entry: Entry, series: list[tuple[Entry, ...]], starts: list[list[datetime]]) -> tuple[Entry, ...]:
    window = entry.window
    found = []
    for group, begins in zip(series, starts, strict=True):
        place = bisect_right(begins, window.start) - 1
        if place >= 0:
            other = group[place].window
            if other.end >= window.end and other.length > window.length:
                found.append(group[place])
    return tuple(sorted(found, key=lambda one: (one.window.length, one.series)))
