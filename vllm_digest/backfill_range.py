"""Plan a backfill: the span that its options name, the missing windows in it, and an estimate of the work."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vllm_digest.config import Settings
from vllm_digest.errors import UsageError, counted
from vllm_digest.estimate import Estimate, estimate
from vllm_digest.options import RangeOptions
from vllm_digest.progress import format_duration
from vllm_digest.schedule import missing, tiles
from vllm_digest.sources import Source
from vllm_digest.window import (
    LONGEST,
    TimeWindow,
    floor_to_minute,
    format_length,
    is_day,
    local_minute,
    parse_day,
    parse_length,
    parse_moment,
)
from vllm_digest.write import WritingRules

_MOST = 20_000
"""Windows in one backfill: over two years of hours; more is probably a mistyped date."""


@dataclass(frozen=True, slots=True)
class BackfillRange:
    """A span of time and the length of its windows. `repo`: OWNER/NAME. `zone`: of its calendar days."""

    repo: str
    span: TimeWindow
    length: timedelta
    zone: ZoneInfo

    @property
    def series(self) -> str:
        return format_length(self.length)


@dataclass(frozen=True, slots=True)
class BackfillPlan:
    """The work of a backfill.

    `windows`: to be made, oldest first. `stored`: number of windows of the span that are stored.
    """

    windows: tuple[TimeWindow, ...]
    stored: int
    estimate: Estimate


def backfill_range(options: RangeOptions, settings: Settings, now: datetime) -> BackfillRange:
    """The range that the options name. `now`: aware UTC.

    Raises UsageError if they name none, or one that has not ended yet.
    """
    first, last = (options.day, options.day) if options.day else (options.first, options.last)
    if first is None or last is None or (options.day and (options.first or options.last)):
        raise UsageError(
            "A backfill needs a DATE, or --from and --to.",
            "Write `backfill 2025-12-10` or `backfill --from 2025-12-01 --to 2025-12-31`.",
        )
    zone, length = settings.report.timezone, parse_length(options.window)
    if length > LONGEST:
        raise UsageError(f"--window {options.window} is too long.", f"The maximum is {LONGEST.days}d.")
    start, end = _ends(first, zone, now)[0], _ends(last, zone, now)[1]
    latest = floor_to_minute(now - settings.report.settle)
    if end <= start:
        raise UsageError(f"--to {last} is before --from {first}.", "Swap them.")
    if end > latest:
        raise UsageError(
            f"{last} has not ended: it ends {local_minute(end, zone)}, and it is {local_minute(now, zone)}.",
            "End the backfill earlier; `vllm-digest run` reports what has just ended.",
        )
    if end - start > length * _MOST:
        raise UsageError(
            f"That would be more than {_MOST} windows of {format_length(length)}.", "Backfill it in parts."
        )
    return BackfillRange(settings.github.repo, TimeWindow(start, end), length, zone)


def time_range(first: str, last: str, zone: ZoneInfo, now: datetime) -> TimeWindow:
    """The span from the start of a day or moment to the end of another. Raises UsageError if it is empty."""
    start, end = _ends(first, zone, now)[0], _ends(last, zone, now)[1]
    if end <= start:
        raise UsageError(f"--to {last} is before --from {first}.", "Swap them.")
    return TimeWindow(start, end)


def _ends(text: str, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """Start and end of a date, or a moment twice; UTC."""
    # ISO 8601 also allows `2025-12` and `20251210`, which would be read as moments; a message names dates.
    if is_day(text) or len(text) <= len("2025-12-10"):
        day = TimeWindow.day(parse_day(text, zone, now), zone)
        return day.start, day.end
    moment = parse_moment(text, zone)
    if moment != floor_to_minute(moment):
        raise UsageError(f"{text} has seconds.", "Windows begin and end on whole minutes.")
    return moment, moment


def plan_backfill(
    wanted: BackfillRange,
    stored: tuple[TimeWindow, ...],
    source: Source,
    *,
    force: bool,
    rules: WritingRules | None,
) -> BackfillPlan:
    """The plan for a range; takes one request to the source if there is anything to do.

    `stored`: the windows of the series that are stored. `force`: make these again as well, with the bounds
    they have, so that nothing overlaps. `rules`: how a model writes; None without a model.
    Raises UsageError if the repository did not exist yet.
    """
    # A report is counted in the span in which it starts, so that adjacent backfills do not make one twice.
    inside = [window for window in stored if window.start in wanted.span]
    open_windows = list(missing(tiles(wanted.span, wanted.length, wanted.zone), stored))
    chosen = sorted([*open_windows, *inside]) if force else open_windows
    if not chosen:
        return BackfillPlan((), len(inside), Estimate())
    # One request for the whole span; its numbers are scaled by the share that is not stored.
    whole = TimeWindow(chosen[0].start, chosen[-1].end)
    extent = source.extent(whole)
    windows = tuple(window for window in chosen if window.end > extent.began_at)
    if not windows:
        raise UsageError(
            f"{wanted.repo} was created on {extent.began_at:%Y-%m-%d}, after that range.",
            "Backfill later days.",
        )
    length = sum((window.length for window in windows), timedelta())
    work = estimate(extent, share=length / whole.length, windows=len(windows), rules=rules)
    return BackfillPlan(windows, len(inside), work)


def describe(plan: BackfillPlan, wanted: BackfillRange) -> str:
    """The plan as text of four lines."""
    work, span = plan.estimate, wanted.span
    waits = f", {format_duration(work.waits)} of it waiting for the next hours' points" if work.waits else ""
    model = f"about {counted(work.calls, 'call')}, {counted(work.tokens, 'token')}" if work.calls else "none"
    return (
        f"{counted(len(plan.windows), 'window')} of {wanted.series} to report on from "
        f"{local_minute(span.start, wanted.zone)} to {local_minute(span.end, wanted.zone)}, "
        f"{plan.stored} stored.\n"
        f"GitHub: about {counted(work.rows, 'row')} of lists, {counted(work.requests, 'request')}, "
        f"{counted(work.points, 'point')}.\n"
        f"Model: {model}.\n"
        f"Time: about {format_duration(work.duration)}{waits}."
    )
