"""The calls for one window: their time, their usage, and what ends them."""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vllm_digest.llm.budget import Tokens
from vllm_digest.llm.failures import SessionOverError, TimedOutError, TooSlowError
from vllm_digest.llm.pacing import Turn
from vllm_digest.llm.replies import tokens_used
from vllm_digest.llm.state import ServerState
from vllm_digest.model_protocol import ModelUnavailableError, Question, Usage
from vllm_digest.window import format_length

log = logging.getLogger(__name__)

_LOST = 3
"""Questions in a row that are lost on the way before no more are asked about a window."""


class WindowCalls:
    """The calls for one window; usage begins at zero, time with its making. For several threads."""

    def __init__(self, server: ServerState) -> None:
        self.server = server
        self._usage = Usage(cost=server.budget.cost(Tokens()))
        self._began = server.monotonic()
        self._first_call: float | None = None
        self._lost = 0
        self._closed: ModelUnavailableError | None = None
        self._lock = threading.Lock()

    def usage(self) -> Usage:
        """What the calls so far took."""
        return self._usage

    def call(self, request: Mapping[str, Any], most: Tokens, question: Question, *, again: bool) -> Any:
        """The JSON that the server answers with.

        `most` is what the call can take, `again` says that it repeats another one. Raises a CallError, or
        ModelUnavailableError when time or budget are used up.
        """
        with self.server.pacing.turn(question.rank) as turn:
            left = self.left()
            seconds = self.server.pacing.seconds(left)
            self.server.budget.reserve(most)
            used, abandoned = Tokens(), False
            start = self.server.monotonic()
            self._first_call = start if self._first_call is None else self._first_call
            log.info(
                "%s: about %d tokens of prompt, room for %d, at most %.0f s",
                *(question.name, most.prompt, most.completion, seconds),
            )
            try:
                document = self._exchange(request, seconds, turn)
                used = tokens_used(document, most)
            except TimedOutError as error:
                # The server may have worked on it to the end, and a bill says so.
                used, abandoned = most, True
                if self.server.pacing.is_hopeless:
                    raise ModelUnavailableError(f"the model server answers nothing: {error}") from None
                if seconds >= left:
                    raise TooSlowError(f"{error}; no time is left to ask again (llm.max_time)") from None
                raise
            finally:
                self.server.budget.settle(most, used)
                self._count(
                    Usage(1, used.prompt, used.completion, retries=int(again), abandoned=int(abandoned))
                )
        return document

    def left(self) -> float:
        """Seconds that the session may still take. Raises ModelUnavailableError when it is over."""
        if closed := self.server.closed or self._closed:
            raise closed
        if (left := self.remaining()) <= 0:
            most = format_length(self.server.settings.max_time)
            raise SessionOverError(f"the time for a window's questions (llm.max_time: {most}) is used up")
        return left

    def pause(self, seconds: float) -> None:
        """Wait. Raises SessionOverError at once if that would take longer than the session may."""
        left = self.left()
        if seconds >= left:
            raise SessionOverError(
                f"the model server wants a pause of {seconds:g} s, and {left:.0f} s are left"
            )
        self.server.sleep(seconds)

    def close(self, error: SessionOverError) -> None:
        """Ask nothing more about this window."""
        self._closed = self._closed or error

    def count_cached(self) -> None:
        """Note an answer that needed no call."""
        self._count(Usage(cached_answers=1))

    def lose(self, reason: str) -> None:
        """Note a question that was lost on the way. Raises SessionOverError after a few of them in a row."""
        with self._lock:
            self._lost += 1
            if self._lost >= _LOST:
                raise SessionOverError(f"the model server does not answer: {reason}")

    def _exchange(self, request: Mapping[str, Any], seconds: float, turn: Turn) -> Any:
        server, start = self.server, self.server.monotonic()
        try:
            document = server.transport.chat(
                request, seconds, lambda waited: server.pacing.waits(waited, seconds)
            )
        except TimedOutError:
            server.pacing.timed_out(turn, seconds, self.remaining())
            raise
        server.may_be_starting = False
        server.pacing.succeeded(server.monotonic() - start)
        self._lost = 0
        return document

    def remaining(self) -> float:
        """Seconds that are left of the window's time; 0 when it is over."""
        passed = self.server.monotonic() - self._began
        return max(0.0, self.server.settings.max_time.total_seconds() - passed)

    def _count(self, more: Usage) -> None:
        first = self._first_call
        so_far = 0.0 if first is None else self.server.monotonic() - first
        with self._lock:
            usage = self._usage.counting(more)
            self._usage = replace(
                usage,
                seconds=so_far if more.calls else usage.seconds,
                cost=self.server.budget.cost(Tokens(usage.prompt_tokens, usage.completion_tokens)),
            )
