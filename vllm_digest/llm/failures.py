"""Map a failed call to a model server to an exception that says how to react.

Sources: error documentation of OpenAI, DeepSeek and OpenRouter (402, moderation as 403); of Azure OpenAI,
Alibaba Model Studio, Zhipu, StepFun (451) and Portkey (446) on content filters; Anthropic's 529; messages of
vLLM, llama.cpp, LM Studio, TGI and Mistral.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from vllm_digest.cleaning import clean_line
from vllm_digest.model_protocol import ModelError, ModelUnavailableError

_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated"}
_FILTERED = {"content_filter", "content_policy_violation", "data_inspection_failed", "invalid_prompt", "1301"}
_FILTER_STATUS = {446, 451}
_FILTER_WORDED = {400, 406, 422}
"""Statuses that mean a filter only with a filter's words. A 403 is decided by a neutral question."""
_FILTER_WORDS = re.compile(
    r"content[ _-](?:filter|policy|management|moderation|safety|violation)|moderation|inappropriate content"
    r"|flagged|guardrail|sensitive (?:content|information|word)|data_?inspection|censor|usage polic"
    r"|prohibited content|prompt (?:pattern )?(?:is )?blocked|responsible ?ai"
)
_NO_ACCESS = {
    401: "the model server refused the key (401); check OPENAI_API_KEY",
    402: "the account at the model server has no quota left",
    403: "the model server does not allow this",
    404: "the model server knows no such model or address; check llm.model and llm.base_url, "
    "which mostly ends in /v1",
    405: "the model server has no such address; check llm.base_url, which mostly ends in /v1",
}
_NO_ADDRESS = re.compile(
    r"(?:unexpected|invalid|unknown|unsupported) (?:url|path|route|endpoint)|no (?:such )?route|not found"
)
_FORM_WORDS = re.compile(r"grammar|schema|response_format|validation error|json_object|sampler")
_STARTING = re.compile(r"loading|starting|warming|not (?:yet )?ready|initializ")
_CONTEXT = re.compile(
    r"context[ _](?:length|window|size)|(?:prompt|input) is too long|too many tokens|max_model_len"
    r"|max_seq_len|inputs?`? tokens \+|token limit"
)
_CONTEXT_SIZE = re.compile(
    r"(?:context[ _](?:length|window|size)|max_model_len|max_seq_len|token limit|must be <)\D{0,30}?(\d{3,8})"
)
_PROMPT_SIZE = re.compile(
    r"(\d{1,8})\)? (?:tokens )?(?:in|from) (?:the |your )?(?:messages?|prompt|input)"
    r"|(\d{1,8}) (?:`?inputs?`?|prompt) tokens|(?:messages resulted in|prompt contains) (\d{1,8}) "
)
_RETRIED = {408, 409, 425}
_LONGEST_SAID, _MOST_READ = 300, 10_000
"""Characters of a server's message that are shown, and that are read."""


class CallError(Exception):
    """A call without an answer. The subclass says how to react; none of them leaves this package."""


class InterruptedAnswerError(CallError):
    """The answer did not arrive or is not one. Retry, after `wait` seconds if the server gives a time."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class NotThereError(InterruptedAnswerError):
    """The server did not accept the connection: it is down, or it is still starting."""


class TimedOutError(InterruptedAnswerError):
    """The call timed out; the server may still be working on it."""


class ThrottledError(CallError):
    """The server asks for a pause. `wait`: its length in seconds; None if not stated."""

    def __init__(self, reason: str, wait: float | None) -> None:
        super().__init__(reason)
        self.wait = wait


class RefusedError(CallError):
    """The server rejects the form of the request. `words`: its message in lower case."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(reason)
        self.words = words


class BrokenRequestError(RefusedError):
    """A 5xx whose message says that the server failed on the requested form of the answer."""


class ContextFullError(CallError):
    """The prompt and the limit of the answer together exceed the context.

    `size`: of the context, `prompt`: of the prompt, in tokens; None if the server does not state them.
    """

    def __init__(self, reason: str, size: int | None, prompt: int | None) -> None:
        super().__init__(reason)
        self.size = size
        self.prompt = prompt


class NoAccessError(CallError):
    """The key, account, model or address seems to be refused; `access` checks with a neutral question."""


class CutAnswerError(CallError):
    """The answer reached its token limit. `repeats`: whether it repeats itself at the end."""

    def __init__(self, *, repeats: bool) -> None:
        super().__init__("the answer was cut")
        self.repeats = repeats


