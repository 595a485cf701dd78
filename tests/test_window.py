"""Windows: what the options name, how they join, and how times are shown."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vllm_digest.errors import UsageError
from vllm_digest.window import (
    TimeWindow,
    WindowOptions,
    format_length,
    local_minute,
    named_window,
    parse_length,
    parse_moment,
    parse_zone,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2025, 12, 10, 11, 42, 30, tzinfo=UTC)

minutes = st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)).map(  # noqa: DTZ001 - the zone follows
    lambda moment: moment.replace(second=0, microsecond=0, tzinfo=UTC)
)
lengths = st.integers(1, 60 * 24 * 31).map(lambda count: timedelta(minutes=count))
windows = st.builds(TimeWindow.last, lengths, minutes)


def named(
    *,
    since: str | None = None,
    until: str | None = None,
    day: str | None = None,
    length: str | None = None,
    zone: ZoneInfo = SHANGHAI,
) -> TimeWindow | None:
    return named_window(
        WindowOptions(since, until, day, parse_length(length) if length else None),
        default_length=timedelta(hours=1),
        now=NOW,
        zone=zone,
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("1h", timedelta(hours=1)),
        ("7d", timedelta(days=7)),
        ("1w", timedelta(7)),
        ("1hour", timedelta(hours=1)),
        ("24Hours", timedelta(hours=24)),
        ("90min", timedelta(minutes=90)),
        ("2days", timedelta(2)),
    ],
)
def test_a_length_is_a_number_and_a_unit(text: str, length: timedelta) -> None:
    assert parse_length(text) == length


@pytest.mark.parametrize(
    "text", ["", "h", "1", "0h", "-1h", "1.5h", "1 h", "1H30", "1y", "９h", "1h\n1", "2M", "1month", "60s"]
)
def test_anything_else_is_no_length(text: str) -> None:
    with pytest.raises(UsageError, match="is not a length of time"):
        parse_length(text)


@pytest.mark.parametrize(("text", "way"), [("60", "60m"), ("90", "90m"), (" 15", "15h"), ("1.5", "1h")])
def test_a_number_without_a_unit_is_told_which_to_write(text: str, way: str) -> None:
    with pytest.raises(UsageError, match=rf"(?s)is not a length of time.*{way} for"):
        parse_length(text)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    window = TimeWindow(utc("2025-12-10T10:42"), utc("2025-12-10T11:42"))
    assert window.start in window
    assert window.end not in window
    assert window.end - timedelta(microseconds=1) in window
    assert None not in window


@given(windows, st.integers(1, 50))
def test_the_pieces_of_a_window_leave_nothing_out_and_overlap_nowhere(window: TimeWindow, count: int) -> None:
    minute = timedelta(minutes=1)
    pieces = list(window.split(max(minute, window.length // count // minute * minute)))
    assert pieces[0].start == window.start
    assert pieces[-1].end == window.end
    assert all(earlier.end == later.start for earlier, later in pairwise(pieces))


@given(windows)
def test_a_file_name_tells_the_whole_window(window: TimeWindow) -> None:
    assert TimeWindow.from_slug(window.slug) == window


@given(lengths)
def test_a_length_survives_being_written(length: timedelta) -> None:
    assert parse_length(format_length(length)) == length


def test_a_window_needs_a_zone_and_whole_minutes_and_a_direction() -> None:
    start = utc("2025-12-10T10:42")
    for end in (start, start - timedelta(hours=1), start.replace(second=1), start.replace(tzinfo=None)):
        with pytest.raises(ValueError, match="window"):
            TimeWindow(start, end)


def test_nothing_named_is_no_window() -> None:
    assert named() is None
    assert named(length="24h") is None


def test_since_and_until_are_read_in_the_configured_zone_unless_they_say_otherwise() -> None:
    expected = TimeWindow(utc("2025-12-10T10:42"), utc("2025-12-10T11:42"))
    assert named(since="2025-12-10T18:42", until="2025-12-10 19:42") == expected
    assert named(since="2025-12-10T10:42Z", until="2025-12-10T12:42+01:00") == expected


def test_one_end_is_enough() -> None:
    assert named(since="2025-12-10T18:42") == TimeWindow(utc("2025-12-10T10:42"), utc("2025-12-10T11:42"))
    assert named(since="2025-12-10T02:00", length="90m") == TimeWindow(
        utc("2025-12-09T18:00"), utc("2025-12-09T19:30")
    )
    assert named(until="2025-12-10T02:00") == TimeWindow(utc("2025-12-09T17:00"), utc("2025-12-09T18:00"))


def test_a_date_is_the_calendar_day_of_the_zone_however_long_it_is() -> None:
    assert named(day="2025-12-09") == TimeWindow(utc("2025-12-08T16:00"), utc("2025-12-09T16:00"))
    spring = TimeWindow.day(date(2025, 3, 30), BERLIN)
    autumn = TimeWindow.day(date(2025, 10, 26), BERLIN)
    assert (spring.length, autumn.length) == (timedelta(hours=23), timedelta(hours=25))


@given(
    st.dates(date(2015, 1, 1), date(2034, 12, 31)), st.sampled_from(["Europe/Berlin", "America/Sao_Paulo"])
)
def test_the_days_of_a_zone_join(day: date, zone: str) -> None:
    first, second = (TimeWindow.day(d, ZoneInfo(zone)) for d in (day, day + timedelta(days=1)))
    assert first.end == second.start


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"day": "2025-12-09", "since": "2025-12-09"}, "cannot be combined with"),
        ({"day": "2025-12-09", "length": "1h"}, "cannot be combined with"),
        ({"since": "2025-12-09", "until": "2025-12-10", "length": "1h"}, "another length than --window"),
        ({"since": "2025-12-10", "until": "2025-12-09"}, "before it starts"),
        ({"since": "2025-12-09", "until": "2025-12-09"}, "before it starts"),
        ({"since": "2025-12-10T18:42", "until": "2025-12-10T19:43"}, "in the future"),
        ({"day": "2025-12-10"}, "in the future"),
        ({"since": "2025-12-11T18:42"}, "Without --until the window ends now; begin it earlier."),
        ({"since": "2025-11-01", "until": "2025-12-03"}, "32 days long"),
        ({"since": "2025-12-10T18:42:30", "until": "2025-12-10T19:42"}, "whole minutes"),
        ({"since": "yesterday"}, "is not an ISO time"),
        ({"day": "2025-02-30"}, "is not a date"),
    ],
)
def test_windows_that_cannot_be_are_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        named(**options)


@pytest.mark.parametrize(
    ("options", "window"),
    [
        ({"day": "yesterday"}, "20251208T1600Z-20251209T1600Z"),
        ({"day": " Yesterday"}, "20251208T1600Z-20251209T1600Z"),
        ({"day": "2025-12-09", "length": "24h"}, "20251208T1600Z-20251209T1600Z"),
        ({"day": "yesterday", "zone": ZoneInfo("America/Los_Angeles")}, "20251209T0800Z-20251210T0800Z"),
        ({"day": "2025-10-26", "length": "25h", "zone": BERLIN}, "20251025T2200Z-20251026T2300Z"),
        ({"day": "2025-10-26", "length": "1d", "zone": BERLIN}, "20251025T2200Z-20251026T2300Z"),
        ({"since": "2025-12-09", "until": "2025-12-10", "length": "1day"}, "20251208T1600Z-20251209T1600Z"),
    ],
)
def test_what_says_the_same_twice_is_taken(options: dict[str, Any], window: str) -> None:
    assert named(**options) == TimeWindow.from_slug(window)


def test_today_is_refused_with_its_end_in_the_configured_zone() -> None:
    with pytest.raises(
        UsageError, match=r"2025-12-11 00:00 \(UTC\+8\), and it is 2025-12-10 19:42 \(UTC\+8\)"
    ):
        named(day="today")
    with pytest.raises(UsageError, match=r"2025-12-11 00:00 \(UTC\), and it is 2025-12-10 11:42 \(UTC\)"):
        named(day="today", zone=ZoneInfo("UTC"))


@pytest.mark.parametrize(("zone", "day"), [("Pacific/Apia", "2011-12-30"), ("Pacific/Fakaofo", "2011-12-30")])
def test_a_day_that_a_zone_skipped_is_told_so(zone: str, day: str) -> None:
    with pytest.raises(UsageError, match=f"There was no {day} in {zone}"):
        named(day=day, zone=ZoneInfo(zone))


@pytest.mark.parametrize("day", ["1890-01-01", "2007-12-31", "0001-01-01", "9999-12-31"])
def test_a_day_before_github_or_at_the_calendar_s_end_is_refused(day: str) -> None:
    with pytest.raises(UsageError, match="Check the year"):
        named(day=day)
    with pytest.raises(UsageError, match="Check the year"):
        named(since=f"{day}T12:00Z", length="1h")


@pytest.mark.parametrize("text", ["2025-03-30T02:30", "2025-10-26T02:30"])
def test_a_local_time_that_is_skipped_or_comes_twice_must_say_its_offset(text: str) -> None:
    with pytest.raises(UsageError, match="is ambiguous or does not exist in Europe/Berlin"):
        parse_moment(text, BERLIN)
    assert parse_moment(text + "+01:00", BERLIN) == utc(text) - timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "moment", "shown"),
    [
        ("Asia/Shanghai", "2025-12-10T10:42:59", "2025-12-10 18:42 (UTC+8)"),
        ("UTC", "2025-12-10T10:42", "2025-12-10 10:42 (UTC)"),
        ("Europe/Berlin", "2025-07-01T00:00", "2025-07-01 02:00 (UTC+2)"),
        ("Europe/Berlin", "2025-12-01T00:00", "2025-12-01 01:00 (UTC+1)"),
        ("America/St_Johns", "2025-12-01T00:00", "2025-11-30 20:30 (UTC-3:30)"),
        ("Asia/Kathmandu", "2025-12-01T00:00", "2025-12-01 05:45 (UTC+5:45)"),
    ],
)
def test_a_time_is_shown_with_the_offset_it_has_then_and_there(zone: str, moment: str, shown: str) -> None:
    assert local_minute(utc(moment), parse_zone(zone)) == shown


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "UTC+8"])
def test_a_zone_must_be_one(name: str) -> None:
    with pytest.raises(UsageError, match="is not a time zone"):
        parse_zone(name)
