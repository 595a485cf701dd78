"""Which windows are due: whatever is stored and whenever a run starts, windows cover all time once."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vllm_digest.errors import UsageError
from vllm_digest.schedule import Plan, holes, missing, overlaps, plan, tiles
from vllm_digest.window import TimeWindow

HOUR = timedelta(hours=1)
WEEK = timedelta(days=7)
DAY = datetime(2025, 12, 10, tzinfo=UTC)


def window(text: str) -> TimeWindow:
    """`"10:03-11:03"` of the day."""
    start, end = (DAY + timedelta(hours=int(t[:-3]), minutes=int(t[-2:])) for t in text.split("-"))
    return TimeWindow(start, end)


def due(stored: Sequence[str], end: str, length: timedelta = HOUR, catch_up: timedelta = WEEK) -> list[str]:
    moment = DAY + timedelta(hours=int(end[:-3]), minutes=int(end[-2:]))
    return shown(plan([window(text) for text in stored], length, moment, catch_up))


def shown(due: Plan) -> list[str]:
    def clock(moment: datetime) -> str:
        minutes = (moment - DAY) // timedelta(minutes=1)
        return f"{minutes // 60:02}:{minutes % 60:02}"

    return [f"{clock(one.start)}-{clock(one.end)}" for one in due.windows]


@pytest.mark.parametrize(
    ("stored", "end", "expected"),
    [
        # a first run, on time, late by minutes, early, and twice in a minute
        ([], "12:03", ["11:03-12:03"]),
        (["10:03-11:03"], "12:03", ["11:03-12:03"]),
        (["10:03-11:03"], "12:31", ["11:03-12:31"]),
        (["10:03-11:03"], "11:20", ["11:03-11:20"]),
        (["10:03-11:03"], "11:03", []),
        # a clock that was set back
        (["10:03-11:03"], "10:30", []),
        # missed for hours
        (["10:03-11:03"], "12:33", ["11:03-12:03", "12:03-12:33"]),
        (["10:03-11:03"], "14:13", ["11:03-12:03", "12:03-13:03", "13:03-14:13"]),
        # files deleted: the last ones, one between others, two of them, and all
        (["08:00-09:00"], "12:00", ["09:00-10:00", "10:00-11:00", "11:00-12:00"]),
        (["08:00-09:00", "10:20-11:00"], "11:00", ["09:00-10:20"]),
        (
            ["08:00-09:00", "11:00-12:00"],
            "13:00",
            ["09:00-10:00", "10:00-11:00", "12:00-13:00"],
        ),
        # windows that overlap cover what they cover
        (["08:00-12:00", "09:00-10:00", "11:00-13:00"], "14:00", ["13:00-14:00"]),
    ],
)
def test_windows_begin_where_the_stored_ones_end(stored: list[str], end: str, expected: list[str]) -> None:
    assert due(stored, end) == expected


def test_a_gap_within_reach_is_filled_and_a_longer_one_is_left_to_backfill() -> None:
    last = window("00:00-01:00")
    for late, count, is_left_out in ((timedelta(), 169, False), (timedelta(minutes=1), 1, True)):
        end = last.end + WEEK + HOUR + late
        result = plan([last], HOUR, end, WEEK)
        assert len(result.windows) == count
        assert result.windows[-1].end == end
        assert result.left_out == (TimeWindow(last.end, end - HOUR) if is_left_out else None)


def test_a_week_that_is_a_little_late_is_no_gap() -> None:
    last = TimeWindow.last(WEEK, DAY)
    assert plan([last], WEEK, DAY + WEEK + HOUR, WEEK) == Plan((TimeWindow(DAY, DAY + WEEK + HOUR),))


def test_holes_of_long_ago_are_left_alone() -> None:
    stored = [window("00:00-01:00"), window("02:00-03:00"), window("200:00-201:00")]
    assert shown(plan(stored, HOUR, window("0:00-202:00").end, WEEK)) == ["201:00-202:00"]


def test_an_interrupted_run_goes_on_with_the_windows_it_had_planned() -> None:
    stored, end = [window("00:00-01:00")], window("0:00-9:17").end
    whole = plan(stored, HOUR, end, WEEK).windows
    for done in range(len(whole)):
        assert plan([*stored, *whole[:done]], HOUR, end, WEEK).windows == whole[done:]


minutes = st.integers(0, 60 * 24 * 20).map(lambda count: DAY + timedelta(minutes=count))
lengths = st.integers(1, 60 * 30).map(lambda count: timedelta(minutes=count))
stored_ones = st.lists(
    st.builds(lambda start, length: TimeWindow(start, start + length), minutes, lengths), max_size=12
)


@given(stored_ones, lengths, minutes, st.integers(1, 60 * 24 * 30).map(lambda n: timedelta(minutes=n)))
def test_stored_and_due_windows_tile_time(
    stored: list[TimeWindow], length: timedelta, end: datetime, catch_up: timedelta
) -> None:
    result = plan(stored, length, end, catch_up)
    due = result.windows
    assert list(due) == sorted(due)
    assert all(one.end <= end for one in due)
    assert all(earlier.end <= later.start for earlier, later in pairwise(due))
    assert overlaps([*stored, *due]) == overlaps(stored)
    oldest = end - length - catch_up
    left = [hole for hole in holes([*stored, *due]) if oldest <= hole.start < end]
    assert [hole for hole in left if hole != result.left_out] == []
    if stored:
        assert max(one.end for one in (*stored, *due)) == max(end, *(one.end for one in stored))
    reaches = max((one.end for one in stored), default=None)
    for one in due:
        is_last_of_its_span = one.end == end or any(other.start == one.end for other in stored)
        assert one.length == length or (is_last_of_its_span and one.length < length * 1.5)
    if result.left_out:
        assert result.left_out == TimeWindow(reaches or end, end - length)
        assert result.left_out.length > catch_up


@given(stored_ones)
def test_holes_and_overlaps_are_what_is_covered_by_none_and_by_two(stored: list[TimeWindow]) -> None:
    spans = (holes(stored), overlaps(stored))
    moments = {moment for one in (*stored, *spans[0], *spans[1]) for moment in (one.start, one.end)}
    for moment in moments:
        covering = sum(moment in one for one in stored)
        within = bool(stored) and min(stored).start <= moment < max(one.end for one in stored)
        assert any(moment in hole for hole in spans[0]) == (covering == 0 and within)
        assert any(moment in overlap for overlap in spans[1]) == (covering > 1)


# Past days in windows: through zones whose clocks change at two o'clock, by half an hour, at midnight.
ZONES = ("Asia/Shanghai", "UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Beirut")
LENGTHS = [timedelta(minutes=n) for n in (15, 60, 90, 720)] + [timedelta(days=n) for n in (1, 2, 7)]
zones = st.sampled_from(ZONES).map(ZoneInfo)
dates = st.dates(date(2010, 1, 1), date(2025, 12, 1))
moments = st.integers(0, 60 * 24 * 40).map(lambda minutes: DAY + timedelta(minutes=minutes))
spans = st.sets(moments, min_size=2, max_size=2).map(lambda ends: TimeWindow(*sorted(ends)))


def joined(windows: Sequence[TimeWindow]) -> bool:
    return all(one.end == other.start for one, other in pairwise(windows))


@given(zones, dates, st.integers(1, 40), st.sampled_from(LENGTHS))
def test_days_in_windows_are_all_of_them_and_fit_the_calendar(
    zone: ZoneInfo, first: date, count: int, length: timedelta
) -> None:
    days = [TimeWindow.day(first + timedelta(days=n), zone) for n in range(count)]
    cut = list(tiles(TimeWindow(days[0].start, days[-1].end), length, zone))
    assert (cut[0].start, cut[-1].end) == (days[0].start, days[-1].end)
    assert joined(cut)
    starts = {window.start for window in cut}
    apart = max(1, length // timedelta(days=1))
    assert {day.start for day in days[::apart]} <= starts
    hour_of_change = timedelta(hours=1)
    assert all(window.length <= length + hour_of_change for window in cut)
    assert len(cut) >= count // apart


@given(zones, spans, st.integers(1, 3000).map(lambda minutes: timedelta(minutes=minutes)))
def test_a_span_from_any_moment_is_cut_into_windows_of_the_length(
    zone: ZoneInfo, span: TimeWindow, length: timedelta
) -> None:
    try:
        cut = list(tiles(span, length, zone))
    except UsageError:
        assert span.start.astimezone(zone).strftime("%H:%M") in {"00:00", "01:00"}
        return
    assert (cut[0].start, cut[-1].end) == (span.start, span.end)
    assert joined(cut)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Asia/Shanghai", date(2025, 12, 10), 24),
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("America/Sao_Paulo", date(2018, 11, 4), 23),
        ("Australia/Lord_Howe", date(2025, 10, 5), 24),
    ],
)
def test_a_day_has_as_many_hours_as_its_clocks_show(zone: str, day: date, hours: int) -> None:
    whole = TimeWindow.day(day, ZoneInfo(zone))
    assert len(list(tiles(whole, HOUR, ZoneInfo(zone)))) == hours
    assert list(tiles(whole, 24 * HOUR, ZoneInfo(zone))) == [whole]


@given(spans, st.lists(spans, max_size=8), st.sampled_from(LENGTHS[1:]))
def test_what_is_missing_and_what_is_stored_are_everything_once(
    span: TimeWindow, stored: list[TimeWindow], length: timedelta
) -> None:
    lacking = list(missing(span.split(length), stored))
    assert lacking == sorted(lacking)
    assert all(one.end <= other.start for one, other in pairwise(lacking))
    for minute in range(0, span.length // timedelta(minutes=1), 97):
        moment = span.start + timedelta(minutes=minute)
        covered = any(moment in window for window in stored)
        assert covered != any(moment in window for window in lacking)
    assert all(one.start >= span.start and one.end <= span.end for one in lacking)
