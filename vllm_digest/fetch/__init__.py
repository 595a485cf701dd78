"""GitHub → Snapshot: every thread of a window, complete, or with its gaps named."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from vllm_digest.errors import SourceError
from vllm_digest.fetch.client import Client
from vllm_digest.fetch.faults import QueryTooLargeError
from vllm_digest.fetch.sweep import Sweep
from vllm_digest.models import Snapshot
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class GitHubSource:
    """Where and how to fetch: all that `fetch` needs of the configuration and of the world.

    `timeout` is for one answer, `max_wait` for all pauses GitHub asks for; `sleep` takes seconds.
    """

    repo: str
    token: str
    api_url: str
    timeout: timedelta
    max_wait: timedelta
    sleep: Callable[[float], None]
    progress: Callable[[int, int], None]

    def fetch(self, window: TimeWindow, now: datetime) -> Snapshot:
        """Everything that happened in the window, as it stood at its end.

        SourceError when GitHub refuses or stays away, or when one of the five lists would be incomplete.
        """

        def fail(_: TimeWindow, error: SourceError) -> None:
            raise error

        (snapshot,) = self.sweep((window,), lambda: now, fail)
        return snapshot

    def sweep(
        self,
        windows: Iterable[TimeWindow],
        clock: Callable[[], datetime],
        lost: Callable[[TimeWindow, SourceError], None],
    ) -> Iterator[Snapshot]:
        """The same for many windows, oldest first; what they share is fetched once.

        A window of which a list would be incomplete is left out and `lost` told of it, with the error.
        """
        client = self._client()
        try:
            yield from Sweep(client, self.repo, clock, self.progress, lost).snapshots(windows)
        except QueryTooLargeError as error:
            raise SourceError(
                f"GitHub at {self.api_url} could not list the threads of {self.repo}: {error}.",
                "Nothing was published; run the same window again later.",
            ) from error
        finally:
            client.close()

    def _client(self) -> Client:
        return Client(
            token=self.token,
            api_url=self.api_url,
            timeout=self.timeout,
            max_wait=self.max_wait,
            sleep=self.sleep,
        )
