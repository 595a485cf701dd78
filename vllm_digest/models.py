"""The values of fetched threads. All are frozen; all times are aware UTC."""

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
    """An account at GitHub.

    `login`: without the `[bot]` that REST adds; `ghost` for a deleted account.
    `is_bot`: whether it is a bot by its account type.
    """

    login: str
    is_bot: bool = False

    def is_person(self, bots: Collection[str]) -> bool:
        """Whether it is neither a bot by account type nor one of `bots`, logins in lower case."""
        return not self.is_bot and self.login.casefold() not in bots


GHOST = Account("ghost")
"""The account that GitHub shows for deleted ones (https://github.com/ghost); its GraphQL API returns null."""


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, a review, or a comment on a line of code.

    `id`: GitHub's. `body`: Markdown, untrusted.
    `association`: the author's to the repository, in GitHub's terms (`MEMBER`, `CONTRIBUTOR`, …).
    `at`: when it became visible (UTC); for a review and its comments, when the review was submitted.
    `verdict`: of a review, `APPROVED`, `CHANGES_REQUESTED`, `COMMENTED` or `DISMISSED`; else empty.
    `hidden`: minimized by a maintainer.
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
    """The kind of an event of a thread; the last three are remarks."""

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
    """A closing, reopening, merge or marking as a duplicate in GitHub's timeline.

    `id`: GitHub's node id, unique among the events of a thread.
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
class ThreadState:
    """The state of a thread at one moment, and who changed it. Fields as in `Thread`."""

    state: State = State.OPEN
    closed_at: Moment | None = None
    merged_at: Moment | None = None
    state_reason: str = ""
    closed_by: Account | None = None
    closed_by_pull: int | None = None
    merged_by: Account | None = None
    duplicate_of: int | None = None


def state_at(timeline: Iterable[TimelineEvent], end: datetime) -> ThreadState:
    """The state after the events before `end` (UTC). `timeline`: oldest first."""
    now = ThreadState()
    for event in timeline:
        if event.at >= end:
            break
        match event.kind:
            # GitHub records a closing with each merge; it may come after the merge and must not hide it.
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
            # A mark as a duplicate outlives a reopening; GitHub has an event of its own for its removal.
            case EventKind.REOPENED:
                now = ThreadState(duplicate_of=now.duplicate_of)
            case EventKind.DUPLICATE:
                now = replace(now, duplicate_of=event.target)
            case EventKind.NOT_DUPLICATE:
                now = replace(now, duplicate_of=None)
    return now


@dataclass(frozen=True, slots=True)
class Thread:
    """An issue or a pull request with its remarks, as of one moment. Title, body and remarks are untrusted.

    `association`: the author's to the repository, in GitHub's terms (`MEMBER`, `NONE`, …).
    `state_reason`: of a closed issue, `completed`, `not_planned` or `duplicate`; else empty.
    `closed_by_pull`: the number of the pull request that closed this issue.
    `duplicate_of`: the number of the thread that this one is marked a duplicate of.
    `timeline`: events other than the opening and remarks, oldest first; the state follows from them.
    `closes`: the numbers of the issues that a pull request closes, as GitHub links them.
    `issue_type`: the name of GitHub's issue type (`Bug`); empty without one.
    `paths`: the changed files. `additions`, `deletions`: numbers of lines. `changed_files`: number of files.
    The numbers are None if unknown.
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
        """Times (UTC) of its creation, timeline events and remarks, in no particular order."""
        yield self.created_at
        yield from (event.at for event in self.timeline)
        yield from (remark.at for remark in self.remarks)

    def happened_in(self, window: TimeWindow) -> bool:
        """Whether it has an event in the window."""
        return any(moment in window for moment in self.moments)

    def as_of(self, end: datetime) -> Self:
        """The thread without events at `end` (UTC) or later.

        Title, body, labels, draft and changed files stay as fetched: GitHub has no history of some of them,
        and that of the others takes a request per thread.
        """
        then = state_at(self.timeline, end)
        return replace(
            self,
            timeline=tuple(event for event in self.timeline if event.at < end),
            remarks=tuple(remark for remark in self.remarks if remark.at < end),
            **{field.name: getattr(then, field.name) for field in fields(ThreadState)},
        )


class GapCode(StrEnum):
    """What is missing from a report. The names in backticks are fields of `Gap`."""

    SEARCH_CUT = "search_cut"
    """GitHub reports `expected` results of the search `detail` but returned only `seen`."""
    THREAD_UNREADABLE = "thread_unreadable"
    THREAD_DELETED = "thread_deleted"
    """The thread was deleted after it was listed."""
    PAGES_MISSING = "pages_missing"
    """Further pages of the thread's comments, reviews or files."""
    ENTRIES_NULL = "entries_null"
    """GitHub returned null for `seen` of the thread's comments, reviews or files."""
    FILES_MISSING = "files_missing"
    """The changed files of the pull request."""
    FIELD_REFUSED = "field_refused"
    """The token may not read the thread's field `detail`."""
    PART_MISSING = "part_missing"
    """Of a roll-up: no report is stored for the time from `start` to `end`."""
    REDACTED = "redacted"
    """`seen` threads and remarks were removed by the settings in `redact`."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is missing from a report.

    `number`: of the incomplete thread; None if any thread may be concerned.
    `detail`: text from GitHub, verbatim. `seen`, `expected`: counts. `start`, `end`: UTC.
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
    """All threads of a repository with an event in a window, highest number first.

    `repo`: OWNER/NAME. `repo_url`: address of the repository's page; empty in the sample.
    `fetched_at`: UTC. `requests`, `points`: used for fetching.
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
        """The snapshot of `window`, a part of this one's window, as of its end."""
        threads = (thread.as_of(window.end) for thread in self.threads)
        return replace(
            self, window=window, threads=tuple(thread for thread in threads if thread.happened_in(window))
        )

    def __iter__(self) -> Iterator[Thread]:
        return iter(self.threads)
