"""Which threads a page speaks of first: the hottest, the weightiest changes, the most worrying."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from vllm_digest.classify.facts import last_verdicts
from vllm_digest.classify.heat import human_remarks, is_comment, is_human, is_review
from vllm_digest.models import State, Thread
from vllm_digest.report import Heat, Link, LinkKind, Lists, Worry, WorryKind
from vllm_digest.window import TimeWindow

_WEIGHTY_LABELS = (
    ("security", 8),
    ("breaking", 8),
    ("rfc", 4),
    ("new-model", 4),
    ("performance", 4),
    ("bug", 2),
)
"""What makes a change matter, by a word in a label."""
_GRACE = timedelta(minutes=30)
"""Nobody is expected to answer sooner."""
_STILL_TALKING = 2
"""Remarks after closing that are more than a word of thanks."""


def hottest(heats: Mapping[int, Heat]) -> tuple[int, ...]:
    """Threads with any heat, hottest first; of equals the newest."""
    return tuple(sorted((n for n, heat in heats.items() if heat.score), key=lambda n: (-heats[n].score, -n)))


def changes(
    threads: Mapping[int, Thread],
    heats: Mapping[int, Heat],
    lists: Lists,
    joined: Iterable[Link],
    bots: frozenset[str],
) -> tuple[int, ...]:
    """New and merged pull requests of people, weightiest first; of equals the newest.

    weight = 6 if merged, -6 if a draft, + binary digits of the lines changed (10 at most) + labels + heat.
    Neither a change that was reverted in the window nor its revert counts as an achievement.
    """
    undone = {n for link in joined if link.kind is LinkKind.REVERTS for n in (link.source, link.target)}
    candidates = {*lists.merged_prs, *lists.new_prs} - {*lists.closed_unmerged_prs, *undone}

    def weight(number: int) -> int:
        thread = threads[number]
        labels = " ".join(thread.labels).casefold()
        lines = (thread.additions or 0) + (thread.deletions or 0)
        return (
            (6 if thread.state is State.MERGED else 0)
            - (6 if thread.draft else 0)
            + min(10, lines.bit_length())
            + sum(points for word, points in _WEIGHTY_LABELS if word in labels)
            + heats[number].score
        )

    by_people = (number for number in candidates if is_human(threads[number].author, bots))
    return tuple(sorted(by_people, key=lambda number: (-weight(number), -number)))


def worries(
    threads: Mapping[int, Thread],
    heats: Mapping[int, Heat],
    lists: Lists,
    joined: Iterable[Link],
    window: TimeWindow,
    *,
    hot_from: int,
    bots: frozenset[str],
) -> tuple[Worry, ...]:
    """What stays open to worry about, by kind of worry and hottest first; each thread once."""
    reverts = {link.source for link in joined if link.kind is LinkKind.REVERTS} & lists.numbers
    tests: dict[WorryKind, Callable[[Thread], bool]] = {
        WorryKind.REVERT: lambda thread: thread.number in reverts,
        WorryKind.HOT_AND_OPEN: lambda thread: (
            thread.state is State.OPEN and heats[thread.number].score >= hot_from
        ),
        WorryKind.CHANGES_REQUESTED: lambda thread: (
            thread.state is State.OPEN and "CHANGES_REQUESTED" in last_verdicts(thread, window, bots).values()
        ),
        WorryKind.TALK_AFTER_CLOSING: lambda thread: _is_talked_on(thread, window, bots),
        WorryKind.UNANSWERED_BUG: lambda thread: (
            thread.number in lists.new_issues and _is_unanswered_bug(thread, window, bots)
        ),
    }
    told: dict[int, Worry] = {}
    for kind, holds in tests.items():
        found = [number for number, thread in threads.items() if number not in told and holds(thread)]
        for number in sorted(found, key=lambda n: (-heats[n].score, -n)):
            told[number] = Worry(number, kind)
    return tuple(told.values())


def _is_talked_on(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> bool:
    """Closed, and people other than the one who closed it go on about it."""
    if thread.closed_at is None:
        return False
    later = [
        remark
        for remark in human_remarks(thread, window, bots)
        if remark.at > thread.closed_at
        and remark.author != thread.closed_by
        and (is_comment(remark) or is_review(remark))
    ]
    return len(later) >= _STILL_TALKING


def _is_unanswered_bug(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> bool:
    is_bug = "bug" in thread.labels or thread.title.casefold().startswith("[bug")
    answers = [r for r in human_remarks(thread, window, bots) if r.author != thread.author]
    return is_bug and thread.state is State.OPEN and not answers and thread.created_at <= window.end - _GRACE
