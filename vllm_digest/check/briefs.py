"""Read a model's answer about one thread: keep the statements that pass, list the faults of the others."""

import logging
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError

from vllm_digest.check.basis import thread_basis
from vllm_digest.check.claims import Problem
from vllm_digest.check.evidence import SourceText, ThreadEvidence
from vllm_digest.check.focus_notes import focus_note, gain_faults
from vllm_digest.check.language import Length
from vllm_digest.check.sentences import Basis, CheckContext, Fault, faults
from vllm_digest.check.shapes import (
    EvidenceShape,
    FocusShape,
    PositionShape,
    Shape,
    StatementShape,
    read_shape,
)
from vllm_digest.check.texts import check_texts, quoted_texts
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Evidence,
    FallbackReason,
    FocusNote,
    Position,
    Statement,
)

log = logging.getLogger(__name__)

S = TypeVar("S", bound=Shape)

# The instructions ask for one to three sentences, five positions and three pieces of evidence. The limits are
# above that, since a text is not worse for a few characters or one quote more.
_SENTENCE = Length(most=400)
_POSITION = Length(most=300)
_LABEL = Length(most=24, is_sentence=False)
_POSITIONS = 6
_EVIDENCE = 4
_SINGLE: tuple[BriefPart, ...] = tuple(
    part for part in BriefPart if part not in (BriefPart.POSITIONS, BriefPart.GAIN)
)
"""The parts that are a single statement at the top level of an answer."""
_NOTE = ("focus", "focus.gpus", "focus.component")
"""Values of `Fault.where` for faults of the focus note."""


@dataclass(frozen=True, slots=True)
class BriefResult:
    """A checked answer: `brief` without its faulty sentences, and the faults."""

    brief: Brief
    faults: tuple[Fault, ...]

    @property
    def is_empty(self) -> bool:
        """Whether no sentence of it passed."""
        return self.brief.is_empty

    def merged_with(self, second: "BriefResult") -> "BriefResult":
        """The result merged with that of a second answer: of each part the one with more texts.

        The second one wins ties. A fault of the second answer is dropped for a part that the first answer
        left out without a fault: only faulty parts were asked for again.
        """
        statements: dict[BriefPart, Statement] = {}
        remaining: list[Fault] = []
        with_positions = second
        for part in (*_SINGLE, BriefPart.GAIN, BriefPart.POSITIONS):
            ours, theirs = _texts(*self.brief.statements_of(part)), _texts(*second.brief.statements_of(part))
            better = self if ours > theirs else second
            if part is BriefPart.POSITIONS:
                with_positions = better
            elif statement := better.brief.statements.get(part):
                statements[part] = statement
            if ours or theirs:
                remaining += better.faults_in(part)
            elif self.faults_in(part):
                remaining += second.faults_in(part) or self.faults_in(part)
        focus = second.brief.focus or self.brief.focus
        remaining += [] if focus else [one for one in second.faults or self.faults if one.where in _NOTE]
        brief = Brief(self.brief.number, statements, with_positions.brief.positions, focus)
        return BriefResult(brief, tuple(remaining))

    def faults_in(self, part: BriefPart) -> list[Fault]:
        """The faults in one part of the brief, such as `positions`."""
        return [fault for fault in self.faults if _part(fault.where) == part]


def _texts(*statements: Statement | None) -> int:
    """The number of texts in all languages."""
    return sum(len(one.texts) for one in statements if one)


def _part(where: str) -> str:
    return where.removeprefix("focus.") if where.startswith("focus.") else re.split(r"[.\[]", where)[0]


def read_brief(
    answer: Mapping[str, Any],
    material: ThreadEvidence,
    *,
    given: Collection[str],
    originals: Mapping[str, SourceText] | None = None,
    elsewhere: frozenset[str],
    context: CheckContext,
) -> BriefResult:
    """The brief in an answer, without whatever fails a check.

    `answer`: the JSON object that the model returned.
    `material`: the evidence as the model was shown it. `given`: names of the sources it was shown.
    `originals`: the sources before they were shortened, by name; a quote must also be a part of these.
    Sources made from GitHub's fields have no original.
    `elsewhere`: logins of everybody in the window.
    """
    reader = _Reader(material, frozenset(given), originals or {}, elsewhere, context)
    statements = {
        part: statement for part in _SINGLE if (statement := reader.statement(answer.get(part), part))
    }
    positions = reader.positions(answer.get("positions"))
    focus, gain = reader.focus(answer.get("focus"))
    if gain:
        statements[BriefPart.GAIN] = gain
    return BriefResult(Brief(material.number, statements, positions, focus), tuple(reader.faults))


