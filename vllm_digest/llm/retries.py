"""How often and after which pauses a call is made again that was lost on the way."""

import logging
from collections.abc import Mapping
from typing import Any

from vllm_digest.llm.calls import WindowCalls
from vllm_digest.llm.failures import (
    InterruptedAnswerError,
    NotThereError,
    SessionOverError,
    ThrottledError,
    TimedOutError,
)
from vllm_digest.model_protocol import ModelError

log = logging.getLogger(__name__)

_TRIES = 3
"""How often a call is made whose answer is lost on the way."""
_FIRST_TRIES = 7
"""How often a server is tried that never took a connection in this run: one minute in all, for it may be
starting."""
_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0
"""Seconds before a second try; doubled for each further one."""


class Retries:
    """The lost tries of one question (`name` in messages), and the pauses between them."""

    def __init__(self, calls: WindowCalls, name: str) -> None:
        self._calls = calls
        self._name = name
        self._lost = 0
        self._backoff = _BACKOFF

    def throttled(self, error: ThrottledError) -> None:
        """Wait as long as the server asks. Raises SessionOverError if that is too long."""
        log.info("%s: the model server asks for a pause (%s)", self._name, error)
        self._pause(error.wait)

    def lost(self, error: InterruptedAnswerError) -> None:
        """Wait before the next try. Raises ModelError if this was the last."""
        self._lost += 1
        server = self._calls.server
        starting = isinstance(error, NotThereError) and server.may_be_starting
        tries = _FIRST_TRIES if starting else _TRIES
        if self._lost >= tries:
            server.may_be_starting = server.may_be_starting and not starting
            self._calls.lose(str(error))
            raise ModelError(f"no answer {self._lost} times: {error}")
        if starting and not server.told_of_start:
            server.told_of_start = True
            log.warning("the model server is not there (%s); it is tried for a minute", error)
        log.info("%s: %s; try %d of %d follows", self._name, error, self._lost + 1, tries)
        # Who waited for a whole time-out need not wait again.
        if isinstance(error, TimedOutError):
            return
        if error.wait is None and self._backoff >= self._calls.left():
            raise SessionOverError(f"{error}; no time is left to ask again (llm.max_time)")
        self._pause(error.wait)

    def _pause(self, wait: float | None) -> None:
        if wait is None:
            wait = self._backoff
            self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)
        self._calls.pause(wait)


def estimate(request: Mapping[str, Any]) -> int:
    """Tokens of a prompt, on the safe side: three bytes each."""
    return sum(len(message["content"].encode()) for message in request["messages"]) // 3
