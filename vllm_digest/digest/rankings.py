"""Rank the threads of a page: the hottest ones, the key changes, the concerns."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

from vllm_digest.digest.activity import answers
from vllm_digest.facts import Event, LinkKind
from vllm_digest.judgement import Relevance
from vllm_digest.models import EventKind, State
from vllm_digest.report import Concern, ConcernKind, Link, Lists, ThreadRow
from vllm_digest.window import TimeWindow

_MOST_HEAT = 10
"""Maximum points for heat in the ranking of changes: discussions have a section of their own."""
_FIRST_OF_A_KIND = 2
"""Concerns of each kind that come before all others, so that no kind displaces another one."""
_GRACE = timedelta(minutes=30)
"""Time in which no answer to a new bug is expected."""
_LEAST_REMARKS = 2
"""Remarks after a closing that count as a continued discussion; a single one is often a thank-you."""

Rows = Mapping[int, ThreadRow]


def hottest(rows: Rows) -> tuple[int, ...]:
    """Numbers of the threads with a heat score above 0, hottest first; ties: newest first."""
    discussed = (number for number, row in rows.items() if row.heat.score)
    return tuple(sorted(discussed, key=lambda number: (-rows[number].heat.score, -number)))


def changes(rows: Rows, lists: Lists, joined: Iterable[Link], undone: frozenset[int]) -> tuple[int, ...]:
    """Numbers of the new and merged pull requests of people, highest weight first; ties: newest first.

    weight = 6 if merged, -6 if a draft, + binary digits of the lines changed (10 at most) + points of labels
    and title tags (`classify.weights`) + heat (10 at most). Left out are `undone`, the reverted changes, and
    reverts, also proposed ones.
    """
    reverts = {link.source for link in joined if link.kind is LinkKind.REVERTS}
    candidates = {*lists.merged_prs, *lists.new_prs} - {*lists.closed_unmerged_prs, *undone, *reverts}
    by_people = (number for number in candidates if not rows[number].author.is_bot)
    return tuple(sorted(by_people, key=lambda number: (-_weight(rows[number]), -number)))


def _weight(row: ThreadRow) -> int:
    lines = (row.additions or 0) + (row.deletions or 0)
    return (
        (6 if row.state is State.MERGED else 0)
        - (6 if row.draft else 0)
        # Doubling the size adds one point: a generated file of 10,000 lines does not outrank everything.
        + min(10, lines.bit_length())
        + row.weight
        + min(_MOST_HEAT, row.heat.score)
    )


def _is_revert(link: Link) -> bool:
    return link.kind is LinkKind.REVERTS and link.done


def concerns(
    rows: Rows,
    lists: Lists,
    joined: Iterable[Link],
    undone: frozenset[int],
    *,
    window: TimeWindow,
    hot_from: int,
) -> tuple[Concern, ...]:
    """The threads worth watching, each once: first `_FIRST_OF_A_KIND` of each kind, then the others.

    Within a kind: by heat, then threads about the focus, then newest first.
    """
    reverts = {link.source: link.target for link in joined if _is_revert(link) and link.target in undone}
    tests: dict[ConcernKind, Callable[[ThreadRow], bool]] = {
        ConcernKind.REVERT: lambda row: row.number in reverts and row.number in lists.merged_prs,
        ConcernKind.HOT_AND_OPEN: lambda row: row.state is State.OPEN and row.heat.score >= hot_from,
        ConcernKind.CHANGES_REQUESTED: lambda row: (
            row.state is State.OPEN and "CHANGES_REQUESTED" in last_verdicts(row.events, window).values()
        ),
        ConcernKind.TALK_AFTER_CLOSING: lambda row: _is_still_discussed(row, window),
        ConcernKind.UNANSWERED_BUG: lambda row: (
            is_unanswered(row, window, fixes) and row.created_at <= window.end - _GRACE
        ),
    }
    fixes = {link.target for link in joined if link.kind is LinkKind.CLOSES}
    chosen: dict[int, Concern] = {}
    firsts: list[Concern] = []
    # A thread is a concern of the first kind that holds: the kinds are in order of severity.
    for kind, holds in tests.items():
        found = [row for row in rows.values() if row.number not in chosen and holds(row)]
        ranked = [row.number for row in sorted(found, key=_urgency)]
        chosen |= {n: Concern(n, kind, reverts[n] if kind is ConcernKind.REVERT else None) for n in ranked}
        firsts += [chosen[number] for number in ranked[:_FIRST_OF_A_KIND]]
    return tuple(dict.fromkeys((*firsts, *chosen.values())))


def last_verdicts(events: Iterable[Event], window: TimeWindow) -> dict[str, str]:
    """Each person's last verdict in the window, by `Event.person`: `APPROVED`, `CHANGES_REQUESTED` or
    `DISMISSED`."""
    given = (event for event in events if event.at in window and event.is_human_remark)
    # A later COMMENTED does not withdraw a verdict at GitHub; DISMISSED does, and so replaces it here.
    return {event.person: event.verdict for event in given if event.verdict not in {"", "COMMENTED"}}


def _urgency(row: ThreadRow) -> tuple[int, bool, int]:
    return -row.heat.score, row.judgement.relevance is not Relevance.YES, -row.number


def _is_still_discussed(row: ThreadRow, window: TimeWindow) -> bool:
    """Whether people other than the one who closed it continue the discussion after the closing."""
    closed_at = row.closed_at
    if closed_at is None:
        return False
    # The one who closes a thread often explains it, in a comment of the same second or a later one.
    remarks = (event for event in row.events if event.at in window and event.is_human_remark)
    return sum(event.at > closed_at and event.actor != row.closed_by for event in remarks) >= _LEAST_REMARKS


def is_unanswered(row: ThreadRow, window: TimeWindow, fixes: Collection[int]) -> bool:
    """Whether it is a bug reported in the window to which nobody reacted.

    A reaction is a remark, closing or mark as a duplicate by a person other than its author, or a pull
    request that fixes it: `fixes` are the numbers of the issues that one closes or would close.
    """
    if row.is_pull or not (row.is_bug and row.created_at in window and row.state is State.OPEN):
        return False
    reactions = (event for event in row.events if not event.is_remark and event.kind is not EventKind.OPENED)
    by_people = any(not event.bot and event.login != row.author.login for event in reactions)
    return not (by_people or row.number in fixes or any(event.at in window for event in answers(row)))
