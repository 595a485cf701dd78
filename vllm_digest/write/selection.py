"""Which threads a model is asked about, and what of an earlier telling is used again; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from vllm_digest.digest.highlights import TOP
from vllm_digest.narrative import Brief, BriefPart, Narrative
from vllm_digest.report import Digest
from vllm_digest.write.ranking import Role, Target, targets
from vllm_digest.write.rules import WritingRules

_SIGNS: Mapping[Role, tuple[BriefPart, ...]] = {
    Role.HOT: (BriefPart.POSITIONS, BriefPart.DISPUTE, BriefPart.STATE),
    Role.CHANGE: (BriefPart.READING,),
    Role.FOCUS: (BriefPart.READING,),
    Role.CONCERN: (BriefPart.TOPIC, BriefPart.WATCH),
}
"""Parts any of which a telling has that was made for a thread in a role."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The threads that a page speaks of, most important first.

    `wanted`: all of them. `asked`: those that a model is asked about, `left`: those beyond the limit.
    `known`: by number, what was told of them before.
    """

    wanted: tuple[Target, ...]
    asked: tuple[Target, ...]
    left: tuple[Target, ...]
    known: Mapping[int, Brief] = field(default_factory=dict)

    @classmethod
    def for_roll_up(cls, rules: WritingRules, digest: Digest, told: Narrative) -> Self:
        """What is told of a span of stored reports. `told`: what still holds of what they tell."""
        return cls.of(rules, digest, told.briefs, top=TOP)

    @classmethod
    def of(cls, rules: WritingRules, digest: Digest, told: Iterable[Brief] = (), top: int = 0) -> Self:
        """What is told of a digest. `told`: what still holds of earlier tellings; `top` as in `targets`.

        A thread that was told for less than its place on this page needs is asked about again.
        """
        wanted, known = targets(digest, top), {brief.number: brief for brief in told}
        open_ones = [one for one in wanted if not _is_told(known.get(one.number), one, rules.languages)]
        most = rules.limits.threads
        return cls(wanted, tuple(open_ones[:most]), tuple(open_ones[most:]), known)


def _is_told(brief: Brief | None, target: Target, languages: Iterable[str]) -> bool:
    if brief is None:
        return False
    return all(
        any(brief.tells(part, language) for part in _SIGNS[role])
        for role in target.roles
        for language in languages
    )
