"""GitHub through PyGithub: one query at a time, asked again in the way that helps.

The only importer of PyGithub. Its own retries and pauses are off: they would repeat a query that timed
out ten times unchanged, wait an hour without a word, and pause a second before every query.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import requests
from github import Auth, Github, GithubException

from vllm_digest.errors import SourceError
from vllm_digest.sources import RateLimit
from vllm_digest.sources.github.faults import (
    InterruptedAnswerError,
    QueryTooLargeError,
    ThrottledError,
    diagnose,
    is_not_found,
    limit,
    network_fault,
    server_time,
)
from vllm_digest.window import format_length

log = logging.getLogger(__name__)
T = TypeVar("T")
U = TypeVar("U")

TRIES = 3
"""How often the same query is asked at most."""
_BACKOFF = timedelta(seconds=2)
_BLIND_WAIT = timedelta(minutes=1)
"""GitHub's advice for a secondary limit that names no time: a minute at least, then longer."""


@dataclass
class Size:
    """How many items to ask for at once: halved when GitHub cannot bear it, and kept for the run."""

    now: int


class Query(NamedTuple):
    """A GraphQL document and its variables."""

    document: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """What GitHub said: an answer's `data`.

    `not_found` when it also said that something asked for is gone; that is null in the data.
    """

    data: Any
    not_found: bool = False


def readable(read: Callable[[U], T], part: U) -> T:
    """What `read` makes of an answer or a part of one; QueryTooLargeError when something is missing there.

    GitHub cuts what costs too much: nulls anywhere, and not always an error beside them.
    """
    try:
        return read(part)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise QueryTooLargeError(f"an incomplete answer: {type(error).__name__} {error}") from error


class Client:
    """Asks GitHub, serially, and counts `requests` and GraphQL `points`.

    `first_time` and `server_time` are GitHub's own clock at its first and its latest answer, `limit` how many
    of an hour's points that left. It pauses where less than the share `reserve` of them would be left.

    Every query raises SourceError when GitHub refuses, stays unreachable, or asks for pauses that sum
    to more than `max_wait`.
    """

    def __init__(
        self,
        *,
        token: str,
        api_url: str,
        timeout: timedelta,
        max_wait: timedelta,
        reserve: float,
        sleep: Callable[[float], None],
    ) -> None:
        self.requests = 0
        self.points = 0
        self.limit: RateLimit | None = None
        self.server_time: datetime | None = None
        self.first_time: datetime | None = None
        self._api_url = api_url
        self._max_wait = max_wait
        self._reserve = reserve
        self._waited = timedelta()
        self._sleep = sleep
        self._github = Github(
            base_url=api_url.rstrip("/"),
            auth=Auth.Token(token),
            timeout=round(timeout.total_seconds()),
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0,
        )

    def close(self) -> None:
        self._github.close()

    def query(self, query: Callable[[int], Query], size: Size, read: Callable[[Answer], T]) -> T:
        """Ask in GraphQL for `size.now` items, and for fewer while that is too much.

        `query(n)` asks for n items, `read` makes something of the answer. An answer that it cannot read
        was cut, and counts as too much. QueryTooLargeError when even one item is.
        """
        tries = 0
        while True:
            try:
                return readable(read, self._graphql(query(size.now)))
            except QueryTooLargeError as error:
                if size.now > 1:
                    size.now //= 2
                    log.info("GitHub could not answer (%s); asking for %d at a time", error, size.now)
                    continue
                tries += 1
                if tries == TRIES:
                    raise
                self._pause(_BACKOFF * 2**tries)

    def _graphql(self, query: Query) -> Answer:
        """Ask until there is an answer; interruptions are tried again a few times."""
        interruptions = 0
        blind_wait = _BLIND_WAIT
        while True:
            self._spare()
            try:
                answer = self._once(query)
            except ThrottledError as throttled:
                self._wait(throttled.wait or blind_wait)
                blind_wait = blind_wait if throttled.wait else blind_wait * 2
            except InterruptedAnswerError as error:
                interruptions += 1
                if interruptions == TRIES:
                    raise SourceError(
                        f"GitHub at {self._api_url} gave no usable answer {TRIES} times: {error}.",
                        "Run the same command again later.",
                    ) from None
                log.info("GitHub gave no usable answer (%s); asking again", error)
                self._pause(_BACKOFF * 2**interruptions)
            else:
                self.points += (answer.data.get("rateLimit") or {}).get("cost", 0)
                return answer

    def _spare(self) -> None:
        """Pause until the next hour's points when only the reserve of this one's is left."""
        if self.limit is not None and self.limit.remaining < self._reserve * self.limit.points:
            self._wait(self.limit.wait)

    def _once(self, query: Query) -> Answer:
        """Send one request; what fails is raised as one of `faults` or as SourceError."""
        self.requests += 1
        requester = self._github.requester
        try:
            headers, body = requester.graphql_query(query.document, dict(query.variables))
            data = body.get("data")
        except GithubException as error:
            headers = error.headers or {}
            self._read_headers(headers)
            if is_not_found(error.data) and isinstance(error.data.get("data"), dict):
                return Answer(error.data["data"], not_found=True)
            raise diagnose(error.status, headers, error.data) from None
        except requests.RequestException as error:
            raise network_fault(error) from None
        except (AttributeError, RuntimeError, TypeError, ValueError) as error:
            # How PyGithub fails on cut JSON, an empty body, a list, and a redirect to another host.
            raise InterruptedAnswerError(f"an empty or unreadable answer ({type(error).__name__})") from None
        self._read_headers(headers)
        if not isinstance(data, dict):
            raise diagnose(200, headers, data)
        return Answer(data)

    def _read_headers(self, headers: Mapping[str, str]) -> None:
        self.server_time = server_time(headers) or self.server_time
        self.first_time = self.first_time or self.server_time
        self.limit = limit(headers) or self.limit

    def _wait(self, wait: timedelta) -> None:
        self._waited += wait
        if self._waited > self._max_wait:
            until = f" until {self.server_time + wait:%Y-%m-%d %H:%M}Z" if self.server_time else ""
            longest = format_length(self._max_wait)
            raise SourceError(
                f"GitHub's rate limit is used up{until}, and runs wait {longest} at most.",
                "Run again after that time, or raise github.max_wait.",
            )
        log.warning("GitHub asks for a pause of %.0f s", wait.total_seconds())
        self._pause(wait)
        self.limit = None

    def _pause(self, wait: timedelta) -> None:
        self._sleep(wait.total_seconds())
