"""The importance of a thread for readers: one formula for all rankings other than heat."""

from collections.abc import Mapping

from vllm_digest.facts import Event, ThreadFacts, UsageKind
from vllm_digest.judgement import Relevance
from vllm_digest.models import GHOST, EventKind, State
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
"""Changes that readers must react to rank above new features; a changed interface file is only a hint."""
_HEAT = 10
"""Maximum points for heat, so that a dispute does not outrank a reported regression (8, plus 3 as a bug)."""


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
    by_bot = by_bot and thread.closed_by_pull is None
    return (
        8 * (reverted or undoing)
        + 8 * thread.is_regression
        + 6 * merged
        # The highest one, not the sum: a removal that is also called breaking is one change.
        + max((_USAGE[one.kind] for one in thread.usage), default=0)
        + 5 * bool(thread.gain)
        + 4 * (thread.judgement.relevance is Relevance.YES)
        + 3 * thread.is_bug
        + min(_HEAT, heat.score * _HEAT // max(1, hot_from))
        # Bounded, for labels and tags are chosen by authors and bots: they weigh as much as a regression.
        + max(-6, min(8, thread.weight))
        - 6 * (thread.draft or by_bot)
    )


def latest_event(thread: ThreadFacts, window: TimeWindow) -> EventKind | None:
    """The most important event of a thread in a window, by `_BY_IMPORTANCE`; None without one.

    Of remarks only visible ones of people count; what its author writes in a review is a comment.
    """
    happened = {_counted_kind(event, thread) for event in thread.events if event.at in window}
    return next((kind for kind in _BY_IMPORTANCE if kind in happened), None)


def _counted_kind(event: Event, thread: ThreadFacts) -> EventKind | None:
    if not event.is_remark:
        return event.kind
    if not event.is_human_remark:
        return None
    # GitHub wraps an author's replies to comments on code in reviews.
    is_own = event.login == thread.author.login != GHOST.login
    return EventKind.COMMENT if is_own else event.kind


_BY_IMPORTANCE = (
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
"""Event kinds, most important first: a merge outranks an opening in the same window, both outrank remarks."""
