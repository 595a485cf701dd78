"""GitHub as a source: every thread of a window, complete, or with its gaps named."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from vllm_digest.errors import SourceError
from vllm_digest.models import Snapshot
from vllm_digest.sources import Extent, OnIncomplete, OnProgress
from vllm_digest.sources.github.client import Client
from vllm_digest.sources.github.faults import QueryTooLargeError
from vllm_digest.sources.github.search import count
from vllm_digest.sources.github.sweep import Sweep
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class GitHubSource:
    """A repository at GitHub, as `Source` has it.

    `repo`: OWNER/NAME. `api_url`: where the API is. `timeout`: for one answer. `max_wait`: for all pauses
    that GitHub asks for. `clock`: the present, aware UTC. `sleep`: waits so many seconds. `reserve`: the
    share of the hourly points to leave to others who use the same token, 0 to 1.
    """

    repo: str
    token: str
    api_url: str
    timeout: timedelta
    max_wait: timedelta
    clock: Callable[[], datetime]
    sleep: Callable[[float], None]
    reserve: float = 0.0

    def sweep(
        self, windows: Iterable[TimeWindow], on_incomplete: OnIncomplete, on_progress: OnProgress
    ) -> Iterator[Snapshot]:
        with self._client() as client:
            sweep = Sweep(client, self.repo, self.clock, on_progress, on_incomplete)
            yield from sweep.snapshots(windows)

    def extent(self, span: TimeWindow) -> Extent:
        """Return how much there is to fetch of the span; one request."""
        with self._client() as client:
            rows, began_at = count(client, self.repo, span)
            return Extent(rows, began_at, client.limit)

    @contextmanager
    def _client(self) -> Iterator[Client]:
        client = Client(
            token=self.token,
            api_url=self.api_url,
            timeout=self.timeout,
            max_wait=self.max_wait,
            reserve=self.reserve,
            sleep=self.sleep,
        )
        try:
            yield client
        except QueryTooLargeError as error:
            why = str(error).rstrip(".")
            raise SourceError(
                f"GitHub at {self.api_url} could not list the threads of {self.repo}: {why}.",
                "Run the same command again later.",
            ) from error
        finally:
            client.close()
