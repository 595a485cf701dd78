"""When to retry a call that got no answer, and how long to wait before."""

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
"""Attempts for a question whose answer does not arrive."""
_FIRST_TRIES = 7
"""Attempts to reach a server that accepted no connection yet in this run, about a minute in all: it may be
starting."""
_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0
"""Seconds before the second attempt, doubled for each further one, and the most they grow to."""


class Retries:
    """Counts the failed attempts of one question and waits between them. `name`: for messages."""

    def __init__(self, calls: WindowCalls, name: str) -> None:
        self._calls = calls
        self._name = name
        self._lost = 0
        self._backoff = _BACKOFF

    def throttled(self, error: ThrottledError) -> None:
        """Wait as long as the server asks. Raises SessionOverError if the window has less time left."""
        log.info("%s: the model server asks for a pause (%s)", self._name, error)
        self._pause(error.wait)

    def lost(self, error: InterruptedAnswerError) -> None:
        """Wait before the next attempt.

        Raises ModelError if this was the last one, SessionOverError if no time is left for another.
        """
        self._lost += 1
        server = self._calls.server
        starting = isinstance(error, NotThereError) and server.may_be_starting
        tries = _FIRST_TRIES if starting else _TRIES
        if self._lost >= tries:
            server.may_be_starting = server.may_be_starting and not starting
            self._calls.count_unanswered(str(error))
            raise ModelError(f"no answer {self._lost} times: {error}")
        if starting and not server.told_of_start:
            server.told_of_start = True
            log.warning("the model server is not reachable (%s); retrying for a minute", error)
        log.info("%s: %s; attempt %d of %d follows", self._name, error, self._lost + 1, tries)
        # The timeout itself was pause enough.
        if isinstance(error, TimedOutError):
            return
        if error.wait is None and self._backoff >= self._calls.checked_time_left():
            raise SessionOverError(f"{error}; no time is left for a retry (llm.max_time)")
        self._pause(error.wait)

    def _pause(self, wait: float | None) -> None:
        if wait is None:
            wait = self._backoff
            self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)
        self._calls.pause(wait)


def estimate(request: Mapping[str, Any]) -> int:
    """Tokens of a request's prompt, overestimated: three bytes each."""
    return sum(len(message["content"].encode()) for message in request["messages"]) // 3
