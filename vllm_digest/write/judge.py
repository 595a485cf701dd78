"""Questions of the second pass: does each statement follow from its evidence?

The judge sees the cited remarks and later ones of the same people in full, and the rows of all named threads.
The standard to judge by is in its instructions alone.
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

TOKENS_PER_CLAIM = 200
BASE_TOKENS = 400
"""Tokens of an answer: for each claim, whose reasoning and deciding words are a few sentences, and in
addition. `llm` raises the limit if an answer was cut."""
_MOST_CLAIMS = 40
"""Bound of the array in the schema; no brief or overview has as many statements."""


class JudgeVerdict(StrEnum):
    """Whether a claim follows from its evidence."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    NOT_STATED = "not_stated"


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement as the judge sees it.

    `name`: its path in the answer, which its verdict repeats. `texts`: by language code.
    `evidence`: pairs of a source's short name and a quote.
    `login`, `stance`: of a position, the person and the stance; else empty.
    `statements`, `facts`: of a finding of an overview, the names of the statements and counts that it cites.
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
        """The text in the first language."""
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
    """A judge's verdict on a claim. `words`: the words of the claim or the evidence that decide it."""

    verdict: JudgeVerdict
    words: str


class VerdictShape(Shape):
    """A verdict in an answer. The order of fields makes a model reason before it decides: servers with guided
    decoding write the keys in the schema's order."""

    claim: str
    reasoning: str
    words: str
    verdict: JudgeVerdict


class JudgeShape(Shape):
    verdicts: Annotated[list[VerdictShape], Field(json_schema_extra={"maxItems": _MOST_CLAIMS})]


@cache
def instructions(language: str) -> str:
    """The system message of every judge question, in this language."""
    return prompt("judge", language)


def judge_question(
    name: str, lines: Iterable[str], claims: Sequence[Claim], *, model: str, language: str, rank: int
) -> Question:
    """The question whether the claims follow from `lines`, which are JSON.

    `name`: of the subject, such as `brief-30382`. `model`: of the judge; empty for the model that writes.
    """
    shown = [*lines, *(claim.line() for claim in claims)]
    return Question(
        name=f"judge-{name}",
        messages=messages(instructions(language), shown),
        schema=schema_of(JudgeShape, (language,)),
        answer_tokens=BASE_TOKENS + TOKENS_PER_CLAIM * len(claims),
        rank=rank,
        model=model,
    )


class _Listed(BaseModel):
    model_config = ConfigDict(extra="ignore")
    verdicts: list[Any]


def read_rulings(answer: Mapping[str, Any], claims: Collection[Claim]) -> dict[str, Ruling]:
    """The verdicts in an answer by the claims' names, without those that are malformed."""
    try:
        listed = _Listed.model_validate(answer).verdicts
    except ValidationError:
        return {}
    # Item by item: one malformed verdict does not lose the others.
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
