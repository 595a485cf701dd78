"""Adapt concurrency and timeout of calls to the speed of the server.

A local server may need minutes for one answer. Asked eight questions at once, it answers none of them in time
and keeps working on those that timed out.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)

_MOST_UNANSWERED = 2
"""Windows without any answer within their time limit after which a run stops asking; it may have many."""
_FIRST_NOTICE, _NEXT_NOTICES = 30.0, 60.0
"""Seconds without an answer before the first message that the run is waiting, and between further ones."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A call in progress. `round`: how often the pace had been reduced when it began."""

    round: int


class Pacing:
    """The pace of one server for a whole run; thread-safe.

    `most`: `llm.concurrency`. `timeout`: `llm.timeout` in seconds.
    """

    def __init__(self, most: int, timeout: float) -> None:
        self._most = self._limit = most
        self._timeout = timeout
        self._answered = 0
        self._abandoned = 0
        self._unanswered = 0
        self._slow = False
        self._round = 0
        self._under_way = 0
        self._waiting: list[tuple[int, int]] = []
        self._tickets = itertools.count()
        self._next_notice = _FIRST_NOTICE
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, rank: int) -> Iterator[Turn]:
        """Wait until another call may begin; waiting calls begin in the order of their rank, lowest first."""
        with self._changed:
            place = (rank, next(self._tickets))
            heapq.heappush(self._waiting, place)
            self._changed.wait_for(lambda: self._under_way < self._limit and self._waiting[0] == place)
            heapq.heappop(self._waiting)
            self._under_way += 1
            # Further waiting calls may begin if the limit allows.
            self._changed.notify_all()
            turn = Turn(self._round)
        try:
            yield turn
        finally:
            with self._changed:
                self._under_way -= 1
                self._changed.notify_all()

    @property
    def limit(self) -> int:
        """The current number of concurrent calls."""
        return self._limit

    @property
    def is_unresponsive(self) -> bool:
        """Whether the time limits of `_MOST_UNANSWERED` windows passed and no answer came in this run."""
        return self._unanswered >= _MOST_UNANSWERED

    def seconds(self, left: float) -> float:
        """The timeout of a call in seconds. `left`: seconds left of its window."""
        return left if self._slow else min(self._timeout, left)

    def succeeded(self, seconds: float) -> None:
        """Record an answer after so many seconds; allows more at once if it took under half `timeout`."""
        with self._changed:
            self._answered += 1
            self._slow = self._slow and seconds >= self._timeout
            if seconds * 2 < self._timeout and self._limit < self._most:
                self._limit += 1
                self._changed.notify_all()

    def timed_out(self, turn: Turn, seconds: float, left: float) -> None:
        """Record a call that timed out after so many seconds. `left`: seconds left of its window.

        Halves the concurrency. If no answer has come yet in this run, calls are made one at a time, each with
        all the time that is left of its window. Calls that began before the last reduction are ignored.
        """
        with self._changed:
            self._abandoned += 1
            self._unanswered += int(self._slow and not self._answered and left < 1)
            if turn.round != self._round:
                return
            self._round += 1
            under_way = self._under_way
            self._limit = max(1, self._limit // 2) if self._answered else 1
            self._slow = not self._answered
        log.warning(
            "the model server %s within %.3g s (llm.timeout: %g); it was asked %d questions at once (see "
            "llm.concurrency) and may still work on them. Now asking %d at once, the most important first%s",
            "did not answer all" if self._answered else "gave no answer",
            *(seconds, self._timeout, under_way, self._limit),
            f", each for the {left:.0f} s that are left of llm.max_time" if self._slow else "",
        )

    def waits(self, seconds: float, most: float) -> None:
        """Log from time to time that a call is waiting: for `seconds` so far, with a timeout of `most`."""
        with self._changed:
            if seconds < self._next_notice:
                return
            self._next_notice = seconds + _NEXT_NOTICES
            under_way, answered, abandoned = self._under_way, self._answered, self._abandoned
        log.warning(
            "waiting for the model server: %d asked, no answer for %.0f s of %.0f s; so far %d answered, %d "
            "timed out (see llm.timeout and llm.concurrency)",
            *(under_way, seconds, most, answered, abandoned),
        )
