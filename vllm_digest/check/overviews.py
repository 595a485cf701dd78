"""Read a model's answer about the whole window: keep the findings that pass, list the others' faults."""

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from vllm_digest.check.claims import Problem
from vllm_digest.check.counts import PERCENT, count_problems
from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Language, Length
from vllm_digest.check.languages import checks_of
from vllm_digest.check.people import People, people_named
from vllm_digest.check.sentences import Basis, CheckContext, Fault, faults
from vllm_digest.check.shapes import FindingShape, read_shape
from vllm_digest.check.states import KnownThreads
from vllm_digest.check.support import CitedQuote, Support
from vllm_digest.check.texts import check_texts, quoted_texts
from vllm_digest.judgement import Relevance
from vllm_digest.models import Kind
from vllm_digest.narrative import (
    Brief,
    Fact,
    FallbackReason,
    Finding,
    Overview,
    OverviewPart,
    Statement,
)
from vllm_digest.report import Digest

log = logging.getLogger(__name__)

_SENTENCE = Length(most=500)
_TITLE = Length(most=60, is_sentence=False)
_MOST = 6
"""Findings in one section; the instructions ask for four."""


@dataclass(frozen=True)
class OverviewEvidence:
    """What an overview may cite.

    `briefs`: those that the model was shown. `thread_evidence`: by thread number, at least for the briefs.
    `facts`: counts of the window by name, as from `window_facts`. `logins`: everybody in the window.
    """

    digest: Digest
    briefs: tuple[Brief, ...]
    thread_evidence: Mapping[int, ThreadEvidence]
    facts: Mapping[str, int]
    logins: frozenset[str]
    context: CheckContext

    @cached_property
    def statements(self) -> Mapping[str, Statement]:
        """All statements of the briefs by the names under which findings cite them."""
        return {name: one for brief in self.briefs for name, one in brief.named().items()}


@dataclass(frozen=True, slots=True)
class OverviewResult:
    """A checked answer: `overview` without its faulty findings, and the faults."""

    overview: Overview
    faults: tuple[Fault, ...]

    def merged_with(self, second: "OverviewResult") -> "OverviewResult":
        """Merged with a second answer: of each section the one with more texts; the second one wins ties."""
        parts: dict[OverviewPart, tuple[Finding, ...]] = {}
        remaining: list[Fault] = []
        for part in OverviewPart:
            ours, theirs = (reading.overview.findings.get(part, ()) for reading in (self, second))
            better = self if _texts(ours) > _texts(theirs) else second
            if findings := ours if better is self else theirs:
                parts[part] = findings
            if ours or theirs:
                remaining += better.faults_in(part)
            elif self.faults_in(part):
                remaining += second.faults_in(part) or self.faults_in(part)
        return OverviewResult(Overview(parts), tuple(remaining))

    def faults_in(self, section: OverviewPart) -> list[Fault]:
        return [fault for fault in self.faults if fault.where.partition("[")[0] == section]


def _texts(findings: tuple[Finding, ...]) -> int:
    """The number of texts in all languages."""
    return sum(len(one.texts) for one in findings)


def read_overview(answer: Mapping[str, Any], window: OverviewEvidence) -> OverviewResult:
    """The overview in an answer (a JSON object), without whatever fails a check."""
    reader = _Reader(window)
    read = {part: reader.findings(answer.get(part), part) for part in OverviewPart}
    overview = Overview({part: findings for part, findings in read.items() if findings})
    return OverviewResult(overview, tuple(reader.faults))


