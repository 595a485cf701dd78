"""The order of questions about one subject, independent of where the answers come from.

A conversation is a generator: it yields a question, receives the answer (or a ModelError thrown into it), and
returns its outcome. The same steps work with a server, a batch and a cache of answers.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

from vllm_digest.check.sentences import Fault
from vllm_digest.model_protocol import ModelError, ModelUnavailableError, PromptTooLongError, Question
from vllm_digest.narrative import Fallback, FallbackReason
from vllm_digest.write.prompts import repair_question

log = logging.getLogger(__name__)

T = TypeVar("T")
Conversation = Generator[Question, Mapping[str, Any], T]

_SMALLER = 3
"""How often a prompt that is too long is shortened: each time by half or more, so to an eighth."""
_MOST_FAULTS = 20
"""Faults listed in one repair question, to keep its prompt short."""


class Result(Protocol):
    """A checked answer: what passed, and the faults of the rest."""

    @property
    def faults(self) -> tuple[Fault, ...]: ...
    def merged_with(self, second: Self) -> Self: ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Exchange(Generic[R]):
    """A question with its answers.

    `answer`: the last one. `read`: checks an answer to the question. `result`: merged from all answers.
    `language`: code of the language of the instructions.
    """

    question: Question
    answer: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], R]
    result: R
    language: str

    def repair(self, faults: Iterable[Fault]) -> Question:
        """A question that asks again for the faulty parts."""
        return repair_question(self.question, self.answer, list(faults)[:_MOST_FAULTS], self.language)


def exchange_of(
    question: Question, read: Callable[[Mapping[str, Any]], R], language: str
) -> Conversation[Exchange[R]]:
    """Ask a question; if its answer has faults, ask once more for the faulty parts.

    Raises ModelError if the question gets no answer; without a second answer the first one counts.
    """
    answer = yield question
    first = Exchange(question, answer, read, read(answer), language)
    # Once only: each repair repeats the whole prompt, and rules can write what is still faulty.
    if not first.result.faults:
        return first
    reasons = ", ".join(dict.fromkeys(fault.reason.value for fault in first.result.faults))
    log.info("%s: asking again for what failed a check: %s", question.name, reasons)
    try:
        second = yield first.repair(first.result.faults)
    except ModelError as error:
        log.info("%s could not be repaired: %s", question.name, error)
        return first
    return Exchange(question, second, read, first.result.merged_with(read(second)), language)


def with_shrinking_budget(budget: int, ask: Callable[[int], Conversation[T]]) -> Conversation[T]:
    """Ask with `budget` tokens, and with fewer while the prompt is too long; returns the outcome."""
    for _ in range(_SMALLER):
        try:
            return (yield from ask(budget))
        except PromptTooLongError as error:
            log.info("a prompt was too long (%s); shortening it", error)
            # The limit is that of the whole prompt, of which the instructions and the answer take a part.
            budget = min(budget, error.limit or budget) // 2
    return (yield from ask(budget))


def failed(part: str, error: ModelError) -> Fallback:
    """The fallback for a part whose question got no answer."""
    match error:
        case ModelUnavailableError():
            reason = FallbackReason.UNAVAILABLE
        case PromptTooLongError():
            reason = FallbackReason.TOO_LONG
        case _:
            reason = FallbackReason.NO_ANSWER
    log.info("%s: %s", part, error)
    return Fallback(part, reason)


def fallbacks(prefix: str, faults: Iterable[Fault]) -> tuple[Fallback, ...]:
    """One fallback for each faulty sentence, with the reason of its first fault."""
    reasons: dict[tuple[str, str], FallbackReason] = {}
    for fault in faults:
        # A stance and the text of its position are one item of the page.
        reasons.setdefault((fault.where.removesuffix(".stance"), fault.language), fault.reason)
    return tuple(
        Fallback(f"{prefix}{where}", reason, language) for (where, language), reason in reasons.items()
    )
