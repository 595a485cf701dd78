"""The span of time that a backfill is of, as its options name it."""

from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from vllm_digest.config import Settings
from vllm_digest.errors import UsageError
from vllm_digest.window import TimeWindow, floor_to_minute, local_minute, parse_day, parse_moment


class RangeOptions(Protocol):
    """A date, or two ends that are dates or times; None where they were not given."""

    @property
    def day(self) -> str | None: ...
    @property
    def first(self) -> str | None: ...
    @property
    def last(self) -> str | None: ...


def backfill_range(options: RangeOptions, settings: Settings, now: datetime) -> TimeWindow:
    """The span that the options name; UsageError when they name none, or one that is not over yet."""
    first, last = (options.day, options.day) if options.day else (options.first, options.last)
    if first is None or last is None or (options.day and (options.first or options.last)):
        raise UsageError(
            "A backfill is of one DATE, or --from one --to another.",
            "Write `backfill 2025-12-10` or `backfill --from 2025-12-01 --to 2025-12-31`.",
        )
    zone = settings.report.timezone
    start, end = _ends(first, zone)[0], _ends(last, zone)[1]
    latest = floor_to_minute(now - settings.report.settle)
    if end <= start:
        raise UsageError(f"--to {last} is before --from {first}.", "Swap them.")
    if end > latest:
        raise UsageError(
            f"{last} is not over: it ends {local_minute(end, zone)}, and it is {local_minute(now, zone)}.",
            "End the backfill earlier; `vllm-digest run` reports what has just ended.",
        )
    return TimeWindow(start, end)


def _ends(text: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The first moment of a date and the one after it, or a moment twice."""
    if len(text) <= len("2025-12-10"):
        day = TimeWindow.day(parse_day(text), zone)
        return day.start, day.end
    moment = parse_moment(text, zone)
    if moment != floor_to_minute(moment):
        raise UsageError(f"{text} has seconds in it.", "Windows begin and end on whole minutes.")
    return moment, moment
