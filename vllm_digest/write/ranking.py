"""Which threads are briefed, and what the page wants to tell of each."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.judgement import Relevance
from vllm_digest.report import Digest


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
    """Every thread that the page speaks of, once: what concerns the focus (hottest first), the hot ones, the
    weighty changes, the concerning_threads."""
    focus = sorted(digest.relevant(Relevance.YES), key=lambda one: (-one.heat.score, -one.number))
    ranked: dict[Role, Iterable[int]] = {
        Role.FOCUS: [one.number for one in focus],
        Role.HOT: digest.shown_hot,
        Role.CHANGE: digest.changes,
        Role.CONCERN: [concern.number for concern in digest.concerns],
    }
    roles: dict[int, set[Role]] = {}
    for role, numbers in ranked.items():
        for number in numbers:
            roles.setdefault(number, set()).add(role)
    return tuple(Target(number, frozenset(having)) for number, having in roles.items())
