"""Signs that a thread is about the focus, and their weights."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from vllm_digest.focus.mentions import Mention
from vllm_digest.judgement import JudgementReason, ReasonCode

_QUOTES = 3
"""Maximum number of quotes in one reason."""


class Weight(IntEnum):
    """The weight of a sign: one WHOLE or two HALF make a thread relevant; SIDE signs never add up to that."""

    MISS = 0
    SIDE = 1
    HALF = 2
    WHOLE = 4

    def doubted(self) -> "Weight":
        """The next lower weight."""
        return {Weight.WHOLE: Weight.HALF, Weight.HALF: Weight.SIDE}.get(self, self)


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign that a thread is about the focus; one of weight MISS only looks like it.

    `follows`: another sign already counts the same fact, so it is shown but not added to the total.
    """

    weight: Weight
    reason: JudgementReason
    follows: bool = False

    @classmethod
    def of(cls, weight: Weight, code: ReasonCode, *quotes: str, count: int = 0, total: int = 0) -> "Sign":
        return cls(weight, JudgementReason(code, quotes, count, total))


def named(some: Iterable[Mention]) -> tuple[str, ...]:
    """The first distinct quotes of mentions; empty without mentions."""
    return tuple(islice(dict.fromkeys(one.quote for one in some), _QUOTES))


def miss_signs(some: Sequence[Mention]) -> Iterator[Sign]:
    """One sign for each reason why something that looks like the focus does not count."""
    for why in dict.fromkeys(one.miss for one in some if one.miss):
        yield Sign(Weight.MISS, replace(why, quotes=named(one for one in some if one.miss == why)))


def plain(some: Iterable[Mention]) -> list[Mention]:
    """The mentions that are about the focus alone, without ambiguous words."""
    return [one for one in some if one.counts and not one.weak]


def without_lone_weak(some: list[Mention]) -> list[Mention]:
    """The mentions; those by ambiguous words only if there are others as well."""
    return some if plain(some) else [one for one in some if not one.weak]
