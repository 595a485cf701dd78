"""The expected content of a report on a window, found by looking at every event.

Written without the server's or the product's code, so that neither can prove itself right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.servers.world import Closed, PullRequest, Reopened, Thread, World


@dataclass(frozen=True)
class Truth:
    """The five lists, newest number first, and what else happened in the window."""

    new_issues: tuple[int, ...]
    closed_issues: tuple[int, ...]
    new_pulls: tuple[int, ...]
    merged_pulls: tuple[int, ...]
    unmerged_pulls: tuple[int, ...]
    said: dict[int, frozenset[int]]
    """For each thread in which something was said in the window, the ids of what was said."""
    changed: frozenset[int] = frozenset()
    """Numbers of the threads that were closed, reopened, merged or marked in the window."""

    @property
    def listed(self) -> frozenset[int]:
        """Numbers in any of the five lists."""
        lists = (self.new_issues, self.closed_issues, self.new_pulls, self.merged_pulls, self.unmerged_pulls)
        return frozenset(number for numbers in lists for number in numbers)

    @property
    def touched(self) -> frozenset[int]:
        """Numbers of the threads in which anything was said or done in the window, listed or not."""
        return frozenset(self.said) | self.changed


def truth(world: World, start: datetime, end: datetime, *, at: datetime | None = None) -> Truth:
    """The truth of `[start, end)` as of the time `at`, or of the window's end.

    A later time shows less: what was closed in the window and reopened since is not closed.
    """
    asked = at or end
    threads = sorted((t for t in world.threads if _exists(t, asked)), key=lambda t: -t.number)
    pulls = [thread for thread in threads if isinstance(thread, PullRequest)]
    issues = [thread for thread in threads if not isinstance(thread, PullRequest)]

    def new(thread: Thread) -> bool:
        return start <= thread.created_at < end

    def ended(thread: Thread, *, merged: bool) -> bool:
        closing = _closing(thread, asked)
        return closing is not None and start <= closing.at < end and closing.merged is merged

    said = {thread.number: frozenset(_said(thread, start, end, asked)) for thread in threads}
    return Truth(
        tuple(issue.number for issue in issues if new(issue)),
        tuple(issue.number for issue in issues if ended(issue, merged=False)),
        tuple(pull.number for pull in pulls if new(pull)),
        tuple(pull.number for pull in pulls if ended(pull, merged=True)),
        tuple(pull.number for pull in pulls if ended(pull, merged=False)),
        {number: ids for number, ids in said.items() if ids},
        frozenset(t.number for t in threads for e in t.history if start <= e.at < end and e.at <= asked),
    )


def _exists(thread: Thread, asked: datetime) -> bool:
    if thread.deleted_at is not None and thread.deleted_at <= asked:
        return False
    return thread.created_at <= asked


def _closing(thread: Thread, asked: datetime) -> Closed | None:
    """The closing that is in effect at `asked`."""
    closing = None
    for event in thread.history:
        if event.at <= asked and isinstance(event, Closed):
            closing = event
        elif event.at <= asked and isinstance(event, Reopened):
            closing = None
    return closing


def _said(thread: Thread, start: datetime, end: datetime, asked: datetime) -> Iterator[int]:
    """Ids of comments, reviews and remarks of the window, without those of pending reviews."""
    for comment in thread.comments:
        if start <= comment.at < end and comment.at <= asked:
            yield comment.id
    for review in thread.reviews if isinstance(thread, PullRequest) else ():
        if review.at is None or review.at > asked:
            continue
        if start <= review.at < end:
            yield review.id
        for remark in review.comments:
            if start <= max(remark.at, review.at) < end and remark.at <= asked:
                yield remark.id
