"""Map GitHub's response to data, or to an exception that says how to react.

Sources: GitHub's documentation of GraphQL rate and node limits, of secondary rate limits and of
troubleshooting the REST API; for what it does not cover, responses seen from the service.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from vllm_digest.sources.github.failures import (
    InterruptedAnswerError,
    Path,
    QueryTooLargeError,
    ThrottledError,
    UndefinedFieldError,
)
from vllm_digest.sources.github.headers import ResponseHeaders
from vllm_digest.sources.github.refusals import refusal

_TOO_LARGE = {"RESOURCE_LIMITS_EXCEEDED", "MAX_NODE_LIMIT_EXCEEDED"}
"""Types of errors for a single query: it costs too much (part of the data may be there), or asks for more
than 500,000 nodes."""
_FORBIDDEN = {"FORBIDDEN", "INSUFFICIENT_SCOPES"}
_LEFT_OUT = {*_FORBIDDEN, "NOT_FOUND"}
"""Types of errors that leave the rest of the data intact."""
_THROTTLES = ("rate limit", "abuse detection", "wait a few minutes before you try again")
"""Words for secondary rate limits; "abuse detection" is from GitHub Enterprise Server and older responses."""


@dataclass(frozen=True, slots=True)
class GraphQLError:
    """An entry of a response's `errors`.

    `type`: GitHub's, such as `FORBIDDEN`, or empty. `path`: of the field that is null for it, or empty.
    `undefined`: name of a field that the server does not know, or empty.
    `invalid`: whether the query itself is wrong.
    """

    type: str
    message: str
    path: Path
    undefined: str = ""
    invalid: bool = False

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> Self:
        path, extensions = error.get("path"), error.get("extensions")
        extensions = extensions if isinstance(extensions, dict) else {}
        undefined = extensions.get("fieldName") if extensions.get("code") == "undefinedField" else ""
        return cls(
            type=str(error.get("type") or ""),
            message=_one_line(error.get("message")),
            path=tuple(step for step in path if isinstance(step, str | int))
            if isinstance(path, list)
            else (),
            undefined=str(undefined or ""),
            # Errors of validation have a code, such as `undefinedField`; those of execution have a `type`.
            invalid="code" in extensions,
        )

    @property
    def is_forbidden(self) -> bool:
        return self.type in _FORBIDDEN

    @property
    def is_not_found(self) -> bool:
        return self.type == "NOT_FOUND"

    def covers(self, path: Path) -> bool:
        """Whether the field at `path` is null because of this error."""
        return bool(self.path) and self.path == path[: len(self.path)]


@dataclass(frozen=True, slots=True)
class Answer:
    """The `data` of a response, and the errors for what GitHub left out of it with a reason."""

    data: Mapping[str, Any]
    errors: tuple[GraphQLError, ...] = ()

    def forbidden(self, path: Path) -> GraphQLError | None:
        """Return the error that says the token may not read the field at `path`; None if it may."""
        return next((one for one in self.errors if one.is_forbidden and one.covers(path)), None)

    def is_gone(self, path: Path) -> bool:
        """Whether the object at `path` does not exist, or no longer."""
        return any(one.is_not_found and one.covers(path) for one in self.errors)

    def check_lists(self) -> None:
        """Raises SourceError if the token may not read a whole list.

        GitHub returns such a list or search as empty, which would look like a window without events.
        """
        for one in self.errors:
            if one.is_forbidden and not any(isinstance(step, int) for step in one.path):
                raise refusal(403, one.message)


def read_answer(status: int, head: ResponseHeaders, body: Any) -> Answer:
    """Read a response. `status`: of HTTP. `body`: parsed JSON.

    Raises an exception of `failures`, or SourceError if no retry can help.
    """
    content = body if isinstance(body, dict) else {}
    errors = content.get("errors")
    problems = (
        tuple(GraphQLError.of(error) for error in errors if isinstance(error, dict))
        if isinstance(errors, list)
        else ()
    )
    data = content.get("data")
    if status == 200 and isinstance(data, dict) and all(one.type in _LEFT_OUT for one in problems):
        return Answer(data, problems)
    message = problems[0].message if problems else _one_line(content.get("message"))
    raise _diagnosis(status, head, problems, message, has_data=bool(data))


def _diagnosis(
    status: int, head: ResponseHeaders, problems: Iterable[GraphQLError], message: str, *, has_data: bool
) -> Exception:
    types = {one.type for one in problems}
    undefined = next((one.undefined for one in problems if one.undefined), "")
    # GraphQL reports its hourly limit with status 200.
    if "RATE_LIMITED" in types or _is_throttle(status, head, message):
        return ThrottledError(head.asked_wait)
    if undefined:
        return UndefinedFieldError(undefined)
    # "Something went wrong while executing your query. This may be the result of a timeout, …"
    timed_out = status in {502, 504} or (problems and "something went wrong" in message.lower())
    if timed_out or types & _TOO_LARGE or (types and has_data):
        return QueryTooLargeError(message or f"HTTP {status}")
    if types & _FORBIDDEN or any(one.invalid for one in problems) or 400 <= status < 500:
        return refusal(403 if types & _FORBIDDEN else status, message)
    return InterruptedAnswerError(message or f"HTTP {status} without an answer in it")


def _is_throttle(status: int, head: ResponseHeaders, message: str) -> bool:
    if status == 429 or any(words in message.lower() for words in _THROTTLES):
        return True
    return status == 403 and (head.retry_after is not None or head.is_spent)


def _one_line(text: object) -> str:
    return " ".join(str(text or "").split())[:200]
