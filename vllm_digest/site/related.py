"""Which reports cover which others: the day of an hour; the hours, week and month of a day; pure."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import PurePosixPath

from vllm_digest.site.entries import Entry


@dataclass(frozen=True, slots=True)
class Related:
    """The reports that contain one report, and those that it contains.

    `within`: reports whose longer windows contain its window, one for each window, shortest first.
    `parts`: reports for which it is the shortest one that contains them, oldest first.
    """

    within: tuple[Entry, ...] = ()
    parts: tuple[Entry, ...] = ()


def related_reports(entries: Iterable[Entry]) -> Mapping[PurePosixPath, Related]:
    """The related reports of each report by its place, for the reports of one repository."""
    ordered = sorted(entries, key=lambda entry: (entry.series, entry.window.start))
    series = [tuple(group) for _, group in groupby(ordered, key=lambda entry: entry.series)]
    starts = [[entry.window.start for entry in group] for group in series]
    within = {entry.place: _containing(entry, series, starts) for entry in ordered}
    parts: dict[PurePosixPath, list[Entry]] = {}
    for entry in sorted(ordered, key=lambda one: one.window.start):
        found = within[entry.place]
        for whole in found:
            if whole.window.length == found[0].window.length:
                parts.setdefault(whole.place, []).append(entry)
    return {
        place: Related(tuple({one.window: one for one in found}.values()), tuple(parts.get(place, ())))
        for place, found in within.items()
    }


def _containing(
    entry: Entry, series: list[tuple[Entry, ...]], starts: list[list[datetime]]
) -> tuple[Entry, ...]:
    window = entry.window
    found = []
    for group, begins in zip(series, starts, strict=True):
        # Windows of a series follow each other, so only the last one that starts by then can contain it.
        place = bisect_right(begins, window.start) - 1
        if place >= 0:
            other = group[place].window
            if other.end >= window.end and other.length > window.length:
                found.append(group[place])
    return tuple(sorted(found, key=lambda one: (one.window.length, one.series)))
