"""What a failed call to a model server means: the exception that says what helps.

Sources: OpenAI's page on error codes, DeepSeek's (402), Anthropic's and others' 529; messages as OpenAI, vLLM
and Mistral word them.
"""

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

from vllm_digest.model_protocol import ModelError, ModelUnavailableError, PromptTooLongError

_NO_MONEY = {"insufficient_quota", "billing_hard_limit_reached", "billing_not_active", "access_terminated"}
_FILTERED = {"content_filter", "content_policy_violation", "data_inspection_failed"}
_FINAL = {
    401: "the model server refused the key (401); look at OPENAI_API_KEY",
    403: "the model server does not allow this",
    404: "the model server knows no such model or address; see llm.model and llm.base_url, often with /v1",
    405: "the model server has no such address; see llm.base_url, often with /v1",
}
_CONTEXT = re.compile(r"context[ _](?:length|window|size)|(?:prompt|input) is too long|too many tokens")
_CONTEXT_SIZE = re.compile(r"(?:context length|context window|context size)\D{0,30}?(\d{3,8})")
_PASSING = {408, 409, 425}


class InterruptedAnswerError(Exception):
    """The answer was lost on the way, or is none; the same question may do, after `wait` seconds if told."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class ThrottledError(Exception):
    """The server asks for a pause of `wait` seconds, or (None) for one of a length it does not tell."""

    def __init__(self, wait: float | None) -> None:
        super().__init__("too many requests")
        self.wait = wait


class RefusedError(Exception):
    """The server does not take the request as it is; `words` is what it says of it, in small letters."""

    def __init__(self, reason: str, words: str) -> None:
        super().__init__(reason)
        self.words = words


class CutAnswerError(Exception):
    """The answer ended for lack of room."""


class StageOverError(ModelUnavailableError):
    """Nothing more is asked about this window; the next one may have better luck."""


class UnreadableAnswerError(Exception):
    """There is a text, but no JSON object in it."""


def diagnose(status: int, headers: Mapping[str, str], body: Any) -> Exception:
    """The exception for an answer that is a failure; header names in lower case, `body` as parsed."""
    error = body.get("error", body) if isinstance(body, Mapping) else body
    fields = error if isinstance(error, Mapping) else {}
    code = {str(fields.get("code")), str(fields.get("type"))}
    said = _sentence(_message(error))
    reason = f"{status} {said}".strip()
    if code & _NO_MONEY or status == 402:
        return ModelUnavailableError(f"the account at the model server has no quota left ({reason})")
    if status == 429:
        return ThrottledError(_asked_wait(headers))
    if status in _PASSING or status >= 500 or status < 300:
        return InterruptedAnswerError(reason, _asked_wait(headers))
    if status < 400:
        host = urlsplit(headers.get("location", "")).hostname or "elsewhere"
        return ModelUnavailableError(f"the model server sends us on to {host}; name the right llm.base_url")
    if status in _FINAL:
        # To 401 a server's own words may hold parts of the key.
        return ModelUnavailableError(_FINAL[status] if status == 401 else f"{_FINAL[status]} ({reason})")
    return _refusal(status, code, f"{fields.get('param') or ''} {said}".lower(), reason)


def _refusal(status: int, code: set[str], words: str, reason: str) -> Exception:
    """For a request that the server understood and does not take."""
    if code & _FILTERED:
        return ModelError(f"the server's filter refused the question ({reason})")
    if status == 413 or _CONTEXT.search(words):
        size = _CONTEXT_SIZE.search(words)
        return PromptTooLongError(reason, int(size[1]) if size else None)
    return RefusedError(reason, words) if status in {400, 422} else ModelError(reason)


def _message(error: Any) -> str:
    if isinstance(error, Mapping):
        return str(error.get("message") or error.get("detail") or "")
    # A page of HTML says nothing in few words.
    return error if isinstance(error, str) and "<" not in error else ""


def _sentence(message: str) -> str:
    """A server's words on one line, printable and short."""
    line = " ".join(message.split())[:300]
    return "".join(sign for sign in line if sign.isprintable())


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds, from the three forms of the wish (RFC 9110, and OpenAI's own in milliseconds)."""
    milliseconds, seconds = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    if milliseconds.isdigit():
        return int(milliseconds) / 1000
    if re.fullmatch(r"\d+(\.\d+)?", seconds):
        return float(seconds)
    try:
        until = parsedate_to_datetime(seconds).astimezone(UTC)
        # Measured by the server's clock, for ours may be wrong.
        return max(0.0, (until - parsedate_to_datetime(headers["date"]).astimezone(UTC)).total_seconds())
    except (KeyError, ValueError):
        return None
