"""Asking a model server: what reaches it, what is made of its answers, and what is kept of them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.model import MODEL, Asked, ModelServer
from vllm_digest import llm
from vllm_digest.asking import Message, Question, Role
from vllm_digest.config import LlmSettings

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


@contextmanager
def connected(server: ModelServer, **settings: Any) -> Iterator[llm.Server]:
    """A run's server, in a world in which sleeping is all that takes time."""
    slept: list[float] = []
    with llm.connect(
        LlmSettings.model_validate({"base_url": server.url, **settings}),
        key=server.key,
        cache=Path("cache"),
        sleep=slept.append,
        monotonic=lambda: sum(slept),
    ) as connection:
        yield connection


def test_a_server_without_a_key_and_with_one_model_needs_its_address_only() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        assert connection.stage().ask(question()) == {"said": "问题"}
        assert connection.name == MODEL
    assert server.calls[0].schema == SCHEMA
    assert server.calls[0].messages == ["说明", "问题"]
