"""What speaks for the focus in a thread, and how much."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from vllm_digest.focus.mentions import Mention
from vllm_digest.judgement import JudgementReason, ReasonCode

_QUOTES = 3
"""Quotes in one reason."""


class Weight(IntEnum):
    """What a sign is worth: a whole one or two halves make the subject; side remarks never add up."""

    MISS = 0
    SIDE = 1
    HALF = 2
    WHOLE = 4

    def doubted(self) -> "Weight":
        """One step down."""
        return {Weight.WHOLE: Weight.HALF, Weight.HALF: Weight.SIDE}.get(self, self)


@dataclass(frozen=True, slots=True)
class Sign:
    """What speaks for the focus, or (a miss) only seems to.

    `follows`: it comes from what another sign counts already, so it is shown and not added.
    """

    weight: Weight
    reason: JudgementReason
    follows: bool = False

    @classmethod
    def of(cls, weight: Weight, code: ReasonCode, *quotes: str, count: int = 0, total: int = 0) -> "Sign":
        return cls(weight, JudgementReason(code, quotes, count, total))


def named(some: Iterable[Mention]) -> tuple[str, ...]:
    """The first quotes of mentions, each once; empty without mentions."""
    return tuple(islice(dict.fromkeys(one.quote for one in some), _QUOTES))


def miss_signs(some: Sequence[Mention]) -> Iterator[Sign]:
    """Why what looks like the focus is not: one sign for each ground."""
    for why in dict.fromkeys(one.miss for one in some if one.miss):
        yield Sign(Weight.MISS, replace(why, quotes=named(one for one in some if one.miss == why)))


def plain(some: Iterable[Mention]) -> list[Mention]:
    """The mentions that speak of the focus alone, by words without other meanings."""
    return [one for one in some if one.counts and not one.weak]


def without_lone_weak(some: list[Mention]) -> list[Mention]:
    """The mentions; those by words with other meanings only where another one stands beside them."""
    return some if plain(some) else [one for one in some if not one.weak]
