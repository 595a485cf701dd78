"""The watch list: what is watched, how it ends, and that nothing gets lost or is told twice."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.test_facts import WEEK, cut, facts_of, traffic
from tests.values import RULES, issue, pull, said
from vllm_digest.digest import make_digest
from vllm_digest.facts import Facts
from vllm_digest.follow_ups import FollowUp, Outcome, OutcomeKind, WatchKind
from vllm_digest.models import Account, EventKind, Snapshot, Thread, TimelineEvent
from vllm_digest.report import Provenance, Report
from vllm_digest.stories.watch import Contribution, OutcomeKey, WatchList, contribution, follow_ups, told_by
from vllm_digest.window import TimeWindow

DAY = timedelta(days=1)
ANN = Account("ann")
BOT = Account("github-actions", is_bot=True)


def report(facts: Facts) -> Report:
    window = facts.window
    made = Provenance(window.end, "github", window.end, 1, 1, "0.1.0")
    return Report("24h", "UTC", make_digest(facts, RULES.digest), made)


def days(*threads: Thread) -> list[Contribution]:
    """What seven daily reports on these threads bring to the watch list."""
    snapshot = Snapshot("vllm-project/vllm", WEEK, WEEK.end, tuple(sorted(threads, key=lambda t: -t.number)))
    return [contribution(report(facts_of(snapshot, window))) for window in WEEK.split(DAY)]


def told(of: Sequence[Contribution], *, with_open: bool = True) -> list[list[FollowUp]]:
    """The follow-ups of each report."""
    watching, known, parts = WatchList(), set[OutcomeKey](), []
    for one in of:
        parts.append(list(follow_ups(watching, one, with_open=with_open, is_told=known.__contains__)))
        known |= told_by(parts[-1])
    return parts


def event(
    kind: EventKind,
    day: float,
    by: Account = ANN,
    *,
    reason: str = "",
    pull: int | None = None,
    target: int | None = None,
) -> TimelineEvent:
    return TimelineEvent(f"{kind}-{day}", kind, WEEK.start + timedelta(days=day), by, reason, pull, target)


def bug(*timeline: TimelineEvent, number: int = 1) -> Thread:
    """A bug of the first day without an answer."""
    created = WEEK.start + timedelta(hours=1)
    return issue(number, "[Bug]: it breaks", created_at=created, timeline=timeline)


def change(*timeline: TimelineEvent) -> Thread:
    """A pull request about the focus, with changes requested on the first day."""
    asked = said("bob", WEEK.start + timedelta(hours=2), "Please mend it.", verdict="CHANGES_REQUESTED")
    return pull(1, "[ROCm] Faster", created_at=WEEK.start, remarks=(asked,), timeline=timeline)


CLOSED, MERGED, DUPLICATE = EventKind.CLOSED, EventKind.MERGED, EventKind.DUPLICATE


@pytest.mark.parametrize(
    ("thread", "kind", "by"),
    [
        (bug(event(CLOSED, 2.5, pull=9)), OutcomeKind.FIXED, 9),
        (bug(event(CLOSED, 2.5, reason="completed")), OutcomeKind.COMPLETED, None),
        (bug(event(CLOSED, 2.5, reason="not_planned")), OutcomeKind.NOT_PLANNED, None),
        (bug(event(CLOSED, 2.5, reason="duplicate")), OutcomeKind.DUPLICATE, None),
        (bug(event(DUPLICATE, 2.4, target=7), event(CLOSED, 2.5)), OutcomeKind.DUPLICATE, 7),
        (bug(event(CLOSED, 2.5, BOT, reason="not_planned")), OutcomeKind.STALE, None),
        (change(event(MERGED, 2.5), event(CLOSED, 2.5)), OutcomeKind.MERGED, None),
        (change(event(CLOSED, 2.5)), OutcomeKind.ABANDONED, None),
    ],
)
def test_what_is_watched_ends_by_what_happened(thread: Thread, kind: OutcomeKind, by: int | None) -> None:
    found = [one for part in told(days(thread)) for one in part if one.outcome]
    assert [one.outcome for one in found] == [Outcome(kind, WEEK.start + timedelta(days=2.5), by)]
    assert (found[0].number, found[0].days, found[0].since) == (1, 1, WEEK.start + DAY)


def test_an_answer_ends_watching_an_unanswered_bug() -> None:
    answered = replace(bug(), remarks=(said("bob", WEEK.start + 3 * DAY, "Which version?"),))
    found = [one for part in told(days(answered)) for one in part if one.outcome]
    assert [one.outcome.kind for one in found if one.outcome] == [OutcomeKind.ANSWERED]


def test_a_pull_request_whose_place_another_takes_is_superseded() -> None:
    heir = pull(2, "A better one", created_at=WEEK.start + 2 * DAY, body="Supersedes #1")
    found = [one for part in told(days(change(event(CLOSED, 2.5)), heir)) for one in part if one.outcome]
    assert [one.outcome for one in found] == [Outcome(OutcomeKind.SUPERSEDED, WEEK.start + 2.5 * DAY, 2)]


@pytest.mark.parametrize("title", ['Revert "Revert "X (#5)" (#6)"', "[Reland] X (#5)"])
def test_a_revert_is_watched_until_its_change_comes_back(title: str) -> None:
    revert = pull(6, 'Revert "X (#5)"', timeline=(event(MERGED, 0.5),))
    again = pull(8, title, created_at=WEEK.start + 3 * DAY, timeline=(event(MERGED, 4.5),))
    parts = told(days(revert, again))
    found = [one for part in parts for one in part if one.outcome]
    assert [(one.number, one.target, one.kind) for one in found] == [(6, 5, WatchKind.REVERT)]
    assert found[0].outcome == Outcome(OutcomeKind.RELANDED, WEEK.start + 4.5 * DAY, 8)


def test_what_stays_open_is_told_at_milestones_and_not_on_hourly_pages() -> None:
    parts = told(days(bug()))
    assert [[one.days for one in part] for part in parts] == [[], [], [2], [], [4], [], []]
    assert all(part == [] for part in told(days(bug()), with_open=False))


@given(st.integers(0, 10_000), st.lists(st.integers(1, 7 * 24 * 60 - 1), max_size=12))
def test_every_entry_has_one_outcome_or_is_still_listed(seed: int, minutes: list[int]) -> None:
    snapshot = traffic(seed, threads=16)
    parts = [contribution(report(facts_of(snapshot, window))) for window in cut(WEEK, minutes)]
    watching, started = WatchList(), 0
    for part in parts:
        before = dict(watching.open)
        ended = watching.add(part)
        still = {number for number in before if number not in {one.entry.number for one in ended}}
        started += len(set(watching.open) - still)
    assert started == len(watching.ended) + len(watching.open)
    outcomes = Counter((one.entry.number, one.entry.since) for one in watching.ended)
    assert not [key for key, count in outcomes.items() if count > 1]
    tellings = [one for part in told(parts, with_open=False) for one in part]
    assert len(tellings) == len(watching.ended)
    assert all(one.outcome is not None and one.outcome.at >= one.since for one in tellings)


def test_a_window_of_the_past_tells_the_same_when_it_is_made_again() -> None:
    parts = days(bug(event(CLOSED, 2.5)), change())
    assert told(parts) == told(parts)
    late: TimeWindow = parts[3].window
    assert all(one.since <= late.start for one in told(parts)[3])


def test_an_outcome_that_a_filled_hole_makes_known_is_told_late_and_once() -> None:
    parts = days(bug(event(CLOSED, 1.5, reason="completed")))
    before = told(parts[1:4])
    assert [one for part in before for one in part if one.outcome] == []
    # The first day is filled after the second was made.
    watching = WatchList(parts[:3])
    late = follow_ups(watching, parts[3], with_open=False)
    assert [(one.number, one.days) for one in late] == [(1, 0)]
    assert follow_ups(watching, parts[4], with_open=False, is_told=told_by(late).__contains__) == ()
