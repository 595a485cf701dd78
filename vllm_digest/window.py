"""Time windows, and the parsing and formatting of lengths, zones, days and times."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, date, datetime, time, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.parser import isoparse
from dateutil.tz import datetime_ambiguous, datetime_exists
from pydantic import AwareDatetime, Field

from vllm_digest.errors import UsageError

LONGEST = timedelta(days=31)
"""The longest window: a calendar month."""
_UNITS = {
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_LENGTH = re.compile(rf"([1-9][0-9]{{0,5}})({'|'.join(_UNITS)})")
_BARE_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]+)?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_WORDS = {"today": 0, "yesterday": 1}
"""Names of days, with the number of days ago."""
_FIRST_YEAR = 2008
"""The year in which GitHub started."""
_SLUG_TIME = "%Y%m%dT%H%MZ"
"""ISO 8601's basic format, because Windows allows no colon in a file name."""
Moment = Annotated[
    AwareDatetime,
    Field(ge=datetime(1970, 1, 1, tzinfo=UTC), lt=datetime(MAXYEAR, 1, 1, tzinfo=UTC)),
]
"""An aware time from 1970 on, far enough from `datetime.max` to be converted to any zone."""
_SLUG = re.compile(r"([0-9]{8}T[0-9]{4}Z)-([0-9]{8}T[0-9]{4}Z)")


