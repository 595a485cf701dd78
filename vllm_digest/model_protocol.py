"""What the writing stage asks of a model: a question, its answer, and how a question can fail.

No name of a library or a server stands here: `write` asks, and whatever answers implements `Model`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


@dataclass(frozen=True, slots=True)
class Message:
    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """One call. The messages begin with what never changes, so that servers can cache it.

    `name` says what it is for in logs and batch files (`brief-30382`), `schema` is the JSON schema of the
    answer, an object; `answer_tokens` is the room for the answer.
    """

    name: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class Usage:
    """What answers took so far: `calls` went to the server, `cached_answers` did not.

    `seconds` is the wall time from the first call's start to the last one's end; `cost` is in the currency of
    the configured prices, None without them.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_answers: int = 0
    retries: int = 0
    seconds: float = 0.0
    cost: float | None = None


class ModelError(Exception):
    """A question that got no usable answer; the text says why, without secrets or the answer itself."""


class PromptTooLongError(ModelError):
    """It does not fit into the model; ask again with less. `limit` is its size in tokens if known."""

    def __init__(self, reason: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.limit = limit


class ModelUnavailableError(ModelError):
    """No further question will be answered in this run: no server, no quota, no budget, no time left."""


class Model(Protocol):
    """Answers questions; may be asked from several threads at once."""

    @property
    def name(self) -> str:
        """The model's name as the server knows it; it is shown on the page."""

    @property
    def concurrency(self) -> int:
        """How many questions it takes at once."""

    def ask(self, question: Question) -> Mapping[str, Any]:
        """The answer's JSON object, complete but not checked against the schema; ModelError without one."""

    def usage(self) -> Usage:
        """What all questions so far took."""
