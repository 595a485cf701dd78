"""How many questions a server is asked at once and how long each may take, learnt from its time-outs.

A server of one's own may answer one question at a time, in minutes. Asked eight at once it answers none in
time, and goes on working on those that were given up.
"""

import heapq
import itertools
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

log = logging.getLogger(__name__)

_MOST_IN_VAIN = 2
"""Windows whose whole time may pass without an answer: a run of many windows must not wait for each."""
_FIRST_NOTICE, _NEXT_NOTICES = 30.0, 60.0
"""Seconds without an answer after which it is said that a run waits, and then again."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A call's place among those under way; `round` counts the time-outs before it."""

    round: int


class Pacing:
    """The pace of one server for a whole run; may be used from several threads.

    `most` is `llm.concurrency`, `timeout` is `llm.timeout` in seconds.
    """

    def __init__(self, most: int, timeout: float) -> None:
        self._most = self._limit = most
        self._timeout = timeout
        self._answered = 0
        self._abandoned = 0
        self._in_vain = 0
        self._slow = False
        self._round = 0
        self._under_way = 0
        self._waiting: list[tuple[int, int]] = []
        self._tickets = itertools.count()
        self._next_notice = _FIRST_NOTICE
        self._changed = threading.Condition()

    @contextmanager
    def turn(self, rank: int) -> Iterator[Turn]:
        """Wait for a free place; of those that wait the one of the lowest rank goes first."""
        with self._changed:
            place = (rank, next(self._tickets))
            heapq.heappush(self._waiting, place)
            self._changed.wait_for(lambda: self._under_way < self._limit and self._waiting[0] == place)
            heapq.heappop(self._waiting)
            self._under_way += 1
            # With places left the next one that waits may go as well.
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
        """How many questions are asked at once now."""
        return self._limit

    @property
    def is_hopeless(self) -> bool:
        """Has the whole time of several windows passed without a single answer in this run?"""
        return self._in_vain >= _MOST_IN_VAIN

    def seconds(self, left: float) -> float:
        """How long a call may take of the `left` seconds of its window."""
        return left if self._slow else min(self._timeout, left)

    def succeeded(self, seconds: float) -> None:
        """An answer came after so many seconds: ask more at once if it came quickly."""
        with self._changed:
            self._answered += 1
            self._slow = self._slow and seconds >= self._timeout
            if seconds * 2 < self._timeout and self._limit < self._most:
                self._limit += 1
                self._changed.notify_all()

    def timed_out(self, turn: Turn, seconds: float, left: float) -> None:
        """A call was given up after so many seconds; `left` are left of its window.

        Without any answer so far the server is asked one question at a time, each as long as the window
        lasts; else half as many at once. Calls that began before the last time-out say nothing new.
        """
        with self._changed:
            self._abandoned += 1
            self._in_vain += int(self._slow and not self._answered and left < 1)
            if turn.round != self._round:
                return
            self._round += 1
            under_way = self._under_way
            self._limit = max(1, self._limit // 2) if self._answered else 1
            self._slow = not self._answered
        log.warning(
            "the model server %s within %.3g s (llm.timeout: %g); it was asked %d questions at once (see "
            "llm.concurrency) and may still work on them. From now on %d at once, the most important first%s",
            "did not answer all" if self._answered else "gave no answer",
            *(seconds, self._timeout, under_way, self._limit),
            f", each for the {left:.0f} s that are left of llm.max_time" if self._slow else "",
        )

    def waits(self, seconds: float, most: float) -> None:
        """A call has been under way for so many seconds and may take `most`; say so once in a while."""
        with self._changed:
            if seconds < self._next_notice:
                return
            self._next_notice = seconds + _NEXT_NOTICES
            under_way, answered, abandoned = self._under_way, self._answered, self._abandoned
        log.warning(
            "waiting for the model server: %d asked, no answer for %.0f s of %.0f s; %d answered, %d given "
            "up so far (see llm.timeout and llm.concurrency)",
            *(under_way, seconds, most, answered, abandoned),
        )
