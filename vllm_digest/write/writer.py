"""The session itself: briefs side by side, then the overview; each answer is read and sent back once."""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import Any, Protocol, Self, TypeVar

from vllm_digest.check.briefs import BriefResult, read_brief
from vllm_digest.check.counts import window_facts
from vllm_digest.check.evidence import ThreadEvidence, thread_evidence
from vllm_digest.check.overviews import OverviewResult, Window, read_overview
from vllm_digest.check.sentences import CheckContext, Fault
from vllm_digest.model_protocol import Model, ModelError, ModelUnavailableError, PromptTooLongError, Question
from vllm_digest.models import Snapshot, Thread
from vllm_digest.narrative import Brief, BriefPart, Fallback, FallbackReason, Narrative, Overview
from vllm_digest.report import Digest
from vllm_digest.write.packing import pack
from vllm_digest.write.prompts import (
    brief_instructions,
    brief_line,
    brief_question,
    overview_instructions,
    overview_question,
    repair_question,
)
from vllm_digest.write.ranking import Role, Target, targets
from vllm_digest.write.tokens import tokens

log = logging.getLogger(__name__)

_NEEDED = {
    Role.HOT: (BriefPart.TOPIC,),
    Role.CHANGE: (BriefPart.READING, BriefPart.IMPACT),
    Role.FOCUS: (BriefPart.READING,),
}
"""What the page wants of a thread; where it is missing, rules write it."""
_SMALLER = 3
"""How often a prompt that is too long is cut down."""
_MOST_SAID = 12_000
"""Characters of a faulty answer that are sent back."""
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a model is asked, in tokens by our own estimate.

    `threads` are briefed at most; the text of each takes `thread_tokens`, the rows of the overview
    `overview_tokens`.
    """

    threads: int
    thread_tokens: int
    overview_tokens: int


def by_rules(_snapshot: Snapshot, _digest: Digest) -> Narrative:
    """The writer of a run that wants no model."""
    return Narrative()


def without_model(_snapshot: Snapshot, _digest: Digest) -> Narrative:
    """The writer of a run that has no model, though it might."""
    return Narrative(fallbacks=(Fallback("all", FallbackReason.NO_MODEL),))


class _Readable(Protocol):
    @property
    def faults(self) -> tuple[Fault, ...]: ...
    def mended_by(self, second: Self) -> Self: ...


R = TypeVar("R", bound=_Readable)


@dataclass(frozen=True)
class ModelWriter:
    """Writes about windows; `session` gives the model for one of them, `bots` are logins in small letters."""

    session: Callable[[], Model]
    bots: frozenset[str]
    limits: Limits
    languages: tuple[str, ...] = ("zh",)
    rehearses: bool = False
    """Is it run for its questions only? Then what falls back is nobody's business."""

    def __call__(self, snapshot: Snapshot, digest: Digest) -> Narrative:
        """All that a model has to tell of a window. It never fails: what it does not give, rules write."""
        if not (targets(digest) or digest.lists.numbers):
            return Narrative()
        try:
            model = self.session()
        except ModelUnavailableError:
            return Narrative(fallbacks=(Fallback("all", FallbackReason.UNAVAILABLE),))
        threads = {thread.number: thread for thread in snapshot.threads}
        window_writer = _WindowWriter(
            model, threads, thread_evidence(threads, digest, self.bots), digest, self.limits, self.languages
        )
        narrative = window_writer.narrative()
        if not self.rehearses:
            _tell(narrative.fallbacks)
        return replace(narrative, usage=model.usage())


