"""What became of threads that earlier reports called worth watching: values that a report stores."""

from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.window import Moment


class WatchKind(StrEnum):
    """Why a thread is watched; of several reasons the first of these."""

    REVERT = "revert"
    """It took back another change, which may come back."""
    REGRESSION = "regression"
    HOT_AND_OPEN = "hot_and_open"
    CHANGES_REQUESTED = "changes_requested"
    """On a pull request that is about the focus."""
    UNANSWERED_BUG = "unanswered_bug"
    MODEL = "model"
    """A model's checked statement says so."""


class OutcomeKind(StrEnum):
    """How watching a thread ends."""

    FIXED = "fixed"
    """The issue was closed by the pull request `by`, which was merged."""
    MERGED = "merged"
    COMPLETED = "completed"
    NOT_PLANNED = "not_planned"
    DUPLICATE = "duplicate"
    """It was marked a duplicate of `by`."""
    STALE = "stale"
    """A bot closed it; it is not solved."""
    SUPERSEDED = "superseded"
    """It was closed without a merge, and `by` takes its place."""
    ABANDONED = "abandoned"
    """It was closed without a merge."""
    RELANDED = "relanded"
    """`by` brought back what the watched revert had taken back."""
    REVERTED = "reverted"
    """`by` took it back."""
    ANSWERED = "answered"
    """A person other than the author answered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How watching a thread ended. `at`: UTC. `by`: the number of the other thread, None without one."""

    kind: OutcomeKind
    at: Moment
    by: int | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A thread that an earlier report called worth watching, and what became of it.

    `title`, `is_pull`: as last known. `since`: the end of the window of that report (UTC); `place`: where
    that report is (`Report.place`). `target`: of a revert, the change that it took back.
    `outcome`: None while it is open. `days`: whole days from `since` to the outcome, else to the end of the
    window that tells this.
    """

    number: int
    title: str
    is_pull: bool
    kind: WatchKind
    since: Moment
    place: str
    days: int
    target: int | None = None
    outcome: Outcome | None = None