@dataclass
class _Reader:
    material: ThreadEvidence
    given: frozenset[str]
    originals: Mapping[str, SourceText]
    elsewhere: frozenset[str]
    context: CheckContext
    faults: list[Fault] = field(default_factory=list)
    accepted: set[str] = field(default_factory=set)

    def statement(self, value: object, where: str) -> Statement | None:
        shape = self._shape(value, StatementShape, where)
        return self._statement(shape, where) if shape else None

    def positions(self, value: object) -> tuple[Position, ...]:
        if not isinstance(value, list):
            self._fault("positions", FallbackReason.SCHEMA)
            return ()
        read = [self._position(one, f"positions[{place}]") for place, one in enumerate(value[:_POSITIONS])]
        return tuple(filter(None, read))

    def focus(self, value: object) -> tuple[FocusNote | None, Statement | None]:
        """The focus note, and the statement of a measured gain; each None if it is missing or fails."""
        shape = self._shape(value, FocusShape, "focus")
        if shape is None:
            return None, None
        note, wrong = focus_note(shape, self.material)
        self._add_faults(wrong)
        return (note if note != FocusNote() else None), self._gain(shape)

    def _gain(self, shape: FocusShape) -> Statement | None:
        if shape.gain is None:
            return None
        gain = self._statement(shape.gain, "focus.gain", near=True)
        cited = self._basis(shape.gain.evidence).support.cited
        wrong = gain_faults(gain.texts.values(), shape.gpus, cited) if gain else ()
        self._add_faults(wrong)
        return None if wrong else gain

    def _position(self, value: object, where: str) -> Position | None:
        shape = self._shape(value, PositionShape, where)
        if shape is None:
            return None
        said = self._statement(shape, where, speaker=shape.login)
        basis = self._basis(shape.evidence)
        stances = self._passing_texts(shape.stance, basis, f"{where}.stance", _LABEL)
        both = {one: text for one, text in said.texts.items() if one in stances} if said else {}
        if said is None or not both:
            return None
        logins = {self.material.sources[one.source].login for one in shape.evidence}
        if shape.login not in logins:
            self._fault(where, FallbackReason.LOGIN, shape.login, ", ".join(sorted(logins)))
            return None
        return Position(shape.login, {one: stances[one] for one in both}, Statement(both, said.evidence))

    def _statement(
        self, shape: StatementShape | PositionShape, where: str, *, near: bool = False, speaker: str = ""
    ) -> Statement | None:
        """The statement if it and its quotes pass, else None; `near`, `speaker` as in `thread_basis`."""
        rests_on = self._evidence(shape.evidence, where)
        basis = self._basis(shape.evidence, near=near, speaker=speaker)
        length = _POSITION if speaker else _SENTENCE
        if rests_on is None or not (passing := self._passing_texts(shape.text, basis, where, length)):
            return None
        # A small model may give the same sentence for every part.
        if repeated := self.accepted & {*passing.values()}:
            self._fault(where, FallbackReason.LOOP, min(repeated))
            return None
        self.accepted |= {*passing.values()}
        return Statement(passing, rests_on)

    def _evidence(self, evidence: Sequence[EvidenceShape], where: str) -> tuple[Evidence, ...] | None:
        if not 1 <= len(evidence) <= _EVIDENCE:
            self._fault(where, FallbackReason.SCHEMA, "evidence")
            return None
        found = []
        for one in evidence:
            source = self.material.sources.get(one.source) if one.source in self.given else None
            if source is None:
                self._fault(where, FallbackReason.SOURCE, one.source)
            # In both texts: a quote may not contain the `…` of a shortened text.
            elif not (
                source.contains(one.quote) and self.originals.get(one.source, source).contains(one.quote)
            ):
                self._fault(where, FallbackReason.QUOTE, one.quote)
            else:
                found.append(Evidence(source.id, source.url, one.quote.strip(), source.login))
        return tuple(found) if len(found) == len(evidence) else None

    def _passing_texts(
        self, texts: Mapping[str, str], basis: Basis, where: str, length: Length
    ) -> Mapping[str, str]:
        """The texts that pass, by language."""

        def check(text: str, language: str) -> Iterator[Problem]:
            return faults(text, basis, self.context, length, language)

        result = check_texts(texts, self.context.languages, where, check, self.material.people)
        self._add_faults(result.faults, f"{quoted_texts(texts)}, evidence: {basis.support.described()}")
        return result.texts

    def _basis(self, evidence: Sequence[EvidenceShape], *, near: bool = False, speaker: str = "") -> Basis:
        quotes = [(one.source, one.quote) for one in evidence]
        return thread_basis(self.material, quotes, elsewhere=self.elsewhere, near=near, speaker=speaker)

    def _shape(self, value: object, shape: type[S], where: str) -> S | None:
        if value is None:
            return None
        try:
            return read_shape(value, shape, self.context.languages)
        except ValidationError:
            self._fault(where, FallbackReason.SCHEMA)
            return None

    def _fault(self, where: str, reason: FallbackReason, detail: str = "", compared_with: str = "") -> None:
        self._add_faults((Fault(where, reason, detail, compared_with=compared_with),))

    def _add_faults(self, faults: Iterable[Fault], texts: str = "") -> None:
        for fault in faults:
            log.debug("#%d %s rejected: %s %s", self.material.number, fault.where, fault.described(), texts)
            self.faults.append(fault)
