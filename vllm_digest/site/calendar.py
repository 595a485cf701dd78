"""Days and months of reports in the site's zone, and what is missing between them; pure."""

from calendar import monthcalendar
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from vllm_digest.schedule import holes
from vllm_digest.site.entries import Entry, Missing, MissingCause, ReportIndex
from vllm_digest.templating import words
from vllm_digest.window import TimeWindow

LONGEST_DAY = timedelta(days=1, hours=2)
"""Reports of longer windows belong to no day. A day has up to 25 hours when clocks change, plus a margin."""


@dataclass(frozen=True, slots=True)
class Day:
    """A calendar day in the site's time zone. `name`: its date, such as `2025-12-10`.

    `rows`: reports of up to a day whose windows start on it, and missing ones, newest first.
    `parts`: every report of up to a day that overlaps it, oldest first.
    """

    name: str
    window: TimeWindow
    rows: tuple[Entry | Missing, ...]
    parts: tuple[Entry, ...]

    @property
    def repos(self) -> tuple[str, ...]:
        return tuple(sorted({one.repo for one in self.parts}))

    def of(self, repo: str) -> tuple[Entry, ...]:
        """A repository's reports that overlap the day, oldest first."""
        return tuple(one for one in self.parts if one.repo == repo)

    def whole(self, repo: str) -> Entry | None:
        """The report of exactly this day, preferably a roll-up; None without one."""
        found = [one for one in self.of(repo) if one.window == self.window]
        return max(found, key=lambda one: one.series == "day", default=None)

    @property
    def wholes(self) -> tuple[Entry, ...]:
        """The report of exactly this day for each repository that has one."""
        return tuple(one for repo in self.repos if (one := self.whole(repo)) is not None)


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month. `name`: such as `2025-12`. `days`: newest first.

    `longer`: the reports of more than a day whose windows start in it, newest first.
    """

    name: str
    days: tuple[Day, ...]
    longer: tuple[Entry, ...] = ()

    @property
    def reports(self) -> int:
        """The number of reports whose windows start in it."""
        return sum(isinstance(row, Entry) for day in self.days for row in day.rows) + len(self.longer)

    @property
    def missing(self) -> int:
        return sum(isinstance(row, Missing) for day in self.days for row in day.rows)

    @property
    def weeks(self) -> tuple[tuple[str, ...], ...]:
        """The dates of the month by week, starting on Monday; dates of other months are empty texts."""
        year, month = map(int, self.name.split("-"))
        return tuple(
            tuple(f"{self.name}-{number:02}" if number else "" for number in week)
            for week in monthcalendar(year, month)
        )


def missing(index: ReportIndex, repo: str, series: str) -> tuple[Missing, ...]:
    """Windows without a page: reports left out, and gaps between windows of the scheduled series.

    Other series are made by hand, so gaps between their windows are normal.
    """
    windows = [entry.window for entry in index.of(repo, series)]
    windows += [one.window for one in index.left_out if (one.repo, one.series) == (repo, series)]
    gaps = (Missing(repo, series, hole, MissingCause.NO_REPORT) for hole in holes(windows))
    return (*index.left_out, *gaps)


def days(rows: Iterable[Entry | Missing], zone: ZoneInfo) -> tuple[Day, ...]:
    """The local days that have reports of up to a day, or missing ones; newest first."""
    starting: dict[str, list[Entry | Missing]] = {}
    sharing: dict[str, list[Entry]] = {}
    for row in sorted(rows, key=lambda row: (row.window.start, row.window.end), reverse=True):
        if isinstance(row, Missing):
            starting.setdefault(_date(row.window.start, zone), []).append(row)
        elif row.window.length <= LONGEST_DAY:
            starting.setdefault(_date(row.window.start, zone), []).append(row)
            for name in _dates(row.window, zone):
                sharing.setdefault(name, []).append(row)
    return tuple(
        Day(
            name,
            TimeWindow.day(date.fromisoformat(name), zone),
            tuple(starting.get(name, ())),
            tuple(sorted(sharing.get(name, ()), key=lambda one: (one.window.end, one.window.start))),
        )
        for name in sorted({*starting, *sharing}, reverse=True)
    )


def longer(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The reports of more than a day, newest first."""
    found = (one for one in entries if one.window.length > LONGEST_DAY)
    return tuple(sorted(found, key=lambda one: (one.window.end, one.window.length), reverse=True))


def months(every: Sequence[Day], long: Iterable[Entry], zone: ZoneInfo) -> tuple[Month, ...]:
    """The days, and the reports of more than a day, by month; newest first."""
    grouped: dict[str, tuple[list[Day], list[Entry]]] = {}
    for day in every:
        grouped.setdefault(day.name[:7], ([], []))[0].append(day)
    for entry in long:
        grouped.setdefault(month_of(entry, zone), ([], []))[1].append(entry)
    return tuple(
        Month(name, tuple(grouped[name][0]), tuple(grouped[name][1]))
        for name in sorted(grouped, reverse=True)
    )


def _dates(window: TimeWindow, zone: ZoneInfo) -> Iterator[str]:
    """The local dates that a window overlaps."""
    first = window.start.astimezone(zone).date()
    # Windows have whole minutes and exclude their end: one that ends at midnight is not on the next day.
    last = (window.end - timedelta(minutes=1)).astimezone(zone).date()
    return (str(first + timedelta(days=number)) for number in range((last - first).days + 1))


def _date(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d}"


def month_of(entry: Entry, zone: ZoneInfo) -> str:
    return f"{entry.window.start.astimezone(zone):%Y-%m}"


def clock_label(window: TimeWindow, zone: ZoneInfo, language: str) -> str:
    """The local times of a window, such as `18:42 – 19:42`; with the end's date if that is another one."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    is_next_day = end.date() == start.date() + timedelta(days=1)
    if _is_midnight(start) and _is_midnight(end) and is_next_day:
        return words(language).say("site.all_day")
    if end.date() == start.date():
        return f"{start:%H:%M} – {end:%H:%M}"
    return f"{start:%H:%M} – {'24:00' if _is_midnight(end) and is_next_day else f'{end:%m-%d %H:%M}'}"


def moment_label(window: TimeWindow, zone: ZoneInfo, language: str) -> str:
    """The local date and times of a window: `2025-12-10 18:42 – 19:42`."""
    return f"{window.start.astimezone(zone):%Y-%m-%d} {clock_label(window, zone, language)}"


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute) == (0, 0)


def span_label(window: TimeWindow, zone: ZoneInfo) -> str:
    """The part of a window that a page's title omits: `18:42 – 19:42` or `12-08 – 12-14`; empty for a day."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    last = (end - timedelta(minutes=1)).date()
    if end.date() == start.date() or last == start.date():
        whole = _is_midnight(start) and _is_midnight(end)
        return "" if whole else f"{start:%H:%M} – {'24:00' if _is_midnight(end) else f'{end:%H:%M}'}"
    if _is_midnight(start) and _is_midnight(end):
        return f"{start:%m-%d} – {last:%m-%d}"
    return f"{start:%H:%M} – {end:%m-%d %H:%M}"
