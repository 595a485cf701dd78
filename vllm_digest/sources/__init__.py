"""Where threads come from. `Source` is what the rest of the program knows; `github` implements it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from vllm_digest.errors import SourceError
from vllm_digest.models import Snapshot
from vllm_digest.window import TimeWindow

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
