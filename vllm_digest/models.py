"""The values that the stages hand on: all frozen, all times aware UTC."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from vllm_digest.window import Moment, TimeWindow


class Kind(StrEnum):
    ISSUE = "issue"
    PULL_REQUEST = "pull_request"


class State(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    MERGED = "merged"


class RemarkKind(StrEnum):
    COMMENT = "comment"
    REVIEW = "review"
    REVIEW_COMMENT = "review_comment"


@dataclass(frozen=True, slots=True)
class Account:
    """Who did something.

    `login` is GitHub's, without the `[bot]` that REST adds; a deleted account is `ghost`.
    """

    login: str
    is_bot: bool = False

    def is_person(self, bots: Collection[str]) -> bool:
        """Not a bot by account type, nor one of `bots`, which are logins in small letters."""
        return not self.is_bot and self.login.casefold() not in bots


GHOST = Account("ghost")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, a review, or a comment on a line of code, in Markdown as its author wrote it.

    `association` is the author's to the repository, in GitHub's words (`MEMBER`, `CONTRIBUTOR`, …).
    `verdict` is a review's (`APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`), else empty. `at` is
    when it could be read: a review and its comments from the time on that it was handed in. `hidden` ones
    were minimized by a maintainer.
    """

    id: str
    kind: RemarkKind
    author: Account
    association: str
    at: Moment
    url: str
    body: str
    verdict: str = ""
    hidden: bool = False


