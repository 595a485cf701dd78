"""Choose the threads that a model is asked about, and the earlier briefs that are used again; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

from vllm_digest.digest.highlights import TOP
from vllm_digest.narrative import Brief, BriefPart, Narrative
from vllm_digest.report import Digest
from vllm_digest.write.ranking import PageRole, Target, targets
from vllm_digest.write.rules import WritingRules

_SIGNS: Mapping[PageRole, tuple[BriefPart, ...]] = {
    PageRole.HOT: (BriefPart.POSITIONS, BriefPart.DISPUTE, BriefPart.STATE),
    PageRole.CHANGE: (BriefPart.READING,),
    PageRole.FOCUS: (BriefPart.READING,),
    PageRole.CONCERN: (BriefPart.TOPIC, BriefPart.WATCH),
}
"""A brief that was written for a thread in a role has at least one of these parts."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The threads that a page describes, most important first.

    `described`: all of them. `asked`: those that a model is asked about.
    `beyond_limit`: those beyond `Limits.threads`. `known`: earlier briefs of them by number.
    """

    described: tuple[Target, ...]
    asked: tuple[Target, ...]
    beyond_limit: tuple[Target, ...]
    known: Mapping[int, Brief] = field(default_factory=dict)

    @classmethod
    def for_roll_up(cls, rules: WritingRules, digest: Digest, earlier: Narrative) -> Self:
        """For a span of stored reports. `earlier`: their narrative, as far as it still holds."""
        return cls.of(rules, digest, earlier.briefs, top=TOP)

    @classmethod
    def of(cls, rules: WritingRules, digest: Digest, earlier: Iterable[Brief] = (), top: int = 0) -> Self:
        """For a digest. `earlier`: earlier briefs that still hold; `top` as in `targets`.

        A thread whose earlier brief lacks the parts that its sections on this page show is asked about again.
        """
        described, known = targets(digest, top), {brief.number: brief for brief in earlier}
        open_ones = [one for one in described if not _is_told(known.get(one.number), one, rules.languages)]
        most = rules.limits.threads
        return cls(described, tuple(open_ones[:most]), tuple(open_ones[most:]), known)


def _is_told(brief: Brief | None, target: Target, languages: Iterable[str]) -> bool:
    if brief is None:
        return False
    return all(
        any(brief.has_text(part, language) for part in _SIGNS[role])
        for role in target.roles
        for language in languages
    )
