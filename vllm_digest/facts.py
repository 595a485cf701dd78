"""What is stored of a window: the facts of each thread, without a language and without its texts.

Everything that a page says is computed from these facts (`digest`). Facts of parts of a span add up to those
of the span (`fold`), because each event has an id and brings its thread into its window.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, PlainSerializer

from vllm_digest.judgement import FocusWords, Judgement
from vllm_digest.models import GHOST, Account, EventKind, Gap, Kind, State, TimelineEvent
from vllm_digest.models import standing as standing_at
from vllm_digest.window import Moment, TimeWindow


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a thread.

    `id`: GitHub's; unique among the events of one kind in a thread. The opening has the thread's number.
    `at`: UTC. A review and its comments happen when the review is handed in.
    `login`: who did it, `ghost` for a deleted account; `bot`: a bot by account type or by the settings.
    `association`: of what was said, its author's to the repository (`MEMBER`, `NONE`, …); else empty.
    `verdict`: of a review, `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`; else empty.
    `length`: characters of what was said, white space at its ends aside; 0 for other events.
    `hidden`: minimized by a maintainer.
    `reason`, `pull`, `target`: as in `models.TimelineEvent`.
    `excerpt`: how it begins, as plain text; empty where no page can need it (`classify.facts`).
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
        """What it is known by in its thread."""
        return self.kind.value, self.id

    @property
    def actor(self) -> Account:
        return Account(self.login, self.bot)

    @property
    def person(self) -> str:
        """Who did it, as one of several people; two deleted accounts are never the same person."""
        return self.login if self.login != GHOST.login else f"{self.login} {self.id}"

    @property
    def is_talk(self) -> bool:
        """Something said, by whomever; not a part of the timeline."""
        return self.is_comment or self.kind is EventKind.REVIEW

    @property
    def is_comment(self) -> bool:
        return self.kind in (EventKind.COMMENT, EventKind.REVIEW_COMMENT)

    @property
    def is_review(self) -> bool:
        """A verdict, or a review with words of its own.

        GitHub wraps every reply to a line of code in a review without a verdict or a word; those are none.
        """
        return self.kind is EventKind.REVIEW and (self.verdict != "COMMENTED" or self.length > 0)

    @property
    def is_human_word(self) -> bool:
        """A visible comment or review of a person."""
        return (self.is_comment or self.is_review) and not (self.hidden or self.bot)


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
    """The fields of a stored row; anything else as it is, for pydantic to judge."""
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
    """It reverts a revert of the other one."""
    CLOSES = "closes"
    DUPLICATES = "duplicates"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True)
class Reference:
    """A thread names another one, wherever that is, and says what it does to it."""

    kind: LinkKind
    target: int


class UsageKind(StrEnum):
    """How a change alters the use of the software, the gravest first."""

    BREAKING = "breaking"
    REMOVAL = "removal"
    DEPRECATION = "deprecation"
    RENAME = "rename"
    DEFAULT = "default"
    OPTION = "option"
    VARIABLE = "variable"
    PIN = "pin"
    INTERFACE = "interface"
    """It touches files that users or their programs build on."""


@dataclass(frozen=True, slots=True)
class UsageChange:
    """A change for users. `source`: `title`, `label`, `body` or `path`; `quote`: the words that tell it."""

    kind: UsageKind
    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """What is known of a thread as of the end of a window. Other fields as in `models.Thread`.

    `areas`: the folders that a pull request changes, those with most files first, 20 at most.
    `is_bug`: it reports a bug, by its labels, type or title; `is_regression`: it says that something got
    worse.
    `weight`: points of its labels and title tags towards a place among the key changes.
    `references`: what its title, its body and GitHub say that it does to other threads.
    `usage`: what a pull request changes for users, the gravest first.
    `events`: its timeline up to the window's end, and what was said in the window; oldest first.
    `excerpt`: how the body begins, as plain text; `gain`: its first sentence with a measured effect. Both
    are empty where no page can need them (`classify.facts`).
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
        """Did any event of it fall into the window?"""
        return any(event.at in window for event in self.events)

    def within(self, span: TimeWindow) -> Self:
        """The facts as of the end of `span`, without what was said before its start."""
        events = tuple(
            event for event in self.events if event.at in span or (event.at < span.end and not event.is_talk)
        )
        if len(events) == len(self.events):
            return self
        then = standing_at((timeline_event(event) for event in events), span.end)
        return replace(self, events=events, **{f.name: getattr(then, f.name) for f in fields(then)})


def timeline_event(event: Event) -> TimelineEvent:
    """An event in the form that `models.standing` reads; its kinds of talk do not change a state."""
    return TimelineEvent(event.id, event.kind, event.at, event.actor, event.reason, event.pull, event.target)


@dataclass(frozen=True, slots=True)
class DigestRules:
    """What making a digest of facts needs to know besides; stored with them, so that a page stays the same.

    `project`: its name in titles. `hot_from`: the least score of a hot thread in a window of one hour.
    `formula`: the version of the heat formula, see `digest.heat`.
    `state_labels`: labels that say where a thread stands and not what it is about.
    """

    project: str
    focus: FocusWords
    hot_from: int
    formula: int
    state_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All threads that anything happened to in a window, newest number first, and what could not be had.

    `repo`: OWNER/NAME as GitHub names it now. `repo_url`: the address of its page.
    """

    repo: str
    repo_url: str
    window: TimeWindow
    threads: tuple[ThreadFacts, ...]
    gaps: tuple[Gap, ...] = ()

    def within(self, span: TimeWindow) -> Self:
        """The part of it that belongs to `span`: later states are rolled back."""
        threads = (thread.within(span) for thread in self.threads)
        return replace(
            self, window=span, threads=tuple(thread for thread in threads if thread.happened_in(span))
        )


def fold(parts: Iterable[Facts], span: TimeWindow) -> Facts:
    """The facts of `span` from those of windows that overlap it, in any order.

    The events of a thread are united by id; its row and its judgement are those of the latest window that
    it was touched in. Raises ValueError without a part.
    """
    ordered = sorted(parts, key=lambda part: part.window)
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
    """The events of both, each once, oldest first; of what both have, the later one's form."""
    known = {event.key: event for event in earlier}
    for event in later:
        before = known.get(event.key)
        known[event.key] = (
            event if event.excerpt or before is None else replace(event, excerpt=before.excerpt)
        )
    yield from sorted(known.values(), key=event_order)


def event_order(event: Event) -> tuple[datetime, bool, str, str]:
    """How events are sorted: by time; a merge after the closing that it is."""
    return event.at, event.kind is EventKind.MERGED, event.kind.value, event.id