@dataclass(frozen=True)
class _WindowWriter:
    """The work on one window. `closed` is set when no question is worth asking any more."""

    model: Model
    threads: Mapping[int, Thread]
    thread_evidence: Mapping[int, ThreadEvidence]
    digest: Digest
    limits: Limits
    languages: tuple[str, ...]
    closed: Event = field(default_factory=Event)

    def narrative(self) -> Narrative:
        wanted = targets(self.digest)
        chosen, left = wanted[: self.limits.threads], wanted[self.limits.threads :]
        pool = ThreadPoolExecutor(max_workers=max(1, self.model.concurrency))
        try:
            told = list(pool.map(self._brief, chosen))
        except KeyboardInterrupt:
            self.closed.set()
            raise
        finally:
            # Ctrl-C does not wait for answers: closing the model's server ends the calls under way.
            pool.shutdown(wait=False, cancel_futures=True)
        briefs = tuple(brief for brief, _ in told if brief)
        overview, failed = self._overview(briefs)
        fallbacks = [fallback for _, some in told for fallback in some]
        fallbacks += [Fallback(_part(one.number), FallbackReason.BUDGET) for one in left]
        return Narrative(self.model.name, self.languages, briefs, overview, (*fallbacks, *failed))

    def _brief(self, target: Target) -> tuple[Brief | None, tuple[Fallback, ...]]:
        part = _part(target.number)
        try:
            reading = self._within_limits(self.limits.thread_tokens, partial(self._read_brief, target))
        except ModelError as error:
            return None, (_failed(part, error),)
        if reading.is_empty:
            return None, (
                Fallback(part, reading.faults[0].reason if reading.faults else FallbackReason.NO_ANSWER),
            )
        needed = {name for role in target.roles for name in _NEEDED.get(role, ())}
        faulty = {fault.where for fault in reading.faults}
        missing = sorted(name for name in needed - faulty if not reading.brief.of(name))
        return reading.brief, (
            *_fallbacks(f"{part}.", reading.faults),
            *(Fallback(f"{part}.{name}", FallbackReason.NO_ANSWER) for name in missing),
        )

    def _read_brief(self, target: Target, budget: int) -> BriefResult:
        material = self.thread_evidence[target.number]
        packed = pack(self.threads[target.number], material, self.digest.window, budget=budget)
        context = self._context(brief_instructions(self.digest.focus.name, self.languages))
        return self._mended(
            brief_question(target, material, packed, self.digest, self.languages),
            lambda answer: read_brief(
                answer, material, given=packed.given, elsewhere=self._logins, context=context
            ),
        )

    def _overview(self, briefs: Sequence[Brief]) -> tuple[Overview, tuple[Fallback, ...]]:
        try:
            reading = self._within_limits(self.limits.overview_tokens, partial(self._read_overview, briefs))
        except ModelError as error:
            return Overview(), (_failed("overview", error),)
        if reading.overview.is_empty and not reading.faults:
            return Overview(), (Fallback("overview", FallbackReason.NO_ANSWER),)
        return reading.overview, _fallbacks("overview.", reading.faults)

    def _read_overview(self, briefs: Sequence[Brief], budget: int) -> OverviewResult:
        digest = self.digest
        shown: list[tuple[Brief, ThreadEvidence]] = []
        for brief in briefs:
            material = self.thread_evidence[brief.number]
            budget -= tokens(brief_line(brief, material, self.languages[0]))
            if budget >= 0:
                shown.append((brief, material))
        counts = window_facts(digest)
        window = Window(
            digest=digest,
            briefs=tuple(brief for brief, _ in shown),
            thread_evidence=self.thread_evidence,
            facts=counts,
            logins=self._logins,
            context=self._context(overview_instructions(digest.focus.name, self.languages)),
        )
        question = overview_question(digest, counts, shown, self.languages)
        return self._mended(question, lambda answer: read_overview(answer, window))

    def _context(self, instructions: str) -> CheckContext:
        return CheckContext(self.digest.repo_url, instructions, self.languages)

    @property
    def _logins(self) -> frozenset[str]:
        return frozenset().union(*(one.people for one in self.thread_evidence.values()))

    def _within_limits(self, budget: int, read: Callable[[int], R]) -> R:
        """What `read` makes of a prompt, with less in it as long as it is too long for the model."""
        for _ in range(_SMALLER):
            try:
                return read(budget)
            except PromptTooLongError as error:
                log.info("a prompt was too long (%s); it is cut down", error)
                budget = min(budget, error.limit or budget) // 2
        return read(budget)

    def _mended(self, question: Question, read: Callable[[Mapping[str, Any]], R]) -> R:
        """What an answer is worth; a faulty one is sent back once, with what is wrong in it."""
        answer = self._ask(question)
        reading = read(answer)
        if not reading.faults:
            return reading
        for fault in reading.faults:
            log.debug("%s: %s: %s %r", question.name, fault.where, fault.reason.value, fault.detail)
        said = json.dumps(answer, ensure_ascii=False)[:_MOST_SAID]
        try:
            second = self._ask(repair_question(question, said, reading.faults[:_MOST_FAULTS], self.languages))
        except ModelError as error:
            log.info("%s could not be mended: %s", question.name, error)
            return reading
        return reading.mended_by(read(second))

    def _ask(self, question: Question) -> Mapping[str, Any]:
        if self.closed.is_set():
            raise ModelUnavailableError("it was unavailable before")
        try:
            return self.model.ask(question)
        except ModelUnavailableError as error:
            if not self.closed.is_set():
                log.warning("the model is not asked any more: %s", error)
            self.closed.set()
            raise


def _part(number: int) -> str:
    return f"brief-{number}"


def _failed(part: str, error: ModelError) -> Fallback:
    match error:
        case ModelUnavailableError():
            reason = FallbackReason.UNAVAILABLE
        case PromptTooLongError():
            reason = FallbackReason.TOO_LONG
        case _:
            reason = FallbackReason.NO_ANSWER
    log.info("%s: %s", part, error)
    return Fallback(part, reason)


def _fallbacks(prefix: str, faults: Iterable[Fault]) -> tuple[Fallback, ...]:
    """One for each faulty sentence, by the first that is wrong with it."""
    reasons: dict[tuple[str, str], FallbackReason] = {}
    for fault in faults:
        reasons.setdefault((fault.where.removesuffix(".stance"), fault.language), fault.reason)
    return tuple(
        Fallback(f"{prefix}{where}", reason, language) for (where, language), reason in reasons.items()
    )


def _tell(fallbacks: Sequence[Fallback]) -> None:
    for fallback in fallbacks:
        log.info("%s falls back: %s", fallback.part, fallback.reason.value)
    if fallbacks:
        counted = Counter(fallback.reason.value for fallback in fallbacks).most_common()
        log.warning(
            "%d parts were left to rules: %s",
            len(fallbacks),
            ", ".join(f"{reason} {count}" for reason, count in counted),
        )
