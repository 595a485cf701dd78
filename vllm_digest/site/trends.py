"""Charts of the last 30 days and 24 hours, from the data files; pure.

New, closed and merged threads, and threads of the focus with events, are counted once each by the times of
their events, even if several reports name them. Discussion is known per window only: a window counts in the
bucket of its middle, and of overlapping windows the shortest counts. A bucket that no report covers is
None, never zero.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import dropwhile, pairwise
from statistics import median
from zoneinfo import ZoneInfo

from vllm_digest.site import counting
from vllm_digest.site.entries import Entry
from vllm_digest.window import TimeWindow

DAYS, HOURS = 30, 24
_CHARTS = {"issues": ("new_issues", "closed_issues"), "prs": ("new_prs", "merged_prs")}


@dataclass(frozen=True, slots=True)
class Bucket:
    """A day or an hour. `is_partly`: reports cover only a part of it. `is_covered`: they cover any of it."""

    window: TimeWindow
    is_partly: bool
    is_covered: bool


@dataclass(frozen=True, slots=True)
class ChartRow:
    """One series of a chart: its key in the templates' words, and a number for each bucket or None.

    `total`: of the whole panel, each thread once. `lowest`, `median`, `highest`: of the buckets that are
    covered as a whole; None where there are none.
    """

    name: str
    values: tuple[int | None, ...]
    total: int
    lowest: int | None
    median: float | None
    highest: int | None


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows that are drawn together, on one scale from 0 to `top`."""

    name: str
    rows: tuple[ChartRow, ...]

    @property
    def top(self) -> int:
        return max((value or 0 for row in self.rows for value in row.values), default=0)


@dataclass(frozen=True, slots=True)
class Panel:
    """The charts of one period, which begins with the first report."""

    name: str
    buckets: tuple[Bucket, ...]
    charts: tuple[Chart, ...]


def panels(entries: Sequence[Entry], zone: ZoneInfo, *, with_focus: bool) -> tuple[Panel, ...]:
    """The charts of one repository, days first; both periods end with its newest window.

    `with_focus`: include a chart of the focus.
    """
    if not entries:
        return ()
    end = max(entry.window.end for entry in entries)
    return (
        _panel("days", entries, _days(end, zone), with_focus=with_focus),
        _panel("hours", entries, _hours(end), with_focus=with_focus),
    )


def _days(end: datetime, zone: ZoneInfo) -> Iterable[TimeWindow]:
    last = (end - timedelta(minutes=1)).astimezone(zone).date()
    # By midnights of the zone: a day has 23 or 25 hours when its clocks change.
    midnights = [datetime.combine(last - timedelta(days=back), time(), zone) for back in range(-1, DAYS)]
    return (TimeWindow(start, stop) for start, stop in pairwise(reversed(midnights)))


def _hours(end: datetime) -> Iterable[TimeWindow]:
    return TimeWindow.last(timedelta(hours=HOURS), end).split(timedelta(hours=1))


def _panel(name: str, entries: Iterable[Entry], windows: Iterable[TimeWindow], *, with_focus: bool) -> Panel:
    spans = list(windows)
    whole = TimeWindow(spans[0].start, spans[-1].end)
    near = [one for one in entries if _overlap(one.window, whole)]
    covered = zip(spans, _covered([one.window for one in near], spans), strict=True)
    buckets = tuple(
        dropwhile(
            lambda bucket: not bucket.is_covered,
            # Without the time before the first report, which would look like missing reports.
            (Bucket(span, timedelta() < done < span.length, bool(done)) for span, done in covered),
        )
    )
    shares = [[one for one in near if _overlap(one.window, bucket.window)] for bucket in buckets]

    def row(name: str, count: Callable[[Iterable[Entry], TimeWindow], int]) -> ChartRow:
        values = [count(share, bucket.window) for share, bucket in zip(shares, buckets, strict=True)]
        return _row(name, buckets, values, count(near, whole))

    def of_list(name: str) -> ChartRow:
        return row(name, lambda share, span: counting.listed(share, name, span))

    charts = [Chart(name, tuple(map(of_list, lists))) for name, lists in _CHARTS.items()]
    if with_focus:
        charts.append(Chart("relevant", (row("relevant", counting.relevant),)))
    talk = _discussion(near, [bucket.window for bucket in buckets])
    charts.append(
        Chart("discussion", (_row("discussion", buckets, talk, sum(value or 0 for value in talk)),))
    )
    return Panel(name, buckets, tuple(charts))


def _row(name: str, buckets: Sequence[Bucket], values: Sequence[int | None], total: int) -> ChartRow:
    known = [value if bucket.is_covered else None for value, bucket in zip(values, buckets, strict=True)]
    whole = [
        value
        for value, bucket in zip(known, buckets, strict=True)
        if value is not None and not bucket.is_partly
    ]
    middle = median(whole) if whole else None
    return ChartRow(name, tuple(known), total, min(whole, default=None), middle, max(whole, default=None))


def _overlap(one: TimeWindow, other: TimeWindow) -> bool:
    return one.start < other.end and other.start < one.end


def _covered(windows: Iterable[TimeWindow], buckets: Iterable[TimeWindow]) -> list[timedelta]:
    """The time of each bucket that the windows cover together."""
    joined: list[TimeWindow] = []
    for window in sorted(windows):
        if joined and window.start <= joined[-1].end:
            joined[-1] = TimeWindow(joined[-1].start, max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return [
        sum(
            (
                max(min(window.end, bucket.end) - max(window.start, bucket.start), timedelta())
                for window in joined
            ),
            timedelta(),
        )
        for bucket in buckets
    ]


def _discussion(entries: Iterable[Entry], buckets: Sequence[TimeWindow]) -> list[int | None]:
    """The number of comments and reviews in each bucket."""
    found: list[int | None] = [None] * len(buckets)
    for entry in _apart(entries):
        window = entry.window
        middle = window.start + window.length / 2
        place = next((place for place, bucket in enumerate(buckets) if middle in bucket), None)
        # Late runs make windows of up to 1.5 lengths. All remarks of a longer one would be in one bucket.
        if place is not None and window.length <= buckets[place].length * 1.5:
            found[place] = (found[place] or 0) + entry.discussion
    return found


def _apart(entries: Iterable[Entry]) -> list[Entry]:
    """Entries without overlaps: of overlapping ones the shortest."""
    taken: list[Entry] = []
    for entry in sorted(entries, key=lambda one: (one.window.length, one.window.start)):
        if all(entry.window.end <= one.window.start or one.window.end <= entry.window.start for one in taken):
            taken.append(entry)
    return taken
