"""What a failed request to GitHub means: the exception that says what helps.

Sources: GitHub's pages on GraphQL rate and node limits, on secondary rate limits and on troubleshooting the
REST API; and answers seen from the service where those are silent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import requests

from vllm_digest.errors import SourceError
from vllm_digest.sources import RateLimit

_TOO_LARGE = {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"}
_FORBIDDEN = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}


class QueryTooLargeError(Exception):
    """GitHub ended or cut a query for its size; a smaller one may be answered."""


class ThrottledError(Exception):
    """GitHub asks for a pause of `wait`, or (None) for one of a length it does not tell."""

    def __init__(self, wait: timedelta | None) -> None:
        super().__init__()
        self.wait = wait


class InterruptedAnswerError(Exception):
    """The answer was lost on the way, or is none; the same query may do."""


def diagnose(status: int, headers: Mapping[str, str], body: Any) -> Exception:
    """The exception for an answer that is a failure; header names in lower case, `body` as parsed.

    PyGithub gives a GraphQL answer with errors the status 400.
    """
    content = body if isinstance(body, dict) else {}
    errors = [error for error in content.get("errors") or [] if isinstance(error, dict)]
    types = {error.get("type") for error in errors}
    message = _first_message(content, errors)
    if "RATE_LIMITED" in types or _is_throttle(status, headers, message):
        return ThrottledError(_asked_wait(headers))
    timed_out = status in {502, 504} or (errors and "something went wrong" in message.lower())
    if timed_out or types & _TOO_LARGE or (errors and content.get("data")):
        return QueryTooLargeError(message or f"HTTP {status}")
    if types & _FORBIDDEN or any("extensions" in error for error in errors):
        return _refusal(status, message)
    if errors or status >= 500 or status < 400:
        return InterruptedAnswerError(message or f"HTTP {status} without an answer in it")
    return _refusal(status, message)


def is_not_found(body: Any) -> bool:
    """Does a GraphQL answer only miss things that are no longer there?"""
    errors = (body.get("errors") if isinstance(body, dict) else None) or []
    return bool(errors) and all(isinstance(e, dict) and e.get("type") == "NOT_FOUND" for e in errors)


def network_fault(error: requests.RequestException) -> InterruptedAnswerError:
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return InterruptedAnswerError("no answer in time")
    if isinstance(error, requests.exceptions.SSLError):
        return InterruptedAnswerError("its certificate was not accepted")
    return InterruptedAnswerError(f"the connection failed ({type(error).__name__})")


def server_time(headers: Mapping[str, str]) -> datetime | None:
    """GitHub's own clock when it answered, in UTC."""
    return parsedate_to_datetime(headers["date"]).astimezone(UTC) if "date" in headers else None


def limit(headers: Mapping[str, str]) -> RateLimit | None:
    """What an answer's headers say of the rate limit."""
    names = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset")
    if not all(headers.get(name, "").isdigit() for name in names):
        return None
    points, remaining, reset = (int(headers[name]) for name in names)
    return RateLimit(points, remaining, _until(datetime.fromtimestamp(reset, UTC), headers))


def _until(reset: datetime, headers: Mapping[str, str]) -> timedelta:
    """The pause until a limit's reset, by GitHub's clock, for ours may be wrong."""
    now = server_time(headers) or reset
    return max(reset - now, timedelta()) + timedelta(seconds=1)


def _first_message(content: Mapping[str, Any], errors: list[dict[str, Any]]) -> str:
    text = errors[0].get("message") if errors else content.get("message")
    return " ".join(str(text or "").split())[:200]


def _is_throttle(status: int, headers: Mapping[str, str], message: str) -> bool:
    if status == 429 or "rate limit" in message.lower():
        return True
    return status == 403 and ("retry-after" in headers or headers.get("x-ratelimit-remaining") == "0")


def _asked_wait(headers: Mapping[str, str]) -> timedelta | None:
    if headers.get("retry-after", "").isdigit():
        return timedelta(seconds=int(headers["retry-after"]))
    known = limit(headers)
    return known.wait if known is not None and known.remaining == 0 else None


def _refusal(status: int, message: str) -> SourceError:
    if status == 401:
        return SourceError(
            f"GitHub refused the token (401 {message}).",
            "It may have expired or been revoked; make a new one and put it into GITHUB_TOKEN.",
        )
    if status == 403:
        return SourceError(
            f"GitHub does not allow this (403 {message}).",
            "Give the token read access to the repository's issues and pull requests.",
        )
    return SourceError(
        f"GitHub refused a request ({status} {message}).",
        "If it happens again, this version and that server do not fit together: please report it.",
    )
