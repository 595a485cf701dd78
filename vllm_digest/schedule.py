"""Compute the due and missing windows of a series from the stored ones. Pure; all times are UTC."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from vllm_digest.errors import UsageError
from vllm_digest.window import TimeWindow, format_length

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """The windows that a run has to report on.

    `windows`: oldest first. `left_out`: a gap before them that is too old to be filled; None without one.
    """

    windows: tuple[TimeWindow, ...]
    left_out: TimeWindow | None = None


def plan(stored: Sequence[TimeWindow], length: timedelta, end: datetime, catch_up: timedelta) -> Plan:
    """The windows that are due at `end`, so that the windows of a series have no gaps and overlaps.

    `length`: the usual one. Due are the time since the last stored window and the holes between stored
    windows, but only if they start at most `catch_up` before the last window of `length`. If the last stored
    window is older than that, only the last `length` is due, as in a first run, and the gap is left out.
    """
    latest = TimeWindow.last(length, end)
    if not stored:
        return Plan((latest,))
    oldest = latest.start - catch_up
    # A hole is due as a whole or not at all: a cut would leave a hole that no later run fills.
    spans = [
        TimeWindow(hole.start, min(hole.end, end)) for hole in holes(stored) if oldest <= hole.start < end
    ]
    reached = max(window.end for window in stored)
    left_out = None
    if reached < oldest:
        spans.append(latest)
        left_out = TimeWindow(reached, latest.start)
    elif reached < end:
        spans.append(TimeWindow(reached, end))
    return Plan(tuple(piece for span in spans for piece in _pieces(span, length)), left_out)


def holes(stored: Sequence[TimeWindow]) -> tuple[TimeWindow, ...]:
    """The uncovered spans between stored windows, oldest first."""
    return tuple(
        TimeWindow(reached, window.start) for window, reached in _steps(stored) if reached < window.start
    )


def overlaps(stored: Sequence[TimeWindow]) -> tuple[TimeWindow, ...]:
    """The spans that a window covers as well as an earlier one, oldest first."""
    return tuple(
        TimeWindow(window.start, min(reached, window.end))
        for window, reached in _steps(stored)
        if window.start < reached
    )


def _steps(stored: Sequence[TimeWindow]) -> Iterator[tuple[TimeWindow, datetime]]:
    """Each window but the first, with the latest end of the windows before it."""
    if not stored:
        return
    first, *others = sorted(stored)
    reached = first.end
    for window in others:
        yield window, reached
        reached = max(reached, window.end)


def _pieces(span: TimeWindow, length: timedelta) -> Iterator[TimeWindow]:
    """Split the span into windows of `length`; the last one is shorter or longer by at most half of it.

    So a run that is a little late makes one window, and an interrupted run continues with the same windows.
    """
    start = span.start
    while span.end - start >= length * 1.5:
        yield TimeWindow(start, start + length)
        start += length
    yield TimeWindow(start, span.end)


def tiles(span: TimeWindow, length: timedelta, zone: ZoneInfo) -> Iterator[TimeWindow]:
    """Yield the windows of a series in the span, oldest first, without holes; the last one may be shorter.

    If the span starts at a midnight of the zone they follow its calendar: each day in pieces of `length`, or
    windows of whole days, which are an hour shorter or longer when the clocks change; else all are `length`
    long. Raises UsageError if the calendar is followed and `length` neither divides a day nor is whole days.
    """
    if midnight(span.start.astimezone(zone).date(), zone) != span.start:
        return span.split(length)
    if length % _DAY and _DAY % length:
        raise UsageError(
            f"Days do not divide into windows of {format_length(length)}.",
            "Take a length that divides a day, such as 1h or 90m, or whole days.",
        )
    return _calendar(span, length, zone)


def _calendar(span: TimeWindow, length: timedelta, zone: ZoneInfo) -> Iterator[TimeWindow]:
    start = span.start
    while start < span.end:
        end = min(midnight(start.astimezone(zone).date() + max(length, _DAY), zone), span.end)
        yield from TimeWindow(start, end).split(length if length < _DAY else end - start)
        start = end


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The start of a day in the zone, as UTC; if the clocks skip midnight, the moment at which they do."""
    # For a midnight that does not exist Python takes the offset before the change, so the result is the
    # moment of the change: https://peps.python.org/pep-0495/
    return datetime.combine(day, time(), zone).astimezone(UTC)


def missing(windows: Iterable[TimeWindow], stored: Iterable[TimeWindow]) -> Iterator[TimeWindow]:
    """The parts of consecutive windows that no stored one covers."""
    waiting = deque(sorted(stored))
    for window in windows:
        start = window.start
        while waiting and waiting[0].end <= start:
            waiting.popleft()
        for other in waiting:
            if other.start >= window.end:
                break
            if start < other.start:
                yield TimeWindow(start, other.start)
            start = max(start, other.end)
        if start < window.end:
            yield TimeWindow(start, window.end)
