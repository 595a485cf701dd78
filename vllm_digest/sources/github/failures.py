"""How a request to GitHub can fail where the same or a smaller one may succeed."""

from datetime import timedelta

Path = tuple[str | int, ...]
"""The way to a field of an answer: `("repository", "issues", "nodes", 3, "createdAt")`."""


class QueryTooLargeError(Exception):
    """GitHub ended or cut a query for its size; a smaller one may be answered."""


class NullFieldError(QueryTooLargeError):
    """A field that a complete answer has is null or missing.

    GitHub cuts what costs too much: nulls anywhere, and not always an error beside them.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{dotted(path)} is null or missing in its answer")
        self.path = path


class ThrottledError(Exception):
    """GitHub asks for a pause of `wait`, or (None) for one of a length it does not tell."""

    def __init__(self, wait: timedelta | None) -> None:
        super().__init__()
        self.wait = wait


class InterruptedAnswerError(Exception):
    """The answer was lost on the way, or is none; the same query may do.

    `remedy`: what to do if it does not.
    """

    def __init__(self, problem: str, remedy: str = "Run the same command again later.") -> None:
        super().__init__(problem)
        self.remedy = remedy


class UnreachableError(InterruptedAnswerError):
    """There is no connection to the server."""


class WrongFieldError(InterruptedAnswerError):
    """A field of the answer is not of the type that GitHub's schema gives it."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(f"{dotted(path)} is wrong in its answer ({problem})")


class UndefinedFieldError(Exception):
    """The server does not know the field `name`."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def dotted(path: Path) -> str:
    """A path as a person reads it: `repository.issues.nodes[3].createdAt`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".") or "the answer"