@dataclass(frozen=True, order=True, slots=True)
class TimeWindow:
    """A half-open span `[start, end)`, in UTC and on whole minutes, `start` before `end`.

    Aware times of other zones are converted to UTC. Raises ValueError for anything else.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment.tzinfo is None or moment != floor_to_minute(moment):
                raise ValueError(f"a window's {name} is an aware whole minute, not {moment!r}")
            object.__setattr__(self, name, moment.astimezone(UTC))
        if self.end <= self.start:
            raise ValueError(f"a window ends after it starts, not {self.start} to {self.end}")

    @classmethod
    def last(cls, length: timedelta, end: datetime) -> Self:
        """The window of this length that ends at `end`."""
        return cls(end - length, end)

    @classmethod
    def day(cls, day: date, zone: ZoneInfo) -> Self:
        """The calendar day `day` of `zone`: 23 or 25 hours long if the clocks change.

        Raises UsageError if the zone skipped the whole day, as Pacific/Apia did on 2011-12-30.
        """
        midnight = [datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1))]
        start, end = (moment.astimezone(UTC) for moment in midnight)
        if start >= end:
            raise UsageError(
                f"There was no {day} in {zone.key}: the clocks skipped that day.", "Name another day."
            )
        return cls(start, end)

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end

    def split(self, length: timedelta) -> Iterator[Self]:
        """Split the window into pieces of `length`, oldest first; the last one may be shorter."""
        start = self.start
        while start < self.end:
            end = min(start + length, self.end)
            yield type(self)(start, end)
            start = end

    @property
    def slug(self) -> str:
        """The window as a file name, in UTC: `20251210T1042Z-20251210T1142Z`."""
        return f"{self.start:{_SLUG_TIME}}-{self.end:{_SLUG_TIME}}"

    @classmethod
    def from_slug(cls, slug: str) -> Self:
        """Parse a `slug`. Raises ValueError if it is not one."""
        match = _SLUG.fullmatch(slug)
        if match is None:
            raise ValueError(f"{slug!r} names no window")
        return cls(*map(datetime.fromisoformat, match.groups()))


def floor_to_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def parse_length(text: str) -> timedelta:
    """`90m`, `1h`, `1hour`, `7d` or `1w` as a timedelta. Raises UsageError for anything else."""
    written = text.strip()
    # A capital `M` may mean months, so it is not accepted.
    match = _LENGTH.fullmatch(written if written.endswith("M") else written.casefold())
    if match:
        return int(match[1]) * _UNITS[match[2]]
    if _BARE_NUMBER.fullmatch(written):
        number = written.partition(".")[0]
        raise UsageError(
            f"{text!r} is not a length of time: it has no unit.",
            f"Write {number}m for minutes, {number}h for hours or {number}d for days.",
        )
    raise UsageError(
        f"{text!r} is not a length of time.", "Give a number and a unit: 90m, 1h, 24h, 7d or 1w."
    )


def format_length(length: timedelta) -> str:
    """A length in whole hours, else in minutes: `1h`, `24h`, `90m`."""
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def parse_zone(name: str) -> ZoneInfo:
    """The zone with an IANA name. Raises UsageError if it does not exist."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"{name!r} is not a time zone.", "Give a name such as Asia/Shanghai, Europe/Berlin or UTC."
        ) from None


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time as UTC; a time without an offset is in `zone`.

    Raises UsageError for anything else, and for a local time that the zone's clocks skip or repeat.
    """
    try:
        moment = isoparse(text.strip())
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not an ISO time.", "Write it as 2025-12-10T18:42 or 2025-12-10T18:42+08:00."
        ) from None
    _check_year(moment.year, text)
    if moment.tzinfo is None:
        # zoneinfo silently takes one of two readings (PEP 495): an hour could be missing or reported twice.
        moment = moment.replace(tzinfo=zone)
        if not datetime_exists(moment) or datetime_ambiguous(moment):
            raise UsageError(
                f"{text!r} is ambiguous or does not exist in {zone.key}: the clocks change then.",
                "Give it with its offset, such as 2025-10-26T02:30+01:00.",
            )
    return moment.astimezone(UTC)


def parse_day(text: str, zone: ZoneInfo, now: datetime) -> date:
    """`2025-12-10`, `yesterday` or `today` as a date in the zone. Raises UsageError for anything else."""
    written = text.strip().casefold()
    if written in _DAY_WORDS:
        return now.astimezone(zone).date() - timedelta(days=_DAY_WORDS[written])
    try:
        day = date.fromisoformat(written)
    except ValueError:
        raise UsageError(f"{text!r} is not a date.", "Write it as 2025-12-10, or yesterday.") from None
    _check_year(day.year, text)
    return day


def is_day(text: str) -> bool:
    """Whether it names a day without a time."""
    written = text.strip().casefold()
    return written in _DAY_WORDS or _DAY.fullmatch(written) is not None


def _check_year(year: int, text: str) -> None:
    if not _FIRST_YEAR <= year < MAXYEAR:
        raise UsageError(
            f"{text!r} is before {_FIRST_YEAR}, when GitHub started, or too far in the future.",
            "Check the year.",
        )


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """The options that name an exact window; the texts are not parsed yet. None if not given."""

    since: str | None = None
    until: str | None = None
    day: str | None = None
    length: timedelta | None = None


def named_window(
    options: WindowOptions, *, default_length: timedelta, now: datetime, zone: ZoneInfo
) -> TimeWindow | None:
    """The exact window that `--since`, `--until`, `--date` and an explicit `--window` name together.

    None if none of the first three is given: then the window depends on what is stored.
    Raises UsageError if they contradict each other or name a window that cannot be reported.
    """
    if options.day is not None:
        return _reportable(_named_day(options, options.day, now, zone), now, zone)
    start = parse_moment(options.since, zone) if options.since is not None else None
    end = parse_moment(options.until, zone) if options.until is not None else None
    length = options.length
    for option, moment in (("--since", start), ("--until", end)):
        if moment is not None and moment != floor_to_minute(moment):
            raise UsageError(f"{option} has seconds.", "Windows begin and end on whole minutes.")
    if start is not None and end is not None:
        if length is not None and end - start != length:
            raise UsageError(
                "--since and --until give another length than --window: "
                f"{_signed(end - start)} and {_signed(length)}.",
                "Leave one of them out.",
            )
    elif start is not None:
        end = start + length if length else floor_to_minute(now)
    elif end is not None:
        start = end - (length or default_length)
    else:
        return None
    if end <= start:
        raise UsageError(
            f"The window would end ({local_minute(end, zone)}) before it starts "
            f"({local_minute(start, zone)}).",
            "Swap --since and --until."
            if options.until
            else "Without --until the window ends now; begin it earlier.",
        )
    return _reportable(TimeWindow(start, end), now, zone)


def _named_day(options: WindowOptions, text: str, now: datetime, zone: ZoneInfo) -> TimeWindow:
    """The whole day of `--date`. Raises UsageError with other options, except for a `--window` of a day."""
    day = parse_day(text, zone, now)
    window = TimeWindow.day(day, zone)
    agrees = options.length in {None, timedelta(days=1), window.length}
    if options.since is not None or options.until is not None or not agrees:
        raise UsageError(
            "--date is a whole day and cannot be combined with --since, --until or another --window.",
            "Name the window in one way only.",
        )
    return window


def _signed(length: timedelta) -> str:
    return format_length(length) if length > timedelta() else f"-{format_length(-length)}"


def _reportable(window: TimeWindow, now: datetime, zone: ZoneInfo) -> TimeWindow:
    if window.end > now:
        raise UsageError(
            f"The window ends in the future: {local_minute(window.end, zone)}, "
            f"and it is {local_minute(now, zone)}.",
            "End the window earlier.",
        )
    if window.length > LONGEST:
        raise UsageError(
            f"The window is {window.length.days} days long, and the maximum is {LONGEST.days}.",
            "Split it into shorter windows.",
        )
    return window


def zone_label(moment: datetime) -> str:
    """The offset of an aware time as on pages: `UTC`, `UTC+8`, `UTC-3:30`."""
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}:{minutes:02}" if minutes else f"UTC{sign}{hours}"


def local_window(window: TimeWindow, zone: ZoneInfo) -> str:
    """A window as messages name it: `2025-12-10 18:42 (UTC+8) ~ 2025-12-10 19:42 (UTC+8)`."""
    return f"{local_minute(window.start, zone)} ~ {local_minute(window.end, zone)}"


def local_minute(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as on pages, in the zone and cut to the minute: `2025-12-10 18:42 (UTC+8)`."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} ({zone_label(local)})"
