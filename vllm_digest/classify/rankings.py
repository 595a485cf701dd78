"""Which threads a page speaks of first: the hottest, the weightiest changes, the most concerning_threads."""

import re
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import timedelta

from vllm_digest.classify.facts import last_verdicts
from vllm_digest.classify.heat import human_messages, human_remarks, is_human
from vllm_digest.models import State, Thread
from vllm_digest.report import Concern, ConcernKind, Heat, Link, LinkKind, Lists
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
_TITLE_TAGS = {
    **dict.fromkeys(("perf", "performance", "feature", "feat", "new model", "model"), 4),
    **dict.fromkeys(("kernel", "core", "attention", "quantization", "moe", "bugfix"), 2),
    **dict.fromkeys(("ci", "ci/build", "test", "tests", "doc", "docs", "chore", "minor", "typo"), -6),
}
"""What makes it matter or not, by a tag in front of its title: `[Perf][Kernel]`, `[CI/Build]`."""
_MOST_TALK = 10
"""Points of heat that count for a change: how much was said is the other chapter's subject."""
_A_KIND = 2
"""Worries of a kind that come before the rest of any kind."""
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

    weight = 6 if merged, -6 if a draft, + binary digits of the lines changed (10 at most) + labels + tags of
    the title + heat (10 at most).
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
            + _tags_weight(thread.title)
            + min(_MOST_TALK, heats[number].score)
        )

    by_people = (number for number in candidates if is_human(threads[number].author, bots))
    return tuple(sorted(by_people, key=lambda number: (-weight(number), -number)))


def _tags_weight(title: str) -> int:
    """The best of the tags and the worst, together."""
    points = [_TITLE_TAGS.get(tag.strip().casefold(), 0) for tag in re.findall(r"\[([^\[\]]{1,30})\]", title)]
    return max([0, *points]) + min([0, *points])


def concerns(
    threads: Mapping[int, Thread],
    heats: Mapping[int, Heat],
    lists: Lists,
    joined: Iterable[Link],
    window: TimeWindow,
    *,
    relevant: Set[int],
    hot_from: int,
    bots: frozenset[str],
) -> tuple[Concern, ...]:
    """What stays open to concern about: two of each kind first, then the others; each thread once.

    Within a kind hottest first, then what is `relevant` to the focus, then newest.
    """
    reverts = {link.source for link in joined if link.kind is LinkKind.REVERTS} & lists.numbers
    tests: dict[ConcernKind, Callable[[Thread], bool]] = {
        ConcernKind.REVERT: lambda thread: thread.number in reverts,
        ConcernKind.HOT_AND_OPEN: lambda thread: (
            thread.state is State.OPEN and heats[thread.number].score >= hot_from
        ),
        ConcernKind.CHANGES_REQUESTED: lambda thread: (
            thread.state is State.OPEN and "CHANGES_REQUESTED" in last_verdicts(thread, window, bots).values()
        ),
        ConcernKind.TALK_AFTER_CLOSING: lambda thread: _is_talked_on(thread, window, bots),
        ConcernKind.UNANSWERED_BUG: lambda thread: (
            thread.number in lists.new_issues and _is_unanswered_bug(thread, window, bots)
        ),
    }
    told: dict[int, Concern] = {}
    firsts: list[Concern] = []
    for kind, holds in tests.items():
        found = [number for number, thread in threads.items() if number not in told and holds(thread)]
        ranked = sorted(found, key=lambda n: (-heats[n].score, n not in relevant, -n))
        told |= {number: Concern(number, kind) for number in ranked}
        firsts += [told[number] for number in ranked[:_A_KIND]]
    return tuple(dict.fromkeys((*firsts, *told.values())))


def _is_talked_on(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> bool:
    """Closed, and people other than the one who closed it go on about it."""
    if thread.closed_at is None:
        return False
    later = [
        remark
        for remark in human_messages(thread, window, bots)
        if remark.at > thread.closed_at and remark.author != thread.closed_by
    ]
    return len(later) >= _STILL_TALKING


def _is_unanswered_bug(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> bool:
    is_bug = "bug" in thread.labels or thread.title.casefold().startswith("[bug")
    answers = [r for r in human_remarks(thread, window, bots) if r.author != thread.author]
    return is_bug and thread.state is State.OPEN and not answers and thread.created_at <= window.end - _GRACE
