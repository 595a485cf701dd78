"""Which threads are briefed, and what the page wants to tell of each.

Whoever opens threads chooses their titles, and so, by name or label, their roles. So no role and no crowd of
newcomers can take all places: roles take turns, and within a role people who were here before and others do.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import zip_longest
from typing import TypeVar

from vllm_digest.digest.heat import MAINTAINERS
from vllm_digest.judgement import Relevance
from vllm_digest.report import Digest, ThreadRow

T = TypeVar("T")

_KNOWN = MAINTAINERS | {"CONTRIBUTOR"}
"""Author associations of people who had something merged here before."""


class Role(StrEnum):
    """Where on the page a thread stands."""

    HOT = "hot"
    FOCUS = "focus"
    CHANGE = "change"
    CONCERN = "concern"


@dataclass(frozen=True, slots=True)
class Target:
    """A thread to brief, with all its roles."""

    number: int
    roles: frozenset[Role]


def targets(digest: Digest) -> tuple[Target, ...]:
    """Every thread that the page speaks of, once, most important first: the roles take turns.

    Within a role its own order holds (the focus's hottest first), but that known people and others take
    turns, and a newcomer's second thread comes after all newcomers' first ones.
    """
    focus = sorted(digest.relevant(Relevance.YES), key=lambda one: (-one.heat.score, -one.number))
    ranked: dict[Role, Iterable[int]] = {
        Role.FOCUS: [one.number for one in focus],
        Role.HOT: digest.shown_hot,
        Role.CHANGE: digest.changes,
        Role.CONCERN: [concern.number for concern in digest.concerns],
    }
    roles: dict[int, set[Role]] = defaultdict(set)
    for role, numbers in ranked.items():
        for number in numbers:
            roles[number].add(role)
    rows = {row.number: row for row in digest.threads}
    turns = [_fairly([rows[number] for number in numbers]) for numbers in ranked.values()]
    order = dict.fromkeys(row.number for row in _in_turns(turns))
    return tuple(Target(number, frozenset(roles[number])) for number in order)


def _fairly(rows: Sequence[ThreadRow]) -> list[ThreadRow]:
    """The rows of a role, so that no crowd of newcomers comes before all others."""
    known = [row for row in rows if row.association in _KNOWN]
    earlier: dict[str, int] = defaultdict(int)
    others: list[tuple[int, ThreadRow]] = []
    for row in rows:
        if row.association not in _KNOWN:
            others.append((earlier[row.author.login], row))
            earlier[row.author.login] += 1
    return list(_in_turns([known, [row for _, row in sorted(others, key=lambda one: one[0])]]))


def _in_turns(queues: Iterable[Sequence[T]]) -> Iterator[T]:
    """One of each queue after the other, until all are empty."""
    for several in zip_longest(*queues):
        yield from (one for one in several if one is not None)
