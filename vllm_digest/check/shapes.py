"""The shapes of a model's answers, as pydantic models and JSON schemas.

A text is a string, or with several languages an object from language code to string. Arrays are bounded:
without bounds a small model fills an array until its token limit (measured with a 0.5B model on llama.cpp
and vLLM).
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema

S = TypeVar("S", bound="Shape")

_TEXT = "text by language"
"""Placeholder in a generated schema for texts, whose schema depends on the languages."""
# As the instructions say, so that a grammar made from the schema allows what they ask for.
MOST_EVIDENCE = 3
MOST_POSITIONS = 5
MOST_FINDINGS = 4
MOST_NAMES = 8
"""Names in a list: hardware, or the statements or counts that a finding cites."""


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
    # OpenAI's strict mode requires `additionalProperties: false` and no defaults. Extra keys are ignored.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


Names = Annotated[list[str], Field(json_schema_extra={"maxItems": MOST_NAMES})]


class EvidenceShape(Shape):
    """A quote. `source`: name of the source as in the prompt, such as `c1`."""

    source: str
    quote: str


Quotes = Annotated[list[EvidenceShape], Field(json_schema_extra={"maxItems": MOST_EVIDENCE})]
"""Only the schema has the bound: extra items of a server that ignores it are cut off, not refused."""


class StatementShape(Shape):
    """A statement about a thread with its quotes."""

    text: LocalTexts
    evidence: Quotes


class PositionShape(Shape):
    """The position of one person. `stance`: a label of a few words."""

    stance: LocalTexts
    login: str
    text: LocalTexts
    evidence: Quotes


class FocusShape(Shape):
    """The relation of a thread to the focus, see `narrative.FocusNote`. `gain`: a measured gain."""

    gpus: Names
    asked_gpus: Names
    component: str | None
    gain: StatementShape | None


class BriefShape(Shape):
    """The answer about one thread; a part is null if the thread has nothing for it."""

    topic: StatementShape | None
    positions: Annotated[list[PositionShape], Field(json_schema_extra={"maxItems": MOST_POSITIONS})]
    dispute: StatementShape | None
    state: StatementShape | None
    reading: StatementShape | None
    impact: StatementShape | None
    focus: FocusShape | None
    watch: StatementShape | None


class FindingShape(Shape):
    """A finding about the window. `statements`, `facts`: names of the statements and counts that it cites."""

    title: LocalTexts
    text: LocalTexts
    statements: Names
    facts: Names


Findings = Annotated[list[FindingShape], Field(json_schema_extra={"maxItems": MOST_FINDINGS})]


class OverviewShape(Shape):
    """The answer about the whole window: findings by section."""

    state: Findings
    focus: Findings
    trends: Findings
    activity: Findings
    concerns: Findings


def read_shape(value: object, shape: type[S], languages: Sequence[str]) -> S:
    """Parse a value. Raises pydantic.ValidationError if it does not have the shape.

    A plain string counts as the text of the first of `languages`; an object must have at least one of them.
    """
    return shape.model_validate(value, context={"languages": tuple(languages)})


@cache
def schema_of(shape: type[Shape], languages: tuple[str, ...]) -> Mapping[str, Any]:
    """The JSON schema of a shape with texts in these languages."""
    schema: Mapping[str, Any] = _finished(shape.model_json_schema(), languages)
    return schema


def _finished(node: Any, languages: tuple[str, ...]) -> Any:
    """Remove the titles that pydantic adds, and replace the placeholder of texts by their schema."""
    if isinstance(node, dict):
        if node.get("const") == _TEXT:
            return _text_schema(languages)
        # A property may itself be called `title`; its value is then an object and stays.
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
