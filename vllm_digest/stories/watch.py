"""Which threads are watched, and how watching one ends; pure."""

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
"""Days after which a thread that is still open is told of again."""
_LATE = timedelta(days=8)
"""An outcome is told up to so long after its report: a hole that a run fills later, `report.catch_up` (7 days
by default) after it at most, may add a thread whose outcome a report has that was made before."""
OutcomeKey = tuple[int, datetime]
"""A thread's number and the time of its outcome: what an outcome is known by in a series."""
_WATCHED: Mapping[ConcernKind, WatchKind] = {
    ConcernKind.REVERT: WatchKind.REVERT,
    ConcernKind.HOT_AND_OPEN: WatchKind.HOT_AND_OPEN,
    ConcernKind.CHANGES_REQUESTED: WatchKind.CHANGES_REQUESTED,
    ConcernKind.UNANSWERED_BUG: WatchKind.UNANSWERED_BUG,
}


@dataclass(frozen=True, slots=True)
class WatchEntry:
    """A thread that a report calls worth watching. Fields as in `FollowUp`."""

    number: int
    title: str
    is_pull: bool
    kind: WatchKind
    since: datetime
    place: str
    target: int | None = None


def entries(report: Report) -> tuple[WatchEntry, ...]:
    """What a report adds to the watch list, each thread once."""
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
        if row_of is not None and row_of.state is State.OPEN and brief.of(BriefPart.WATCH):
            yield brief.number, WatchKind.MODEL, None


@dataclass(frozen=True, slots=True)
class Marks:
    """What of a thread's facts can end watching it or another thread.

    `events`: the whole timeline, and what people other than the author said in the window.
    `undoes`: the changes that it reverts, `brings_back` those that it relands, once it is merged;
    `follows`: the threads whose place it takes.
    """

    number: int
    events: tuple[Event, ...]
    undoes: tuple[int, ...] = ()
    brings_back: tuple[int, ...] = ()
    follows: tuple[int, ...] = ()

    @classmethod
    def of(cls, thread: ThreadFacts) -> "Marks":
        """The marks of a thread's facts."""
        author = thread.author.login
        targets = {
            kind: tuple(one.target for one in thread.references if one.kind is kind) for kind in LinkKind
        }
        return cls(
            number=thread.number,
            events=tuple(
                event
                for event in thread.events
                if not event.is_talk
                or (event.is_human_word and (event.login != author or author == GHOST.login))
            ),
            undoes=targets[LinkKind.REVERTS],
            brings_back=targets[LinkKind.RELANDS],
            follows=targets[LinkKind.FOLLOWS],
        )

    @property
    def brings_something(self) -> bool:
        """Does it undo or bring back anything?"""
        return bool(self.undoes or self.brings_back)

    @property
    def merged_at(self) -> datetime | None:
        return next((event.at for event in self.events if event.kind is EventKind.MERGED), None)


def _outcome(entry: WatchEntry, marks: Marks, successors: Mapping[int, int]) -> Outcome | None:
    """How watching the entry's thread ended, by the marks of it; None while it goes on.

    The first event at or after `entry.since` that ends it decides. `successors`: by number of a pull request,
    the one that takes its place.
    """
    for event in marks.events:
        if event.at < entry.since:
            continue
        if event.is_talk:
            if entry.kind is WatchKind.UNANSWERED_BUG:
                return Outcome(OutcomeKind.ANSWERED, event.at)
        elif event.kind is EventKind.MERGED:
            return Outcome(OutcomeKind.MERGED, event.at)
        elif event.kind is EventKind.CLOSED and marks.merged_at != event.at:
            return _closing(event, entry, marks, successors)
    return None


def _closing(event: Event, entry: WatchEntry, marks: Marks, successors: Mapping[int, int]) -> Outcome:
    """What a closing without a merge means."""
    targets = [one.target for one in marks.events if one.kind is EventKind.DUPLICATE and one.at <= event.at]
    successor = successors.get(entry.number) if entry.is_pull else None
    # The first that holds: what GitHub says of the closing, then who closed it.
    meanings = (
        (event.pull is not None, OutcomeKind.FIXED, event.pull),
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
    """What a stored report brings to the watch list."""

    window: TimeWindow
    entries: tuple[WatchEntry, ...]
    marks: tuple[Marks, ...]


def contribution(report: Report) -> Contribution:
    """What a report brings to the watch list."""
    return Contribution(
        window=report.digest.window,
        entries=entries(report),
        marks=tuple(Marks.of(row) for row in report.digest.threads),
    )


@dataclass(frozen=True, slots=True)
class Ended:
    """An entry and its one outcome."""

    entry: WatchEntry
    outcome: Outcome


class WatchList:
    """The watch list of a series, from its reports in the order of time.

    `open`: the entries that wait for an outcome, one a thread. `ended`: the others, in the order in which
    the reports told of it. Adding a report looks only at the threads it touches, so that a year costs
    seconds: the facts of a touched thread hold its whole timeline.
    """

    def __init__(self, contributions: Iterable[Contribution] = ()) -> None:
        self.open: dict[int, WatchEntry] = {}
        self.ended: list[Ended] = []
        self._ended_in: list[datetime] = []
        self._successors: dict[int, int] = {}
        for one in contributions:
            self.add(one)

    def add(self, one: Contribution) -> list[Ended]:
        """Take in what a report brings; return the entries that it ends."""
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
        for entry in one.entries:
            self.open.setdefault(entry.number, entry)
        return ended

    def ended_since(self, moment: datetime) -> list[Ended]:
        """The entries whose outcomes reports have that end after a moment."""
        return self.ended[bisect_right(self._ended_in, moment) :]

    def _returned(self, touched: Iterable[Marks]) -> Iterator[Ended]:
        """The watched reverts whose change was brought back by one of the threads touched."""
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
    """The outcomes among what a report tells."""
    return frozenset((one.number, one.outcome.at) for one in told if one.outcome)


def follow_ups(
    watching: WatchList,
    this: Contribution,
    *,
    with_open: bool,
    is_told: Callable[[OutcomeKey], bool] = lambda _: False,
) -> tuple[FollowUp, ...]:
    """What a report tells of earlier ones: outcomes, and at milestones what is still open.

    `watching` is the list after the series' reports that end by its start; the report is added to it.
    Told are outcomes that the report brings, and late ones that no report tells. `is_told`: does another
    report of the series tell it? Outcomes come first, each by its time; then what is open, the longest
    watched first.
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
    """Does a milestone fall into the window?"""
    return any(entry.since + timedelta(days=days) in window for days in MILESTONES)


def _follow_up(entry: WatchEntry, until: datetime, result: Outcome | None = None) -> FollowUp:
    names = ("number", "title", "is_pull", "kind", "since", "place", "target")
    fields: dict[str, Any] = {name: getattr(entry, name) for name in names}
    return FollowUp(**fields, days=(until - entry.since).days, outcome=result)
