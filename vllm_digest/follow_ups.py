"""The values that a report stores about earlier ones: outcomes, first descriptions, counts of periods."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.window import Moment, TimeWindow


class WatchKind(StrEnum):
    """Why a thread is watched; if several apply, the first one here counts."""

    REVERT = "revert"
    """It reverted another change, which may be relanded."""
    REGRESSION = "regression"
    HOT_AND_OPEN = "hot_and_open"
    CHANGES_REQUESTED = "changes_requested"
    """Only pull requests about the focus."""
    UNANSWERED_BUG = "unanswered_bug"
    MODEL = "model"
    """A checked statement of a model names it as worth watching."""


class OutcomeKind(StrEnum):
    """The outcome of a watched thread. `by`: as in `Outcome`."""

    FIXED = "fixed"
    """The issue was closed by the pull request `by`, which was merged."""
    MERGED = "merged"
    COMPLETED = "completed"
    NOT_PLANNED = "not_planned"
    DUPLICATE = "duplicate"
    """It was marked a duplicate of `by`."""
    STALE = "stale"
    """A bot closed it without a solution."""
    SUPERSEDED = "superseded"
    """It was closed without a merge and replaced by `by`."""
    ABANDONED = "abandoned"
    """It was closed without a merge or a replacement."""
    RELANDED = "relanded"
    """`by` restored the change that the watched revert had reverted."""
    REVERTED = "reverted"
    """`by` reverted it."""
    ANSWERED = "answered"
    """A person other than the author answered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a watched thread. `at`: UTC. `by`: number of the other thread; None without one."""

    kind: OutcomeKind
    at: Moment
    by: int | None = None


@dataclass(frozen=True, slots=True)
class FirstReport:
    """A thread that an earlier report described, and the first such report.

    `place`: of that report, as `Report.place`.
    """

    number: int
    place: str


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A thread that an earlier report listed as worth watching, and what became of it.

    `title`, `is_pull`: as last stored. `since`: end of that report's window (UTC). `place`: of that report,
    as `Report.place`. `target`: of a revert, number of the reverted change; else None.
    `outcome`: None while there is none. `days`: whole days from `since` to the outcome, else to the end of
    the current window.
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


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """The counts of an earlier report of a series.

    `counts`: by name of the list, see `report.Lists`. `relevant`: number of threads about the focus.
    `has_hole`: reports of the period were missing, so that their counts are not in it.
    """

    window: TimeWindow
    counts: Mapping[str, int]
    people: int
    relevant: int
    has_hole: bool = False
