"""What requests a server accepts: starts with what most servers do, and learns from refusals."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from vllm_digest.model_protocol import Message, Question, Role

_TEMPERATURE = 0.2
"""Low, because an answer must keep to the texts that it quotes. Reasoning models reject the field."""
_LIMITS = ("max_tokens", "max_completion_tokens")
"""Field names of the answer's token limit, in the order of trying: most servers accept the first, and those
that require the second say so; the reverse order fails silently, as many servers ignore unknown fields."""
_FORM = "\n\nReply with one JSON object (json object) that fits this JSON Schema, and with nothing else:\n"
_BOUNDS = {"maxItems", "minItems", "maxLength", "minLength"}
"""Keywords of JSON Schema that some servers with strict schemas reject. Others need them: without `maxItems`
a model with 0.5B parameters filled arrays up to its token limit."""


class AnswerForm(IntEnum):
    """How a server enforces the schema of an answer, strictest first."""

    SCHEMA = 0
    OBJECT_WITH_SCHEMA = 1
    """`{"type": "json_object", "schema": …}`, the form of llama-cpp-python's server."""
    OBJECT = 2
    TEXT = 3

    @property
    def words(self) -> str:
        """What it does to an answer, for messages."""
        return (
            "held to a schema",
            "held to JSON, with a schema",
            "held to JSON",
            "held by the prompt alone",
        )[self]


@dataclass(frozen=True, slots=True)
class ServerCapabilities:
    """What is known about a server.

    `form`: how it enforces a schema. `limit`: index into `_LIMITS`.
    `temperature`, `system`, `bounds`: whether it accepts a temperature, a system message, bounds of arrays.
    `stream`: whether it only answers in streams. `stream_usage`: whether it counts tokens in a stream.
    `thinking`: False if requests must turn thinking off.
    `least_room`: answer tokens that turned out to be needed, reasoning included.
    `most_room`: the largest answer limit it accepts, in tokens; None if unknown.
    `context`: size of the context, prompt and answer together, in tokens; None if unknown.
    """

    form: AnswerForm = AnswerForm.SCHEMA
    limit: int = 0
    temperature: bool = True
    system: bool = True
    bounds: bool = True
    stream: bool = False
    stream_usage: bool = True
    thinking: bool = True
    least_room: int = 0
    most_room: int | None = None
    context: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Fields of `llm.extra_body`; they override the fields set here."""

    def request(self, model: str, question: Question, room: int) -> dict[str, Any]:
        """The JSON body of a request. `room`: limit of the answer, in tokens."""
        body: dict[str, Any] = {"model": model, "messages": self._messages(question)}
        schema = dict(question.schema) if self.bounds else _unbounded(question.schema)
        if self.form is AnswerForm.SCHEMA:
            held = {"name": "answer", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": held}
        elif self.form is AnswerForm.OBJECT_WITH_SCHEMA:
            body["response_format"] = {"type": "json_object", "schema": schema}
        elif self.form is AnswerForm.OBJECT:
            body["response_format"] = {"type": "json_object"}
        if self.temperature:
            body["temperature"] = _TEMPERATURE
        if self.stream:
            body["stream"] = True
            if self.stream_usage:
                body["stream_options"] = {"include_usage": True}
        if not self.thinking:
            body["enable_thinking"] = False
        return body | dict(self.extra) | {_LIMITS[self.limit]: room}

    def after(self, words: str) -> "ServerCapabilities | None":
        """What to try after a refusal. `words`: its message in lower case. None if it names nothing known."""
        return next((changed for adjust in _ADJUSTMENTS if (changed := adjust(self, words))), None)

    def looser(self) -> "ServerCapabilities | None":
        """With the next less strict form of answer; None if there is none."""
        return None if self.form is AnswerForm.TEXT else replace(self, form=AnswerForm(self.form + 1))

    @property
    def limit_name(self) -> str:
        """The field name of the answer's token limit."""
        return _LIMITS[self.limit]

    def _messages(self, question: Question) -> list[dict[str, str]]:
        messages = list(question.messages)
        if self.form is not AnswerForm.SCHEMA:
            schema = json.dumps(question.schema, ensure_ascii=False, separators=(",", ":"))
            messages[0] = replace(messages[0], text=f"{messages[0].text}{_FORM}{schema}")
        if not self.system:
            messages = _without_system(messages)
        return [{"role": message.role.value, "content": message.text} for message in messages]


Adjustment = Callable[[ServerCapabilities, str], ServerCapabilities | None]

_MOST_ROOM = re.compile(
    r"(?:at most|maximum (?:of|value (?:is|for))|less than or equal to|<=|limit of|\[\s*[01]\s*,|> ?)"
    r"[ `'\"]*(\d{2,7})"
)
_STREAM_ONLY = re.compile(
    r"(?:only|must|enable|require|need|set)\w*\b.{0,60}\bstream|\bstream\w*\b.{0,40}\b(?:only|required|true)\b"
)
_SYSTEM = re.compile(r"\b(?:system|developer)\b.{0,40}\b(?:role|messages?|prompt)|\brole")
_FORM_NAMES = re.compile(
    r"response_format|json_schema|json_object|schema|guided|grammar|structured output|sampler"
)


def _most_room(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    told = _MOST_ROOM.search(words) if "token" in words else None
    if told is None or (now.most_room is not None and int(told[1]) >= now.most_room):
        return None
    return replace(now, most_room=int(told[1]))


def _thinking(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    return replace(now, thinking=False) if now.thinking and "enable_thinking" in words else None


def _stream(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    if now.stream:
        drops = now.stream_usage and ("stream_options" in words or "include_usage" in words)
        return replace(now, stream_usage=False) if drops else None
    return replace(now, stream=True) if _STREAM_ONLY.search(words) else None


def _bounds(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    named = any(name.lower() in words for name in _BOUNDS)
    return replace(now, bounds=False) if named and now.bounds and now.form < AnswerForm.OBJECT else None


def _limit(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    others = range(now.limit + 1, len(_LIMITS))
    return replace(now, limit=others[0]) if now.limit_name in words and others else None


def _temperature(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    return replace(now, temperature=False) if now.temperature and "temperature" in words else None


def _system(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    return replace(now, system=False) if now.system and _SYSTEM.search(words) else None


def _form(now: ServerCapabilities, words: str) -> ServerCapabilities | None:
    return now.looser() if _FORM_NAMES.search(words) else None


_ADJUSTMENTS: tuple[Adjustment, ...] = (
    _most_room,
    _thinking,
    _stream,
    _bounds,
    _limit,
    _temperature,
    _system,
    _form,
)
"""What to adjust from a refusal, rules with the most specific words first."""


def _unbounded(node: Any) -> Any:
    """A schema without the keywords of `_BOUNDS`."""
    if isinstance(node, Mapping):
        return {key: _unbounded(value) for key, value in node.items() if key not in _BOUNDS}
    return [_unbounded(item) for item in node] if isinstance(node, list | tuple) else node


def _without_system(messages: list[Message]) -> list[Message]:
    """The messages with the system messages put in front of the first user message."""
    said = "\n\n".join(message.text for message in messages if message.role is Role.SYSTEM)
    others = [message for message in messages if message.role is not Role.SYSTEM]
    return [Message(Role.USER, f"{said}\n\n{others[0].text}"), *others[1:]] if said else others
