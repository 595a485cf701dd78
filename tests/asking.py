"""How tests ask a local model server, as a run does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.servers.model import Asked, ModelServer
from vllm_digest import llm
from vllm_digest.config import LlmSettings
from vllm_digest.model_protocol import Message, ModelError, Question, Role

SCHEMA = {
    "type": "object",
    "properties": {"said": {"type": "string"}},
    "required": ["said"],
    "additionalProperties": False,
}


def question(text: str = "问题", *, room: int = 500) -> Question:
    messages = (Message(Role.SYSTEM, "说明"), Message(Role.USER, text))
    return Question("a-question", messages, SCHEMA, room)


def echo(asked: Asked) -> Mapping[str, Any]:
    """A model that gives back what it is asked."""
    return {"said": asked.prompt}


@dataclass
class Hours:
    """A world in which sleeping is all that takes time."""

    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return sum(self.slept)


@contextmanager
def connected(server: ModelServer, hours: Hours | None = None, **settings: Any) -> Iterator[llm.Server]:
    """A run's server."""
    hours = hours or Hours()
    with llm.connect(
        LlmSettings.model_validate({"base_url": server.url, **settings}),
        key=server.key,
        cache=Path("cache"),
        sleep=hours.slept.append,
        monotonic=hours.monotonic,
    ) as connection:
        yield connection


def outcome(server: ModelServer, **settings: Any) -> str:
    """What becomes of one question: `answered`, or the name of the error with what it says."""
    with connected(server, **settings) as connection:
        try:
            connection.session().ask(question())
        except ModelError as error:
            return f"{type(error).__name__}: {error}"
    return "answered"
