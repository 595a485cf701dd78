"""The second pass: a judge is asked whether each statement follows from what it rests on.

The judge sees more than the writer: whole the remarks that are cited and what the same people said later, and
the rows of the threads that are named. It knows our standard from its instructions alone.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vllm_digest.check.shapes import Shape, schema_of
from vllm_digest.model_protocol import Question
from vllm_digest.templating import prompt
from vllm_digest.write.prompts import messages
from vllm_digest.write.rows import line

ROOM_A_CLAIM = 200
ROOM = 400
"""Tokens for an answer: for each claim, and besides."""
_MOST_CLAIMS = 40
"""More statements than a brief or an overview can have."""


class Verdict(StrEnum):
    """Does a claim follow?"""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as the judge is shown it.

    `name`: how it and its verdict are told apart. `texts`: by language.
    `evidence`: quotes with their sources' short names; `login`, `stance`: of a position, who holds it and as
    what. `statements`, `facts`: of a sentence of an overview, the names of what it rests on.
    """

    name: str
    texts: Mapping[str, str]
    evidence: Sequence[tuple[str, str]] = ()
    login: str = ""
    stance: str = ""
    statements: Sequence[str] = ()
    facts: Sequence[str] = ()

    @property
    def text(self) -> str:
        """Its first text."""
        return next(iter(self.texts.values()), "")

    def line(self) -> str:
        row = {
            "claim": self.name,
            "login": self.login,
            "stance": self.stance,
            "text": dict(self.texts) if len(self.texts) > 1 else self.text,
            "evidence": [{"source": source, "quote": quote} for source, quote in self.evidence],
            "statements": list(self.statements),
            "facts": list(self.facts),
        }
        return line({name: value for name, value in row.items() if value})


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a judge said of a claim: the verdict, and the words that decide it."""

    verdict: Verdict
    words: str


class VerdictShape(Shape):
    """The reasoning comes before the verdict, so that a model thinks first."""

    claim: str
    reasoning: str
    words: str
    verdict: Verdict


class JudgeShape(Shape):
    verdicts: Annotated[list[VerdictShape], Field(json_schema_extra={"maxItems": _MOST_CLAIMS})]


@cache
def instructions(language: str) -> str:
    """What is said before everything that is to be judged."""
    return prompt("judge", language)


def judge_question(
    name: str, lines: Iterable[str], claims: Sequence[Claim], *, model: str, language: str, rank: int
) -> Question:
    """The question whether the claims follow from the lines, to the judge of this name."""
    told = [*lines, *(claim.line() for claim in claims)]
    return Question(
        name=f"judge-{name}",
        messages=messages(instructions(language), told),
        schema=schema_of(JudgeShape, (language,)),
        answer_tokens=ROOM + ROOM_A_CLAIM * len(claims),
        rank=rank,
        model=model,
    )


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore")
    verdicts: list[Any]


def read_rulings(answer: Mapping[str, Any], claims: Collection[Claim]) -> dict[str, Ruling]:
    """The verdicts on the claims by their names; those that cannot be read are missing."""
    try:
        listed = _Listed.model_validate(answer).verdicts
    except ValidationError:
        return {}
    known = {claim.name for claim in claims}
    rulings: dict[str, Ruling] = {}
    for value in listed:
        try:
            one = VerdictShape.model_validate(value)
        except ValidationError:
            continue
        if one.claim in known:
            rulings.setdefault(one.claim, Ruling(one.verdict, one.words))
    return rulings
