"""Send questions to a local model server as a run does."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
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


def question(text: str = "问题", *, room: int = 500, rank: int = 0) -> Question:
    messages = (Message(Role.SYSTEM, "说明"), Message(Role.USER, text))
    return Question("a-question", messages, SCHEMA, room, rank)


def echo(asked: Asked) -> Mapping[str, Any]:
    """A model that returns what it is asked."""
    return {"said": asked.prompt}


@dataclass
class Hours:
    """A clock that goes by what was slept, by what a test adds to `passed`, and if it is `real` by itself."""

    slept: list[float] = field(default_factory=list)
    passed: float = 0.0
    real: bool = False

    def monotonic(self) -> float:
        return sum(self.slept) + self.passed + (perf_counter() if self.real else 0.0)


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


def outcome(server: ModelServer, *, left: float | None = None, **settings: Any) -> str:
    """What becomes of one question: `answered`, or the name of the error with what it says.

    `left` is how many seconds its window has.
    """
    hours = Hours()
    with connected(server, hours, **settings) as connection:
        session = connection.session()
        hours.passed = connection.settings.max_time.total_seconds() - left if left else 0.0
        try:
            session.ask(question())
        except ModelError as error:
            return f"{type(error).__name__}: {error}"
    return "answered"
