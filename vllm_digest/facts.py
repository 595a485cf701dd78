"""The facts of threads that a report stores: independent of language, without the threads' texts.

A page is computed from these facts alone (`digest`). Facts of the parts of a span can be folded into those of
the span (`fold`), because events have ids and every event brings its thread into the event's window.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer

from vllm_digest.judgement import FocusWords, Judgement
from vllm_digest.models import GHOST, Account, EventKind, Gap, Kind, State, TimelineEvent, state_at
from vllm_digest.window import Moment, TimeWindow


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a thread.

    `id`: GitHub's; unique among the events of one kind in a thread. For the opening: the thread's number.
    `at`: UTC; of a review and its comments, when the review was submitted.
    `login`: of the actor; `ghost` for a deleted account. `bot`: whether it is a bot, by its account type or
    by the settings.
    `association`: of a remark, its author's to the repository (`MEMBER`, `NONE`, …); else empty.
    `verdict`: of a review, `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`; else empty.
    `length`: of a remark, characters of its stripped text; else 0. `hidden`: minimized by a maintainer.
    `reason`, `pull`, `target`: as in `models.TimelineEvent`.
    `excerpt`: beginning of a remark, as plain text; empty if no page can need it (`classify.facts`).
    """

    kind: EventKind
    id: str
    at: Moment
    login: str
    bot: bool = False
    association: str = ""
    verdict: str = ""
    length: int = 0
    hidden: bool = False
    reason: str = ""
    pull: int | None = None
    target: int | None = None
    excerpt: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Kind and id, which identify the event within its thread."""
        return self.kind.value, self.id

    @property
    def actor(self) -> Account:
        return Account(self.login, self.bot)

    @property
    def person(self) -> str:
        """A key of the actor for counting people; deleted accounts are all different people."""
        return self.login if self.login != GHOST.login else f"{self.login} {self.id}"

    @property
    def is_remark(self) -> bool:
        """Whether it is a comment or review, which are not in the timeline."""
        return self.is_comment or self.kind is EventKind.REVIEW

    @property
    def is_comment(self) -> bool:
        return self.kind in (EventKind.COMMENT, EventKind.REVIEW_COMMENT)

    @property
    def is_review(self) -> bool:
        """Whether it is a review with a verdict or a text.

        GitHub wraps every reply to a comment on code in a review with neither; these do not count.
        """
        return self.kind is EventKind.REVIEW and (self.verdict != "COMMENTED" or self.length > 0)

    @property
    def is_human_remark(self) -> bool:
        """Whether it is a visible comment or review of a person."""
        return (self.is_comment or self.is_review) and not (self.hidden or self.bot)


# As rows without keys and defaults, the events of the sample take half the space.
_EVENT_KEY = ("kind", "id", "at", "login")
_DEFAULTS: Mapping[str, Any] = {
    field.name: field.default for field in fields(Event) if field.default is not MISSING
}


def _row(event: Event) -> list[Any]:
    """`["comment", "3636001644", "2025-12-10T11:15:00Z", "login", {"length": 90}]`."""
    at = event.at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    rest = {name: value for name, usual in _DEFAULTS.items() if (value := getattr(event, name)) != usual}
    return [event.kind.value, event.id, at, event.login, *([rest] if rest else [])]


def _read_row(row: Any) -> Any:
    """The fields of a stored row as a dict; anything else unchanged, for pydantic to reject."""
    if not isinstance(row, list) or not len(_EVENT_KEY) <= len(row) <= len(_EVENT_KEY) + 1:
        return row
    rest = row[len(_EVENT_KEY)] if len(row) > len(_EVENT_KEY) else {}
    if not isinstance(rest, dict):
        return row
    return dict(zip(_EVENT_KEY, row, strict=False)) | {k: v for k, v in rest.items() if k in _DEFAULTS}


EventRow = Annotated[Event, BeforeValidator(_read_row), PlainSerializer(_row)]


class LinkKind(StrEnum):
    """What a thread does to another one, or proposes to do."""

    REVERTS = "reverts"
    RELANDS = "relands"
    """It restores the other one, which was reverted."""
    CLOSES = "closes"
    DUPLICATES = "duplicates"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True)
class Reference:
    """A reference to another thread, which need not be in the window. `target`: its number."""

    kind: LinkKind
    target: int


class UsageKind(StrEnum):
    """The kind of a change for users, most severe first."""

    BREAKING = "breaking"
    REMOVAL = "removal"
    DEPRECATION = "deprecation"
    RENAME = "rename"
    DEFAULT = "default"
    OPTION = "option"
    VARIABLE = "variable"
    PIN = "pin"
    INTERFACE = "interface"
    """It changes files with a public interface."""


@dataclass(frozen=True, slots=True)
class UsageChange:
    """A change for users. `source`: `title`, `label`, `body` or `path`. `quote`: words that indicate it."""

    kind: UsageKind
    source: str
    quote: str


MOST_AREAS = 20
"""Folders stored for a pull request; a rename of the whole tree changes hundreds."""


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """The facts of a thread as of the end of a window. Other fields as in `models.Thread`.

    `areas`: folders that a pull request changes, those with most files first, 20 at most.
    `is_bug`: an issue that reports a bug, by its labels, type or title. `is_regression`: its title or a label
    names a regression.
    `weight`: points of its labels and title tags in the ranking of key changes.
    `references`: from its title, its body and GitHub's links.
    `usage`: changes for users in a pull request, most severe first.
    `events`: its timeline up to the window's end, and the remarks of the window; oldest first.
    `excerpt`: beginning of the body, as plain text. `gain`: first sentence of the body with a measured
    effect. Both are empty if no page can need them (`classify.facts`).
    """

    number: int
    kind: Kind
    title: str
    author: Account
    association: str
    state: State
    created_at: Moment
    judgement: Judgement
    closed_at: Moment | None = None
    merged_at: Moment | None = None
    state_reason: str = ""
    closed_by: Account | None = None
    closed_by_pull: int | None = None
    merged_by: Account | None = None
    duplicate_of: int | None = None
    draft: bool = False
    labels: tuple[str, ...] = ()
    closes: tuple[int, ...] = ()
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    areas: tuple[str, ...] = ()
    is_bug: bool = False
    is_regression: bool = False
    weight: int = 0
    references: tuple[Reference, ...] = ()
    usage: tuple[UsageChange, ...] = ()
    events: tuple[EventRow, ...] = ()
    excerpt: str = ""
    gain: str = ""

    @property
    def is_pull(self) -> bool:
        return self.kind is Kind.PULL_REQUEST

    def happened_in(self, window: TimeWindow) -> bool:
        """Whether it has an event in the window."""
        return any(event.at in window for event in self.events)

    def within(self, span: TimeWindow) -> Self:
        """The facts as of the end of `span`, without remarks from before its start."""
        events = tuple(
            event
            for event in self.events
            if event.at in span or (event.at < span.end and not event.is_remark)
        )
        if len(events) == len(self.events):
            return self
        then = state_at((timeline_event(event) for event in events), span.end)
        return replace(self, events=events, **{f.name: getattr(then, f.name) for f in fields(then)})


def timeline_event(event: Event) -> TimelineEvent:
    """Convert an event for `models.state_at`; remarks do not change the state."""
    return TimelineEvent(event.id, event.kind, event.at, event.actor, event.reason, event.pull, event.target)


@dataclass(frozen=True, slots=True)
class DigestRules:
    """The settings of a digest, stored with the facts so that a page stays the same.

    `project`: its name in titles. `hot_from`: minimum heat score of a hot thread in a window of one hour.
    `formula`: version of the heat formula, see `digest.heat.FORMULAS`.
    `state_labels`: labels about the state of a thread, not its subject; not counted among the labels.
    """

    project: str
    focus: FocusWords
    hot_from: int
    formula: int
    state_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All threads with an event in a window, highest number first, and the gaps.

    `repo`: OWNER/NAME as GitHub names it when fetched. `repo_url`: address of its page.
    """

    repo: str
    repo_url: str
    window: TimeWindow
    threads: tuple[ThreadFacts, ...]
    gaps: tuple[Gap, ...] = ()

    def within(self, span: TimeWindow) -> Self:
        """The facts of `span`, a part of the window: states are those at its end."""
        threads = (thread.within(span) for thread in self.threads)
        return replace(
            self, window=span, threads=tuple(thread for thread in threads if thread.happened_in(span))
        )


