"""The spans of roll-ups: local calendar days, ISO weeks and months, or between any two times; pure."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from vllm_digest.errors import UsageError
from vllm_digest.schedule import midnight
from vllm_digest.window import LONGEST, TimeWindow, parse_day

_WEEK = re.compile(r"(\d{4})-W(\d{2})")
_MONTH = re.compile(r"(\d{4})-(\d{2})")
SERIES = ("day", "week", "month")
"""The series of roll-ups that a run can make automatically."""
ANY = "range"
"""The series of roll-ups with arbitrary start and end."""


@dataclass(frozen=True, slots=True)
class Span:
    """The span of a roll-up. `series`: `day`, `week`, `month` or `range`."""

    series: str
    window: TimeWindow


def day_span(day: date, zone: ZoneInfo) -> Span:
    """A local calendar day; 23 or 25 hours long if clocks change."""
    return Span("day", _between(day, day + timedelta(days=1), zone))


def week_span(day: date, zone: ZoneInfo) -> Span:
    """The ISO week (from Monday) that contains a day."""
    monday = day - timedelta(days=day.weekday())
    return Span("week", _between(monday, monday + timedelta(days=7), zone))


def month_span(day: date, zone: ZoneInfo) -> Span:
    """The month that contains a day."""
    first = day.replace(day=1)
    # No month has 32 days, so this is a day early in the next one.
    return Span("month", _between(first, (first + timedelta(days=32)).replace(day=1), zone))


_SPANS: Mapping[str, Callable[[date, ZoneInfo], Span]] = {
    "day": day_span,
    "week": week_span,
    "month": month_span,
}


def named_span(
    *,
    day: str | None,
    week: str | None,
    month: str | None,
    between: TimeWindow | None,
    zone: ZoneInfo,
    now: datetime,
) -> Span:
    """The span that the options name. `now`: for `--day yesterday`. Raises UsageError unless they name
    one."""
    given = [one for one in (day, week, month, between) if one is not None]
    if len(given) != 1:
        raise UsageError(
            "A roll-up needs exactly one span.",
            "Write --day 2025-12-10, --week 2025-W50, --month 2025-12, or --from one --to another.",
        )
    if day is not None:
        return day_span(parse_day(day, zone, now), zone)
    if week is not None:
        return week_span(_monday(week), zone)
    if month is not None:
        return month_span(_first(month), zone)
    if between is None or between.length > LONGEST:
        raise UsageError(f"A roll-up covers {LONGEST.days} days at most.", "Take a shorter span.")
    return Span(ANY, between)


def _monday(text: str) -> date:
    match = _WEEK.fullmatch(text.strip())
    try:
        return date.fromisocalendar(int(match[1]), int(match[2]), 1) if match else _no_date()
    except ValueError:
        raise UsageError(f"{text!r} is not an ISO week.", "Write it as 2025-W50.") from None


def _first(text: str) -> date:
    match = _MONTH.fullmatch(text.strip())
    try:
        return date(int(match[1]), int(match[2]), 1) if match else _no_date()
    except ValueError:
        raise UsageError(f"{text!r} is not a month.", "Write it as 2025-12.") from None


def _no_date() -> date:
    raise ValueError("it has another format")


def earlier(span: Span, zone: ZoneInfo) -> Iterator[Span]:
    """The previous spans of a series, latest first; none for `range`."""
    make = _SPANS.get(span.series)
    while make is not None:
        span = make((span.window.start - timedelta(minutes=1)).astimezone(zone).date(), zone)
        yield span


def due_spans(
    series: Sequence[str], stored: Iterable[TimeWindow], zone: ZoneInfo, back: timedelta
) -> tuple[Span, ...]:
    """The completed spans of these series, oldest first, that end at most `back` before the last stored
    window.

    `stored`: the windows that roll-ups are made from. A span is completed if they reach its end.
    """
    windows = sorted(stored)
    if not windows:
        return ()
    reached = max(window.end for window in windows)
    found = []
    for name in series:
        latest = _SPANS[name](reached.astimezone(zone).date(), zone)
        # More than the 366 days that `report.catch_up` allows, and roll-ups look back no further.
        for span in islice(earlier(latest, zone), 400):
            if span.window.end <= max(windows[0].start, reached - back):
                break
            found.append(span)
    return tuple(sorted(found, key=span_order))


def span_order(span: Span) -> tuple[datetime, int]:
    """Sort key for making roll-ups: by end, shorter ones first, because longer ones use their statements."""
    return span.window.end, SERIES.index(span.series)


def _between(first: date, last: date, zone: ZoneInfo) -> TimeWindow:
    return TimeWindow(midnight(first, zone), midnight(last, zone))
