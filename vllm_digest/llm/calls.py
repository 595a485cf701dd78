"""The calls for one window: time limit, usage, and when to stop."""

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
"""Questions in a row without an answer after which no more are asked about a window."""


class WindowCalls:
    """The calls for one window; thread-safe. Usage starts at zero, the time limit when it is created."""

    def __init__(self, server: ServerState) -> None:
        self.server = server
        self._usage = Usage(cost=server.budget.cost(Tokens()))
        self._began = server.monotonic()
        self._first_call: float | None = None
        self._lost = 0
        self._closed: ModelUnavailableError | None = None
        self._lock = threading.Lock()

    def usage(self) -> Usage:
        """Usage of the calls so far."""
        return self._usage

    def call(self, request: Mapping[str, Any], most: Tokens, question: Question, *, again: bool) -> Any:
        """Send a request; returns the JSON document of the response.

        `most`: the most tokens it can use. `again`: whether it repeats an earlier call.
        Raises a CallError if it fails, ModelUnavailableError if the time or the budget is used up.
        """
        with self.server.pacing.turn(question.rank) as turn:
            left = self.checked_time_left()
            seconds = self.server.pacing.seconds(left)
            self.server.budget.reserve(most)
            used, abandoned = Tokens(), False
            start = self.server.monotonic()
            self._first_call = start if self._first_call is None else self._first_call
            log.info(
                "%s: prompt of about %d tokens, answer of at most %d, timeout %.0f s",
                *(question.name, most.prompt, most.completion, seconds),
            )
            try:
                document = self._exchange(request, seconds, turn)
                used = tokens_used(document, most)
            except TimedOutError as error:
                # The server may still finish and charge for it.
                used, abandoned = most, True
                if self.server.pacing.is_unresponsive:
                    raise ModelUnavailableError(f"the model server answers no question: {error}") from None
                if seconds >= left:
                    raise TooSlowError(f"{error}; no time is left for a retry (llm.max_time)") from None
                raise
            finally:
                self.server.budget.settle(most, used)
                self._count(
                    Usage(1, used.prompt, used.completion, retries=int(again), abandoned=int(abandoned))
                )
        return document

    def checked_time_left(self) -> float:
        """Seconds left for the window. Raises ModelUnavailableError if its session or the run is over."""
        if closed := self.server.closed or self._closed:
            raise closed
        if (left := self.time_left()) <= 0:
            most = format_length(self.server.settings.max_time)
            raise SessionOverError(f"the time for a window's questions (llm.max_time: {most}) is used up")
        return left

    def pause(self, seconds: float) -> None:
        """Wait for some seconds. Raises SessionOverError at once if no more than that is left."""
        left = self.checked_time_left()
        if seconds >= left:
            raise SessionOverError(
                f"the model server asks for a pause of {seconds:g} s, and {left:.0f} s are left"
            )
        self.server.sleep(seconds)

    def close(self, error: SessionOverError) -> None:
        """Ask nothing more about this window."""
        self._closed = self._closed or error

    def count_cached(self) -> None:
        """Count an answer that needed no call."""
        self._count(Usage(cached_answers=1))

    def count_unanswered(self, reason: str) -> None:
        """Count a question without an answer. Raises SessionOverError after `_LOST` of them in a row."""
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
            server.pacing.timed_out(turn, seconds, self.time_left())
            raise
        server.may_be_starting = False
        server.pacing.succeeded(server.monotonic() - start)
        self._lost = 0
        return document

    def time_left(self) -> float:
        """Seconds left of the window's time limit; 0 once it is over."""
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
