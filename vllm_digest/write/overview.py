"""Write the overview of a window from its counts and briefs: ask, check, repair, judge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from vllm_digest.check.counts import window_facts
from vllm_digest.check.overviews import OverviewEvidence, OverviewResult, read_overview
from vllm_digest.model_protocol import ModelError, Question
from vllm_digest.narrative import Brief, Fallback, FallbackReason, Finding, Overview, OverviewPart
from vllm_digest.write.context import WindowContext
from vllm_digest.write.conversations import (
    Conversation,
    Exchange,
    exchange_of,
    failed,
    fallbacks,
    with_shrinking_budget,
)
from vllm_digest.write.judge import Claim, judge_question
from vllm_digest.write.prompts import (
    brief_line,
    overview_instructions,
    overview_question,
    speakers,
    window_line,
)
from vllm_digest.write.rows import line, short_row
from vllm_digest.write.second_pass import SecondPass
from vllm_digest.write.tokens import tokens


@dataclass(frozen=True, slots=True)
class OverviewOutcome:
    """The result for the overview. Fields as in `brief.BriefOutcome`."""

    overview: Overview
    fallbacks: tuple[Fallback, ...] = ()
    judged: int = 0
    unjudged: int = 0


def overview(window: WindowContext, briefs: Sequence[Brief], rank: int) -> Conversation[OverviewOutcome]:
    """The conversation about the window as a whole. `rank`: its position by importance, after the briefs."""
    subject = _Subject(window, tuple(briefs), rank)
    try:
        exchange = yield from with_shrinking_budget(window.rules.limits.overview_tokens, subject.ask)
    except ModelError as error:
        return OverviewOutcome(Overview(), (failed("overview", error),))
    result = exchange.result
    if result.overview.is_empty and not result.faults:
        return OverviewOutcome(Overview(), (Fallback("overview", FallbackReason.NO_ANSWER),))
    lost = fallbacks("overview.", result.faults)
    if not window.rules.judge:
        return OverviewOutcome(result.overview, lost)
    outcome = yield from subject.second_pass(exchange).run(_items(result.overview))
    lost += tuple(Fallback(f"overview.{name}", FallbackReason.ENTAILMENT) for name in outcome.dropped)
    kept = _rebuilt(outcome.items)
    return OverviewOutcome(kept, lost, judged=outcome.judged, unjudged=outcome.unjudged)


@dataclass(frozen=True)
class _Subject:
    """The questions about the window as a whole."""

    window: WindowContext
    briefs: tuple[Brief, ...]
    rank: int

    @cached_property
    def counts(self) -> dict[str, int]:
        return window_facts(self.window.digest)

    def ask(self, budget: int) -> Conversation[Exchange[OverviewResult]]:
        """Ask for the overview, with the briefs that fit into about `budget` tokens."""
        window, rules = self.window, self.window.rules
        shown: dict[int, str] = {}
        for brief in self.briefs:
            row = brief_line(brief, window.threads[brief.number], window.digest, rules.language)
            budget -= tokens(row)
            # The briefs are in order of importance, so the least important ones are left out.
            if budget >= 0:
                shown[brief.number] = row
        basis = OverviewEvidence(
            digest=window.digest,
            briefs=tuple(brief for brief in self.briefs if brief.number in shown),
            thread_evidence=window.evidence,
            facts=self.counts,
            logins=window.logins,
            context=window.checks(overview_instructions(window.digest.focus.name, rules.languages)),
        )
        question = overview_question(
            window.digest, self.counts, [*shown.values()], rules.languages, rank=self.rank
        )
        return exchange_of(question, lambda answer: read_overview(answer, basis), rules.language)

    def second_pass(self, exchange: Exchange[OverviewResult]) -> SecondPass[Finding]:
        def replacements(answer: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Finding]:
            return _replacements(exchange.result.overview, exchange.read(answer).overview, names)

        return SecondPass(
            subject="overview",
            claim=_claim,
            ask=self._judged,
            rewrite=exchange.repair,
            replacements=replacements,
            budget=self.window.rules.limits.overview_tokens,
        )

    def _judged(self, claims: Sequence[Claim], _budget: int) -> Question:
        window = self.window
        named = {name for claim in claims for name in claim.facts}
        counts = {name: value for name, value in self.counts.items() if name in named}
        cited = {name for claim in claims for name in claim.statements}
        return judge_question(
            "overview",
            [window_line(window.digest, counts), *self._cited(cited)],
            claims,
            model=window.rules.judge_model,
            language=window.rules.language,
            rank=self.rank,
        )

    def _cited(self, names: set[str]) -> Iterator[str]:
        """JSON lines with the named statements, their quotes and the rows of their threads."""
        window = self.window
        for brief in self.briefs:
            logins = speakers(brief)
            cited_statements = {
                name: {
                    **({"login": logins[name]} if name in logins else {}),
                    **one.texts,
                    "quotes": [evidence.quote for evidence in one.evidence],
                }
                for name, one in brief.named().items()
                if name in names
            }
            if cited_statements:
                row = short_row(window.threads[brief.number], window.digest)
                yield line({"thread": row, "statements": cited_statements})


def _claim(name: str, finding: Finding) -> Claim:
    titled = {
        language: f"{finding.title(language)}: {text}" if finding.title(language) else text
        for language, text in finding.texts.items()
    }
    facts = [fact.name for fact in finding.facts]
    return Claim(name, titled, statements=finding.statements, facts=facts)


def _items(overview: Overview) -> dict[str, Finding]:
    """The findings by their paths in an answer, such as `trends[0]`."""
    return {
        f"{part}[{place}]": finding
        for part, findings in overview.findings.items()
        for place, finding in enumerate(findings)
    }


def _rebuilt(items: Mapping[str, Finding]) -> Overview:
    """An overview of these findings."""
    kept = {
        part: tuple(finding for name, finding in items.items() if name.partition("[")[0] == part)
        for part in OverviewPart
    }
    return Overview({part: findings for part, findings in kept.items() if findings})


def _replacements(first: Overview, second: Overview, names: Sequence[str]) -> dict[str, Finding]:
    """The findings of the second overview that replace the named ones of the first; by the first's names."""
    # A second answer numbers its findings from 0, so they are matched by section, in order.
    known = list(_items(first).values())
    fresh = {name: finding for name, finding in _items(second).items() if finding not in known}
    found: dict[str, Finding] = {}
    for name in names:
        part = name.partition("[")[0]
        place = next((one for one in fresh if one.partition("[")[0] == part), None)
        if place is not None:
            found[name] = fresh.pop(place)
    return found
