"""Make the narrative of a window: briefs of threads concurrently, then the overview.

In three parts: questions and the handling of answers (`brief`, `overview`), the source of answers
(`answers`), and the narrative made of the outcomes (here).
"""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice

from vllm_digest.boundary import contained
from vllm_digest.errors import SourceError, counted
from vllm_digest.model_protocol import Model, ModelUnavailableError, Question
from vllm_digest.models import GapCode, Snapshot, Thread
from vllm_digest.narrative import Brief, Fallback, FallbackReason, Narrative, Overview
from vllm_digest.report import Digest
from vllm_digest.sources import Fetched
from vllm_digest.write.answers import KnownAnswers, LiveAnswers, open_questions
from vllm_digest.write.brief import BriefOutcome, brief
from vllm_digest.write.context import WindowContext
from vllm_digest.write.conversations import Conversation
from vllm_digest.write.overview import OverviewOutcome, overview
from vllm_digest.write.ranking import Target
from vllm_digest.write.rows import MOST_OTHERS, FetchRows, named_numbers
from vllm_digest.write.rules import WritingRules
from vllm_digest.write.selection import Selection

log = logging.getLogger(__name__)

OnProgress = Callable[[int, int], None]
"""Called with the number of finished subjects (threads and the window itself) and the number of all."""
FetchTexts = Callable[[Collection[int], datetime], Fetched[Thread]]
"""Takes thread numbers and a moment (UTC), returns the threads with their texts as of that moment; raises
SourceError if it fails."""
_FetchTexts = Callable[[Sequence[int]], Fetched[Thread]]
_CUT = frozenset({GapCode.PAGES_MISSING, GapCode.ENTRIES_NULL})
"""Gaps after which a thread's text is incomplete, so that no model is asked about it."""


@dataclass(frozen=True)
class ModelWriter:
    """Writes the narratives of windows with a model.

    `session`: returns the model for one window; raises ModelUnavailableError if there is none.
    `others`: fetches threads outside the window for the second pass; None without a source.
    `texts`: fetches the texts of a roll-up's threads; None without a source.
    """

    session: Callable[[], Model]
    rules: WritingRules
    others: FetchRows | None = None
    on_progress: OnProgress = lambda _done, _total: None
    texts: FetchTexts | None = None

    def __call__(self, snapshot: Snapshot, digest: Digest) -> Narrative:
        """The narrative of a window. Never raises for a model: rules write what it does not deliver."""
        selection = Selection.of(self.rules, digest)
        return self._contained(selection, digest, Narrative(), lambda _numbers: Fetched(snapshot.threads))

    def roll_up(self, digest: Digest, earlier: Narrative) -> Narrative:
        """The same for a roll-up. `earlier`: the narrative of its parts, as far as it still holds.

        Only the texts of threads that a model is asked about are fetched, as of the end of the span.
        """
        selection = Selection.for_roll_up(self.rules, digest, earlier)
        end = digest.window.end
        return self._contained(selection, digest, earlier, lambda numbers: self._fetched(numbers, end))

    def _contained(
        self, selection: Selection, digest: Digest, earlier: Narrative, texts: _FetchTexts
    ) -> Narrative:
        if not (selection.described or digest.lists.numbers):
            return earlier
        narrative = contained(
            f"what a model writes about {digest.window.slug}",
            lambda: self._written(selection, digest, earlier, texts),
            lambda: _with_none(earlier, FallbackReason.NO_ANSWER),
        )
        _log_fallbacks(narrative, self.rules.limits.threads)
        return narrative

    def _written(
        self, selection: Selection, digest: Digest, earlier: Narrative, texts: _FetchTexts
    ) -> Narrative:
        try:
            model = self.session()
        except ModelUnavailableError:
            return _with_none(earlier, FallbackReason.UNAVAILABLE)
        fetched = texts([one.number for one in selection.asked])
        plan = _Plan.of(WindowContext.of(self.rules, fetched.found, digest), selection, fetched)
        plan = plan.with_others(self.others) if self.others and self.rules.judge else plan
        # One more than the threads: the overview.
        done = iter(range(1, len(plan.chosen) + 2))

        def on_done() -> None:
            self.on_progress(next(done), len(plan.chosen) + 1)

        answers = LiveAnswers(model, on_done)
        briefs = answers.run(plan.briefs())
        (whole,) = answers.run([plan.overview(plan.all_briefs(briefs))])
        narrative = plan.narrative(briefs, whole)
        judge = (self.rules.judge_model or model.name) if narrative.judged else ""
        names = dict.fromkeys(name for name in (*earlier.model.split(", "), model.name) if name)
        return replace(narrative, model=", ".join(names), judge=judge, usage=model.usage())

    def _fetched(self, numbers: Sequence[int], end: datetime) -> Fetched[Thread]:
        if self.texts is None or not numbers:
            return Fetched(())
        try:
            return self.texts(numbers, end)
        except SourceError as error:
            log.warning("the texts of %d threads could not be fetched: %s", len(numbers), error.problem)
            return Fetched(())


