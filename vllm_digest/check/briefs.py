"""A model's answer about one thread, read: the sentences that hold, and what is wrong with the others."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from vllm_digest.check.claims import People
from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.language import Length
from vllm_digest.check.sentences import Basis, CheckContext, Fault, faults
from vllm_digest.check.shapes import EvidenceShape, FocusShape, PositionShape, StatementShape
from vllm_digest.narrative import Brief, Evidence, FocusNote, Position, Reason, Statement

S = TypeVar("S", bound=BaseModel)

_SENTENCE = Length(most=400)
_SAYING = Length(most=300)
_LABEL = Length(most=24, least=2)
_POSITIONS = 6
_EVIDENCE = 4


@dataclass(frozen=True, slots=True)
class BriefResult:
    """What an answer is worth: `brief` without its faulty sentences, and the faults."""

    brief: Brief
    faults: tuple[Fault, ...]

    @property
    def is_empty(self) -> bool:
        """Does nothing of it stand?"""
        return self.brief == Brief(self.brief.number)

    def mended_by(self, second: "BriefResult") -> "BriefResult":
        """The second reading, with what only the first one told well."""
        parts: dict[str, Any] = {}
        left: list[Fault] = []
        for name in Brief.__slots__:
            ours, theirs = getattr(self.brief, name), getattr(second.brief, name)
            parts[name] = theirs or ours
            left += second.of(name) if theirs else self.of(name) if ours else second.of(name) or self.of(name)
        return BriefResult(Brief(**parts), tuple(left))

    def of(self, part: str) -> list[Fault]:
        """The faults in one part of the brief, such as `positions`."""
        return [fault for fault in self.faults if re.split(r"[.\[]", fault.where)[0] == part]


def read_brief(
    answer: Mapping[str, Any],
    material: ThreadEvidence,
    *,
    given: Collection[str],
    elsewhere: frozenset[str],
    context: CheckContext,
) -> BriefResult:
    """The brief that an answer holds; nothing that is wrong in it is left.

    `given` are the names of the sources that the model was shown, `elsewhere` the logins of the window.
    """
    reader = _Reader(material, frozenset(given), elsewhere, context)
    brief = Brief(
        number=material.number,
        topic=reader.statement(answer, "topic"),
        positions=reader.positions(answer),
        dispute=reader.statement(answer, "dispute"),
        state=reader.statement(answer, "state"),
        reading=reader.statement(answer, "reading"),
        impact=reader.statement(answer, "impact"),
        focus=reader.focus(answer),
        watch=reader.statement(answer, "watch"),
    )
    return BriefResult(brief, tuple(reader.faults))


@dataclass
class _Reader:
    material: ThreadEvidence
    given: frozenset[str]
    elsewhere: frozenset[str]
    context: CheckContext
    faults: list[Fault] = field(default_factory=list)
    told: set[str] = field(default_factory=set)

    def statement(self, answer: Mapping[str, Any], name: str) -> Statement | None:
        shape = self._shape(answer.get(name), StatementShape, name)
        return self._statement(shape.text, shape.evidence, name, _SENTENCE) if shape else None

    def positions(self, answer: Mapping[str, Any]) -> tuple[Position, ...]:
        given = answer.get("positions")
        if not isinstance(given, list):
            self._fault("positions", Reason.SCHEMA)
            return ()
        read = (
            self._position(value, f"positions[{place}]") for place, value in enumerate(given[:_POSITIONS])
        )
        return tuple(position for position in read if position)

    def focus(self, answer: Mapping[str, Any]) -> FocusNote | None:
        shape = self._shape(answer.get("focus"), FocusShape, "focus")
        if shape is None:
            return None
        words = [*shape.gpus, *([shape.component] if shape.component else [])]
        foreign = [word for word in words if not word.strip() or word.casefold() not in self.material.words]
        for word in foreign:
            self._fault("focus", Reason.FIGURE, word)
        if foreign:
            return None
        gain = shape.gain
        gained = (
            self._statement(gain.text, gain.evidence, "focus.gain", _SENTENCE, near=True) if gain else None
        )
        return FocusNote(tuple(dict.fromkeys(shape.gpus)), shape.component or "", gained)

    def _position(self, value: object, where: str) -> Position | None:
        shape = self._shape(value, PositionShape, where)
        if shape is None:
            return None
        said = self._statement(shape.text, shape.evidence, where, _SAYING, near=True)
        label = self._holds(shape.stance, self._basis(shape.evidence, near=False), f"{where}.stance", _LABEL)
        if said is None or not label:
            return None
        logins = {self.material.sources[one.source].login for one in shape.evidence}
        if logins != {shape.login}:
            self._fault(where, Reason.LOGIN, shape.login)
            return None
        return Position(shape.stance.strip(), shape.login, said)

    def _statement(
        self, text: str, evidence: Sequence[EvidenceShape], where: str, length: Length, *, near: bool = False
    ) -> Statement | None:
        """The statement, if it and its quotes hold; `near`: its figures must be where it points to."""
        rests_on = self._evidence(evidence, where)
        if rests_on is None or not self._holds(text, self._basis(evidence, near=near), where, length):
            return None
        if text in self.told:
            self._fault(where, Reason.LOOP)
            return None
        self.told.add(text)
        return Statement(text.strip(), rests_on)

    def _evidence(self, evidence: Sequence[EvidenceShape], where: str) -> tuple[Evidence, ...] | None:
        if not 1 <= len(evidence) <= _EVIDENCE:
            self._fault(where, Reason.SCHEMA, "evidence")
            return None
        found = []
        for one in evidence:
            source = self.material.sources.get(one.source) if one.source in self.given else None
            if source is None:
                self._fault(where, Reason.SOURCE, one.source)
            elif not source.holds(one.quote):
                self._fault(where, Reason.QUOTE, one.quote)
            else:
                found.append(Evidence(source.id, source.url, one.quote.strip()))
        return tuple(found) if len(found) == len(evidence) else None

    def _holds(self, text: str, basis: Basis, where: str, length: Length) -> bool:
        wrong = [Fault(where, reason, detail) for reason, detail in faults(text, basis, self.context, length)]
        self.faults += wrong
        return not wrong

    def _basis(self, evidence: Sequence[EvidenceShape], *, near: bool) -> Basis:
        material = self.material
        sources = [material.sources[one.source] for one in evidence if one.source in material.sources]
        ground = material.ground
        if near:
            ground = material.title_figures
            for source in sources:
                ground |= source.ground
        return Basis(
            known=material.text,
            ground=ground,
            numbers=material.numbers,
            states=dict(material.states),
            reverted=material.reverted,
            people=People(
                authors=frozenset(source.login for source in sources),
                present=material.people,
                elsewhere=self.elsewhere,
                words=material.words,
            ),
            subject=material.number,
        )

    def _shape(self, value: object, shape: type[S], where: str) -> S | None:
        if value is None:
            return None
        try:
            return shape.model_validate(value)
        except ValidationError:
            self._fault(where, Reason.SCHEMA)
            return None

    def _fault(self, where: str, reason: Reason, detail: str = "") -> None:
        self.faults.append(Fault(where, reason, detail))
