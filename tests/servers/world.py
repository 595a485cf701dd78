"""The truth a test starts from: a repository in which every fact has a time.

This module is independent of servers. `seen` gives a thread as of one moment, which is what lets
one world serve a simulation of many runs. All times are aware and in whole seconds, as GitHub's are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

from tests.servers.ids import node_id
from tests.servers.index import Index

ActorKind = Literal["User", "Bot", "Organization", "Mannequin"]
Reason = Literal["COMPLETED", "NOT_PLANNED", "DUPLICATE"]
Verdict = Literal["APPROVED", "CHANGES_REQUESTED", "COMMENTED"]


@dataclass(frozen=True, slots=True)
class Actor:
    """An account. Where an author may be `None`, the account was deleted."""

    login: str
    """As GraphQL writes it: a bot has no `[bot]` at the end."""
    kind: ActorKind = "User"


SOMEBODY = Actor("octocat")


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment in a thread's conversation, or with a `path` one on a pull request's code."""

    at: datetime
    author: Actor | None = SOMEBODY
    body: str = "A comment."
    _: KW_ONLY
    id: int = 0
    """Left at 0, the thread gives one that is larger than 32 bits."""
    association: str = "NONE"
    edited_at: datetime | None = None
    minimized: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """A review, pending from `begun_at` until `at`."""

    at: datetime | None
    """When it was handed in; `None`: still pending."""
    author: Actor | None = SOMEBODY
    body: str = ""
    _: KW_ONLY
    id: int = 0
    verdict: Verdict = "APPROVED"
    association: str = "MEMBER"
    begun_at: datetime | None = None
    """`None`: at the moment it was handed in."""
    dismissed_at: datetime | None = None
    minimized: bool = False
    comments: tuple[Comment, ...] = ()
    """Remarks on the code; like the review itself, nobody else sees them before `at`."""

    @property
    def begun(self) -> datetime:
        begun = self.begun_at or self.at
        if begun is None:
            raise ValueError("A pending review needs begun_at.")
        return begun

    def state(self, now: datetime) -> str:
        """What GraphQL calls PullRequestReviewState."""
        if self.at is None or self.at > now:
            return "PENDING"
        return "DISMISSED" if self.dismissed_at and self.dismissed_at <= now else self.verdict


@dataclass(frozen=True, slots=True)
class Label:
    """A label with a history; a plain string in `labels` is one put on at the thread's creation."""

    name: str
    at: datetime
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Closed:
    """A closing; with `merged`, a pull request's merge."""

    at: datetime
    actor: Actor | None = SOMEBODY
    _: KW_ONLY
    reason: Reason = "COMPLETED"
    """Of an issue."""
    closer: int | str | None = None
    """The number of the pull request, or the hash of the commit, that closed an issue."""
    merged: bool = False


@dataclass(frozen=True, slots=True)
class Reopened:
    at: datetime
    actor: Actor | None = SOMEBODY


@dataclass(frozen=True, slots=True)
class MarkedDuplicate:
    at: datetime
    actor: Actor | None = SOMEBODY
    _: KW_ONLY
    canonical: int | None = None
    """The number of the other thread; `None`: one that we may not see."""


@dataclass(frozen=True, slots=True)
class UnmarkedDuplicate:
    """A maintainer took the mark back."""

    at: datetime
    actor: Actor | None = SOMEBODY


Event = Closed | Reopened | MarkedDuplicate | UnmarkedDuplicate


@dataclass(frozen=True, slots=True)
class Thread:
    """What an issue and a pull request have in common."""

    number: int
    created_at: datetime
    title: str = "A thread"
    _: KW_ONLY
    body: str = ""
    author: Actor | None = SOMEBODY
    association: str = "NONE"
    labels: tuple[str | Label, ...] = ()
    retitled: tuple[tuple[datetime, str], ...] = ()
    """Later titles with the times they were given."""
    history: tuple[Event, ...] = ()
    """Closings, reopenings and duplicates, in the order of time."""
    comments: tuple[Comment, ...] = ()
    """In the order of time."""
    touched: tuple[datetime, ...] = ()
    """Other times that move `updatedAt`: pushes, assignments."""
    deleted_at: datetime | None = None

    def __post_init__(self) -> None:
        first = 5_000_000_000 + self.number * 10_000
        numbered = tuple(c if c.id else replace(c, id=first + i) for i, c in enumerate(self.comments))
        object.__setattr__(self, "comments", numbered)

    @property
    def node_id(self) -> str:
        return node_id(type(self).__name__, self.number)

    @property
    def path(self) -> str:
        """The part of the page's address after the repository's."""
        return f"{'pull' if isinstance(self, PullRequest) else 'issues'}/{self.number}"

    def touches(self) -> Iterator[datetime]:
        """All times that move `updatedAt`, in no order."""
        yield self.created_at
        yield from self.touched
        for comment in self.comments:
            yield comment.at
        for event in self.history:
            yield event.at
        for at, _ in self.retitled:
            yield at
        for label in self.labels:
            if isinstance(label, Label):
                yield from (at for at in (label.at, label.removed_at) if at)

    def visible(self, now: datetime) -> bool:
        return self.created_at <= now and (self.deleted_at is None or self.deleted_at > now)


