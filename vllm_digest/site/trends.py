"""The last thirty days and twenty-four hours in numbers, from the data files; pure.

New, closed and merged threads are counted once each, by GitHub's own times, however many reports name them.
Threads of the focus and discussion are known by window only: each window counts where its middle lies, and of
windows that overlap the shorter one counts. What no report covers is None, never zero.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from vllm_digest.site.entries import Entry
from vllm_digest.window import TimeWindow

DAYS, HOURS = 30, 24


@dataclass(frozen=True, slots=True)
class Row:
    """One series of a chart: its key in the templates' words, and a number for each bucket or None."""

    name: str
    values: tuple[int | None, ...]

    @property
    def total(self) -> int:
        return sum(value or 0 for value in self.values)


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn together, on one scale from 0 to `top`."""

    name: str
    rows: tuple[Row, ...]

    @property
    def top(self) -> int:
        return max((value or 0 for row in self.rows for value in row.values), default=0)


@dataclass(frozen=True, slots=True)
class Panel:
    """The charts of one stretch of time; `labels` name its buckets, and `partly` those covered in part."""

    name: str
    labels: tuple[str, ...]
    partly: tuple[bool, ...]
    charts: tuple[Chart, ...]


def panels(entries: Sequence[Entry], zone: ZoneInfo, *, with_focus: bool) -> tuple[Panel, ...]:
    """The charts of one repository, days first; both stretches end where its newest window does.

    `with_focus`: whether one of them is of the focus.
    """
    if not entries:
        return ()
    end = max(entry.window.end for entry in entries)
    both = (
        _panel("days", entries, _days(end, zone), lambda start: f"{start.astimezone(zone):%m-%d}"),
        _panel("hours", entries, _hours(end), lambda start: f"{start.astimezone(zone):%H:%M}"),
    )
    return both if with_focus else tuple(_without(panel, "relevant") for panel in both)


def _days(end: datetime, zone: ZoneInfo) -> tuple[TimeWindow, ...]:
    last = (end - timedelta(minutes=1)).astimezone(zone).date()
    midnights = [datetime.combine(last - timedelta(days=back), time(), zone) for back in range(-1, DAYS)]
    return tuple(TimeWindow(start, stop) for start, stop in pairwise(reversed(midnights)))


def _hours(end: datetime) -> tuple[TimeWindow, ...]:
    return tuple(TimeWindow.last(timedelta(hours=HOURS), end).split(timedelta(hours=1)))


def _panel(
    name: str, entries: Iterable[Entry], buckets: tuple[TimeWindow, ...], label: Callable[[datetime], str]
) -> Panel:
    span = TimeWindow(buckets[0].start, buckets[-1].end)
    near = [one for one in entries if one.window.start < span.end and span.start < one.window.end]
    covered = _covered([one.window for one in near], buckets)
    events = {
        kind: _events_by_bucket(near, kind, buckets, covered)
        for kind in ("new_issues", "closed_issues", "new_prs", "merged_prs")
    }
    relevant, discussion = _observed(near, buckets)
    return Panel(
        name=name,
        labels=tuple(label(bucket.start) for bucket in buckets),
        partly=tuple(
            timedelta() < done < bucket.length for done, bucket in zip(covered, buckets, strict=True)
        ),
        charts=(
            Chart("issues", (events["new_issues"], events["closed_issues"])),
            Chart("prs", (events["new_prs"], events["merged_prs"])),
            Chart("relevant", (Row("relevant", relevant),)),
            Chart("discussion", (Row("discussion", discussion),)),
        ),
    )


def _without(panel: Panel, name: str) -> Panel:
    return replace(panel, charts=tuple(chart for chart in panel.charts if chart.name != name))


def _covered(windows: Iterable[TimeWindow], buckets: Iterable[TimeWindow]) -> list[timedelta]:
    """How much of each bucket the windows cover together."""
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


def _events_by_bucket(
    entries: Iterable[Entry], kind: str, buckets: Sequence[TimeWindow], covered: Sequence[timedelta]
) -> Row:
    seen = {(event.number, event.at) for one in entries for event in one.events if event.name == kind}
    counts = [0] * len(buckets)
    for _, at in seen:
        place = _bucket_of(at, buckets)
        if place is not None:
            counts[place] += 1
    return Row(kind, tuple(count if done else None for count, done in zip(counts, covered, strict=True)))


def _observed(
    entries: Iterable[Entry], buckets: Sequence[TimeWindow]
) -> tuple[tuple[int | None, ...], tuple[int | None, ...]]:
    """The focus' threads and the discussion in each bucket."""
    relevant: list[set[int] | None] = [None] * len(buckets)
    discussion: list[int | None] = [None] * len(buckets)
    for entry in _apart(entries):
        window = entry.window
        place = _bucket_of(window.start + window.length / 2, buckets)
        if place is None or window.length > buckets[place].length * 1.5:
            continue
        relevant[place] = (relevant[place] or set()) | set(entry.relevant)
        discussion[place] = (discussion[place] or 0) + entry.discussion
    return tuple(None if numbers is None else len(numbers) for numbers in relevant), tuple(discussion)


def _apart(entries: Iterable[Entry]) -> list[Entry]:
    """Entries whose windows do not overlap, shorter ones taken first."""
    taken: list[Entry] = []
    for entry in sorted(entries, key=lambda one: (one.window.length, one.window.start)):
        if all(entry.window.end <= one.window.start or one.window.end <= entry.window.start for one in taken):
            taken.append(entry)
    return taken


def _bucket_of(at: datetime, buckets: Sequence[TimeWindow]) -> int | None:
    return next((place for place, bucket in enumerate(buckets) if at in bucket), None)