@dataclass
class _Reader:
    window: OverviewEvidence
    faults: list[Fault] = field(default_factory=list)
    accepted: list[set[str]] = field(default_factory=list)
    """For each finding accepted so far, the names of the statements and counts that it cites."""

    def findings(self, value: object, part: OverviewPart) -> tuple[Finding, ...]:
        if not isinstance(value, list):
            self.faults.append(Fault(part, FallbackReason.SCHEMA))
            return ()
        read = (self._finding(one, part, f"{part}[{place}]") for place, one in enumerate(value[:_MOST]))
        return tuple(finding for finding in read if finding)

    def _finding(self, value: object, part: OverviewPart, where: str) -> Finding | None:
        try:
            shape = read_shape(value, FindingShape, self.window.context.languages)
        except ValidationError:
            self.faults.append(Fault(where, FallbackReason.SCHEMA))
            return None
        bad = [Fault(where, one.reason, one.detail) for one in self._basis_problems(shape)]
        if bad:
            self.faults += bad
            return None
        texts = self._passing_texts(shape, shape.text, part, where)
        titles = self._titles(shape, part, where)
        if titles is None or not texts:
            return None
        self.accepted.append({*shape.statements, *shape.facts})
        return Finding(
            titles={one: title for one, title in titles.items() if one in texts},
            texts=texts,
            statements=tuple(dict.fromkeys(shape.statements)),
            facts=tuple(Fact(name, self.window.facts[name]) for name in dict.fromkeys(shape.facts)),
        )

    def _basis_problems(self, shape: FindingShape) -> Iterator[Problem]:
        window = self.window
        for name in shape.statements:
            if name not in window.statements:
                yield Problem(FallbackReason.SOURCE, name)
        for name in shape.facts:
            if name not in window.facts:
                yield Problem(FallbackReason.SOURCE, name)
        basis = {*shape.statements, *shape.facts}
        if not basis:
            yield Problem(FallbackReason.SOURCE)
        # A finding on the same basis as an earlier one would say the same in other words.
        if any(basis <= names for names in self.accepted):
            yield Problem(FallbackReason.LOOP, ", ".join(sorted(basis)))

    def _titles(self, shape: FindingShape, part: OverviewPart, where: str) -> Mapping[str, str] | None:
        """The titles that pass, by language; None if the title's claim fails, which rejects the finding."""
        if not any(title.strip() for title in shape.title.values()):
            return {}
        before = len(self.faults)
        titles = self._passing_texts(shape, shape.title, part, where, title=True)
        return None if len(self.faults) > before and not titles else titles

    def _passing_texts(
        self,
        shape: FindingShape,
        texts: Mapping[str, str],
        part: OverviewPart,
        where: str,
        *,
        title: bool = False,
    ) -> Mapping[str, str]:
        window = self.window
        claims = [window.statements[name] for name in shape.statements]
        cited = [
            window.thread_evidence[number]
            for number in dict.fromkeys(int(name.partition(".")[0]) for name in shape.statements)
        ]
        basis = _basis(shape, claims, cited, window)

        cited_figures = KnownFigures.of(_thread_texts(claims, cited))

        def check(text: str, code: str) -> Iterator[Problem]:
            yield from faults(text, basis, window.context, _TITLE if title else _SENTENCE, code)
            if not title:
                yield from _window_problems(text, checks_of(code), cited, part, window)
                yield from count_problems(text, checks_of(code), window.facts, cited_figures)

        result = check_texts(texts, window.context.languages, where, check, window.logins)
        for fault in result.faults:
            told_of = (where, fault.described(), quoted_texts(texts), basis.support.described())
            log.debug("overview.%s rejected: %s %s, evidence: %s", *told_of)
        self.faults += result.faults
        return result.texts


def _window_problems(
    text: str, language: Language, cited: list[ThreadEvidence], part: OverviewPart, window: OverviewEvidence
) -> Iterator[Problem]:
    for login in _no_authors(text, language, cited, window):
        yield Problem(FallbackReason.LOGIN, login)
    undone = [one.number for one in cited if one.number in one.reverted]
    if undone and not language.revert.search(text):
        yield Problem(FallbackReason.STATE, "", cited[0].threads[undone[0]].described())
    if denial := _denied_focus(text, language, part, window.digest):
        yield Problem(FallbackReason.FOCUS, denial)


def _thread_texts(claims: list[Statement], cited: list[ThreadEvidence]) -> list[str]:
    """Texts of the cited statements, and titles and logins of the cited threads."""
    said = [text for claim in claims for text in claim.texts.values()]
    people = frozenset[str]().union(*(one.people for one in cited))
    return [*said, *(one.facts.title for one in cited), *people]


def _basis(
    shape: FindingShape, claims: list[Statement], cited: list[ThreadEvidence], window: OverviewEvidence
) -> Basis:
    counts = {name: window.facts[name] for name in shape.facts}
    said = [text for claim in claims for text in claim.texts.values()]
    titles = [one.facts.title for one in cited]
    digest = window.digest
    named = {share.name for share in digest.activity.reviewers if f"reviews by {share.name}" in counts}
    named |= {*digest.activity.newcomers} if "newcomers" in counts else set()
    people = frozenset(named).union(*(one.people for one in cited))
    known = "\n".join((digest.project, digest.focus.name, *counts, *said, *titles))
    figures = KnownFigures(
        numbers=frozenset({str(value) for value in counts.values()} | {str(len(cited))}),
        percents=frozenset(str(value) for name, value in counts.items() if name.endswith(PERCENT)),
    )
    quotes = [one.quote for claim in claims for one in claim.evidence]
    return Basis(
        known=known,
        known_figures=figures | KnownFigures.of(_thread_texts(claims, cited)),
        numbers=frozenset({*references("\n".join(said)), *(one.number for one in cited)}),
        threads=KnownThreads(
            {number: known for one in cited for number, known in one.threads.items()},
            cited[0].number if len(cited) == 1 else None,
            frozenset[int]().union(*(one.settled for one in cited)),
        ),
        people=People(people, people, window.logins, known.casefold()),
        support=Support(
            tuple(CitedQuote(text, text, "") for text in (*said, *quotes, *counts)), is_window=True
        ),
    )


def _no_authors(
    text: str, language: Language, cited: list[ThreadEvidence], window: OverviewEvidence
) -> Iterator[str]:
    """Logins that the text says submitted code, but who are not authors of a cited pull request."""
    for clause in language.clauses.split(text):
        if not language.wrote_code.search(clause) or references(clause):
            continue
        authors = {one.facts.author.login for one in cited if one.facts.kind is Kind.PULL_REQUEST}
        named = people_named(clause, window.logins, language)
        yield from sorted(named - authors - {*window.digest.activity.newcomers})


def _denied_focus(text: str, language: Language, part: OverviewPart, digest: Digest) -> str:
    """The words that deny any news about the focus in a window that has some; else empty."""
    if not digest.relevant(Relevance.YES):
        return ""
    names = "" if part is OverviewPart.FOCUS else rf"(?:{re.escape(digest.focus.name)}|ROCm)"
    return language.denial(text, names)
