"""GitHub → Snapshot: every thread of a window, complete, or with its gaps named."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from vllm_digest.errors import SourceError
from vllm_digest.fetch.client import Client, Size
from vllm_digest.fetch.details import fetch_details
from vllm_digest.fetch.faults import QueryTooLargeError
from vllm_digest.fetch.lists import by_lists
from vllm_digest.fetch.nodes import Discovery
from vllm_digest.fetch.search import by_search
from vllm_digest.models import Snapshot
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)

_SEARCH_AFTER = timedelta(days=1)
"""Windows that ended longer ago are searched for; by then GitHub's index has long caught up."""
_PAGE = 100


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
        client = Client(
            token=self.token,
            api_url=self.api_url,
            timeout=self.timeout,
            max_wait=self.max_wait,
            sleep=self.sleep,
        )
        try:
            discovery = _discover(client, self.repo, window, now)
            _check_clock(client, window)
            log.info("%d threads may belong to the window", len(discovery.found))
            threads, gaps = fetch_details(client, discovery.found, window, self.progress)
        except QueryTooLargeError as error:
            raise SourceError(
                f"GitHub at {self.api_url} could not list the threads of {self.repo}: {error}.",
                "Nothing was published; run the same window again later.",
            ) from error
        finally:
            client.close()
        return Snapshot(
            repo=discovery.repo,
            window=window,
            fetched_at=now,
            threads=tuple(sorted(threads, key=lambda thread: thread.number, reverse=True)),
            gaps=(*discovery.gaps, *gaps),
            requests=client.requests,
            points=client.points,
        ).within(window)


def _discover(client: Client, repo: str, window: TimeWindow, now: datetime) -> Discovery:
    """The threads that may belong to the window: from the lists if it has just ended, else by search."""
    size = Size(_PAGE)
    if now - window.end <= _SEARCH_AFTER:
        recent = by_lists(client, repo, window, size, _SEARCH_AFTER)
        if recent is not None:
            return recent
        log.info("By GitHub's clock the window is long past: searching for it instead")
    return by_search(client, repo, window, size, now)


def _check_clock(client: Client, window: TimeWindow) -> None:
    """SourceError when by GitHub's clock the window was not over yet as it was asked for."""
    if client.first_time is not None and client.first_time < window.end:
        raise SourceError(
            f"By GitHub's clock ({client.first_time:%Y-%m-%d %H:%M:%S}Z) the window is not over before "
            f"{window.end:%H:%M}Z.",
            "This machine's clock is ahead; set it, or have windows end earlier with report.settle.",
        )
