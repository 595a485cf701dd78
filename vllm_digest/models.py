"""The values that the stages hand on: all frozen, all times aware UTC."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Self

from pydantic import AwareDatetime

from vllm_digest.window import TimeWindow


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


GHOST = Account("ghost")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment, a review, or a comment on a line of code, in Markdown as its author wrote it.

    `association` is the author's to the repository, in GitHub's words (`MEMBER`, `CONTRIBUTOR`, …).
    `verdict` is a review's (`APPROVED`, `CHANGES_REQUESTED`, `COMMENTED`, `DISMISSED`), else empty;
    `path` the file a review comment stands at, else empty. `at` is when it could be read: a review and its
    comments from the time on that it was handed in. `hidden` ones were minimized by a maintainer.
    """

    id: str
    kind: RemarkKind
    author: Account
    association: str
    at: AwareDatetime
    url: str
    body: str
    verdict: str = ""
    path: str = ""
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Closing:
    """A closing that was undone at `reopened_at`; the rest as in `Thread`."""

    at: AwareDatetime
    reopened_at: AwareDatetime
    by: Account = GHOST
    by_pull: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Thread:
    """An issue or a pull request with all that was said in it, as it stood at one moment.

    `state_reason` is an issue's (`completed`, `not_planned`, `duplicate`, `reopened`) or empty.
    `closes` are the issues a pull request closes; `closed_by_pull` is the pull request that closed
    this issue, `duplicate_of` what it was marked a duplicate of at `duplicate_at`. `undone` are the
    closings before the last reopening, oldest first. `paths` are the changed files; `additions`,
    `deletions` count lines and `changed_files` files, None where GitHub did not say. `reactions` are the
    times of the last hundred.
    """

    number: int
    kind: Kind
    title: str
    body: str
    url: str
    author: Account
    association: str
    state: State
    created_at: AwareDatetime
    updated_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    merged_at: AwareDatetime | None = None
    state_reason: str = ""
    closed_by: Account | None = None
    closed_by_pull: int | None = None
    duplicate_of: int | None = None
    duplicate_at: AwareDatetime | None = None
    undone: tuple[Closing, ...] = ()
    draft: bool = False
    labels: tuple[str, ...] = ()
    closes: tuple[int, ...] = ()
    paths: tuple[str, ...] = ()
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    reactions: tuple[AwareDatetime, ...] = ()
    remarks: tuple[Remark, ...] = ()

    @property
    def is_pull(self) -> bool:
        return self.kind is Kind.PULL_REQUEST

    @property
    def moments(self) -> Iterator[datetime]:
        """When anything happened in it, in no order: creation, closings and merge, remarks."""
        yield from (at for at in (self.created_at, self.closed_at, self.merged_at) if at is not None)
        yield from (closing.at for closing in self.undone)
        yield from (remark.at for remark in self.remarks)

    def happened_in(self, window: TimeWindow) -> bool:
        """Was it created, closed or merged in the window, or did anyone say anything in it then?"""
        times = (self.created_at, self.closed_at, self.merged_at, *(remark.at for remark in self.remarks))
        return any(moment in window for moment in times)

    def as_of(self, end: datetime) -> Self:
        """The thread without what happened at `end` or later.

        Title, body, labels, draft and changed files are as they were fetched: of some GitHub keeps no
        history, and that of others costs a request a thread.
        """
        marked = self.duplicate_at is None or self.duplicate_at < end
        return replace(
            self._closed_as_of(end),
            duplicate_of=self.duplicate_of if marked else None,
            duplicate_at=self.duplicate_at if marked else None,
            reactions=tuple(at for at in self.reactions if at < end),
            remarks=tuple(remark for remark in self.remarks if remark.at < end),
        )

    def _closed_as_of(self, end: datetime) -> Self:
        if self.closed_at is not None and self.closed_at < end:
            return self
        held = next((closing for closing in self.undone if closing.at < end <= closing.reopened_at), None)
        return replace(
            self,
            state=State.CLOSED if held else State.OPEN,
            closed_at=held.at if held else None,
            merged_at=None,
            state_reason=held.reason if held else "",
            closed_by=held.by if held else None,
            closed_by_pull=held.by_pull if held else None,
        )


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that could not be fetched: `what` it is and the `reason`, both in Chinese for the page.

    `number` is the thread's that lacks it; None where it may concern any.
    """

    what: str
    reason: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every thread of `repo` that anything happened to in `window`, newest number first.

    `requests` and `points` are what fetching it took; `fetched_at` is when that was.
    """

    repo: str
    window: TimeWindow
    fetched_at: AwareDatetime
    threads: tuple[Thread, ...]
    gaps: tuple[Gap, ...] = ()
    requests: int = 0
    points: int = 0

    def within(self, window: TimeWindow) -> Self:
        """The part of the snapshot that belongs to `window`, as it stood at the window's end."""
        threads = (thread.as_of(window.end) for thread in self.threads)
        return replace(
            self, window=window, threads=tuple(thread for thread in threads if thread.happened_in(window))
        )

    def __iter__(self) -> Iterator[Thread]:
        return iter(self.threads)
