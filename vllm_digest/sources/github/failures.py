"""Failures of a request to GitHub after which the same or a smaller request may succeed."""

from datetime import timedelta

Path = tuple[str | int, ...]
"""The path of a field in a response: `("repository", "issues", "nodes", 3, "createdAt")`."""


class QueryTooLargeError(Exception):
    """GitHub aborted or cut a query because of its size; a smaller one may succeed."""


class NullFieldError(QueryTooLargeError):
    """A field that a complete response has is null or missing.

    GitHub cuts responses that cost too much: with nulls anywhere, and not always with an error.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{dotted(path)} is null or missing in its answer")
        self.path = path


class ThrottledError(Exception):
    """GitHub asks for a pause. `wait`: its length; None if not stated."""

    def __init__(self, wait: timedelta | None) -> None:
        super().__init__()
        self.wait = wait


class InterruptedAnswerError(Exception):
    """The response did not arrive or is unusable; the same query may succeed.

    `remedy`: what to do if it does not.
    """

    def __init__(self, problem: str, remedy: str = "Run the same command again later.") -> None:
        super().__init__(problem)
        self.remedy = remedy


class UnreachableError(InterruptedAnswerError):
    """No connection to the server could be made."""


class WrongFieldError(InterruptedAnswerError):
    """A field of the response does not have the type in GitHub's schema."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{dotted(path)} is wrong in its answer ({problem})")


class UndefinedFieldError(Exception):
    """The server does not know the field `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def dotted(path: Path) -> str:
    """A path for messages: `repository.issues.nodes[3].createdAt`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the answer"