class EventKind(StrEnum):
    """What happened to a thread; the last three are what somebody said in it."""

    OPENED = "opened"
    CLOSED = "closed"
    REOPENED = "reopened"
    MERGED = "merged"
    DUPLICATE = "duplicate"
    NOT_DUPLICATE = "not_duplicate"
    COMMENT = "comment"
    REVIEW = "review"
    REVIEW_COMMENT = "review_comment"


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """A closing, reopening, merge or marking as a duplicate, as GitHub's timeline lists it.

    `id`: GitHub's node id. It is unique among the events of a thread.
    `at`: UTC.
    `actor`: who did it; `ghost` for a deleted account.
    `reason`: of a closing of an issue, `completed`, `not_planned` or `duplicate`; else empty.
    `pull`: of a closing, the number of the pull request that caused it; None for a person or a commit.
    `target`: of a duplicate, the number of the thread that it duplicates.
    """

    id: str
    kind: EventKind
    at: Moment
    actor: Account = GHOST
    reason: str = ""
    pull: int | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a thread at one moment, and how it got there. Fields as in `Thread`."""

    state: State = State.OPEN
    closed_at: Moment | None = None
    merged_at: Moment | None = None
    state_reason: str = ""
    closed_by: Account | None = None
    closed_by_pull: int | None = None
    merged_by: Account | None = None
    duplicate_of: int | None = None


def standing(timeline: Iterable[TimelineEvent], end: datetime) -> Standing:
    """The state that the events before `end` lead to. `timeline` is oldest first."""
    now = Standing()
    for event in timeline:
        if event.at >= end:
            break
        match event.kind:
            case EventKind.CLOSED if now.state is not State.MERGED:
                now = replace(
                    now,
                    state=State.CLOSED,
                    closed_at=event.at,
                    closed_by=event.actor,
                    closed_by_pull=event.pull,
                    state_reason=event.reason,
                )
            case EventKind.MERGED:
                now = replace(
                    now,
                    state=State.MERGED,
                    closed_at=event.at,
                    merged_at=event.at,
                    merged_by=event.actor,
                    closed_by=now.closed_by or event.actor,
                )
            case EventKind.REOPENED:
                now = Standing(duplicate_of=now.duplicate_of)
            case EventKind.DUPLICATE:
                now = replace(now, duplicate_of=event.target)
            case EventKind.NOT_DUPLICATE:
                now = replace(now, duplicate_of=None)
    return now


@dataclass(frozen=True, slots=True)
class Thread:
    """An issue or a pull request with all that was said in it, as it stood at one moment.

    `association`: the author's to the repository, in GitHub's words (`MEMBER`, `NONE`, …).
    `state_reason`: of a closed issue, `completed`, `not_planned` or `duplicate`; else empty.
    `closed_by_pull`: the number of the pull request that closed this issue.
    `duplicate_of`: the number of the thread that this one is marked a duplicate of.
    `timeline`: the events that are no remarks and no opening, oldest first; the state follows from them.
    `closes`: the numbers of the issues that a pull request closes, as GitHub links them.
    `issue_type`: the name of GitHub's issue type (`Bug`), empty without one.
    `paths`: the changed files. `additions` and `deletions` count lines, `changed_files` files; None where
    GitHub did not say.
    `remarks`: oldest first.
    """

    number: int
    kind: Kind
    title: str
    body: str
    url: str
    author: Account
    association: str
    state: State
    created_at: Moment
    closed_at: Moment | None = None
    merged_at: Moment | None = None
    state_reason: str = ""
    closed_by: Account | None = None
    closed_by_pull: int | None = None
    merged_by: Account | None = None
    duplicate_of: int | None = None
    timeline: tuple[TimelineEvent, ...] = ()
    draft: bool = False
    labels: tuple[str, ...] = ()
    issue_type: str = ""
    closes: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def is_pull(self) -> bool:
        return self.kind is Kind.PULL_REQUEST

    @property
    def moments(self) -> Iterator[datetime]:
        """When anything happened in it, in no order: creation, timeline and remarks."""
        yield self.created_at
        yield from (event.at for event in self.timeline)
        yield from (remark.at for remark in self.remarks)

    def happened_in(self, window: TimeWindow) -> bool:
        """Did any event of it fall into the window?"""
        return any(moment in window for moment in self.moments)

    def as_of(self, end: datetime) -> Self:
        """The thread without what happened at `end` or later.

        Title, body, labels, draft and changed files are as they were fetched: of some GitHub keeps no
        history, and that of others costs a request a thread.
        """
        then = standing(self.timeline, end)
        return replace(
            self,
            timeline=tuple(event for event in self.timeline if event.at < end),
            remarks=tuple(remark for remark in self.remarks if remark.at < end),
            **{field.name: getattr(then, field.name) for field in fields(Standing)},
        )


class GapCode(StrEnum):
    """What could not be fetched."""

    SEARCH_CUT = "search_cut"
    """GitHub counts `expected` results of the search `detail` and gave `seen`."""
    THREAD_UNREADABLE = "thread_unreadable"
    THREAD_DELETED = "thread_deleted"
    """It was deleted between the list and the details."""
    PAGES_MISSING = "pages_missing"
    """Further comments, reviews or files of it."""
    ENTRIES_NULL = "entries_null"
    """GitHub gave null instead of `seen` of its comments, reviews or files."""
    FILES_MISSING = "files_missing"
    """Its changed files."""
    FIELD_REFUSED = "field_refused"
    """GitHub may not show the token the field `detail` of it."""
    PART_MISSING = "part_missing"
    """Of a roll-up: nothing is stored of the time from `start` to `end`."""
    REDACTED = "redacted"
    """`seen` threads and remarks were taken out because somebody asked for it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a report lacks.

    `number`: the thread that lacks it; None where it may concern any.
    `detail`: a name of GitHub's, verbatim. `seen`, `expected`: counts. `start`, `end`: UTC.
    """

    code: GapCode
    number: int | None = None
    detail: str = ""
    seen: int = 0
    expected: int = 0
    start: Moment | None = None
    end: Moment | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every thread of `repo` that anything happened to in `window`, newest number first.

    `repo_url`: the repository's page, empty in the sample. `requests` and `points` are what fetching it
    took; `fetched_at` is when that was.
    """

    repo: str
    window: TimeWindow
    fetched_at: Moment
    threads: tuple[Thread, ...]
    gaps: tuple[Gap, ...] = ()
    requests: int = 0
    points: int = 0
    repo_url: str = ""

    def within(self, window: TimeWindow) -> Self:
        """The part of the snapshot that belongs to `window`, as it stood at the window's end."""
        threads = (thread.as_of(window.end) for thread in self.threads)
        return replace(
            self, window=window, threads=tuple(thread for thread in threads if thread.happened_in(window))
        )

    def __iter__(self) -> Iterator[Thread]:
        return iter(self.threads)
