"""A server's reply → the JSON object in it, whatever a model puts around it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from vllm_digest.llm.budget import Tokens
from vllm_digest.llm.faults import (
    CutAnswerError,
    InterruptedAnswerError,
    UnreadableAnswerError,
    diagnose,
)
from vllm_digest.model_protocol import ModelError, PromptTooLongError, Question

_CUT = {"length", "max_tokens"}
_BROKEN_OFF = {"abort", "error", "insufficient_system_resource"}
"""Ends that vLLM, OpenRouter and DeepSeek give to answers they could not finish."""
_LONGEST = 400_000
"""Characters of an answer; whole pages have fewer."""
_MOST_STARTS = 200
_THOUGHT_END = "</think>"
_SURROGATE = re.compile("[\ud800-\udfff]")


def counted(document: Any, most: Tokens) -> Tokens:
    """What an answer took; `most` where the server does not count."""
    usage = document.get("usage") if isinstance(document, Mapping) else None
    told = usage if isinstance(usage, Mapping) else {}
    return Tokens(
        _count(told.get("prompt_tokens"), most.prompt), _count(told.get("completion_tokens"), most.completion)
    )


def read_answer(document: Any, schema: Mapping[str, Any], room: int) -> Mapping[str, Any]:
    """The object answered in the JSON of a 200; of several the first with all that `schema` requires.

    CutAnswerError when the `room` (tokens) did not do, PromptTooLongError when the context was full before;
    UnreadableAnswerError when there are words but no object, ModelError when there is nothing at all.
    """
    choice = _choice(document)
    finish = str(choice.get("finish_reason") or "").lower()
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise ModelError("the answer has no message")
    if finish in _BROKEN_OFF:
        raise InterruptedAnswerError(f"an answer that broke off ({finish})")
    if finish == "content_filter":
        raise ModelError("the server's filter withheld the answer")
    if finish in _CUT:
        if counted(document, Tokens(0, room)).completion < room:
            raise PromptTooLongError("the answer filled the rest of the context")
        raise CutAnswerError
    if message.get("refusal"):
        raise ModelError("the model refused to answer")
    return _object(_text(message.get("content")), set(schema.get("required", ())))


def _choice(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise InterruptedAnswerError("an answer of another kind")
    if error := document.get("error"):
        code = str(error.get("code")) if isinstance(error, Mapping) else ""
        # OpenRouter sends the status it got itself in a 200.
        raise diagnose(int(code) if re.fullmatch("[45][0-9]{2}", code) else 200, {}, document)
    choices = document.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise ModelError("the answer has no choices")
    return choices[0]


def _object(said: str, required: set[str]) -> Mapping[str, Any]:
    text = _without_thought(said.strip())
    if not text:
        raise ModelError("the answer is empty")
    if len(text) > _LONGEST:
        raise ModelError(f"the answer has {len(text)} characters")
    objects = list(_objects(text))
    for _, found in objects:
        if required <= found.keys():
            return _clean(found)
    if objects and objects[0][0] == text.find("{"):
        return _clean(objects[0][1])
    raise UnreadableAnswerError("the answer holds no whole JSON object")


def _text(content: Any) -> str:
    """A message's text; some servers (Mistral) send it in parts, thoughts among them."""
    if isinstance(content, list):
        parts = (part for part in content if isinstance(part, Mapping) and part.get("type") == "text")
        return "".join(str(part.get("text", "")) for part in parts)
    return content if isinstance(content, str) else ""


def _count(value: Any, otherwise: int) -> int:
    return value if isinstance(value, int) and 0 <= value < 10**9 else otherwise


def _without_thought(text: str) -> str:
    """What follows the thoughts; some servers send only the mark of their end.

    An answer that begins with its object has none, whatever its strings say.
    """
    if text.startswith("<think>") and _THOUGHT_END not in text:
        return ""
    return text if text.startswith("{") else text.partition(_THOUGHT_END)[2].strip() or text


def _objects(text: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every JSON object that is not within another one, with its place."""
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse)
    start = text.find("{")
    for _ in range(_MOST_STARTS):
        if start < 0:
            return
        try:
            found, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield start, found
        start = text.find("{", end)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _clean(answer: dict[str, Any]) -> Mapping[str, Any]:
    """Without lone surrogates, which no file takes."""
    text = json.dumps(answer, ensure_ascii=False)
    cleaned: dict[str, Any] = json.loads(_SURROGATE.sub("\ufffd", text))
    return cleaned


def writable(question: Question) -> Question:
    """Without lone surrogates, which cannot be sent."""
    messages = (
        replace(message, text=_SURROGATE.sub("\ufffd", message.text)) for message in question.messages
    )
    return replace(question, messages=tuple(messages))
