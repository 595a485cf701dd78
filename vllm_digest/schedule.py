"""Which windows of a series are due or missing, from those that are stored; pure."""

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
    """The windows a run has to report on, oldest first, and the gap before them that it does not fill."""

    windows: tuple[TimeWindow, ...]
    left_out: TimeWindow | None = None


def plan(stored: Sequence[TimeWindow], length: timedelta, end: datetime, catch_up: timedelta) -> Plan:
    """What is due at `end`, so that the windows of a series join: no hole between them, no overlap.

    `length` is the usual one. Time since the last stored window is due, and so are holes between stored
    windows; both no farther back than `catch_up` before the window that would be due on time. A run that
    comes too late for that reports on the last `length`, like a first one, and leaves the gap before it out.
    """
    latest = TimeWindow.last(length, end)
    if not stored:
        return Plan((latest,))
    oldest = latest.start - catch_up
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
    """The spans between stored windows that none of them covers, oldest first."""
    return tuple(
        TimeWindow(reached, window.start) for window, reached in _steps(stored) if reached < window.start
    )


def overlaps(stored: Sequence[TimeWindow]) -> tuple[TimeWindow, ...]:
    """The spans that a window covers although one before it does, oldest first."""
    return tuple(
        TimeWindow(window.start, min(reached, window.end))
        for window, reached in _steps(stored)
        if window.start < reached
    )


def _steps(stored: Sequence[TimeWindow]) -> Iterator[tuple[TimeWindow, datetime]]:
    """Each window but the first, with the moment up to which those before it reach."""
    if not stored:
        return
    first, *others = sorted(stored)
    reached = first.end
    for window in others:
        yield window, reached
        reached = max(reached, window.end)


def _pieces(span: TimeWindow, length: timedelta) -> Iterator[TimeWindow]:
    """The span in windows of `length`, the last one half of it shorter or longer at most.

    So a window that is a little late stays one, and an interrupted run goes on with the same windows.
    """
    start = span.start
    while span.end - start >= length * 1.5:
        yield TimeWindow(start, start + length)
        start += length
    yield TimeWindow(start, span.end)


def tiles(span: TimeWindow, length: timedelta, zone: ZoneInfo) -> Iterator[TimeWindow]:
    """The span in windows of a series, oldest first, without holes; made one by one, for they may be many.

    From a midnight of the zone on they are its calendar: each day in pieces of `length`, or windows of whole
    days, which are an hour shorter or longer where the clocks change. UsageError for a length that does not
    fit into days. From any other moment on they are `length` long. The last one may be shorter.
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
    """When a day begins, as UTC; where clocks skip its midnight, the moment at which they do."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def missing(windows: Iterable[TimeWindow], stored: Iterable[TimeWindow]) -> Iterator[TimeWindow]:
    """The parts of windows, which follow each other, that no stored one covers."""
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
