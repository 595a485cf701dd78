"""Choose the threads to brief, and in which order.

Authors choose titles, and thereby can choose the roles of their threads. To keep a flood of new threads from
taking all places, roles take turns, and within a role known people and newcomers take turns.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TypeVar

from vllm_digest.digest.heat import MAINTAINERS
from vllm_digest.digest.highlights import most_important
from vllm_digest.judgement import Relevance
from vllm_digest.report import Digest, ThreadRow

T = TypeVar("T")

_KNOWN = MAINTAINERS | {"CONTRIBUTOR"}
"""Author associations of people with a merged pull request in the repository."""


class PageRole(StrEnum):
    """A section of the page in which a thread appears."""

    HOT = "hot"
    FOCUS = "focus"
    CHANGE = "change"
    CONCERN = "concern"


@dataclass(frozen=True, slots=True)
class Target:
    """A thread to brief. `roles`: the sections of the page in which it appears."""

    number: int
    roles: frozenset[PageRole]


def targets(digest: Digest, top: int = 0) -> tuple[Target, ...]:
    """Every thread that the page describes, once, most important first; the roles take turns.

    The `top` most important threads, with which a roll-up begins, are described as changes are. Within a
    role the order is that of its section (the focus: hottest first), except that threads of known people
    and of newcomers alternate, and a newcomer's second thread comes after all newcomers' first ones.
    """
    focus = sorted(digest.relevant(Relevance.YES), key=lambda one: (-one.heat.score, -one.number))
    ranked: dict[PageRole, Iterable[int]] = {
        PageRole.FOCUS: [one.number for one in focus],
        PageRole.HOT: digest.shown_hot,
        PageRole.CHANGE: dict.fromkeys(
            (*(row.number for row in most_important(digest.threads, top)), *digest.changes)
        ),
        PageRole.CONCERN: [concern.number for concern in digest.concerns],
    }
    roles: dict[int, set[PageRole]] = defaultdict(set)
    for role, numbers in ranked.items():
        for number in numbers:
            roles[number].add(role)
    rows = {row.number: row for row in digest.threads}
    turns = [_fairly([rows[number] for number in numbers]) for numbers in ranked.values()]
    order = dict.fromkeys(row.number for row in _in_turns(turns))
    return tuple(Target(number, frozenset(roles[number])) for number in order)


def _fairly(rows: Sequence[ThreadRow]) -> list[ThreadRow]:
    """The rows of a role with threads of known people and of newcomers alternating."""
    known = [row for row in rows if row.association in _KNOWN]
    earlier: dict[str, int] = defaultdict(int)
    # Each thread of a newcomer with the number of their threads before it: the sort below is stable, so the
    # first ones of all come first, in the order of the section.
    others: list[tuple[int, ThreadRow]] = []
    for row in rows:
        if row.association not in _KNOWN:
            others.append((earlier[row.author.login], row))
            earlier[row.author.login] += 1
    return list(_in_turns([known, [row for _, row in sorted(others, key=lambda one: one[0])]]))


def _in_turns(queues: Iterable[Sequence[T]]) -> Iterator[T]:
    """Take one item of each queue in turn until all are empty."""
    for several in zip_longest(*queues):
        yield from (one for one in several if one is not None)