def fold(parts: Iterable[Facts], span: TimeWindow) -> Facts:
    """The facts of `span` from those of windows that overlap it, in any order.

    The events of a thread are merged by id; its other fields are those of the window with an event of it
    that ends last. Raises ValueError if there are no parts.
    """
    ordered = sorted(parts, key=lambda part: (part.window.end, part.window.start))
    if not ordered:
        raise ValueError("there is nothing to fold")
    latest = ordered[-1]
    threads: dict[int, ThreadFacts] = {}
    for part in ordered:
        for thread in part.threads:
            earlier = threads.get(thread.number)
            threads[thread.number] = _joined(earlier, thread) if earlier else thread
    whole = replace(
        latest,
        window=span,
        threads=tuple(threads[number] for number in sorted(threads, reverse=True)),
        gaps=tuple(dict.fromkeys(gap for part in ordered for gap in part.gaps)),
    )
    return whole.within(span)


def _joined(earlier: ThreadFacts, later: ThreadFacts) -> ThreadFacts:
    return replace(
        later,
        events=tuple(_united(earlier.events, later.events)),
        excerpt=later.excerpt or earlier.excerpt,
        gain=later.gain or earlier.gain,
    )


def _united(earlier: Iterable[Event], later: Iterable[Event]) -> Iterator[Event]:
    """The events of both without duplicates, oldest first; for duplicates the later version is kept."""
    known = {event.key: event for event in earlier}
    for event in later:
        before = known.get(event.key)
        known[event.key] = (
            event if event.excerpt or before is None else replace(event, excerpt=before.excerpt)
        )
    yield from sorted(known.values(), key=event_order)


def event_order(event: Event) -> tuple[datetime, int, str, str]:
    """Sort key of events: by time; at the same time the opening first, and a merge after its closing."""
    return event.at, _AT_ONCE.get(event.kind, 1), event.kind.value, event.id


_AT_ONCE: Mapping[EventKind, int] = {EventKind.OPENED: 0, EventKind.MERGED: 2}
"""The order of events at the same time; 1 for all others."""
