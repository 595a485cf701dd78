"""Each event of a thread puts the thread into the window of that time, however late it is fetched."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.servers.github import GitHub
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
    UnmarkedDuplicate,
    World,
)
from tests.test_fetch import END, LATER, SOON, START, USER, Asked, asked, stored, talked_in
from vllm_digest.models import EventKind

__all__ = ["asked"]

BEFORE = START - timedelta(days=70)
BOT = Actor("mergify", "Bot")
EVENTS: dict[str, tuple[Event, ...]] = {
    "closing": (Closed(SOON, USER),),
    "reopening": (Closed(BEFORE + timedelta(days=1), USER), Reopened(SOON, USER)),
    "closing that was undone": (Closed(SOON, USER), Reopened(LATER, USER)),
    "closing that is undone later": (Closed(SOON, USER), Reopened(END, USER)),
    "mark": (MarkedDuplicate(SOON, USER, canonical=1),),
    "mark without a target": (MarkedDuplicate(SOON, USER),),
    "mark that was taken back": (MarkedDuplicate(BEFORE, USER, canonical=1), UnmarkedDuplicate(SOON, USER)),
    "mark by a bot": (MarkedDuplicate(SOON, BOT, canonical=1),),
    "by a deleted account": (Closed(SOON, None),),
}
FOLLOWED: dict[str, Callable[[Thread], Thread]] = {
    "by nothing": lambda thread: thread,
    "by much": lambda thread: type(thread)(
        thread.number,
        thread.created_at,
        history=(
            *thread.history,
            *(Reopened(END + timedelta(hours=n), USER) for n in range(1, 40)),
            Closed(END + timedelta(days=1, hours=17), USER),
        ),
        comments=tuple(Comment(END + timedelta(minutes=n), USER) for n in range(1, 120)),
    ),
}


@pytest.mark.parametrize("days", [0.0, 0.1, 2, 400], ids=["now", "hours ago", "days ago", "long ago"])
@pytest.mark.parametrize("followed", FOLLOWED)
def test_every_event_brings_its_thread_into_its_window(asked: Asked, followed: str, days: float) -> None:
    numbers: dict[int, str] = {}
    threads: list[Thread] = [Issue(1, BEFORE)]
    for name, history in EVENTS.items():
        for kind in (Issue, PullRequest):
            number = 10 + len(threads)
            numbers[number] = f"{name} of {kind.__name__}"
            threads.append(FOLLOWED[followed](kind(number, BEFORE, history=history)))
    quiet = (Comment(START - timedelta(days=1)), Comment(END))
    threads += [Issue(8, BEFORE, comments=quiet), PullRequest(9, BEFORE, comments=quiet)]
    with GitHub(World("vllm-project/vllm", tuple(threads)), now=END + timedelta(days=days)) as github:
        there = talked_in(asked.report(github, START, END))
    assert {numbers.get(number, str(number)) for number in there} == set(numbers.values())


@pytest.mark.parametrize("days", [0.1, 400])
def test_a_merge_is_an_event_beside_its_closing(asked: Asked, days: float) -> None:
    pull = PullRequest(7, BEFORE, history=(Closed(SOON, Actor("merger"), merged=True),))
    with GitHub(World("vllm-project/vllm", (pull,)), now=END + timedelta(days=days)) as github:
        report = asked.report(github, START, END)
    assert report["lists"]["merged_prs"] == [7]
    [facts] = stored(report).threads
    assert {event.kind for event in facts.events if event.at == SOON} == {EventKind.CLOSED, EventKind.MERGED}
    assert facts.merged_by is not None
    assert facts.merged_by.login == "merger"


def test_a_timeline_of_several_pages_is_read_to_its_end(asked: Asked) -> None:
    turns: list[Event] = []
    for minute in range(130):
        at = BEFORE + timedelta(minutes=2 * minute)
        turns += [Closed(at, USER), Reopened(at + timedelta(minutes=1), USER)]
    issue = Issue(7, BEFORE, history=(*turns, Closed(SOON, USER)))
    with GitHub(World("vllm-project/vllm", (issue,)), now=END) as github:
        report = asked.report(github, START, END)
        assert len(github.asked("More")) == 3
    assert report["lists"]["closed_issues"] == [7]


def test_a_review_handed_in_in_the_window_counts_when_it_was_begun_before(asked: Asked) -> None:
    slow = Review(SOON, USER, "at last", begun_at=BEFORE)
    quick = tuple(Review(BEFORE + timedelta(hours=n), USER) for n in range(1, 6))
    pull = PullRequest(7, BEFORE - timedelta(days=1), reviews=(slow, *quick))
    for days in (0.0, 2):
        with GitHub(World("vllm-project/vllm", (pull,)), now=END + timedelta(days=days)) as github:
            assert talked_in(asked.report(github, START, END)) == {7}
