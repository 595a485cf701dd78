"""The interface to a model: questions, answers and errors.

Independent of libraries and servers: `write` asks, and `llm` or a test implements `Model`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol


class Role(StrEnum):
    """The role of a message, as in the chat completions API."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a prompt."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One question to a model.

    `name`: of its subject, for logs and batch files, such as `brief-30382`.
    `messages`: the fixed ones first, so that servers can cache the prefix.
    `schema`: JSON schema of the answer, an object.
    `answer_tokens`: usual limit of the answer, in tokens.
    `rank`: 0 is the most important; waiting questions are asked in this order, lowest first.
    `model`: name of the model to ask, as the server knows it; empty for the configured one.
    """

    name: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    answer_tokens: int
    rank: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a window's questions so far.

    `calls`: requests to the server. `cached_answers`: answers without a request.
    `prompt_tokens`, `completion_tokens`: as counted by the server; for an abandoned call, the most that it
    can have used.
    `retries`: calls that repeated an earlier one.
    `abandoned`: calls that timed out; the server may have worked on them nevertheless.
    `seconds`: wall time from the start of the first call to the end of the last one; calls overlap.
    `cost`: in the currency of the configured prices; None without prices.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_answers: int = 0
    retries: int = 0
    abandoned: int = 0
    seconds: float = 0.0
    cost: float | None = None

    def counting(self, more: "Usage") -> "Usage":
        """The sum of the calls and tokens of both; `seconds` and `cost` are unchanged."""
        return replace(
            self,
            calls=self.calls + more.calls,
            prompt_tokens=self.prompt_tokens + more.prompt_tokens,
            completion_tokens=self.completion_tokens + more.completion_tokens,
            cached_answers=self.cached_answers + more.cached_answers,
            retries=self.retries + more.retries,
            abandoned=self.abandoned + more.abandoned,
        )


class ModelError(Exception):
    """A question got no usable answer. The message says why, without secrets and without the answer."""


class PromptTooLongError(ModelError):
    """The prompt does not fit into the model's context; ask again with a shorter one.

    `limit`: size of the context in tokens, prompt and answer together; None if unknown.
    """

    def __init__(self, reason: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.limit = limit


class ModelUnavailableError(ModelError):
    """No further question will be answered: no server, no access, no budget or time left."""


class Model(Protocol):
    """Answers questions; thread-safe."""

    @property
    def name(self) -> str:
        """The model's name as the server knows it; shown on the page."""

    @property
    def concurrency(self) -> int:
        """How many questions may be asked at once at present; reduced for a slow server."""

    def ask(self, question: Question) -> Mapping[str, Any]:
        """The JSON object of the answer, complete but not validated against the schema.

        Raises PromptTooLongError if the prompt does not fit, ModelUnavailableError if no further question
        will be answered, and ModelError if this question got no usable answer.
        """

    def usage(self) -> Usage:
        """The usage of all questions so far."""
