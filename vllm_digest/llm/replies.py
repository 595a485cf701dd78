"""Read a server's completion: the answer in it, and how it ended."""

import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vllm_digest.llm.budget import Tokens
from vllm_digest.llm.extraction import answer_in, answer_in_thoughts
from vllm_digest.llm.failures import (
    CutAnswerError,
    InterruptedAnswerError,
    NoAccessError,
    UnreadableAnswerError,
    failure_of,
)
from vllm_digest.model_protocol import ModelError, PromptTooLongError, Question

_CUT = {"length", "max_tokens", "max_output_tokens", "model_length"}
_BROKEN_OFF = {"abort", "cancelled", "error", "insufficient_system_resource", "network_error", "timeout"}
"""Values of `finish_reason` of vLLM, OpenRouter, DeepSeek and Zhipu for answers that were not finished."""
_WITHHELD = {
    *("content_filter", "content_filtered", "guardrail_intervened", "refusal", "safety", "sensitive"),
    *("blocklist", "prohibited_content", "recitation", "spii"),
}
"""Values of `finish_reason` of Azure OpenAI, Anthropic, Bedrock, Gemini and Zhipu for withheld answers."""
_THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_details", "thinking_blocks")
"""Fields with the reasoning: of DeepSeek and vLLM, of OpenRouter and vLLM, of Ollama; in parts of OpenRouter
and LiteLLM."""
_WORDS = ("text", "thinking", "content")
"""Fields of a part of the reasoning that may hold its text."""
_LONGEST = 400_000
"""Characters of an answer; a whole page has fewer."""
_TAIL, _LOOP = 2_000, 0.1
"""A cut answer repeats itself if its last `_TAIL` bytes compress to less than this share. Measured: 0.3 to
0.6 for ordinary answers, 0.02 to 0.07 for a repeated paragraph."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def tokens_used(document: Any, most: Tokens) -> Tokens:
    """The tokens that a completion used; `most` if the server does not count them."""
    usage = document.get("usage") if isinstance(document, Mapping) else None
    told = usage if isinstance(usage, Mapping) else {}
    return Tokens(
        _count(told.get("prompt_tokens"), most.prompt), _count(told.get("completion_tokens"), most.completion)
    )


def read_answer(document: Any, schema: Mapping[str, Any], room: int) -> Mapping[str, Any]:
    """The JSON object that is the answer in a completion. `room`: limit of the answer, in tokens.

    Raises CutAnswerError if the answer reached the limit, PromptTooLongError if the context was full first,
    UnreadableAnswerError if there is text without an object, ModelError if there is no text, and
    InterruptedAnswerError or another CallError if the document is not a completion.
    """
    choice = _choice(document)
    finish = str(choice.get("finish_reason") or "").lower().partition(":")[0]
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise ModelError("the answer has no message")
    if finish in _BROKEN_OFF:
        raise InterruptedAnswerError(f"an answer that broke off ({finish})")
    if finish in _WITHHELD:
        raise ModelError("the server's filter withheld the answer")
    text, thoughts = _text(message.get("content")), _thoughts(message)
    if finish in _CUT:
        if tokens_used(document, Tokens(0, room)).completion < room:
            raise PromptTooLongError("the answer filled the rest of the context")
        raise CutAnswerError(repeats=_repeats(text if text.strip() else thoughts))
    if message.get("refusal"):
        raise ModelError("the model refused to answer")
    return _answer(text.strip(), thoughts.strip(), set(schema.get("required", ())))


def writable(question: Question) -> Question:
    """The question without lone surrogates, which cannot be encoded in UTF-8."""
    messages = (
        replace(message, text=_SURROGATE.sub("\ufffd", message.text)) for message in question.messages
    )
    return replace(question, messages=tuple(messages))


def _choice(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, Mapping):
        raise InterruptedAnswerError("an answer that is not a JSON object")
    if error := document.get("error"):
        code = str(error.get("code")) if isinstance(error, Mapping) else ""
        # OpenRouter reports another server's status inside a response with status 200.
        raise failure_of(int(code) if re.fullmatch("[45][0-9]{2}", code) else 200, {}, document)
    if "choices" not in document:
        raise NoAccessError("the answer is of a different API; check llm.base_url, which mostly ends in /v1")
    choices = document["choices"]
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise ModelError("the answer has no choices")
    return choices[0]


def _text(content: Any) -> str:
    """The text of a message; some servers (Mistral) send it in parts, some of which are reasoning."""
    if isinstance(content, list):
        parts = (part for part in content if isinstance(part, Mapping) and part.get("type") == "text")
        content = "".join(text for part in parts if isinstance(text := part.get("text"), str))
    return content if isinstance(content, str) else ""


def _thoughts(message: Mapping[str, Any]) -> str:
    return next((text for name in _THOUGHTS if (text := _thought(message.get(name))).strip()), "")


def _thought(value: Any) -> str:
    """The text of reasoning: a string, a part of it, or a list of parts."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else [value]
    fields = (part.get(name) for part in parts if isinstance(part, Mapping) for name in _WORDS)
    return "".join(text for text in fields if isinstance(text, str))


def _answer(text: str, thoughts: str, required: set[str]) -> Mapping[str, Any]:
    if len(text or thoughts) > _LONGEST:
        raise ModelError(f"the answer has {len(text or thoughts)} characters")
    found = answer_in(text, required) if text else answer_in_thoughts(thoughts, required)
    if found is None:
        if not text:
            raise ModelError("the answer is empty")
        raise UnreadableAnswerError("the answer has no complete JSON object")
    return found


def _count(value: Any, otherwise: int) -> int:
    return value if type(value) is int and 0 <= value < 10**9 else otherwise


def _repeats(text: str) -> bool:
    """Whether the end of a text repeats itself."""
    tail = _SURROGATE.sub("\ufffd", text[-_TAIL:]).encode()[-_TAIL:]
    return len(tail) == _TAIL and len(zlib.compress(tail, 9)) < _LOOP * _TAIL
