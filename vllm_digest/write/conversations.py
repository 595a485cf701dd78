"""What is asked of a model about one subject, and in which order, apart from how the answers come.

A conversation is a generator: it yields a question, is sent the answer or has a ModelError thrown in, and
returns what came of it. So the same steps serve a server, a batch and a cache of answers.
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
"""How often a prompt that is too long is cut down."""
_MOST_FAULTS = 20
"""That are named in one repair."""


class Result(Protocol):
    """An answer, read: what of it stands, and what is wrong with the rest."""

    @property
    def faults(self) -> tuple[Fault, ...]: ...
    def mended_by(self, second: Self) -> Self: ...


R = TypeVar("R", bound=Result)


@dataclass(frozen=True, slots=True)
class Exchange(Generic[R]):
    """A question, its last answer, how answers to it are read, and the result of all of them."""

    question: Question
    answer: Mapping[str, Any]
    read: Callable[[Mapping[str, Any]], R]
    result: R
    language: str

    def repair(self, faults: Iterable[Fault]) -> Question:
        """The question that asks for the faulty parts again."""
        return repair_question(self.question, self.answer, list(faults)[:_MOST_FAULTS], self.language)


def exchanged(
    question: Question, read: Callable[[Mapping[str, Any]], R], language: str
) -> Conversation[Exchange[R]]:
    """Ask, and send a faulty answer back once with what is wrong in it.

    Raises ModelError without an answer.
    """
    answer = yield question
    first = Exchange(question, answer, read, read(answer), language)
    if not first.result.faults:
        return first
    try:
        second = yield first.repair(first.result.faults)
    except ModelError as error:
        log.info("%s could not be mended: %s", question.name, error)
        return first
    return Exchange(question, second, read, first.result.mended_by(read(second)), language)


def shrinking(budget: int, ask: Callable[[int], Conversation[T]]) -> Conversation[T]:
    """What comes of asking with `budget` tokens, or with less as long as the prompt is too long."""
    for _ in range(_SMALLER):
        try:
            return (yield from ask(budget))
        except PromptTooLongError as error:
            log.info("a prompt was too long (%s); it is cut down", error)
            budget = min(budget, error.limit or budget) // 2
    return (yield from ask(budget))


def failed(part: str, error: ModelError) -> Fallback:
    """The fallback of a part whose question got no answer."""
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
    """One for each faulty sentence, by the first that is wrong with it."""
    reasons: dict[tuple[str, str], FallbackReason] = {}
    for fault in faults:
        reasons.setdefault((fault.where.removesuffix(".stance"), fault.language), fault.reason)
    return tuple(
        Fallback(f"{prefix}{where}", reason, language) for (where, language), reason in reasons.items()
    )
