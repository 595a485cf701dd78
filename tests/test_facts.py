"""Facts add up: a span has the same facts whether it is one window or cut into several."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.values import RULES, issue, pull, said
from vllm_digest import documents
from vllm_digest.classify import classify
from vllm_digest.digest import make_digest
from vllm_digest.facts import Facts, fold
from vllm_digest.models import Account, EventKind, Remark, Snapshot, State, Thread, TimelineEvent
from vllm_digest.report import Digest
from vllm_digest.window import TimeWindow

START = datetime.fromisoformat("2025-12-08T16:00:00+00:00")
WEEK = TimeWindow(START, START + timedelta(days=7))
PEOPLE = ("ann", "bob", "cid", "dan", "eve", "ghost", "mergify[bot]", "vllm-bot")


def traffic(seed: int, threads: int = 40) -> Snapshot:
    """A week of threads that open, close, reopen, merge, are marked, revert and are talked about."""
    rng = Random(seed)  # noqa: S311 - nothing is secret
    made = sorted((_thread(rng, number) for number in range(1, threads + 1)), key=lambda one: -one.number)
    return Snapshot("vllm-project/vllm", WEEK, WEEK.end, tuple(made))


def _at(rng: Random, since: datetime = WEEK.start - timedelta(days=2)) -> datetime:
    span = int((WEEK.end - since).total_seconds())
    return since + timedelta(seconds=rng.randrange(max(1, span)))


def _account(rng: Random) -> Account:
    login = rng.choice(PEOPLE)
    return Account(login.removesuffix("[bot]"), login.endswith("[bot]"))


def _thread(rng: Random, number: int) -> Thread:
    created = _at(rng)
    other = rng.randrange(1, 60)
    titles = (
        "[Bug]: it breaks",
        "[ROCm] Faster",
        f'Revert "It (#{other})"',
        f"[Reland] It (#{other})",
        "Plain",
    )
    bodies = (
        "",
        f"Fixes #{other}",
        f"Reverts #{other}",
        f"Follow-up to #{other}",
        "It is 20% faster on MI300X.",
    )
    timeline = list(_timeline(rng, number, created))
    remarks = sorted((_remark(rng, created, place) for place in range(rng.randrange(8))), key=lambda r: r.at)
    make = pull if number % 2 else issue
    thread = make(
        number,
        rng.choice(titles),
        body=rng.choice(bodies),
        created_at=created,
        timeline=tuple(timeline if number % 2 else [e for e in timeline if e.kind is not EventKind.MERGED]),
        labels=tuple(rng.sample(("bug", "rocm", "performance", "ready"), rng.randrange(3))),
        remarks=tuple(remarks),
        by=rng.choice(PEOPLE),
    )
    return thread.as_of(WEEK.end + timedelta(days=9))


def _timeline(rng: Random, number: int, created: datetime) -> Sequence[TimelineEvent]:
    """Closings and reopenings in turn, at times a mark as a duplicate, at times a merge at the end."""
    moments = sorted(_at(rng, created) for _ in range(rng.randrange(6)))
    events = [
        TimelineEvent(
            f"{number}-{place}",
            EventKind.REOPENED if place % 2 else EventKind.CLOSED,
            at,
            _account(rng),
            rng.choice(("completed", "not_planned", "")) if not place % 2 else "",
            pull=rng.choice((None, 7)),
        )
        for place, at in enumerate(moments)
    ]
    if moments and rng.random() < 0.3:
        events.append(
            TimelineEvent(f"{number}-d", EventKind.DUPLICATE, _at(rng, created), target=rng.randrange(60))
        )
    if len(moments) % 2 == 0 and rng.random() < 0.5:
        late = moments[-1] if moments else created
        events.append(TimelineEvent(f"{number}-m", EventKind.MERGED, _at(rng, late), _account(rng)))
    return sorted(events, key=lambda event: event.at)


def _remark(rng: Random, created: datetime, place: int) -> Remark:
    fields: dict[str, Any] = (
        {"verdict": rng.choice(("APPROVED", "CHANGES_REQUESTED", "COMMENTED"))} if rng.random() < 0.4 else {}
    )
    body = rng.choice(("", "Short.", "A longer word about MI300X."))
    at = _at(rng, created)
    one = said(rng.choice(PEOPLE), at, body, association=rng.choice(("NONE", "MEMBER")), **fields)
    return replace(one, id=f"{place}", hidden=rng.random() < 0.1)


def without_excerpts(digest: Digest) -> Digest:
    return replace(
        digest,
        threads=tuple(
            replace(
                row,
                excerpt="",
                gain="",
                events=tuple(replace(event, excerpt="") for event in row.events),
                voices=tuple(replace(voice, excerpt="") for voice in row.voices),
            )
            for row in digest.threads
        ),
    )


def facts_of(snapshot: Snapshot, window: TimeWindow) -> Facts:
    return classify(snapshot.within(window), RULES)


def digest_of(facts: Facts) -> Digest:
    return without_excerpts(make_digest(facts, RULES.digest))


def cut(span: TimeWindow, minutes: Sequence[int]) -> list[TimeWindow]:
    """The span cut at these minutes after its start."""
    ends = sorted({span.start + timedelta(minutes=at) for at in minutes} | {span.end})
    starts = [span.start, *ends[:-1]]
    return [TimeWindow(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("hours", [1, 6, 24])
def test_hours_and_days_add_up_to_the_week(seed: int, hours: int) -> None:
    snapshot = traffic(seed)
    parts = [facts_of(snapshot, window) for window in WEEK.split(timedelta(hours=hours))]
    assert digest_of(fold(parts, WEEK)) == digest_of(facts_of(snapshot, WEEK))


@given(st.integers(0, 10_000), st.lists(st.integers(1, 7 * 24 * 60 - 1), max_size=9))
def test_a_span_may_be_cut_at_any_minutes(seed: int, minutes: list[int]) -> None:
    snapshot = traffic(seed, threads=12)
    parts = [facts_of(snapshot, window) for window in cut(WEEK, minutes)]
    assert digest_of(fold(parts, WEEK)) == digest_of(facts_of(snapshot, WEEK))


@given(st.integers(0, 10_000), st.integers(0, 6 * 24 * 60), st.integers(1, 2 * 24 * 60))
def test_of_parts_that_cross_a_border_only_what_is_inside_counts(seed: int, start: int, length: int) -> None:
    snapshot = traffic(seed, threads=12)
    begin = WEEK.start + timedelta(minutes=start)
    span = TimeWindow(begin, min(begin + timedelta(minutes=length), WEEK.end))
    hours = [window for window in cut(WEEK, range(23, 7 * 24 * 60, 60)) if window.end > span.start]
    parts = [facts_of(snapshot, window) for window in hours if window.start < span.end]
    folded, whole = digest_of(fold(parts, span)), digest_of(facts_of(snapshot, span))
    # A judgement is as of the end of the part that it was made in, which reads what came after the border.
    assert replace(folded, threads=()) == replace(whole, threads=(), intensity=folded.intensity)
    assert [row.number for row in folded.threads] == [row.number for row in whole.threads]
    assert [row.events for row in folded.threads] == [row.events for row in whole.threads]


@given(st.integers(0, 10_000), st.lists(st.integers(0, 7 * 24 * 60 - 1), min_size=2, max_size=6, unique=True))
def test_parts_may_lie_within_others(seed: int, minutes: list[int]) -> None:
    snapshot = traffic(seed, threads=12)
    moments = [WEEK.start + timedelta(minutes=at) for at in minutes]
    within = [TimeWindow(min(pair), max(pair)) for pair in pairwise(moments)]
    parts = [facts_of(snapshot, window) for window in (WEEK, *within)]
    assert digest_of(fold(parts, WEEK)) == digest_of(parts[0])


def test_a_remark_at_the_moment_of_the_opening_comes_after_it() -> None:
    opened = WEEK.start + timedelta(minutes=5)
    thread = issue(
        1, created_at=opened, remarks=(said("ann", opened), said("bob", opened + timedelta(hours=2)))
    )
    snapshot = Snapshot("vllm-project/vllm", WEEK, WEEK.end, (thread,))
    hours = [facts_of(snapshot, window) for window in WEEK.split(timedelta(hours=1))]
    assert digest_of(fold(hours, WEEK)) == digest_of(facts_of(snapshot, WEEK))


@given(st.integers(0, 10_000))
def test_every_event_brings_its_thread_into_its_window(seed: int) -> None:
    snapshot = traffic(seed, threads=12)
    day = TimeWindow(WEEK.start, WEEK.start + timedelta(days=1))
    there = {thread.number for thread in facts_of(snapshot, day).threads}
    for thread in snapshot.threads:
        assert (thread.number in there) == any(at in day for at in thread.moments)


def test_a_closing_that_was_undone_in_a_later_hour_is_none_of_the_day() -> None:
    closed = TimelineEvent("a", EventKind.CLOSED, WEEK.start + timedelta(minutes=5), Account("ann"))
    reopened = TimelineEvent("b", EventKind.REOPENED, WEEK.start + timedelta(hours=3), Account("bob"))
    thread = replace(issue(1), timeline=(closed, reopened))
    snapshot = Snapshot("vllm-project/vllm", WEEK, WEEK.end, (thread,))
    hours = [facts_of(snapshot, window) for window in WEEK.split(timedelta(hours=1))]
    first = make_digest(hours[0], RULES.digest)
    assert (first.lists.closed_issues, first.thread(1).state) == ((1,), State.CLOSED)
    whole = make_digest(fold(hours, WEEK), RULES.digest)
    assert (whole.lists.closed_issues, whole.thread(1).state) == ((), State.OPEN)


@pytest.mark.parametrize("seed", range(6))
def test_facts_are_stored_and_read_back_as_they_are(seed: int) -> None:
    facts, path = facts_of(traffic(seed), WEEK), Path("facts.json")
    path.write_bytes(documents.to_json(facts, "test/1"))
    assert documents.from_json(path, Facts, "test/1") == facts
