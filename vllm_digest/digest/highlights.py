"""The highlights of a page: counts for its first sentence, threads by event, changes for users."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vllm_digest.digest.rankings import is_unanswered
from vllm_digest.facts import Event, LinkKind, UsageKind
from vllm_digest.judgement import Relevance
from vllm_digest.models import EventKind
from vllm_digest.report import Digest, ThreadRow
from vllm_digest.window import TimeWindow

GROUPS: Mapping[str, frozenset[EventKind | None]] = {
    "merged": frozenset({EventKind.MERGED}),
    "opened": frozenset({EventKind.OPENED}),
    "closed": frozenset({EventKind.CLOSED, EventKind.REOPENED, EventKind.DUPLICATE, EventKind.NOT_DUPLICATE}),
    "reviewed": frozenset({EventKind.REVIEW, EventKind.REVIEW_COMMENT}),
    "discussed": frozenset({EventKind.COMMENT}),
    "unspoken": frozenset({None}),
}
"""Groups of threads in the focus section, in order, with the most important event (`happened`) of each.

In the last one only bots wrote something, or what was written is hidden. Its name is also a key of the words.
"""
TOP = 5
"""Threads in the list at the start of a roll-up."""
_HINTS = frozenset({UsageKind.INTERFACE})
"""Kinds too weak to put a thread into the list of changes for users without another one."""


@dataclass(frozen=True, slots=True)
class VerdictCounts:
    """Counts for the first sentence of a page, its verdict; `focus_…` count threads about the focus.

    `focus_unanswered`: new bugs without an answer. `usage`: merged changes for users by title, label or body.
    `regressions`: new issues that report a regression. `reverted`: changes that were taken back.
    """

    focus_merged: int
    focus_opened: int
    focus_closed: int
    focus_bugs: int
    focus_unanswered: int
    focus_reverted: int
    usage: int
    regressions: int
    reverted: int


def verdict_counts(digest: Digest) -> VerdictCounts:
    """The counts for the first sentence of a page."""
    about = digest.relevant(Relevance.YES)
    numbers = {row.number for row in about}
    fixes = {link.target for link in digest.links if link.kind is LinkKind.CLOSES}
    new = {*digest.lists.new_issues, *digest.lists.new_prs}
    bugs = [row for row in about if row.is_bug and row.number in digest.lists.new_issues]
    merged = set(digest.lists.merged_prs)
    reverts = (link for link in digest.links if link.kind is LinkKind.REVERTS)
    reverted = {link.target for link in reverts if link.source in merged}
    new_issues = [row for row in digest.threads if row.number in digest.lists.new_issues]
    return VerdictCounts(
        focus_merged=len(numbers & merged),
        focus_opened=len(numbers & new),
        focus_closed=len(numbers & {*digest.lists.closed_issues, *digest.lists.closed_unmerged_prs}),
        focus_bugs=len(bugs),
        focus_unanswered=sum(is_unanswered(row, digest.window, fixes) for row in bugs),
        focus_reverted=len(reverted & digest.reverted & numbers),
        usage=sum(row.number in merged and _is_stated(row) for row in usage_rows(digest)),
        regressions=sum(row.is_regression for row in new_issues),
        reverted=len(reverted & digest.reverted),
    )


def _is_stated(row: ThreadRow) -> bool:
    """Whether a title, label or body says that it changes something for users, not only the changed files."""
    return any(one.source != "path" and one.kind not in _HINTS for one in row.usage)


def most_important(rows: Iterable[ThreadRow], most: int) -> list[ThreadRow]:
    """The `most` most important threads; of equally important ones the newest."""
    return sorted(rows, key=lambda row: (-row.importance, -row.number))[:most]


def state_changes(row: ThreadRow, window: TimeWindow) -> tuple[Event, ...]:
    """The changes of a thread's state in a window, oldest first: openings, closings, merges, duplicate marks.

    The closing that GitHub records with a merge, at the same second, is left out.
    """
    return tuple(
        event
        for event in row.events
        if event.at in window
        and not event.is_remark
        and not (event.kind is EventKind.CLOSED and event.at == row.merged_at)
    )


def by_event(rows: Iterable[ThreadRow]) -> dict[str, list[ThreadRow]]:
    """The threads by group, in the order of `GROUPS`, most important first; without empty groups."""
    ranked = most_important(rows, 10_000)
    grouped = {name: [row for row in ranked if row.happened in kinds] for name, kinds in GROUPS.items()}
    return {name: found for name, found in grouped.items() if found}


def usage_rows(digest: Digest) -> list[ThreadRow]:
    """New and merged pull requests with changes for users: merged ones first, then by severity.

    Drafts and reverts are left out.
    """
    reverts = {link.source for link in digest.links if link.kind is LinkKind.REVERTS}
    numbers = {*digest.lists.merged_prs, *digest.lists.new_prs}
    numbers -= {*digest.lists.closed_unmerged_prs, *reverts}
    found = [
        row
        for row in digest.threads
        if row.number in numbers
        and row.number not in digest.reverted
        and not (row.draft and row.merged_at is None)
        and any(one.kind not in _HINTS for one in row.usage)
    ]
    order = list(UsageKind)

    def rank(row: ThreadRow) -> tuple[bool, bool, int, int, int]:
        most_severe = row.usage[0]
        return (
            row.merged_at is None,
            most_severe.source == "path",
            order.index(most_severe.kind),
            -row.importance,
            -row.number,
        )

    return sorted(found, key=rank)
