"""The second pass: a judge finds unsupported statements; they are rewritten once, and dropped if that fails.

If the judge fails or its answer is malformed, nothing is dropped.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from vllm_digest.check.sentences import Fault
from vllm_digest.model_protocol import ModelError, Question
from vllm_digest.narrative import FallbackReason
from vllm_digest.write.conversations import Conversation, with_shrinking_budget
from vllm_digest.write.judge import Claim, JudgeVerdict, Ruling, read_rulings

log = logging.getLogger(__name__)

I = TypeVar("I")  # noqa: E741 - an item


@dataclass(frozen=True, slots=True)
class SecondPassOutcome(Generic[I]):
    """The result of the second pass.

    `items`: the kept and rewritten ones, by name. `dropped`: names of the dropped ones.
    `judged`, `unjudged`: numbers of items with and without a verdict.
    """

    items: Mapping[str, I]
    dropped: tuple[str, ...] = ()
    judged: int = 0
    unjudged: int = 0


@dataclass(frozen=True, slots=True)
class SecondPass(Generic[I]):
    """How the items (statements, positions or findings) of one subject are judged and rewritten.

    `subject`: its name in logs, such as `brief-30382`.
    `claim`: makes the claim of a named item. `ask`: makes the judge question, in about so many tokens.
    `rewrite`: makes the question to the writer about the faults.
    `replacements`: takes the writer's second answer and names; returns the new items by these names.
    `budget`: tokens of the judge question.
    """

    subject: str
    claim: Callable[[str, I], Claim]
    ask: Callable[[Sequence[Claim], int], Question]
    rewrite: Callable[[Sequence[Fault]], Question]
    replacements: Callable[[Mapping[str, Any], Sequence[str]], Mapping[str, I]]
    budget: int

    def run(self, items: Mapping[str, I]) -> Conversation[SecondPassOutcome[I]]:
        """Judge the items, have the unsupported ones rewritten once, and judge these again."""
        if not items:
            return SecondPassOutcome(items)
        rulings = yield from self._rulings(items)
        wrong = {name: one for name, one in rulings.items() if one.verdict is not JudgeVerdict.SUPPORTED}
        judged, unjudged = len(rulings), len(items) - len(rulings)
        if not wrong:
            return SecondPassOutcome(items, (), judged, unjudged)
        # Once only, as for the checks.
        rewritten = yield from self._rewritten(wrong, items)
        again = (yield from self._rulings(rewritten)) if rewritten else {}
        # A rewritten item without a verdict is kept: the judge's failure is no evidence against it.
        supported = {
            name: item
            for name, item in rewritten.items()
            if name not in again or again[name].verdict is JudgeVerdict.SUPPORTED
        }
        dropped = tuple(name for name in wrong if name not in supported)
        kept = {name: supported.get(name, item) for name, item in items.items() if name not in dropped}
        unsure = sum(name not in again for name in rewritten)
        return SecondPassOutcome(kept, dropped, judged - unsure, unjudged + unsure)

    def _rulings(self, items: Mapping[str, I]) -> Conversation[dict[str, Ruling]]:
        claims = [self.claim(name, item) for name, item in items.items()]
        try:
            answer = yield from with_shrinking_budget(
                self.budget, lambda budget: _asked(self.ask(claims, budget))
            )
        except ModelError as error:
            log.info("%s: %d statements could not be judged: %s", self.subject, len(claims), error)
            return {}
        rulings = read_rulings(answer, claims)
        for name, ruling in rulings.items():
            if ruling.verdict is not JudgeVerdict.SUPPORTED:
                text = next(claim.text for claim in claims if claim.name == name)
                log.debug(
                    "%s: %s does not follow (%s: %s): %s",
                    *(self.subject, name, ruling.verdict.value, ruling.words, text),
                )
        return rulings

    def _rewritten(
        self, wrong: Mapping[str, Ruling], items: Mapping[str, I]
    ) -> Conversation[Mapping[str, I]]:
        # Positions in the checked answer may differ from the writer's, so the fault quotes the sentence.
        faults = [
            Fault(name, FallbackReason.ENTAILMENT, f"{self.claim(name, items[name]).text}: {ruling.words}")
            for name, ruling in wrong.items()
        ]
        try:
            return self.replacements((yield self.rewrite(faults)), list(wrong))
        except ModelError as error:
            log.info("%s could not be rewritten: %s", self.subject, error)
            return {}


def _asked(question: Question) -> Conversation[Mapping[str, Any]]:
    return (yield question)
