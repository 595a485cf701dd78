"""The watch list: which threads are watched, and their outcomes; pure."""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from vllm_digest.digest import all_concerns
from vllm_digest.facts import Event, LinkKind, ThreadFacts
from vllm_digest.follow_ups import FollowUp, Outcome, OutcomeKind, WatchKind
from vllm_digest.judgement import Relevance
from vllm_digest.models import GHOST, EventKind, State
from vllm_digest.narrative import BriefPart
from vllm_digest.report import ConcernKind, Report
from vllm_digest.window import TimeWindow

MILESTONES = (1, 3, 7, 14, 30)
"""Days after which a thread that is still open is reported again; ever longer pauses, so that a report does
not repeat the same threads every day."""
_LATE = timedelta(days=8)
"""How long after its report an outcome may still be told. A run may fill a hole up to `report.catch_up` (7
days by default) later, and so add a watched thread whose outcome is in a report that was made before."""
OutcomeKey = tuple[int, datetime]
"""A thread's number and the time of its outcome (UTC), which identify an outcome in a series."""
_WATCHED: Mapping[ConcernKind, WatchKind] = {
    ConcernKind.REVERT: WatchKind.REVERT,
    ConcernKind.HOT_AND_OPEN: WatchKind.HOT_AND_OPEN,
    ConcernKind.CHANGES_REQUESTED: WatchKind.CHANGES_REQUESTED,
    ConcernKind.UNANSWERED_BUG: WatchKind.UNANSWERED_BUG,
}


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """A watched thread. Fields as in `FollowUp`."""

    number: int
    title: str
    is_pull: bool
    kind: WatchKind
    since: datetime
    place: str
    target: int | None = None


def entries(report: Report) -> tuple[WatchEntry, ...]:
    """The entries that a report adds to the watch list, one for each thread."""
    found: dict[int, tuple[WatchKind, int | None]] = {}
    for number, kind, target in _candidates(report):
        if number not in found or list(WatchKind).index(kind) < list(WatchKind).index(found[number][0]):
            found[number] = kind, target
    rows = {row.number: row for row in report.digest.threads}
    return tuple(
        WatchEntry(
            number=number,
            title=rows[number].title,
            is_pull=rows[number].is_pull,
            kind=kind,
            since=report.digest.window.end,
            place=str(report.place),
            target=target,
        )
        for number, (kind, target) in found.items()
    )


def _candidates(report: Report) -> Iterator[tuple[int, WatchKind, int | None]]:
    digest = report.digest
    rows = {row.number: row for row in digest.threads}
    for concern in all_concerns(digest):
        row = rows[concern.number]
        about_focus = row.judgement.relevance is Relevance.YES
        if concern.kind in _WATCHED and (concern.kind is not ConcernKind.CHANGES_REQUESTED or about_focus):
            yield concern.number, _WATCHED[concern.kind], concern.target
    for row in rows.values():
        if row.is_regression and not row.is_pull and row.state is State.OPEN:
            yield row.number, WatchKind.REGRESSION, None
    for brief in report.narrative.briefs:
        row_of = rows.get(brief.number)
        if row_of is not None and row_of.state is State.OPEN and brief.statements_of(BriefPart.WATCH):
            yield brief.number, WatchKind.MODEL, None


@dataclass(frozen=True, slots=True)
class Marks:
    """The facts of a thread that can be the outcome of a watched thread, itself or another one.

    `events`: the whole timeline, and remarks of people other than the author in the window.
    `undoes`, `brings_back`: numbers of the changes that it reverts or relands, once it is merged.
    `follows`: numbers of the threads that it replaces.
    """

    number: int
    events: tuple[Event, ...]
    undoes: tuple[int, ...] = ()
    brings_back: tuple[int, ...] = ()
    follows: tuple[int, ...] = ()

    @classmethod
    def of(cls, thread: ThreadFacts) -> "Marks":
        """Select from a thread's facts."""
        author = thread.author.login
        targets = {
            kind: tuple(one.target for one in thread.references if one.kind is kind) for kind in LinkKind
        }
        return cls(
            number=thread.number,
            events=tuple(
                event
                for event in thread.events
                if not event.is_remark
                # Deleted accounts share the login `ghost`, so a ghost may have answered another one.
                or (event.is_human_remark and (event.login != author or author == GHOST.login))
            ),
            undoes=targets[LinkKind.REVERTS],
            brings_back=targets[LinkKind.RELANDS],
            follows=targets[LinkKind.FOLLOWS],
        )

    @property
    def brings_something(self) -> bool:
        """Whether it reverts or relands a change."""
        return bool(self.undoes or self.brings_back)

    @property
    def merged_at(self) -> datetime | None:
        return next((event.at for event in self.events if event.kind is EventKind.MERGED), None)


def _outcome(entry: WatchEntry, marks: Marks, successors: Mapping[int, int]) -> Outcome | None:
    """The outcome of an entry from the marks of its thread; None if there is none yet.

    The first event at or after `entry.since` that ends it decides. `successors`: by number of a pull request,
    the one that takes its place.
    """
    for event in marks.events:
        if event.at < entry.since:
            continue
        if event.is_remark:
            if entry.kind is WatchKind.UNANSWERED_BUG:
                return Outcome(OutcomeKind.ANSWERED, event.at)
        elif event.kind is EventKind.MERGED:
            return Outcome(OutcomeKind.MERGED, event.at)
        # A closing at the time of a merge is GitHub's own one for the merged pull request.
        elif event.kind is EventKind.CLOSED and marks.merged_at != event.at:
            return _closing(event, entry, marks, successors)
    return None


