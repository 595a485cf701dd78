"""The forms that a model's answers have, as its JSON schemas.

Where several languages are asked for, a text is an object with a text a language, else a string. Arrays
are bounded: a small model held to a schema without bounds fills an array until its room ends (measured with
a 0.5B model on llama.cpp and vLLM).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

S = TypeVar("S", bound="Shape")

_TEXT = "text by language"
"""Marks the places in a schema that depend on the languages."""
MOST_EVIDENCE = 3
MOST_POSITIONS = 5
MOST_FINDINGS = 4
MOST_NAMES = 8


def _by_language(value: object, info: ValidationInfo) -> object:
    languages = (info.context or {})["languages"]
    if isinstance(value, str):
        return {languages[0]: value}
    if isinstance(value, Mapping):
        texts = {one: value[one] for one in languages if isinstance(value.get(one), str)}
        if texts:
            return texts
    raise ValueError("it is no text")


LocalTexts = Annotated[dict[str, str], BeforeValidator(_by_language), WithJsonSchema({"const": _TEXT})]


class Shape(BaseModel):
    # OpenAI's strict mode wants the `false` and no defaults; what a laxer server adds is left aside.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


Names = Annotated[list[str], Field(json_schema_extra={"maxItems": MOST_NAMES})]


class EvidenceShape(Shape):
    source: str
    quote: str


Quotes = Annotated[list[EvidenceShape], Field(json_schema_extra={"maxItems": MOST_EVIDENCE})]
"""The bound is the schema's: what a laxer server sends beyond it is cut off, not refused."""


class StatementShape(Shape):
    text: LocalTexts
    evidence: Quotes


class PositionShape(Shape):
    stance: LocalTexts
    login: str
    text: LocalTexts
    evidence: Quotes


class FocusShape(Shape):
    gpus: Names
    asked_gpus: Names
    component: str | None
    gain: StatementShape | None


class BriefShape(Shape):
    topic: StatementShape | None
    positions: Annotated[list[PositionShape], Field(json_schema_extra={"maxItems": MOST_POSITIONS})]
    dispute: StatementShape | None
    state: StatementShape | None
    reading: StatementShape | None
    impact: StatementShape | None
    focus: FocusShape | None
    watch: StatementShape | None


class FindingShape(Shape):
    title: LocalTexts
    text: LocalTexts
    statements: Names
    facts: Names


Findings = Annotated[list[FindingShape], Field(json_schema_extra={"maxItems": MOST_FINDINGS})]


class OverviewShape(Shape):
    state: Findings
    focus: Findings
    trends: Findings
    activity: Findings
    concerns: Findings


def read_shape(value: object, shape: type[S], languages: Sequence[str]) -> S:
    """The value as a shape. Raises pydantic.ValidationError if it is of another form.

    A plain text counts for the first of `languages`; an object may lack some of them, but not all.
    """
    return shape.model_validate(value, context={"languages": tuple(languages)})


@cache
def schema_of(shape: type[Shape], languages: tuple[str, ...]) -> Mapping[str, Any]:
    """A shape's JSON schema, with texts in these languages."""
    schema: Mapping[str, Any] = _finished(shape.model_json_schema(), languages)
    return schema


def _finished(node: Any, languages: tuple[str, ...]) -> Any:
    """Without the titles that pydantic adds, and with the texts' form."""
    if isinstance(node, dict):
        if node.get("const") == _TEXT:
            return _text_schema(languages)
        # A property may be called `title`; then what stands there is no text.
        return {
            key: _finished(value, languages)
            for key, value in node.items()
            if key != "title" or isinstance(value, dict)
        }
    return [_finished(item, languages) for item in node] if isinstance(node, list) else node


def _text_schema(languages: tuple[str, ...]) -> Mapping[str, Any]:
    if len(languages) == 1:
        return {"type": "string"}
    return {
        "type": "object",
        "properties": {one: {"type": "string"} for one in languages},
        "required": list(languages),
        "additionalProperties": False,
    }
