"""A model's answer about the whole window, read: what of it holds, and what is wrong with the rest."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from vllm_digest.check.claims import People
from vllm_digest.check.counts import PERCENT, miscounted
from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Length
from vllm_digest.check.sentences import Basis, CheckContext, Fault, faults
from vllm_digest.check.shapes import FindingShape, read_shape
from vllm_digest.check.texts import Problem, standing
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

_SENTENCE = Length(most=500)
_TITLE = Length(most=60, least=2)
_MOST = 6
"""Findings of a section."""
_WROTE_CODE = re.compile(r"(?:提交|贡献)了?[^，。；]{0,4}(?:代码|PR|补丁)", re.IGNORECASE)
_UNDONE = re.compile(r"回退|回滚|撤销|revert", re.IGNORECASE)


@dataclass(frozen=True)
class Window:
    """What an overview may rest on: the briefs it was shown, the window's counts, all its people.

    `thread_evidence`: of the briefs' threads at least, by number.
    """

    digest: Digest
    briefs: tuple[Brief, ...]
    thread_evidence: Mapping[int, ThreadEvidence]
    facts: Mapping[str, int]
    logins: frozenset[str]
    context: CheckContext

    @cached_property
    def statements(self) -> Mapping[str, Statement]:
        """The statements by the names that findings have for them."""
        return {name: one for brief in self.briefs for name, one in brief.named().items()}


@dataclass(frozen=True, slots=True)
class OverviewResult:
    """What an answer is worth: `overview` without its faulty findings, and the faults."""

    overview: Overview
    faults: tuple[Fault, ...]

    def mended_by(self, second: "OverviewResult") -> "OverviewResult":
        """Section by section the reading with more that holds, the second one of equals."""
        parts: dict[OverviewPart, tuple[Finding, ...]] = {}
        left: list[Fault] = []
        for part in OverviewPart:
            ours, theirs = (reading.overview.findings.get(part, ()) for reading in (self, second))
            better = self if _texts(ours) > _texts(theirs) else second
            if told := ours if better is self else theirs:
                parts[part] = told
            left += better.of(part) or ([] if theirs else self.of(part))
        return OverviewResult(Overview(parts), tuple(left))

    def of(self, section: OverviewPart) -> list[Fault]:
        return [fault for fault in self.faults if fault.where.partition("[")[0] == section]


def _texts(findings: tuple[Finding, ...]) -> int:
    """How many texts there are, of all languages."""
    return sum(len(one.texts) for one in findings)


def read_overview(answer: Mapping[str, Any], window: Window) -> OverviewResult:
    """The overview that an answer holds; nothing that is wrong in it is left."""
    reader = _Reader(window)
    read = {part: reader.findings(answer.get(part), part) for part in OverviewPart}
    overview = Overview({part: findings for part, findings in read.items() if findings})
    return OverviewResult(overview, tuple(reader.faults))


@dataclass
class _Reader:
    window: Window
    faults: list[Fault] = field(default_factory=list)
    told: list[set[str]] = field(default_factory=list)
    """What each finding so far rests on."""

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
        bad = [Fault(where, reason, detail) for reason, detail in self._basis_problems(shape)]
        if bad:
            self.faults += bad
            return None
        texts = self._standing(shape, shape.text, part, where)
        titles = self._titles(shape, part, where)
        if titles is None or not texts:
            return None
        self.told.append({*shape.statements, *shape.facts})
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
                yield FallbackReason.SOURCE, name
        for name in shape.facts:
            if name not in window.facts:
                yield FallbackReason.SOURCE, name
        basis = {*shape.statements, *shape.facts}
        if not basis:
            yield FallbackReason.SOURCE, ""
        if any(basis <= told for told in self.told):
            yield FallbackReason.LOOP, ", ".join(sorted(basis))

    def _titles(self, shape: FindingShape, part: OverviewPart, where: str) -> Mapping[str, str] | None:
        """The titles that hold; None where the title's claim does not, and the finding falls with it."""
        if not any(title.strip() for title in shape.title.values()):
            return {}
        before = len(self.faults)
        titles = self._standing(shape, shape.title, part, where, title=True)
        return None if len(self.faults) > before and not titles else titles

    def _standing(
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

        def check(text: str, _language: str) -> Iterator[Problem]:
            yield from faults(text, basis, window.context, _TITLE if title else _SENTENCE)
            if not title:
                yield from _window_problems(text, cited, part, window)

        result = standing(texts, window.context.languages, where, check, window.logins)
        self.faults += result.faults
        return result.texts


def _window_problems(
    text: str, cited: list[ThreadEvidence], part: OverviewPart, window: Window
) -> Iterator[Problem]:
    yield from ((FallbackReason.FIGURE, clause) for clause in miscounted(text, window.facts))
    yield from ((FallbackReason.LOGIN, login) for login in _no_authors(text, cited, window))
    undone = [one.number for one in cited if one.number in one.reverted]
    if undone and not _UNDONE.search(text):
        yield FallbackReason.STATE, f"#{undone[0]} 已被回退"
    if denial := _denied_focus(text, part, window.digest):
        yield FallbackReason.FOCUS, denial


def _basis(
    shape: FindingShape, claims: list[Statement], cited: list[ThreadEvidence], window: Window
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
    return Basis(
        known=known,
        ground=figures | KnownFigures.of([*said, *titles, *people]),
        numbers=frozenset({*references("\n".join(said)), *(one.number for one in cited)}),
        states={number: state for one in cited for number, state in one.states.items()},
        reverted=frozenset().union(*(one.reverted for one in cited)),
        people=People(people, people, window.logins, known.casefold()),
        subject=cited[0].number if len(cited) == 1 else None,
    )


def _no_authors(text: str, cited: list[ThreadEvidence], window: Window) -> Iterator[str]:
    """Who is said to have handed in code, and has none among the cited pull requests."""
    for clause in re.split(r"[，。；]", text):
        if not _WROTE_CODE.search(clause) or references(clause):
            continue
        authors = {one.facts.author.login for one in cited if one.facts.kind is Kind.PULL_REQUEST}
        words = set(re.findall(r"[A-Za-z0-9-]+", clause))
        yield from sorted(words & window.logins - authors - {*window.digest.activity.newcomers})


def _denied_focus(text: str, section: OverviewPart, digest: Digest) -> str:
    """The words that deny any news of the focus, where there are some."""
    if not digest.relevant(Relevance.YES):
        return ""
    name = rf"(?:{re.escape(digest.focus.name)}|ROCm|该生态)" if section != "focus" else ""
    denial = re.search(
        rf"(?:没有|并?无|未(?:见|有|发现|出现|涉及|产生)|不涉及|缺乏)[^，。；]{{0,8}}{name}[^，。；]{{0,6}}(?:更新|动态|改动|变更|活动|进展|内容)",
        text,
    )
    return denial[0] if denial else ""
