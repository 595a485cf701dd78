"""Threads by number, as rows and with their texts, as they stood at a moment."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from tests.servers import faults
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import day
from tests.servers.world import (
    Actor,
    Closed,
    Comment,
    Event,
    Issue,
    MarkedDuplicate,
    PullRequest,
    Reopened,
    Review,
    Thread,
    World,
)
from vllm_digest.errors import SourceError
from vllm_digest.models import Account, Gap, GapCode, Kind, State
from vllm_digest.sources.github import GitHubSource
from vllm_digest.window import TimeWindow

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
ANN, BOT = Actor("ann"), Actor("mergify", "Bot")


def at(hours: float) -> datetime:
    """So many hours after noon."""
    return NOON + timedelta(hours=hours)


THREADS: tuple[Thread, ...] = (
    Issue(1, at(-9), "Closed, reopened later", history=(Closed(at(-1), ANN), Reopened(at(1), ANN))),
    PullRequest(2, at(-9), "Merged", history=(Closed(at(-2), ANN, merged=True),)),
    PullRequest(3, at(-9), "Merged later", history=(Closed(at(2), ANN, merged=True),)),
    PullRequest(4, at(-9), "Closed", author=None, history=(Closed(at(-3), BOT),)),
    Issue(5, at(-9), "Closed by a merge", history=(Closed(at(-2), ANN, closer=2),)),
    Issue(6, at(-9), "Duplicate", history=(MarkedDuplicate(at(-2), ANN, canonical=1),)),
    Issue(7, at(0), "Opened at the moment itself"),
    Issue(8, at(-9), "Deleted", deleted_at=at(-1)),
)


def source(github: GitHub, repo: str = "vllm-project/vllm") -> GitHubSource:
    return GitHubSource(
        repo=repo,
        token=TOKEN,
        api_url=github.url,
        timeout=timedelta(seconds=15),
        max_wait=timedelta(minutes=15),
        clock=lambda: github.now,
        sleep=lambda _: None,
        on_retry=lambda *_: None,
    )


@contextmanager
def looked_at(*threads: Thread, hours: float = 24) -> Iterator[tuple[GitHub, GitHubSource]]:
    with GitHub(World("vllm-project/vllm", threads), now=at(hours)) as github:
        yield github, source(github)


def test_a_row_says_how_a_thread_stood() -> None:
    with looked_at(*THREADS) as (_, there):
        rows = {row.number: row for row in there.rows(range(1, 12), NOON).found}
    stood = {number: (row.thread_state.state, row.thread_state.closed_by) for number, row in rows.items()}
    ann = Account("ann")
    assert stood == {
        1: (State.CLOSED, ann),
        2: (State.MERGED, ann),
        3: (State.OPEN, None),
        4: (State.CLOSED, Account("mergify", is_bot=True)),
        5: (State.CLOSED, ann),
        6: (State.OPEN, None),
    }
    assert rows[2].thread_state.merged_by == ann
    assert rows[5].thread_state.closed_by_pull == 2
    assert rows[6].thread_state.duplicate_of == 1
    assert (rows[3].kind, rows[3].title, rows[3].created_at) == (Kind.PULL_REQUEST, "Merged later", at(-9))
    assert rows[4].author == Account("ghost")
    assert rows[5].url == "https://github.com/vllm-project/vllm/issues/5"


def test_a_thread_has_what_was_said_until_then() -> None:
    talk = tuple(Comment(at(-8) + timedelta(minutes=n), ANN, f"{n}") for n in range(130))
    reviews = tuple(
        Review(at(-7), ANN, f"review {n}", comments=tuple(Comment(at(-7), ANN) for _ in range(25)))
        for n in range(30)
    )
    pull = PullRequest(2, at(-9), comments=(*talk, Comment(at(1), ANN, "too late")), reviews=reviews)
    issue = Issue(3, at(-9), body="the body", issue_type="Bug", labels=("bug",))
    with looked_at(pull, issue) as (github, there):
        fetched = there.threads([3, 2, 2, 99], NOON)
        assert github.requests[0].operation == "Threads"
        assert fetched.requests == len(github.requests) <= 4
        assert fetched.points == github.points
    two, three = fetched.found
    assert (two.number, three.number) == (2, 3)
    assert len(two.remarks) == 130 + 30 + 30 * 25
    assert (two.paths, two.changed_files) == ((), None)
    assert (three.body, three.issue_type, three.labels) == ("the body", "Bug", ("bug",))
    assert fetched.gaps == ()


def test_a_row_of_a_thread_with_many_turns_knows_them_all() -> None:
    turns: list[Event] = []
    for minute in range(60):
        opened = at(-9) + timedelta(minutes=2 * minute)
        turns += [Closed(opened, ANN), Reopened(opened + timedelta(minutes=1), ANN)]
    issue = Issue(1, at(-10), history=(*turns, Closed(at(-1), BOT)))
    with looked_at(issue) as (_, there):
        [row] = there.rows([1], NOON).found
    assert row.thread_state.closed_by == Account("mergify", is_bot=True)


def test_a_hundred_rows_are_a_request_and_fifty_threads() -> None:
    many = tuple(Issue(n, at(-9)) if n % 2 else PullRequest(n, at(-9)) for n in range(1, 161))
    with looked_at(*many) as (github, there):
        assert len(there.rows(range(1, 161), NOON).found) == 160
        assert len(github.requests) == 2
        assert len(there.threads(range(1, 101), NOON).found) == 100
        assert len(github.requests) == 4


@pytest.mark.parametrize("numbers", [[], [0, -1], [2**31, 10**30], [404]])
def test_numbers_that_name_no_thread_give_nothing(numbers: list[int]) -> None:
    with looked_at(*THREADS) as (github, there):
        rows, threads = there.rows(numbers, NOON), there.threads(numbers, NOON)
        assert len(github.requests) == (2 if 404 in numbers else 0)
    assert (rows.found, rows.gaps, threads.found, threads.gaps) == ((), (), (), ())


Effects = Callable[[], faults.Effect]
PASSING: dict[str, Effects] = {
    "502": faults.bad_gateway,
    "limits of one query": lambda: faults.resource_limits_exceeded(keep=0),
    "cut JSON": faults.cut_json,
    "points spent": lambda: faults.rate_limited(60),
    "a null without a word": lambda: faults.null_nodes(2),
}


@pytest.mark.parametrize("name", PASSING)
def test_after_a_passing_fault_nothing_is_missing(name: str) -> None:
    with looked_at(*THREADS) as (github, there):
        for operation in ("Rows", "Threads"):
            github.fault(PASSING[name](), operation=operation)
        rows, threads = there.rows(range(1, 9), NOON), there.threads(range(1, 9), NOON)
    assert [row.number for row in rows.found] == [1, 2, 3, 4, 5, 6]
    assert [thread.number for thread in threads.found] == [1, 2, 3, 4, 5, 6]
    assert (rows.gaps, threads.gaps) == ((), ())


@pytest.mark.parametrize(
    ("effect", "gap"),
    [
        (faults.null_nodes(2), Gap(GapCode.THREAD_UNREADABLE, 2)),
        (faults.broken_field(2, "author", kind="FORBIDDEN"), Gap(GapCode.FIELD_REFUSED, 2, "author")),
    ],
)
def test_what_cannot_be_had_of_a_thread_is_a_gap_beside_the_others(effect: faults.Effect, gap: Gap) -> None:
    with looked_at(*THREADS) as (github, there):
        github.fault(effect, times=None)
        rows = there.rows([1, 2, 3], NOON)
    whole = gap.code is GapCode.FIELD_REFUSED
    assert [row.number for row in rows.found] == ([1, 2, 3] if whole else [1, 3])
    assert rows.gaps == (gap,)


def test_a_repository_that_is_not_there_is_named() -> None:
    with (
        GitHub(World("vllm-project/vllm", ()), now=NOON) as github,
        pytest.raises(SourceError, match="GitHub knows no repository some/thing"),
    ):
        source(github, "some/thing").rows([1], NOON)


def test_a_thread_by_number_is_the_thread_of_the_sweep() -> None:
    scene = day(3, listed=30, touched=10)
    with GitHub(scene.world, now=scene.end + timedelta(hours=3)) as github:
        there = source(github)
        window = TimeWindow(scene.start, scene.end)
        [snapshot] = there.sweep([window], lambda *_: None, lambda *_: None)
        numbers = [thread.number for thread in snapshot]
        threads = {thread.number: thread for thread in there.threads(numbers, scene.end).found}
        rows = {row.number: row for row in there.rows(numbers, scene.end).found}
    for thread in snapshot:
        assert threads[thread.number].remarks == thread.remarks
        assert threads[thread.number].timeline == thread.timeline
        assert rows[thread.number].thread_state.state is thread.state
        assert rows[thread.number].thread_state.merged_by == thread.merged_by
