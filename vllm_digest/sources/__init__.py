"""The interface to a source of threads. `Source` is all that other packages use; `github` implements it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from vllm_digest.errors import SourceError
from vllm_digest.models import Account, Gap, Kind, Snapshot, Thread, ThreadState
from vllm_digest.window import TimeWindow

T = TypeVar("T")
TEXTS_A_REQUEST = 50
"""Threads with their texts that one request asks for; without files a pull request costs GitHub no diff."""

OnIncomplete = Callable[[TimeWindow, SourceError], None]
"""Called with a window that cannot be fetched completely, and the reason."""
OnProgress = Callable[[int, int], None]
"""Called with the number of threads fetched so far, and the number of all."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A source's rate limit.

    `points`: allowed per hour. `remaining`: left of them. `wait`: time until they are reset.
    """

    points: int
    remaining: int
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to fetch for a span of time.

    `rows`: approximate number of rows in its lists. `began_at`: when the repository was created (UTC).
    `limit`: the current rate limit; None if unknown.
    """

    rows: int
    began_at: datetime
    limit: RateLimit | None


@dataclass(frozen=True, slots=True)
class Row:
    """A thread without its texts, for use next to another thread that names it.

    `title`: the current one. `created_at`: UTC. `thread_state`: its state at the requested moment.
    """

    number: int
    kind: Kind
    title: str
    url: str
    author: Account
    created_at: datetime
    thread_state: ThreadState


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """The result of fetching by number.

    `found`: in ascending order of number. `gaps`: what could not be fetched of existing threads.
    `requests`, `points`: used for it.
    """

    found: tuple[T, ...]
    gaps: tuple[Gap, ...] = ()
    requests: int = 0
    points: int = 0


class Source(Protocol):
    """A repository's threads. Every method raises SourceError if the source refuses or stays unreachable."""

    def sweep(
        self, windows: Iterable[TimeWindow], on_incomplete: OnIncomplete, on_progress: OnProgress
    ) -> Iterator[Snapshot]:
        """Yield a snapshot of each window as of its end, oldest first.

        Threads that several windows need are fetched once. A window with an incomplete list is skipped after
        calling `on_incomplete`, which may raise the error.
        """

    def extent(self, span: TimeWindow) -> Extent:
        """Return how much there is to fetch for the span."""

    def rows(self, numbers: Collection[int], end: datetime) -> Fetched[Row]:
        """Return the rows of the numbered threads as of `end` (UTC); 100 per request.

        Numbers without a thread, or with one opened at `end` or later, are left out.
        """

    def threads(self, numbers: Collection[int], end: datetime) -> Fetched[Thread]:
        """Return the numbered threads with all their remarks as of `end` (UTC); see `TEXTS_A_REQUEST`.

        They have no changed files and line counts. Numbers without a thread are left out, as in `rows`.
        """
