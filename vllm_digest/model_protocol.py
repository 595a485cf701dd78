"""What the writing stage needs of a model: a question, its answer, and how a question can fail.

No name of a library or a server stands here: `write` asks, and `llm` or a test implements `Model`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol


class Role(StrEnum):
    """Who speaks a message, in the words of the chat API."""

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
    """One request to a model.

    `name`: what it is for, in logs and batch files, such as `brief-30382`.
    `messages`: begin with what never changes, so that servers can cache the prefix.
    `schema`: the JSON schema of the answer, which is an object.
    `answer_tokens`: the room for the answer, in tokens.
    `rank`: 0 is the most important; of questions that wait for a slow server the lowest goes first.
    `model`: who is to answer, as the server knows it; empty for the model that is usually asked.
    """

    name: str
    messages: tuple[Message, ...]
    schema: Mapping[str, Any]
    answer_tokens: int
    rank: int = 0
    model: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a window's questions took so far.

    `calls`: requests that went to the server; `cached_answers` needed none.
    `prompt_tokens`, `completion_tokens`: as the server counts them; of a request that was given up, the most
    that it can have taken.
    `retries`: calls that repeated another one.
    `abandoned`: calls that were given up without an answer; the server may have worked on them all the same.
    `seconds`: wall time from the first call's start to the last one's end.
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
        """With further calls and tokens; time and cost are as before."""
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
    """A question got no usable answer. The text says why, without secrets and without the answer itself."""


class PromptTooLongError(ModelError):
    """The prompt does not fit into the model's context; ask again with a shorter one.

    `limit`: the size of the context in tokens, prompt and answer together; None if it is not known.
    """

    def __init__(self, reason: str, limit: int | None = None) -> None:
        super().__init__(reason)
        self.limit = limit


class ModelUnavailableError(ModelError):
    """No further question will be answered: no server, no access, no budget or no time left."""


class Model(Protocol):
    """Answers questions; may be called from several threads at once."""

    @property
    def name(self) -> str:
        """The model's name as the server knows it; it is shown on the page."""

    @property
    def concurrency(self) -> int:
        """How many questions may be asked at once, as things stand; fewer where the server is slow."""

    def ask(self, question: Question) -> Mapping[str, Any]:
        """The answer's JSON object, whole but not checked against the schema.

        Raises PromptTooLongError if the prompt does not fit, ModelUnavailableError if no further question
        makes sense, and ModelError if this question got no usable answer.
        """

    def usage(self) -> Usage:
        """What all questions so far took."""
