"""Which reports cover which others: the day of an hour; the hours, week and month of a day; pure."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import PurePosixPath

from vllm_digest.site.entries import Entry
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class Related:
    """The reports that contain one report, and those that it contains.

    `within`: reports whose longer windows contain its window, one for each window, shortest first.
    `parts`: reports for which it is the shortest one that contains them, oldest first.
    """

    within: tuple[Entry, ...] = ()
    parts: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class _Series:
    """The reports of a series, sorted by the starts of their windows. `longest`: length of a window."""

    entries: tuple[Entry, ...]
    starts: tuple[datetime, ...]
    longest: timedelta

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "_Series":
        """The reports of one series. `entries`: sorted by the starts of their windows."""
        ordered = tuple(entries)
        windows = [entry.window for entry in ordered]
        return cls(ordered, tuple(one.start for one in windows), max(one.length for one in windows))

    def containing(self, window: TimeWindow) -> Iterator[Entry]:
        """The reports whose longer windows contain `window`; those of `rollup --from --to` may overlap."""
        for place in range(bisect_right(self.starts, window.start) - 1, -1, -1):
            if self.starts[place] + self.longest < window.end:
                break
            other = self.entries[place].window
            if other.end >= window.end and other.length > window.length:
                yield self.entries[place]


def related_reports(entries: Iterable[Entry]) -> Mapping[PurePosixPath, Related]:
    """The related reports of each report by its place, for the reports of one repository."""
    ordered = sorted(entries, key=lambda entry: (entry.series, entry.window.start))
    series = [_Series.of(group) for _, group in groupby(ordered, key=lambda entry: entry.series)]
    within = {
        entry.place: sorted(
            (other for one in series for other in one.containing(entry.window)),
            key=lambda other: (other.window.length, other.series),
        )
        for entry in ordered
    }
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
