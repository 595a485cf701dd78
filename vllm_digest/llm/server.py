"""A run's model server, and the stages in which it is asked about one window after the other."""

import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from vllm_digest.config import LlmSettings
from vllm_digest.llm.budget import TokenBudget, Tokens
from vllm_digest.llm.cache import Answers, key_of
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.llm.faults import StageOverError
from vllm_digest.llm.replies import counted, writable
from vllm_digest.llm.retrying import RetryingRequest
from vllm_digest.model_protocol import Message, ModelUnavailableError, Question, Role, Usage
from vllm_digest.window import format_length

if TYPE_CHECKING:
    from vllm_digest.llm.transport import Transport

_LOST = 3
"""Questions in a row that are lost on the way before no more are asked about a window."""

_TRIAL = Question(
    name="trial",
    messages=(
        Message(Role.SYSTEM, "请只用一个 JSON 对象答复。"),
        Message(Role.USER, '请答复 {"ready": true}。'),
    ),
    schema={
        "type": "object",
        "properties": {"ready": {"type": "boolean"}},
        "required": ["ready"],
        "additionalProperties": False,
    },
    answer_tokens=500,
)


class Server:
    """A model server for a whole run: what was learnt about it and what was spent there last from window to
    window. `with` closes it."""

    def __init__(
        self,
        *,
        name: str,
        settings: LlmSettings,
        transport: "Transport",
        answers: Answers,
        budget: TokenBudget,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.name = name
        self.settings = settings
        self.transport = transport
        self.answers = answers
        self.budget = budget
        self.sleep = sleep
        self.monotonic = monotonic
        self.capabilities = ServerCapabilities()
        self.closed: ModelUnavailableError | None = None
        """Why nothing more is asked in this run."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.transport.close()

    def try_out(self) -> None:
        """Ask a tiny question, whose answer is not kept, to learn what the server takes; ModelError."""
        RetryingRequest(self.session(), _TRIAL).answer()

    def session(self) -> "ModelSession":
        """A Model for one window: its usage begins at zero, its time now."""
        return ModelSession(self)


class ModelSession:
    """The writing of one window; an `asking.Model`."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._usage = Usage(cost=server.budget.cost(Tokens()))
        self._began = server.monotonic()
        self._first_call: float | None = None
        self._lost = 0
        self._closed: ModelUnavailableError | None = None
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        return self.server.name

    @property
    def concurrency(self) -> int:
        return self.server.settings.concurrency

    def usage(self) -> Usage:
        return self._usage

    def ask(self, question: Question) -> Mapping[str, Any]:
        asked = writable(question)
        key = key_of(self.name, asked)
        answer = self.server.answers.get(key)
        if answer is not None:
            self._count(Usage(cached_answers=1))
            return answer
        try:
            answer = RetryingRequest(self, asked).answer()
        except StageOverError as error:
            self._closed = self._closed or error
            raise
        except ModelUnavailableError as error:
            self.server.closed = self.server.closed or error
            raise
        self.server.answers.put(key, self.name, asked.name, answer)
        return answer

    def call(self, request: Mapping[str, Any], most: Tokens, *, again: bool) -> Any:
        """The JSON that the server answers with; `most` is what it can take, `again` for a repeated call.

        One of `faults`, or ModelUnavailableError when time or budget is used up.
        """
        seconds = min(self.server.settings.timeout, self.left())
        self.server.budget.take(most)
        used = Tokens()
        start = self.server.monotonic()
        self._first_call = start if self._first_call is None else self._first_call
        try:
            document = self.server.transport.chat(request, seconds)
            used = counted(document, most)
            self._lost = 0
            return document
        finally:
            self.server.budget.settle(most, used)
            self._count(Usage(1, used.prompt, used.completion, retries=int(again)))

    def left(self) -> float:
        """Seconds that the session may still take; ModelUnavailableError when it is over."""
        if closed := self.server.closed or self._closed:
            raise closed
        most = self.server.settings.max_time
        left = most.total_seconds() - (self.server.monotonic() - self._began)
        if left <= 0:
            raise StageOverError(f"the time for a window's questions ({format_length(most)}) is used up")
        return left

    def pause(self, seconds: float) -> None:
        """Wait, unless that would take longer than the session may; then it is over."""
        left = self.left()
        if seconds >= left:
            raise StageOverError(
                f"the model server wants a pause of {seconds:g} s, and {left:.0f} s are left"
            )
        self.server.sleep(seconds)

    def lose(self, reason: str) -> None:
        """A question was lost on the way; after a few of them in a row the session is over."""
        with self._lock:
            self._lost += 1
            if self._lost >= _LOST:
                raise StageOverError(f"the model server does not answer: {reason}")

    def _count(self, more: Usage) -> None:
        first = self._first_call
        so_far = 0.0 if first is None else self.server.monotonic() - first
        with self._lock:
            was = self._usage
            tokens = Tokens(
                was.prompt_tokens + more.prompt_tokens, was.completion_tokens + more.completion_tokens
            )
            self._usage = Usage(
                calls=was.calls + more.calls,
                prompt_tokens=tokens.prompt,
                completion_tokens=tokens.completion,
                cached_answers=was.cached_answers + more.cached_answers,
                retries=was.retries + more.retries,
                seconds=so_far if more.calls else was.seconds,
                cost=self.server.budget.cost(tokens),
            )
