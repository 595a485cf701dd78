"""The span of time a report is about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dateutil.parser import isoparse
from dateutil.tz import datetime_ambiguous, datetime_exists

from vllm_digest.errors import UsageError

LONGEST = timedelta(days=31)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_LENGTH = re.compile(r"([1-9]\d{0,5})([mhdw])")
_SLUG_TIME = "%Y%m%dT%H%MZ"
_SLUG = re.compile(r"([0-9]{8}T[0-9]{4}Z)-([0-9]{8}T[0-9]{4}Z)")


@dataclass(frozen=True, order=True, slots=True)
class TimeWindow:
    """Half-open `[start, end)`: both in UTC and on whole minutes, `start` before `end`.

    Aware times of other zones are converted; anything else is a ValueError.
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
        """The `length` that ends at `end`."""
        return cls(end - length, end)

    @classmethod
    def day(cls, day: date, zone: ZoneInfo) -> Self:
        """The calendar day `day` of `zone`: 23 or 25 hours long where its clocks change."""
        midnight = [datetime.combine(d, time(), zone) for d in (day, day + timedelta(days=1))]
        return cls(*(moment.astimezone(UTC) for moment in midnight))

    @property
    def length(self) -> timedelta:
        return self.end - self.start

    def __contains__(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end

    def split(self, length: timedelta) -> Iterator[Self]:
        """The window in pieces of `length`, oldest first; the last one may be shorter."""
        start = self.start
        while start < self.end:
            end = min(start + length, self.end)
            yield type(self)(start, end)
            start = end

    @property
    def slug(self) -> str:
        """The whole window as a file name, in UTC: `20251210T1042Z-20251210T1142Z`."""
        return f"{self.start:{_SLUG_TIME}}-{self.end:{_SLUG_TIME}}"

    @classmethod
    def from_slug(cls, slug: str) -> Self:
        """The window a `slug` names; ValueError if it names none."""
        match = _SLUG.fullmatch(slug)
        if match is None:
            raise ValueError(f"{slug!r} names no window")
        return cls(*map(datetime.fromisoformat, match.groups()))


def floor_to_minute(moment: datetime) -> datetime:
    return moment.replace(second=0, microsecond=0)


def parse_length(text: str) -> timedelta:
    """`90m`, `1h`, `7d` or `1w` as a timedelta; UsageError for anything else."""
    match = _LENGTH.fullmatch(text.strip())
    if match is None:
        raise UsageError(
            f"{text!r} is not a length of time.", "Give a number and a unit: 90m, 1h, 24h, 7d or 1w."
        )
    return int(match[1]) * _UNITS[match[2]]


def format_length(length: timedelta) -> str:
    """A length in hours where it is whole hours, else in minutes: `1h`, `24h`, `90m`."""
    minutes = length // timedelta(minutes=1)
    return f"{minutes // 60}h" if minutes % 60 == 0 else f"{minutes}m"


def parse_zone(name: str) -> ZoneInfo:
    """A zone of the IANA database; UsageError when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"{name!r} is not a time zone.", "Give a name such as Asia/Shanghai, Europe/Berlin or UTC."
        ) from None


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """An ISO 8601 time as UTC; without an offset it is read in `zone`.

    A local time that the zone's clocks skip, or show twice, is a UsageError: it names no one moment.
    """
    try:
        moment = isoparse(text.strip())
    except ValueError:
        raise UsageError(
            f"{text!r} is not an ISO time.", "Write it as 2025-12-10T18:42 or 2025-12-10T18:42+08:00."
        ) from None
    _check_year(moment.year, text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
        if not datetime_exists(moment) or datetime_ambiguous(moment):
            raise UsageError(
                f"{text!r} names no single moment in {zone.key}: the clocks change there.",
                "Give it with its offset, such as 2025-10-26T02:30+01:00.",
            )
    return moment.astimezone(UTC)


def parse_day(text: str) -> date:
    """`2025-12-10` as a date; UsageError for anything else."""
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is not a date.", "Write it as 2025-12-10.") from None
    _check_year(day.year, text)
    return day


def _check_year(year: int, text: str) -> None:
    """UsageError for years at the edge of the calendar, where there are no moments in other zones."""
    if not MINYEAR < year < MAXYEAR:
        raise UsageError(f"{text!r} is no time that anything was reported of.", "Look at its year.")


def named_window(
    *,
    since: str | None,
    until: str | None,
    day: str | None,
    length: timedelta | None,
    usual_length: timedelta,
    now: datetime,
    zone: ZoneInfo,
) -> TimeWindow | None:
    """The exact window that `--since`, `--until`, `--date` and an explicit `--window` name together.

    None when none of the first three is given: then the window follows from what is stored.
    UsageError when they contradict each other or name a window that cannot be reported.
    """
    if day is not None:
        if since is not None or until is not None or length is not None:
            raise UsageError(
                "--date is a whole day and cannot stand beside --since, --until or --window.",
                "Name the window one way only.",
            )
        return _reportable(TimeWindow.day(parse_day(day), zone), now)
    start = parse_moment(since, zone) if since is not None else None
    end = parse_moment(until, zone) if until is not None else None
    if start is not None and end is not None and length is not None:
        raise UsageError("--since, --until and --window say the length twice.", "Leave one of them out.")
    if start is not None:
        end = end or (start + length if length else floor_to_minute(now))
    elif end is not None:
        start = end - (length or usual_length)
    else:
        return None
    for option, moment in (("--since", start), ("--until", end)):
        if moment != floor_to_minute(moment):
            raise UsageError(f"{option} has seconds in it.", "Windows begin and end on whole minutes.")
    if end <= start:
        raise UsageError(
            f"The window would end ({end:%Y-%m-%d %H:%M}Z) before it starts ({start:%Y-%m-%d %H:%M}Z).",
            "Swap --since and --until."
            if until
            else "--until is now unless given; begin the window earlier.",
        )
    return _reportable(TimeWindow(start, end), now)


def _reportable(window: TimeWindow, now: datetime) -> TimeWindow:
    if window.end > now:
        raise UsageError(
            f"The window ends in the future: {window.end:%Y-%m-%d %H:%M}Z, and it is {now:%Y-%m-%d %H:%M}Z.",
            "A report is about what has happened; end the window earlier.",
        )
    if window.length > LONGEST:
        raise UsageError(
            f"The window is {window.length.days} days long, and a report covers {LONGEST.days} at most.",
            "Split it into shorter windows.",
        )
    return window


def zone_label(moment: datetime) -> str:
    """The offset of an aware local time as the page writes it: `UTC`, `UTC+8`, `UTC-3:30`."""
    offset = moment.utcoffset() or timedelta()
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    if not hours and not minutes:
        return "UTC"
    return f"UTC{sign}{hours}:{minutes:02}" if minutes else f"UTC{sign}{hours}"


def local_minute(moment: datetime, zone: ZoneInfo) -> str:
    """A moment as the page shows it, cut to the minute: `2025-12-10 18:42 (UTC+8)`."""
    local = moment.astimezone(zone)
    return f"{local:%Y-%m-%d %H:%M} ({zone_label(local)})"
