"""Roll-ups: their spans, when they are due, and that hours, days and one fetch say the same of a week."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_facts import WEEK, facts_of, traffic, without_excerpts
from tests.test_watch import report
from tests.values import RULES
from vllm_digest.errors import UsageError
from vllm_digest.models import Gap, GapCode
from vllm_digest.narrative import Brief, BriefPart, Evidence, Narrative, Statement
from vllm_digest.report import Report
from vllm_digest.stories.rollup import reusable, rolled_up
from vllm_digest.stories.spans import Span, day_span, due_spans, earlier, month_span, named_span, week_span
from vllm_digest.window import TimeWindow, floor_to_minute

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def parts(seed: int, length: timedelta, span: TimeWindow = WEEK) -> list[Report]:
    snapshot = traffic(seed)
    return [report(facts_of(snapshot, window)) for window in span.split(length)]


@pytest.mark.parametrize("seed", range(4))
def test_a_week_of_hours_of_days_and_of_one_fetch_say_the_same(seed: int) -> None:
    rules = RULES.digest
    whole = without_excerpts(report(facts_of(traffic(seed), WEEK)).digest)
    hours = parts(seed, HOUR)
    by_hours = rolled_up(hours, WEEK, rules)
    days = [
        replace(hours[0], digest=rolled_up(hours[n * 24 : n * 24 + 24], day, rules))
        for n, day in enumerate(WEEK.split(24 * HOUR))
    ]
    by_days = rolled_up(days, WEEK, rules)
    assert without_excerpts(by_hours) == whole
    assert without_excerpts(by_days) == whole


def test_a_missing_part_is_a_gap_with_its_hours() -> None:
    hours = parts(1, HOUR, TimeWindow(WEEK.start, WEEK.start + 6 * HOUR))
    kept = [one for place, one in enumerate(hours) if place not in (2, 3)]
    span = TimeWindow(WEEK.start, WEEK.start + 6 * HOUR)
    assert rolled_up(kept, span, RULES.digest).gaps == (
        Gap(GapCode.PART_MISSING, start=WEEK.start + 2 * HOUR, end=WEEK.start + 4 * HOUR),
    )


def test_spans_are_calendar_days_weeks_and_months_of_the_zone() -> None:
    day = date(2025, 12, 10)
    assert day_span(day, SHANGHAI).window.start == datetime(2025, 12, 9, 16, tzinfo=UTC)
    assert week_span(day, SHANGHAI).window == TimeWindow(
        datetime(2025, 12, 7, 16, tzinfo=UTC), datetime(2025, 12, 14, 16, tzinfo=UTC)
    )
    assert month_span(day, SHANGHAI).window.length == timedelta(days=31)
    assert day_span(date(2025, 10, 26), BERLIN).window.length == timedelta(hours=25)


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from([SHANGHAI, BERLIN, ZoneInfo("UTC")]))
def test_spans_of_a_series_join(day: date, zone: ZoneInfo) -> None:
    for make in (day_span, week_span, month_span):
        span = make(day, zone)
        assert next(earlier(span, zone)).window.end == span.window.start


@pytest.mark.parametrize(
    "named",
    [
        {"day": "2025-13-01"},
        {"week": "2025-W60"},
        {"week": "W50"},
        {"month": "2025-13"},
        {},
        {"day": "2025-12-01", "month": "2025-12"},
    ],
)
def test_what_is_no_span_is_refused(named: dict[str, str]) -> None:
    options: dict[str, str | None] = {"day": None, "week": None, "month": None, **named}
    with pytest.raises(UsageError):
        named_span(**options, between=None, zone=SHANGHAI, now=WEEK.end)


def due(series: Sequence[str], *, hours: int) -> list[tuple[str, str]]:
    """What is due when so many hours from the start of 2025-12-01 in Shanghai are stored."""
    start = datetime(2025, 11, 30, 16, tzinfo=UTC)
    stored = [TimeWindow(start + n * HOUR, start + (n + 1) * HOUR) for n in range(hours)]
    found = due_spans(series, stored, SHANGHAI, timedelta(days=7))
    return [(span.series, f"{span.window.start.astimezone(SHANGHAI):%m-%d}") for span in found]


def test_a_span_is_due_when_what_is_stored_reaches_its_end() -> None:
    assert due(["day"], hours=23) == []
    assert due(["day"], hours=24) == [("day", "12-01")]
    assert due(["day", "week"], hours=7 * 24)[-2:] == [("day", "12-07"), ("week", "12-01")]
    assert len(due(["day"], hours=20 * 24)) == 7
    assert due_spans(["day"], [], SHANGHAI, timedelta(days=7)) == ()


def told(number: int) -> Narrative:
    statement = Statement({"zh": "它变慢了。"}, (Evidence("body", "https://example.org", "slower than"),))
    return Narrative(model="m", briefs=(Brief(number, {BriefPart.TOPIC: statement}),))


def test_a_telling_is_used_again_where_nothing_happened_since() -> None:
    hours = parts(3, HOUR)
    numbers = [row.number for one in hours for row in one.digest.threads]
    narrated = [
        replace(one, narrative=told(one.digest.threads[0].number)) if one.digest.threads else one
        for one in hours
    ]
    digest = rolled_up(narrated, WEEK, RULES.digest)
    again = reusable(narrated, digest)
    assert numbers
    assert again.briefs
    for brief in again.briefs:
        last = max(event.at for event in digest.thread(brief.number).events)
        tellers = [one for one in narrated if one.narrative.brief(brief.number)]
        assert any(last < one.digest.window.end for one in tellers)


def test_the_span_between_two_times_is_a_series_of_its_own() -> None:
    between = TimeWindow(WEEK.start, WEEK.start + timedelta(days=3))
    assert named_span(day=None, week=None, month=None, between=between, zone=SHANGHAI, now=WEEK.end) == Span(
        "range", between
    )


def test_what_a_part_knows_from_after_the_span_is_not_told_of_it() -> None:
    for part in parts(3, HOUR):
        for row in part.digest.threads:
            first, last = (pick(event.at for event in row.events) for pick in (min, max))
            cut = floor_to_minute(first) + timedelta(minutes=1)
            if not part.digest.window.start < cut <= last < part.digest.window.end:
                continue
            narrated = replace(part, narrative=told(row.number))
            whole = rolled_up([narrated], part.digest.window, RULES.digest)
            before = rolled_up([narrated], TimeWindow(part.digest.window.start, cut), RULES.digest)
            assert reusable([narrated], whole).brief(row.number)
            assert before.thread(row.number)
            assert not reusable([narrated], before).briefs
            return
    pytest.fail("no thread has two events in an hour")
