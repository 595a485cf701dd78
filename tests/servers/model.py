"""A local server with OpenAI's API: `with ModelServer(author) as server:`.

The author is a function from what was `Asked` to what a model says: the object of its answer, a text, a
`Said` with all its parts, or an `Answer` of HTTP. The server refuses what its `Kind` refuses.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any

from tests.servers.answers import Answer
from tests.servers.batches import Batches
from tests.servers.model_kinds import VLLM, Kind, count
from tests.servers.wire import Server

MODEL = "local-model"


@dataclass(frozen=True)
class Asked:
    """The body of a call to `/v1/chat/completions`."""

    body: Mapping[str, Any]
    headers: Mapping[str, str]

    @property
    def system(self) -> str:
        """The instructions, in whichever message they are."""
        return self.messages[0]

    @property
    def prompt(self) -> str:
        """The last message."""
        return self.messages[-1]

    @property
    def messages(self) -> list[str]:
        return [message["content"] for message in self.body["messages"]]

    @property
    def schema(self) -> Any:
        """The schema of the answer, if there is one."""
        return self.body.get("response_format", {}).get("json_schema", {}).get("schema")

    @property
    def room(self) -> int | None:
        """Tokens for the answer."""
        room: int | None = self.body.get("max_completion_tokens", self.body.get("max_tokens"))
        return room


@dataclass(frozen=True)
class Said:
    """A model's message. Its parts are sent as they are, so they may be wrong."""

    content: Any
    finish: str | None = "stop"
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields of the message: `refusal`, `reasoning_content`."""
    thought_tokens: int = 0
    """Tokens of reasoning, which count against the answer limit."""


Author = Callable[[Asked], "Mapping[str, Any] | str | Said | Answer"]
Effect = Callable[[Callable[[], Answer]], Answer]
"""How an answer is changed; the answer is made only if the effect uses it."""


@dataclass
class Fault:
    """Strikes the calls that `when` holds for, from the `nth` on, `times` times; None is always."""

    effect: Effect
    when: Callable[[Asked], bool]
    nth: int
    times: int | None
    seen: int = 0

    def strikes(self, asked: Asked) -> bool:
        if not self.when(asked):
            return False
        self.seen += 1
        return self.nth <= self.seen and (self.times is None or self.seen < self.nth + self.times)


class ModelServer:
    """Answers chat completions, and batches of them. Mistakes of the server are raised when it ends."""

    def __init__(
        self,
        author: Author,
        *,
        kind: Kind = VLLM,
        models: tuple[str, ...] = (MODEL,),
        key: str = "",
        latency: float = 0.0,
        port: int = 0,
    ) -> None:
        """`key`: what a client has to know; `latency`: seconds for a whole request; `port`: 0 is any."""
        self.author = author
        self.kind = kind
        self.models = models
        self.key = key
        self.calls: list[Asked] = []
        """All calls for an answer, answered well or badly."""
        self.paths: list[str] = []
        """Method and path of all requests."""
        self.faults: list[Fault] = []
        self.batches = Batches(self._batch_line)
        self._lock = threading.Lock()
        self.listing: Effect = lambda real: real()
        """A change of the list of models."""
        self._server = Server(self._handle, port)
        self._server.latency = latency
        self.url = f"{self._server.url}/v1"
        """What a client's `base_url` is."""

    def __enter__(self) -> ModelServer:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        if self._server.bugs and error is None:
            raise self._server.bugs[0]

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which a program finds this server."""
        return {"OPENAI_BASE_URL": self.url} | ({"OPENAI_API_KEY": self.key} if self.key else {})

    def fault(
        self,
        effect: Effect,
        *,
        when: Callable[[Asked], bool] = lambda _: True,
        nth: int = 1,
        times: int | None = 1,
    ) -> Fault:
        """Adds a rule, see `Fault`; of several that strike the first added wins."""
        fault = Fault(effect, when, nth, times)
        self.faults.append(fault)
        return fault

    def _handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        with self._lock:
            self.paths.append(f"{method} {target}")
        answer = self._answer(method, target, headers, body)
        return replace(answer, headers={"content-type": "application/json", **answer.headers})

    def _answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        if self.key and headers.get("authorization") != f"Bearer {self.key}":
            return self.kind.error(401, "Incorrect API key provided.", code="invalid_api_key")
        if (method, target) == ("POST", "/v1/chat/completions"):
            return self._chat(Asked(json.loads(body), headers))
        if method == "GET" and target in {"/v1/models", "/models"}:
            return self.listing(self._list)
        if self.kind.batches and (answer := self.batches.answer(method, target, headers, body)):
            return answer
        return self.kind.error(404, f"Invalid URL ({method} {target})")

    def _list(self) -> Answer:
        rows = [{"id": name, "object": "model", "owned_by": "tests"} for name in self.models]
        return Answer(payload={"object": "list", "data": rows})

    def _chat(self, asked: Asked) -> Answer:
        with self._lock:
            self.calls.append(asked)
            fault = next((fault for fault in self.faults if fault.strikes(asked)), None)
        return fault.effect(lambda: self.reply(asked)) if fault else self.reply(asked)

    def _batch_line(self, body: Mapping[str, Any]) -> Answer:
        return self._chat(Asked(body, {}))

    def reply(self, asked: Asked) -> Answer:
        """The answer of this kind of server to a call without a fault."""
        if asked.body.get("model") not in self.models:
            name = asked.body.get("model")
            return self.kind.error(404, f"The model `{name}` does not exist.", code="model_not_found")
        if refused := self.kind.refusal(asked.body):
            return refused
        said = self.author(asked)
        if isinstance(said, Answer):
            return said
        if isinstance(said, Mapping):
            said = json.dumps(said, ensure_ascii=False)
        if not isinstance(said, Said):
            said = Said(said)
        return self._completion(asked, said)

    def _completion(self, asked: Asked, said: Said) -> Answer:
        content, finish = said.content, said.finish
        tokens = said.thought_tokens + count(content if isinstance(content, str) else "")
        if asked.room is not None and tokens > asked.room and isinstance(content, str):
            room = max(0, asked.room - said.thought_tokens)
            content, finish, tokens = content[: room * 3], "length", asked.room
        message = {"role": "assistant", "content": content, **said.more}
        prompt = sum(map(count, asked.messages))
        return Answer(
            payload={
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 1_765_366_950,
                "model": asked.body["model"],
                "choices": [{"index": 0, "message": message, "finish_reason": finish}],
                "usage": {
                    "prompt_tokens": prompt,
                    "completion_tokens": tokens,
                    "total_tokens": prompt + tokens,
                },
            }
        )
