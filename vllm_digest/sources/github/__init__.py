"""GitHub → Snapshot: every thread of a window, complete, or with its gaps named."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from vllm_digest.errors import SourceError
from vllm_digest.models import Snapshot
from vllm_digest.sources.github.client import Client
from vllm_digest.sources.github.faults import Limit, QueryTooLargeError
from vllm_digest.sources.github.search import count
from vllm_digest.sources.github.sweep import Sweep
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class Extent:
    """What there is to fetch of a span: about how many rows its lists have, and of GitHub's points how many.

    `began_at` is when the repository was made; `limit` is None where GitHub does not tell.
    """

    rows: int
    began_at: datetime
    limit: Limit | None


@dataclass(frozen=True, slots=True)
class GitHubSource:
    """Where and how to fetch: all that `fetch` needs of the configuration and of the runtime.

    `timeout` is for one answer, `max_wait` for all pauses GitHub asks for; `sleep` takes seconds. `reserve`
    is the share of GitHub's hourly points to leave to others who use the same token.
    """

    repo: str
    token: str
    api_url: str
    timeout: timedelta
    max_wait: timedelta
    sleep: Callable[[float], None]
    progress: Callable[[int, int], None]
    reserve: float = 0.0

    def sweep(
        self,
        windows: Iterable[TimeWindow],
        clock: Callable[[], datetime],
        on_incomplete: Callable[[TimeWindow, SourceError], None],
    ) -> Iterator[Snapshot]:
        """Everything that happened in each window, as it stood at its end, oldest first.

        What windows share is fetched once. A window of which a list would be incomplete is left out and
        `on_incomplete` told of it, with the error. SourceError when GitHub refuses or stays away.
        """
        with self._client() as client:
            yield from Sweep(client, self.repo, clock, self.progress, on_incomplete).snapshots(windows)

    def extent(self, span: TimeWindow) -> Extent:
        """What fetching the span would be like; one request. SourceError as in `fetch`."""
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
