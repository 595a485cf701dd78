"""Which request fields the servers of different makers accept, and how they refuse the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from tests.servers.answers import Answer


def count(text: str) -> int:
    """Tokens, as all servers here count them."""
    return len(text) // 3


def openai_error(status: int, message: str, code: str | None = None, param: str | None = None) -> Answer:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return Answer(status, {"error": error})


def _vllm_error(status: int, message: str, code: str | None = None, param: str | None = None) -> Answer:
    del code
    return Answer(
        status, {"error": {"message": message, "type": "BadRequestError", "param": param, "code": status}}
    )


def _mistral_error(status: int, message: str, code: str | None = None, param: str | None = None) -> Answer:
    del code
    detail = [{"type": "extra_forbidden", "loc": ["body", param], "msg": message}]
    return Answer(status, {"object": "error", "message": {"detail": detail}, "type": "invalid_request_error"})


def _old_error(status: int, message: str, code: str | None = None, param: str | None = None) -> Answer:
    del code, param
    return Answer(status, {"error": message})


class ErrorForm(Protocol):
    """How a maker writes an error."""

    def __call__(
        self, status: int, message: str, code: str | None = None, param: str | None = None
    ) -> Answer: ...


@dataclass(frozen=True)
class Kind:
    """The behavior of one maker's servers."""

    error: ErrorForm = openai_error
    forms: frozenset[str] = frozenset({"json_schema", "json_object"})
    rooms: frozenset[str] = frozenset({"max_tokens", "max_completion_tokens"})
    temperature: bool = True
    roles: frozenset[str] = frozenset({"system", "user", "assistant"})
    strict: bool = False
    """Are schemas held to OpenAI's rules?"""
    needs_the_word: bool = False
    """Must the prompt say "json" when an object is asked for?"""
    context: int | None = None
    most_room: int | None = None
    batches: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    """Messages of its own, by what is refused."""
    status: int = 400

    def refusal(self, body: Mapping[str, Any]) -> Answer | None:
        """The refusal of a request, if there is a reason for one."""
        return next(self._refusals(body), None)

    def _refusals(self, body: Mapping[str, Any]) -> Iterator[Answer]:
        for name in ("max_tokens", "max_completion_tokens"):
            if name in body and name not in self.rooms:
                other = next(iter(self.rooms), "nothing")
                yield self._no(
                    name,
                    f"Unsupported parameter: '{name}' is not supported with this model. "
                    f"Use '{other}' instead.",
                )
        if "temperature" in body and not self.temperature:
            yield self._no(
                "temperature",
                "Unsupported value: 'temperature' does not support 0.2 with this model. "
                "Only the default (1) value is supported.",
            )
        for message in body["messages"]:
            if message["role"] not in self.roles:
                yield self._no("messages", f"The {message['role']} role is not supported.")
        yield from self._form_refusals(body)
        yield from self._size_refusals(body)

    def _form_refusals(self, body: Mapping[str, Any]) -> Iterator[Answer]:
        form = body.get("response_format", {}).get("type")
        if form and form not in self.forms:
            yield self._no("response_format", f"Invalid parameter: 'response_format' of type '{form}'.")
        if form == "json_schema" and self.strict:
            faults = list(_strict_faults(body["response_format"]["json_schema"]["schema"], "()"))
            if faults:
                yield self._no("response_format", f"Invalid schema for response_format 'answer': {faults[0]}")
        text = " ".join(message["content"] for message in body["messages"])
        if form == "json_object" and self.needs_the_word and "json" not in text:
            yield self._no("messages", "Prompt must contain the word 'json' to use 'json_object'.")

    def _size_refusals(self, body: Mapping[str, Any]) -> Iterator[Answer]:
        room = body.get("max_tokens", body.get("max_completion_tokens")) or 0
        if self.most_room is not None and room > self.most_room:
            yield self._no(
                "max_tokens",
                f"max_tokens is too large: {room}. This model supports at most {self.most_room} "
                f"completion tokens, whereas you provided {room}.",
            )
        prompt = sum(count(message["content"]) for message in body["messages"])
        if self.context is not None and prompt + room > self.context:
            yield self.error(
                400,
                f"This model's maximum context length is {self.context} tokens. However, you requested "
                f"{prompt + room} tokens ({prompt} in the messages, {room} in the completion).",
                code="context_length_exceeded",
                param="messages",
            )

    def _no(self, what: str, message: str) -> Answer:
        return self.error(self.status, self.words.get(what, message), param=what)


_KEYWORDS = {
    *("$defs", "$ref", "additionalProperties", "anyOf", "const", "description", "enum", "exclusiveMaximum"),
    *("exclusiveMinimum", "format", "items", "maxItems", "maximum", "minItems", "minimum", "multipleOf"),
    *("pattern", "properties", "required", "title", "type"),
}
"""What OpenAI's page on structured outputs says its strict mode takes."""


def _strict_faults(schema: Any, place: str) -> Iterator[str]:
    for name in sorted(schema.keys() - _KEYWORDS):
        yield f"In context={place}, '{name}' is not permitted."
    properties = schema.get("properties", {})
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            yield f"In context={place}, 'additionalProperties' is required to be supplied and to be false."
        if missing := sorted(properties.keys() - set(schema.get("required", ()))):
            yield f"In context={place}, 'required' is required to include every key. Missing '{missing[0]}'."
    inner = {**properties, **schema.get("$defs", {})}
    if "items" in schema:
        inner["items"] = schema["items"]
    inner |= {f"anyOf {at}": one for at, one in enumerate(schema.get("anyOf", ()))}
    for name, one in inner.items():
        yield from _strict_faults(one, f"{place}.{name}")


OPENAI = Kind(strict=True, batches=True)
REASONING = Kind(strict=True, rooms=frozenset({"max_completion_tokens"}), temperature=False)
"""OpenAI's reasoning models."""
VLLM = Kind(error=_vllm_error)
DEEPSEEK = Kind(
    forms=frozenset({"json_object"}),
    rooms=frozenset({"max_tokens"}),
    needs_the_word=True,
    words={"response_format": "This response_format type is unavailable now"},
)
MISTRAL = Kind(
    error=_mistral_error,
    rooms=frozenset({"max_tokens"}),
    status=422,
    words={"max_completion_tokens": "Extra inputs are not permitted"},
)
OLD = Kind(
    error=_old_error,
    forms=frozenset(),
    rooms=frozenset({"max_tokens"}),
    words={"response_format": "unknown field"},
)
"""A small old server, whose errors have little detail."""
NO_SYSTEM = Kind(
    error=_vllm_error, roles=frozenset({"user", "assistant"}), words={"messages": "System role not supported"}
)
"""A vLLM server with a model whose template has no place for instructions (Gemma)."""
