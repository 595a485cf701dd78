"""Where threads come from. `Source` is what the rest of the program knows; `github` implements it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from vllm_digest.errors import SourceError
from vllm_digest.models import Account, Gap, Kind, Snapshot, Standing, Thread
from vllm_digest.window import TimeWindow

T = TypeVar("T")

OnIncomplete = Callable[[TimeWindow, SourceError], None]
"""Called with a window that cannot be complete, and why."""
OnProgress = Callable[[int, int], None]
"""Called with how many of how many threads are fetched."""


@dataclass(frozen=True, slots=True)
class RateLimit:
    """A source's budget for an hour.

    `points`: of a whole hour. `remaining`: what is left of them. `wait`: the time until the next hour's.
    """

    points: int
    remaining: int
    wait: timedelta


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is to fetch of a span.

    `rows`: about how many rows its lists have. `began_at`: when the repository was made, UTC.
    `limit`: None where the source does not tell.
    """

    rows: int
    began_at: datetime
    limit: RateLimit | None


@dataclass(frozen=True, slots=True)
class Row:
    """A thread in a line: what another thread that names it needs to know.

    `title`: that of now. `created_at`: UTC. `standing`: its state at the moment that was asked for.
    """

    number: int
    kind: Kind
    title: str
    url: str
    author: Account
    created_at: datetime
    standing: Standing


@dataclass(frozen=True, slots=True)
class Fetched(Generic[T]):
    """What was asked for by number, by ascending number.

    `gaps`: what could not be had of numbers that exist. `requests`, `points`: what it took.
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
        """Yield what happened in each window as it stood at the window's end, oldest first.

        What windows share is fetched once. A window of which a list would be incomplete is left out, and
        `on_incomplete` is called with it; it may raise the error.
        """

    def extent(self, span: TimeWindow) -> Extent:
        """Return how much there is to fetch of the span."""

    def rows(self, numbers: Collection[int], end: datetime) -> Fetched[Row]:
        """Return the threads of these numbers as rows, as of `end`; 100 a request.

        A number that names no thread, or one that was opened at `end` or later, gives nothing.
        """

    def threads(self, numbers: Collection[int], end: datetime) -> Fetched[Thread]:
        """Return the threads of these numbers with all that was said in them, as of `end`; 50 a request.

        They lack changed files and counts of lines. Numbers without a thread give nothing, as in `rows`.
        """
