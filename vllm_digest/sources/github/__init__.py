"""GitHub as a source: fetches every thread of a window and names what is missing."""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from vllm_digest.errors import SourceError
from vllm_digest.models import Gap, Snapshot, Thread
from vllm_digest.sources import Extent, Fetched, OnIncomplete, OnProgress, Row, T
from vllm_digest.sources.github import by_number
from vllm_digest.sources.github.client import Client, WaitPolicy
from vllm_digest.sources.github.failures import QueryTooLargeError
from vllm_digest.sources.github.search import count
from vllm_digest.sources.github.sweep import Sweep
from vllm_digest.window import TimeWindow

UTC = ZoneInfo("UTC")


@dataclass(frozen=True)
class GitHubSource:
    """A repository at GitHub as a `Source`; not thread-safe.

    `repo`: OWNER/NAME. `api_url`: address of the REST API, such as `https://api.github.com`.
    `timeout`: of one whole response. `max_wait`: sum of all pauses that GitHub asks for.
    `clock`: returns the current time, aware UTC. `sleep`: waits for a number of seconds.
    `on_retry`: called before another attempt to connect, with its number and the maximum.
    `reserve`: share of the hourly points to leave to other users of the token, 0 to 1.
    `zone`: time zone of times in messages.
    """

    repo: str
    token: str
    api_url: str
    timeout: timedelta
    max_wait: timedelta
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    on_retry: Callable[[int, int], None]
    reserve: float = 0.0
    zone: ZoneInfo = UTC

    def sweep(
        self, windows: Iterable[TimeWindow], on_incomplete: OnIncomplete, on_progress: OnProgress
    ) -> Iterator[Snapshot]:
        """Yield the windows' snapshots; see `Source`."""
        with self._refusing():
            sweep = Sweep(self._client, self.repo, self.clock, on_progress, on_incomplete)
            yield from sweep.snapshots(windows)

    def extent(self, span: TimeWindow) -> Extent:
        """Return how much there is to fetch for the span; takes one request."""
        with self._refusing():
            rows, began_at = count(self._client, self.repo, span)
            return Extent(rows, began_at, self._client.limit)

    def rows(self, numbers: Collection[int], end: datetime) -> Fetched[Row]:
        """Return threads as rows, as of `end`; see `Source`."""
        return self._fetched(by_number.rows, numbers, end)

    def threads(self, numbers: Collection[int], end: datetime) -> Fetched[Thread]:
        """Return threads with their texts, as of `end`; see `Source`."""
        return self._fetched(by_number.threads, numbers, end)

    @cached_property
    def _client(self) -> Client:
        policy = WaitPolicy(self.timeout, self.max_wait, self.reserve, self.sleep, self.on_retry)
        return Client(self.api_url, self.token, policy, self.zone)

    def _fetched(
        self,
        fetch: Callable[[Client, str, Collection[int], datetime], tuple[list[T], list[Gap]]],
        numbers: Collection[int],
        end: datetime,
    ) -> Fetched[T]:
        client = self._client
        requests, points = client.requests, client.points
        with self._refusing():
            found, gaps = fetch(client, self.repo, numbers, end)
        return Fetched(tuple(found), tuple(gaps), client.requests - requests, client.points - points)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except QueryTooLargeError as error:
            # From a list or search: without one of these a window is not complete, so it cannot become a gap.
            why = str(error).rstrip(".")
            raise SourceError(
                f"GitHub at {self.api_url} could not list the threads of {self.repo}: {why}.",
                "Run the same command again later.",
            ) from error