def _closing(event: Event, entry: WatchEntry, marks: Marks, successors: Mapping[int, int]) -> Outcome:
    """The outcome of a closing without a merge."""
    targets = [one.target for one in marks.events if one.kind is EventKind.DUPLICATE and one.at <= event.at]
    successor = successors.get(entry.number) if entry.is_pull else None
    # The first that applies: GitHub's data on the closing, then who closed it.
    meanings = (
        (event.pull is not None, OutcomeKind.FIXED, event.pull),
        # The reason names no target; without a mark as a duplicate the target stays unknown.
        (event.reason == "duplicate" or bool(targets), OutcomeKind.DUPLICATE, (targets or [None])[-1]),
        (successor is not None, OutcomeKind.SUPERSEDED, successor),
        (event.bot, OutcomeKind.STALE, None),
        (entry.is_pull, OutcomeKind.ABANDONED, None),
        (event.reason == "not_planned", OutcomeKind.NOT_PLANNED, None),
        (True, OutcomeKind.COMPLETED, None),
    )
    kind, by = next((kind, by) for holds, kind, by in meanings if holds)
    return Outcome(kind, event.at, by)


@dataclass(frozen=True, slots=True)
class Contribution:
    """The input of a stored report to the watch list."""

    window: TimeWindow
    entries: tuple[WatchEntry, ...]
    marks: tuple[Marks, ...]


def contribution(report: Report) -> Contribution:
    """The contribution of a report to the watch list."""
    return Contribution(
        window=report.digest.window,
        entries=entries(report),
        marks=tuple(Marks.of(row) for row in report.digest.threads),
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry with its outcome."""

    entry: WatchEntry
    outcome: Outcome


class WatchList:
    """The watch list of a series, built from its reports in order of time.

    `open`: the entries without an outcome, by thread. `ended`: the others, in the order of the reports that
    ended them. Adding a report only examines the threads in it, whose facts have their whole timelines, so
    that a year takes seconds.
    """

    def __init__(self, contributions: Iterable[Contribution] = ()) -> None:
        self.open: dict[int, WatchEntry] = {}
        self.ended: list[Ended] = []
        self._ended_in: list[datetime] = []
        self._successors: dict[int, int] = {}
        for one in contributions:
            self.add(one)

    def add(self, one: Contribution) -> list[Ended]:
        """Add a report's contribution; return the entries that it ends."""
        for marks in one.marks:
            self._successors |= dict.fromkeys(marks.follows, marks.number)
        ended = [
            Ended(entry, result)
            for marks in one.marks
            if (entry := self.open.get(marks.number)) is not None and entry.kind is not WatchKind.REVERT
            if (result := _outcome(entry, marks, self._successors)) is not None
        ]
        ended += self._returned(one.marks)
        for end in ended:
            del self.open[end.entry.number]
        self.ended += ended
        self._ended_in += [one.window.end] * len(ended)
        # After the outcomes: a thread that this report calls worth watching again is watched anew.
        for entry in one.entries:
            self.open.setdefault(entry.number, entry)
        return ended

    def ended_since(self, moment: datetime) -> list[Ended]:
        """The entries that ended in reports whose windows end after `moment` (UTC)."""
        return self.ended[bisect_right(self._ended_in, moment) :]

    def _returned(self, touched: Iterable[Marks]) -> Iterator[Ended]:
        """The watched reverts whose change was relanded by one of the touched threads."""
        back = [(at, marks) for marks in touched if (at := marks.merged_at) and marks.brings_something]
        for entry in self.open.values() if back else ():
            if entry.kind is WatchKind.REVERT:
                hits = [
                    (at, marks.number)
                    for at, marks in back
                    if at >= entry.since
                    and (entry.number in marks.undoes or entry.target in marks.brings_back)
                ]
                if hits:
                    yield Ended(entry, Outcome(OutcomeKind.RELANDED, *min(hits)))


def told_by(told: Iterable[FollowUp]) -> frozenset[OutcomeKey]:
    """The keys of the outcomes that a report tells."""
    return frozenset((one.number, one.outcome.at) for one in told if one.outcome)


def follow_ups(
    watching: WatchList,
    this: Contribution,
    *,
    with_open: bool,
    is_told: Callable[[OutcomeKey], bool] = lambda _: False,
) -> tuple[FollowUp, ...]:
    """The follow-ups of a report: outcomes, and at milestones threads that are still open.

    `watching`: the list after the series' reports that end by its start; the report is added to it.
    `with_open`: include open threads at milestones. `is_told`: whether another report of the series tells an
    outcome; such outcomes are left out. Outcomes come first, by time; then open threads, longest watched
    first.
    """
    watching.add(this)
    ended = [
        one
        for one in watching.ended_since(this.window.end - _LATE)
        if not is_told((one.entry.number, one.outcome.at))
    ]
    told = [_follow_up(one.entry, one.outcome.at, one.outcome) for one in sorted(ended, key=_by_time)]
    if with_open:
        due = [entry for entry in watching.open.values() if _is_due(entry, this.window)]
        told += [_follow_up(entry, this.window.end) for entry in sorted(due, key=_oldest_first)]
    return tuple(told)


def _by_time(ended: Ended) -> tuple[datetime, int]:
    return ended.outcome.at, ended.entry.number


def _oldest_first(entry: WatchEntry) -> tuple[datetime, int]:
    return entry.since, entry.number


def _is_due(entry: WatchEntry, window: TimeWindow) -> bool:
    """Whether a milestone of the entry is in the window."""
    return any(entry.since + timedelta(days=days) in window for days in MILESTONES)


def _follow_up(entry: WatchEntry, until: datetime, result: Outcome | None = None) -> FollowUp:
    names = ("number", "title", "is_pull", "kind", "since", "place", "target")
    fields: dict[str, Any] = {name: getattr(entry, name) for name in names}
    return FollowUp(**fields, days=(until - entry.since).days, outcome=result)