class UnreadableAnswerError(CallError):
    """The answer has a text without a JSON object."""


class AccessDeniedError(ModelUnavailableError):
    """The server refuses every question of this key, account or model."""


class SessionOverError(ModelUnavailableError):
    """Nothing more is asked about this window; questions about the next one may succeed."""


class TooSlowError(SessionOverError):
    """The time limit of a window passed while the server was working."""


def failure_of(status: int, headers: Mapping[str, str], body: Any) -> CallError | ModelError:
    """The exception for a response that reports an error.

    `status`: HTTP status; 200 if the error came as a success. `headers`: names in lower case.
    `body`: parsed JSON, or text.
    """
    error = body.get("error", body) if isinstance(body, Mapping) else body
    fields = error if isinstance(error, Mapping) else {}
    codes = {str(fields.get(name)).lower() for name in ("code", "type")}
    said = clean_line(_message(error), _LONGEST_SAID)
    reason = f"{status} {said}".strip()
    words = f"{fields.get('param') or ''} {said}".lower()
    if _is_filter(status, codes, words):
        return ModelError(f"the server's filter refused the question ({reason})")
    # First, because OpenAI reports a used-up quota with 429 as well, where waiting does not help.
    if codes & _NO_MONEY:
        return NoAccessError(f"{_NO_ACCESS[402]} ({reason})")
    if status == 429 or (status == 503 and _STARTING.search(words)):
        return ThrottledError(reason, _asked_wait(headers))
    if status in _RETRIED or status >= 500:
        broken = status >= 500 and _FORM_WORDS.search(words) is not None
        wait = _asked_wait(headers)
        return BrokenRequestError(reason, words) if broken else InterruptedAnswerError(reason, wait)
    if status < 300:
        return _error_in_success(reason, words)
    return _redirected(headers) if status < 400 else _refusal(status, words, reason)


def _is_filter(status: int, codes: set[str], words: str) -> bool:
    """Whether a content filter refused the prompt."""
    worded = status in _FILTER_WORDED and _FILTER_WORDS.search(words) is not None
    return bool(codes & _FILTERED) or status in _FILTER_STATUS or worded


def _redirected(headers: Mapping[str, str]) -> CallError:
    try:
        host = clean_line(urlsplit(headers.get("location", "")).hostname or "elsewhere", _LONGEST_SAID)
    except ValueError:
        host = "elsewhere"
    return NoAccessError(f"the model server redirects to {host}; name the right llm.base_url")


def _error_in_success(reason: str, words: str) -> CallError:
    """For an error with status 200: an unknown address (LM Studio), or a forwarded failure (OpenRouter)."""
    if _NO_ADDRESS.search(words):
        return NoAccessError(f"{_NO_ACCESS[405]} ({reason})")
    return InterruptedAnswerError(reason)


def _refusal(status: int, words: str, reason: str) -> CallError:
    if status in {400, 413, 422} and (status == 413 or _CONTEXT.search(words)):
        size, prompt = _CONTEXT_SIZE.search(words), _PROMPT_SIZE.search(words)
        told = next(filter(None, prompt.groups()), None) if prompt else None
        return ContextFullError(reason, int(size[1]) if size else None, int(told) if told else None)
    if status in _NO_ACCESS:
        # The message of a 401 may contain parts of the key.
        return NoAccessError(_NO_ACCESS[status] if status == 401 else f"{_NO_ACCESS[status]} ({reason})")
    return RefusedError(reason, words) if status in {400, 422} else NoAccessError(reason)


def _message(error: Any) -> str:
    if isinstance(error, Mapping):
        told = (error.get(name) for name in ("message", "detail", "msg", "status_msg", "error"))
        return str(next(filter(None, told), ""))[:_MOST_READ]
    # A page of HTML or broken JSON is useless in a message.
    says = isinstance(error, str) and "<" not in error and not error.lstrip().startswith(("{", "["))
    return error[:_MOST_READ] if says else ""


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """The requested pause in seconds: `retry-after` (RFC 9110: seconds or a date), or OpenAI's in ms."""
    milliseconds, seconds = headers.get("retry-after-ms", "").strip(), headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", milliseconds):
        return float(milliseconds) / 1000
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", seconds):
        return float(seconds)
    try:
        until = parsedate_to_datetime(seconds).astimezone(UTC)
        # Relative to the server's clock, as the local one may be wrong.
        return max(0.0, (until - parsedate_to_datetime(headers["date"]).astimezone(UTC)).total_seconds())
    except (KeyError, ValueError, OverflowError):
        return None