@dataclass(frozen=True, slots=True)
class Issue(Thread):
    """An issue."""

    _: KW_ONLY
    issue_type: str = ""
    """Empty without one."""


@dataclass(frozen=True, slots=True)
class PullRequest(Thread):
    """A pull request."""

    _: KW_ONLY
    reviews: tuple[Review, ...] = ()
    """In any order."""
    draft: bool = False
    files: tuple[str, ...] = ("vllm/config.py",)
    additions: int = 1
    deletions: int = 0
    closes: tuple[int, ...] = ()
    """Numbers of the issues that its merge closes."""

    def __post_init__(self) -> None:
        Thread.__post_init__(self)
        first = 3_500_000_000 + self.number * 1_000
        object.__setattr__(
            self, "reviews", tuple(_numbered(r, first + i) for i, r in enumerate(self.reviews))
        )

    def touches(self) -> Iterator[datetime]:
        yield from Thread.touches(self)
        for review in self.reviews:
            if review.at:
                yield review.at
                if review.dismissed_at:
                    yield review.dismissed_at
                for remark in review.comments:
                    yield max(remark.at, review.at)


def _numbered(review: Review, number: int) -> Review:
    remarks = tuple(c if c.id else replace(c, id=number * 100 + i) for i, c in enumerate(review.comments))
    if review.id and remarks == review.comments:
        return review
    return replace(review, id=review.id or number, comments=remarks)


@dataclass(frozen=True, slots=True)
class Seen:
    """A thread as it looks at one moment."""

    title: str
    labels: tuple[str, ...]
    state: Literal["OPEN", "CLOSED", "MERGED"]
    reason: str | None
    """An issue's `stateReason`."""
    closed_at: datetime | None
    merged_at: datetime | None


def seen(thread: Thread, now: datetime) -> Seen:
    """How the thread looks at `now`; `closed_at` is that of the latest closing, if it is closed then."""
    title = next((title for at, title in reversed(thread.retitled) if at <= now), thread.title)
    labels = tuple(
        label if isinstance(label, str) else label.name
        for label in thread.labels
        if isinstance(label, str) or (label.at <= now and not (label.removed_at and label.removed_at <= now))
    )
    turns = [e for e in thread.history if e.at <= now and isinstance(e, Closed | Reopened)]
    last = turns[-1] if turns else None
    if not isinstance(last, Closed):
        return Seen(title, labels, "OPEN", "REOPENED" if last else None, None, None)
    merged = last.at if last.merged else None
    return Seen(title, labels, "MERGED" if merged else "CLOSED", last.reason, last.at, merged)


@dataclass(frozen=True)
class World:
    """A repository and all that ever happens in it."""

    repo: str
    """`owner/name`, the name of today."""
    threads: tuple[Thread, ...]
    former_names: tuple[str, ...] = ()
    """Earlier `owner/name`s, before renames."""
    site: str = "https://github.com"
    """Where its pages are."""
    by_number: dict[int, Thread] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "threads", tuple(self.threads))
        object.__setattr__(self, "by_number", {thread.number: thread for thread in self.threads})
        if len(self.by_number) != len(self.threads):
            raise ValueError("Two threads have the same number.")

    @cached_property
    def index(self) -> Index:
        """Sorted lists over the threads, made when first asked for."""
        return Index.of(self.threads)

    @cached_property
    def began_at(self) -> datetime:
        """When the repository was made: a month before its first thread."""
        first = min((thread.created_at for thread in self.threads), default=datetime(2023, 3, 11, tzinfo=UTC))
        return first - timedelta(days=30)

    def __getitem__(self, number: int) -> Thread:
        return self.by_number[number]