def questions(rules: WritingRules, snapshot: Snapshot, digest: Digest, known: KnownAnswers) -> list[Question]:
    """The next questions about a window, given the known answers; most important first.

    Questions that depend on other answers follow once these are known.
    """
    selection = Selection.of(rules, digest)
    if not (selection.described or digest.lists.numbers):
        return []
    plan = _Plan.of(WindowContext.of(rules, snapshot, digest), selection, Fetched(snapshot.threads))
    asked, outcomes = open_questions(plan.briefs(), known)
    if asked:
        return asked
    return open_questions([plan.overview(plan.all_briefs(outcomes))], known)[0]


@dataclass(frozen=True)
class _Plan:
    """The conversations about a window: one for each of the `chosen` threads.

    `fallbacks`: for the other threads of the selection. `requests`, `points`: used for fetching the texts.
    """

    window: WindowContext
    selection: Selection
    chosen: tuple[Target, ...]
    fallbacks: tuple[Fallback, ...]
    requests: int = 0
    points: int = 0

    @classmethod
    def of(cls, window: WindowContext, selection: Selection, fetched: Fetched[Thread]) -> "_Plan":
        cut = {gap.number for gap in fetched.gaps if gap.code in _CUT}
        whole = {thread.number for thread in fetched.found} - cut
        without = [one for one in selection.asked if one.number not in whole]
        fallbacks = [Fallback(f"brief-{one.number}", FallbackReason.NO_TEXT) for one in without]
        fallbacks += [
            Fallback(f"brief-{one.number}", FallbackReason.BUDGET) for one in selection.beyond_limit
        ]
        return cls(
            window,
            selection,
            tuple(one for one in selection.asked if one.number in whole),
            tuple(fallbacks),
            fetched.requests,
            fetched.points,
        )

    def with_others(self, others: FetchRows) -> "_Plan":
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

    def all_briefs(self, outcomes: Sequence[BriefOutcome | None]) -> list[Brief]:
        """The briefs of the threads, most important first: the new one of each, else the earlier one."""
        fresh = {one.brief.number: one.brief for one in outcomes if one and one.brief}
        there = {**self.selection.known, **fresh}
        return [there[one.number] for one in self.selection.described if one.number in there]

    def narrative(self, briefs: Sequence[BriefOutcome | None], whole: OverviewOutcome | None) -> Narrative:
        """The narrative made of the outcomes."""
        lost = FallbackReason.NO_ANSWER
        written: list[BriefOutcome] = [
            outcome or BriefOutcome(None, (Fallback(f"brief-{target.number}", lost),))
            for target, outcome in zip(self.chosen, briefs, strict=True)
        ]
        whole = whole or OverviewOutcome(Overview(), (Fallback("overview", lost),))
        return Narrative(
            languages=self.window.rules.languages,
            briefs=tuple(self.all_briefs(written)),
            overview=whole.overview,
            fallbacks=(
                *(one for outcome in written for one in outcome.fallbacks),
                *self.fallbacks,
                *whole.fallbacks,
            ),
            requests=self.window.others.requests + self.requests,
            points=self.window.others.points + self.points,
            judged=sum(one.judged for one in written) + whole.judged,
            unjudged=sum(one.unjudged for one in written) + whole.unjudged,
        )


def _with_none(earlier: Narrative, reason: FallbackReason) -> Narrative:
    """The earlier narrative, with the reason why a model added nothing."""
    return replace(earlier, fallbacks=(Fallback("all", reason),))


def _log_fallbacks(narrative: Narrative, most: int) -> None:
    """Log what rules write instead of the model; threads beyond `llm.threads` (`most`) only with `-v`."""
    for fallback in narrative.fallbacks:
        log.info("%s falls back: %s", fallback.part, fallback.reason.value)
    lost = [one.reason.value for one in narrative.fallbacks if one.reason is not FallbackReason.BUDGET]
    beyond = len(narrative.fallbacks) - len(lost)
    if beyond:
        verb = "is" if beyond == 1 else "are"
        log.info("%s beyond llm.threads (%d) %s described by rules", counted(beyond, "thread"), most, verb)
    if lost:
        reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(lost).most_common())
        log.warning("rules wrote %s instead of the model: %s", counted(len(lost), "part"), reasons)
    if narrative.unjudged:
        log.info("not judged in a second pass: %s", counted(narrative.unjudged, "statement"))
