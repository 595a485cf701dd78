"""What a failed call to a model server means: the exception that says what helps.

Sources: OpenAI's page on error codes; DeepSeek's and OpenRouter's (402, moderation as 403); Azure OpenAI,
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
"""Statuses of which a filter's words say more; what a 403 means, a neutral question shows."""
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
"""Characters of a server's own words that a message has, and of which it is made."""


class CallError(Exception):
    """A call that gave no answer. Each kind says what may help; none of them leaves this room."""


class InterruptedAnswerError(CallError):
    """The answer was lost on the way, or is none. Another try may do, after `wait` seconds if told."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class NotThereError(InterruptedAnswerError):
    """Nobody took the connection: the server is down, or it is still starting."""


class TimedOutError(InterruptedAnswerError):
    """The answer was given up; the server may go on working on it."""


class ThrottledError(CallError):
    """The server asks for a pause of `wait` seconds, or of a length that it does not tell (None)."""

    def __init__(self, reason: str, wait: float | None) -> None:
        super().__init__(reason)
        self.wait = wait


class RefusedError(CallError):
    """The server does not take the request as it is; `words` is what it says of it, in lower case."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(reason)
        self.words = words


class BrokenRequestError(RefusedError):
    """A 5xx whose words say that the server failed on the form that was asked for."""


class ContextFullError(CallError):
    """Prompt and room together exceed the context of `size` tokens, of which the prompt takes `prompt`.

    Both are None where the server does not tell them.
    """

    def __init__(self, reason: str, size: int | None, prompt: int | None) -> None:
        super().__init__(reason)
        self.size = size
        self.prompt = prompt


class NoAccessError(CallError):
    """The key, the account, the model or the address is refused, or so it seems from this one question."""


class CutAnswerError(CallError):
    """The answer ended for lack of room; `repeats` says that it had begun to go in circles."""

    def __init__(self, *, repeats: bool) -> None:
        super().__init__("the answer was cut")
        self.repeats = repeats


class UnreadableAnswerError(CallError):
    """There is a text, but no JSON object in it."""


class AccessDeniedError(ModelUnavailableError):
    """The server answers this key and account nothing, or not with this model."""


class SessionOverError(ModelUnavailableError):
    """Nothing more is asked about this window; the next one may have better luck."""


class TooSlowError(SessionOverError):
    """The time of a window passed while the server was working."""


def failure_of(status: int, headers: Mapping[str, str], body: Any) -> CallError | ModelError:
    """The exception for a response that is no answer.

    `headers` have names in lower case; `body` is parsed JSON, or text. `status` may be 200 for an error that
    came as a success.
    """
    error = body.get("error", body) if isinstance(body, Mapping) else body
    fields = error if isinstance(error, Mapping) else {}
    codes = {str(fields.get(name)).lower() for name in ("code", "type")}
    said = clean_line(_message(error), _LONGEST_SAID)
    reason = f"{status} {said}".strip()
    words = f"{fields.get('param') or ''} {said}".lower()
    if _is_filter(status, codes, words):
        return ModelError(f"the server's filter refused the question ({reason})")
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
    """Is it the prompt that was refused, for what it says?"""
    worded = status in _FILTER_WORDED and _FILTER_WORDS.search(words) is not None
    return bool(codes & _FILTERED) or status in _FILTER_STATUS or worded


def _redirected(headers: Mapping[str, str]) -> CallError:
    try:
        host = clean_line(urlsplit(headers.get("location", "")).hostname or "elsewhere", _LONGEST_SAID)
    except ValueError:
        host = "elsewhere"
    return NoAccessError(f"the model server redirects to {host}; name the right llm.base_url")


def _error_in_success(reason: str, words: str) -> CallError:
    """LM Studio answers an unknown address so; OpenRouter hands on another server's failure."""
    if _NO_ADDRESS.search(words):
        return NoAccessError(f"{_NO_ACCESS[405]} ({reason})")
    return InterruptedAnswerError(reason)


def _refusal(status: int, words: str, reason: str) -> CallError:
    if status in {400, 413, 422} and (status == 413 or _CONTEXT.search(words)):
        size, prompt = _CONTEXT_SIZE.search(words), _PROMPT_SIZE.search(words)
        told = next(filter(None, prompt.groups()), None) if prompt else None
        return ContextFullError(reason, int(size[1]) if size else None, int(told) if told else None)
    if status in _NO_ACCESS:
        # To 401 a server's own words may hold parts of the key.
        return NoAccessError(_NO_ACCESS[status] if status == 401 else f"{_NO_ACCESS[status]} ({reason})")
    return RefusedError(reason, words) if status in {400, 422} else NoAccessError(reason)


def _message(error: Any) -> str:
    if isinstance(error, Mapping):
        told = (error.get(name) for name in ("message", "detail", "msg", "status_msg", "error"))
        return str(next(filter(None, told), ""))[:_MOST_READ]
    # A page of HTML, or JSON that cannot be read, says nothing in few words.
    says = isinstance(error, str) and "<" not in error and not error.lstrip().startswith(("{", "["))
    return error[:_MOST_READ] if says else ""


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, from the three forms of the wish (RFC 9110, and OpenAI's own in milliseconds)."""
    milliseconds, seconds = headers.get("retry-after-ms", "").strip(), headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]+", milliseconds):
        return float(milliseconds) / 1000
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", seconds):
        return float(seconds)
    try:
        until = parsedate_to_datetime(seconds).astimezone(UTC)
        # Measured by the server's clock, for ours may be wrong.
        return max(0.0, (until - parsedate_to_datetime(headers["date"]).astimezone(UTC)).total_seconds())
    except (KeyError, ValueError, OverflowError):
        return None
