"""How much a thread matters to readers of a window: one formula for all that is ranked beyond heat."""

from collections.abc import Mapping

from vllm_digest.facts import ThreadFacts, UsageKind
from vllm_digest.judgement import Relevance
from vllm_digest.models import EventKind, State
from vllm_digest.report import Heat
from vllm_digest.window import TimeWindow

_USAGE: Mapping[UsageKind, int] = {
    UsageKind.BREAKING: 10,
    UsageKind.REMOVAL: 8,
    UsageKind.DEPRECATION: 8,
    UsageKind.RENAME: 6,
    UsageKind.DEFAULT: 6,
    UsageKind.OPTION: 4,
    UsageKind.VARIABLE: 4,
    UsageKind.PIN: 3,
    UsageKind.INTERFACE: 1,
}
"""What readers must act on comes before what they may use; a touched interface is a hint only."""
_HEAT = 10
"""Points of heat at most, so that a quarrel does not outrank a regression."""


def importance(thread: ThreadFacts, heat: Heat, window: TimeWindow, hot_from: int, *, reverted: bool) -> int:
    """The score of a thread in a window.

    importance = 8 if reverted or a revert merged in the window, + 8 if it reports a regression, + 6 if
    merged in the window, + what it changes for users (10 at most), + 5 if a gain was measured, + 4 if it is
    about the focus, + 3 if it is a bug, + heat as a share of what is hot (10 points at most), + the points of
    its labels and title tags (8 at most, -6 at least), - 6 if a draft or closed by a bot.
    """
    merged = thread.merged_at in window
    undoing = merged and any(one.kind.value == "reverts" for one in thread.references)
    by_bot = thread.state is State.CLOSED and thread.closed_by is not None and thread.closed_by.is_bot
    return (
        8 * (reverted or undoing)
        + 8 * thread.is_regression
        + 6 * merged
        + max((_USAGE[one.kind] for one in thread.usage), default=0)
        + 5 * bool(thread.gain)
        + 4 * (thread.judgement.relevance is Relevance.YES)
        + 3 * thread.is_bug
        + min(_HEAT, heat.score * _HEAT // max(1, hot_from))
        + max(-6, min(8, thread.weight))
        - 6 * (thread.draft or by_bot)
    )


def latest_event(thread: ThreadFacts, window: TimeWindow) -> EventKind | None:
    """What happened to a thread in a window, the weightiest of it; None for nothing."""
    happened = {event.kind for event in thread.events if event.at in window}
    return next((kind for kind in _WEIGHTIEST if kind in happened), None)


_WEIGHTIEST = (
    EventKind.MERGED,
    EventKind.OPENED,
    EventKind.CLOSED,
    EventKind.REOPENED,
    EventKind.DUPLICATE,
    EventKind.NOT_DUPLICATE,
    EventKind.REVIEW,
    EventKind.REVIEW_COMMENT,
    EventKind.COMMENT,
)
"""What a page groups by: a merge says more than the opening in the same window, and both more than talk."""
