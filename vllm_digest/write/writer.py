"""Make the narrative of a window: briefs of threads concurrently, then the overview.

In three parts: questions and the handling of answers (`brief`, `overview`), the source of answers
(`answers`), and the narrative made of the outcomes (here).
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from vllm_digest.boundary import contained
from vllm_digest.errors import SourceError, counted
from vllm_digest.model_protocol import Model, ModelUnavailableError, Question
from vllm_digest.models import Snapshot
from vllm_digest.narrative import Brief, Fallback, FallbackReason, Narrative, Overview
from vllm_digest.report import Digest
from vllm_digest.write.answers import Known, LiveAnswers, open_questions
from vllm_digest.write.brief import BriefOutcome, brief
from vllm_digest.write.context import WindowContext
from vllm_digest.write.conversations import Conversation
from vllm_digest.write.overview import OverviewOutcome, overview
from vllm_digest.write.ranking import Target, targets
from vllm_digest.write.rows import MOST_OTHERS, OtherThreads, named_numbers
from vllm_digest.write.rules import WritingRules

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]
"""Called with the number of finished subjects (threads and the window itself) and the number of all."""


@dataclass(frozen=True)
class ModelWriter:
    """Writes the narratives of windows with a model.

    `session`: returns the model for one window; raises ModelUnavailableError if there is none.
    `others`: fetches threads outside the window for the second pass; None without a source.
    """

    session: Callable[[], Model]
    rules: WritingRules
    others: OtherThreads | None = None
    on_progress: OnProgress = lambda _done, _total: None

    def __call__(self, snapshot: Snapshot, digest: Digest) -> Narrative:
        """The narrative of a window. Never raises for a model: rules write what it does not deliver."""
        if not (targets(digest) or digest.lists.numbers):
            return Narrative()
        narrative = contained(
            f"what a model writes about {digest.window.slug}",
            lambda: self._written(snapshot, digest),
            lambda: Narrative(fallbacks=(Fallback("all", FallbackReason.NO_ANSWER),)),
        )
        _log_fallbacks(narrative, self.rules.limits.threads)
        return narrative

    def _written(self, snapshot: Snapshot, digest: Digest) -> Narrative:
        try:
            model = self.session()
        except ModelUnavailableError:
            return Narrative(fallbacks=(Fallback("all", FallbackReason.UNAVAILABLE),))
        plan = _Plan.of(WindowContext.of(self.rules, snapshot, digest))
        plan = plan.with_others(self.others) if self.others and self.rules.judge else plan
        done = iter(range(1, len(plan.chosen) + 2))

        def on_done() -> None:
            self.on_progress(next(done), len(plan.chosen) + 1)

        answers = LiveAnswers(model, on_done)
        briefs = answers.to(plan.briefs())
        (whole,) = answers.to([plan.overview(_briefs_of(briefs))])
        narrative = plan.narrative(briefs, whole)
        judge = (self.rules.judge_model or model.name) if narrative.judged else ""
        return replace(narrative, model=model.name, judge=judge, usage=model.usage())


def questions(rules: WritingRules, snapshot: Snapshot, digest: Digest, known: Known) -> list[Question]:
    """The next questions about a window, given the known answers; most important first.

    Questions that depend on other answers follow once these are known.
    """
    if not (targets(digest) or digest.lists.numbers):
        return []
    plan = _Plan.of(WindowContext.of(rules, snapshot, digest))
    asked, outcomes = open_questions(plan.briefs(), known)
    if asked:
        return asked
    return open_questions([plan.overview(_briefs_of(outcomes))], known)[0]


@dataclass(frozen=True)
class _Plan:
    """The conversations about a window. `chosen`: threads to brief. `left`: threads beyond the limit."""

    window: WindowContext
    chosen: tuple[Target, ...]
    left: tuple[Target, ...]

    @classmethod
    def of(cls, window: WindowContext) -> "_Plan":
        wanted, most = targets(window.digest), window.rules.limits.threads
        return cls(window, wanted[:most], wanted[most:])

    def with_others(self, others: OtherThreads) -> "_Plan":
        """The plan with the rows of threads outside the window that the chosen ones name."""
        evidence = (self.window.evidence[target.number] for target in self.chosen)
        named = (number for one in evidence for number in named_numbers(one))
        away = dict.fromkeys(number for number in named if number not in self.window.threads)
        numbers = list(islice(away, MOST_OTHERS))
        if not numbers:
            return self
        try:
            known = others(numbers, self.window.digest.window.end)
        except SourceError as error:
            log.info("%d threads outside the window could not be fetched: %s", len(numbers), error.problem)
            return self
        return replace(self, window=replace(self.window, others=known))

    def briefs(self) -> Iterator[Conversation[BriefOutcome]]:
        return (brief(self.window, target, rank) for rank, target in enumerate(self.chosen))

    def overview(self, briefs: Sequence[Brief]) -> Conversation[OverviewOutcome]:
        return overview(self.window, briefs, rank=len(self.chosen))

    def narrative(self, briefs: Sequence[BriefOutcome | None], whole: OverviewOutcome | None) -> Narrative:
        """The narrative made of the outcomes."""
        lost = FallbackReason.NO_ANSWER
        told: list[BriefOutcome] = [
            outcome or BriefOutcome(None, (Fallback(f"brief-{target.number}", lost),))
            for target, outcome in zip(self.chosen, briefs, strict=True)
        ]
        whole = whole or OverviewOutcome(Overview(), (Fallback("overview", lost),))
        beyond = (Fallback(f"brief-{one.number}", FallbackReason.BUDGET) for one in self.left)
        return Narrative(
            languages=self.window.rules.languages,
            briefs=tuple(_briefs_of(told)),
            overview=whole.overview,
            fallbacks=(*(one for outcome in told for one in outcome.fallbacks), *beyond, *whole.fallbacks),
            requests=self.window.others.requests,
            points=self.window.others.points,
            judged=sum(one.judged for one in told) + whole.judged,
            unjudged=sum(one.unjudged for one in told) + whole.unjudged,
        )


def _briefs_of(outcomes: Sequence[BriefOutcome | None]) -> list[Brief]:
    return [outcome.brief for outcome in outcomes if outcome and outcome.brief]


def _log_fallbacks(narrative: Narrative, most: int) -> None:
    """Log what rules write instead of the model; threads beyond `llm.threads` (`most`) only with `-v`."""
    for fallback in narrative.fallbacks:
        log.info("%s falls back: %s", fallback.part, fallback.reason.value)
    lost = [one.reason.value for one in narrative.fallbacks if one.reason is not FallbackReason.BUDGET]
    beyond = len(narrative.fallbacks) - len(lost)
    if beyond:
        verb = "is" if beyond == 1 else "are"
        log.info("%s beyond llm.threads (%d) %s told by rules", counted(beyond, "thread"), most, verb)
    if lost:
        reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(lost).most_common())
        log.warning("rules wrote %s instead of the model: %s", counted(len(lost), "part"), reasons)
    if narrative.unjudged:
        log.info("not judged in a second pass: %s", counted(narrative.unjudged, "statement"))
