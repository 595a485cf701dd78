"""Days and months of reports in the site's zone, and what is missing between them; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vllm_digest.schedule import holes
from vllm_digest.site.entries import Entry, Missing, MissingCause, ReportIndex
from vllm_digest.templating import words
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class Day:
    """A day's reports and what is missing of it, both newest first; `name` is its date."""

    name: str
    rows: tuple[Entry | Missing, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """`name` is such as `2025-12`; its days stand newest first."""

    name: str
    days: tuple[Day, ...]

    @property
    def entries(self) -> tuple[Entry, ...]:
        return tuple(row for day in self.days for row in day.rows if isinstance(row, Entry))

    @property
    def missing(self) -> int:
        return sum(isinstance(row, Missing) for day in self.days for row in day.rows)


def missing(index: ReportIndex, repo: str, series: str) -> tuple[Missing, ...]:
    """What a reader cannot find: reports left out, and the gaps between windows of the scheduled series.

    Windows of other series are made by hand and need not join.
    """
    windows = [entry.window for entry in index.of(repo, series)]
    windows += [one.window for one in index.left_out if (one.repo, one.series) == (repo, series)]
    gaps = (Missing(repo, series, hole, MissingCause.NO_REPORT) for hole in holes(windows))
    return (*index.left_out, *gaps)


def days(rows: Iterable[Entry | Missing], zone: ZoneInfo) -> tuple[Day, ...]:
    """The rows by the local day on which their windows start, newest first."""
    grouped: dict[str, list[Entry | Missing]] = {}
    for row in sorted(rows, key=lambda row: (row.window.start, row.window.end), reverse=True):
        grouped.setdefault(f"{row.window.start.astimezone(zone):%Y-%m-%d}", []).append(row)
    return tuple(Day(name, tuple(those)) for name, those in grouped.items())


def months(every: Sequence[Day]) -> tuple[Month, ...]:
    """The days by month, in their order."""
    grouped: dict[str, list[Day]] = {}
    for day in every:
        grouped.setdefault(day.name[:7], []).append(day)
    return tuple(Month(name, tuple(those)) for name, those in grouped.items())


def newest(every: Sequence[Day], most: int) -> tuple[Day, ...]:
    """Whole days from the newest on, with `most` rows at most; the newest day in any case."""
    taken: list[Day] = []
    count = 0
    for day in every:
        count += len(day.rows)
        if taken and count > most:
            break
        taken.append(day)
    return tuple(taken)


def month_of(entry: Entry, zone: ZoneInfo) -> str:
    return f"{entry.window.start.astimezone(zone):%Y-%m}"


def clock_label(window: TimeWindow, zone: ZoneInfo, language: str) -> str:
    """A window within its day: `18:42 – 19:42`, with the end's day where that is another one."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    is_next_day = end.date() == start.date() + timedelta(days=1)
    if _is_midnight(start) and _is_midnight(end) and is_next_day:
        return words(language).say("site.all_day")
    if end.date() == start.date():
        return f"{start:%H:%M} – {end:%H:%M}"
    return f"{start:%H:%M} – {'24:00' if _is_midnight(end) and is_next_day else f'{end:%m-%d %H:%M}'}"


def moment_label(window: TimeWindow, zone: ZoneInfo, language: str) -> str:
    """A window with its day: `2025-12-10 18:42 – 19:42`."""
    return f"{window.start.astimezone(zone):%Y-%m-%d} {clock_label(window, zone, language)}"


def _is_midnight(moment: datetime) -> bool:
    return (moment.hour, moment.minute) == (0, 0)


def span_label(window: TimeWindow, zone: ZoneInfo) -> str:
    """What a page's title does not say of its window: `18:42 – 19:42`, `12-08 – 12-14`; nothing of a day."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    last = (end - timedelta(minutes=1)).date()
    if end.date() == start.date() or last == start.date():
        whole = _is_midnight(start) and _is_midnight(end)
        return "" if whole else f"{start:%H:%M} – {'24:00' if _is_midnight(end) else f'{end:%H:%M}'}"
    if _is_midnight(start) and _is_midnight(end):
        return f"{start:%m-%d} – {last:%m-%d}"
    return f"{start:%H:%M} – {end:%m-%d %H:%M}"
