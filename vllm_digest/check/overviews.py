"""A model's answer about the whole window, read: what of it holds, and what is wrong with the rest."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from pydantic import ValidationError

from vllm_digest.check.claims import People
from vllm_digest.check.counts import PERCENT, miscounted
from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Length
from vllm_digest.check.sentences import Basis, CheckContext, Fault, faults
from vllm_digest.check.shapes import FindingShape
from vllm_digest.judgement import Relevance
from vllm_digest.models import Kind
from vllm_digest.narrative import Fact, Finding, Overview, Reason
from vllm_digest.report import Digest

_SENTENCE = Length(most=500)
_TITLE = Length(most=60, least=2)
_MOST = 6
"""Findings of a section."""
_WROTE_CODE = re.compile(r"(?:提交|贡献)了?[^，。；]{0,4}(?:代码|PR|补丁)", re.IGNORECASE)
_UNDONE = re.compile(r"回退|回滚|撤销|revert", re.IGNORECASE)


@dataclass(frozen=True)
class Window:
    """What an overview may rest on: the threads it was shown, the window's counts, all its people."""

    digest: Digest
    thread_evidence: Mapping[int, ThreadEvidence]
    facts: Mapping[str, int]
    logins: frozenset[str]
    context: CheckContext


@dataclass(frozen=True, slots=True)
class OverviewResult:
    """What an answer is worth: `overview` without its faulty findings, and the faults."""

    overview: Overview
    faults: tuple[Fault, ...]

    def mended_by(self, second: "OverviewResult") -> "OverviewResult":
        """Section by section the reading with more that holds, the second one of equals."""
        parts: dict[str, Any] = {}
        left: list[Fault] = []
        for name in Overview.__slots__:
            ours, theirs = getattr(self.overview, name), getattr(second.overview, name)
            better = self if len(ours) > len(theirs) else second
            parts[name] = ours if better is self else theirs
            left += better.of(name) or ([] if theirs else self.of(name))
        return OverviewResult(Overview(**parts), tuple(left))

    def of(self, section: str) -> list[Fault]:
        return [fault for fault in self.faults if fault.where.partition("[")[0] == section]


def read_overview(answer: Mapping[str, Any], window: Window) -> OverviewResult:
    """The overview that an answer holds; nothing that is wrong in it is left."""
    found: dict[str, tuple[Finding, ...]] = {}
    wrong: list[Fault] = []
    told: set[str] = set()
    for section in (part.name for part in fields(Overview)):
        given = answer.get(section)
        if not isinstance(given, list):
            wrong.append(Fault(section, Reason.SCHEMA))
            continue
        kept = []
        for place, value in enumerate(given[:_MOST]):
            where = f"{section}[{place}]"
            try:
                shape = FindingShape.model_validate(value)
            except ValidationError:
                wrong.append(Fault(where, Reason.SCHEMA))
                continue
            bad = [Fault(where, reason, detail) for reason, detail in _faults(shape, section, window)]
            bad += [Fault(where, Reason.LOOP)] if shape.text in told else []
            told.add(shape.text)
            wrong += bad
            if not bad:
                kept.append(_finding(shape, window))
        found[section] = tuple(kept)
    return OverviewResult(Overview(**found), tuple(wrong))


def _finding(shape: FindingShape, window: Window) -> Finding:
    return Finding(
        title=shape.title.strip(),
        text=shape.text.strip(),
        threads=tuple(dict.fromkeys(shape.threads)),
        facts=tuple(Fact(name, window.facts[name]) for name in dict.fromkeys(shape.facts)),
    )


def _faults(shape: FindingShape, section: str, window: Window) -> Iterator[tuple[Reason, str]]:
    strange = [number for number in shape.threads if number not in window.thread_evidence]
    unknown = [name for name in shape.facts if name not in window.facts]
    yield from ((Reason.NUMBER, f"#{number}") for number in strange)
    yield from ((Reason.SOURCE, name) for name in unknown)
    if not (shape.threads or shape.facts):
        yield Reason.SOURCE, ""
    if strange or unknown:
        return
    cited = [window.thread_evidence[number] for number in dict.fromkeys(shape.threads)]
    basis = _basis(shape, cited, window)
    yield from faults(shape.text, basis, window.context, _SENTENCE)
    if shape.title:
        yield from faults(shape.title, basis, window.context, _TITLE)
    whole = f"{shape.title}。{shape.text}"
    yield from ((Reason.FIGURE, clause) for clause in miscounted(whole, window.facts))
    yield from ((Reason.LOGIN, login) for login in _no_authors(whole, cited, window))
    undone = [one.number for one in cited if one.number in one.reverted]
    if undone and not _UNDONE.search(whole):
        yield Reason.STATE, f"#{undone[0]} 已被回退"
    if denial := _denied_focus(whole, section, window.digest):
        yield Reason.FOCUS, denial


def _basis(shape: FindingShape, cited: list[ThreadEvidence], window: Window) -> Basis:
    counts = {name: window.facts[name] for name in shape.facts}
    ground = KnownFigures(
        numbers=frozenset({str(value) for value in counts.values()} | {str(len(cited))}),
        percents=frozenset(str(value) for name, value in counts.items() if name.endswith(PERCENT)),
    )
    for one in cited:
        ground |= one.ground
    digest = window.digest
    said = {share.name for share in digest.activity.reviewers if f"reviews by {share.name}" in counts}
    said |= {*digest.activity.newcomers} if "newcomers" in counts else set()
    people = frozenset(said).union(*(one.people for one in cited))
    known = "\n".join((digest.project, digest.focus.name, *counts, *(one.text for one in cited)))
    return Basis(
        known=known,
        ground=ground,
        numbers=frozenset(shape.threads),
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


def _denied_focus(text: str, section: str, digest: Digest) -> str:
    """The words that deny any news of the focus, where there are some."""
    if not digest.relevant(Relevance.YES):
        return ""
    name = rf"(?:{re.escape(digest.focus.name)}|ROCm|该生态)" if section != "focus" else ""
    denial = re.search(
        rf"(?:没有|并?无|未(?:见|有|发现|出现|涉及|产生)|不涉及|缺乏)[^，。；]{{0,8}}{name}[^，。；]{{0,6}}(?:更新|动态|改动|变更|活动|进展|内容)",
        text,
    )
    return denial[0] if denial else ""
