"""The forms that a model's answers have, as its JSON schemas."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict


class _Shape(BaseModel):
    # OpenAI's strict mode wants the `false` and no defaults; what a laxer server adds is left aside.
    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


class EvidenceShape(_Shape):
    source: str
    quote: str


class StatementShape(_Shape):
    text: str
    evidence: list[EvidenceShape]


class PositionShape(_Shape):
    stance: str
    login: str
    text: str
    evidence: list[EvidenceShape]


class FocusShape(_Shape):
    gpus: list[str]
    component: str | None
    gain: StatementShape | None


class BriefShape(_Shape):
    topic: StatementShape | None
    positions: list[PositionShape]
    dispute: StatementShape | None
    state: StatementShape | None
    reading: StatementShape | None
    impact: StatementShape | None
    focus: FocusShape | None
    watch: StatementShape | None


class FindingShape(_Shape):
    title: str
    text: str
    threads: list[int]
    facts: list[str]


class OverviewShape(_Shape):
    state: list[FindingShape]
    focus: list[FindingShape]
    trends: list[FindingShape]
    activity: list[FindingShape]
    concerns: list[FindingShape]


@cache
def schema_of(shape: type[BaseModel]) -> Mapping[str, Any]:
    """A shape's JSON schema without the titles that pydantic adds."""
    schema: Mapping[str, Any] = _untitled(shape.model_json_schema())
    return schema


def _untitled(node: Any) -> Any:
    if isinstance(node, dict):
        # A property may be called `title`; then what stands there is no text.
        return {
            key: _untitled(value) for key, value in node.items() if key != "title" or isinstance(value, dict)
        }
    return [_untitled(item) for item in node] if isinstance(node, list) else node
