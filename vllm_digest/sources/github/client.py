"""Client of GitHub's GraphQL API: one query at a time, with retries suited to the failure.

GitHub advises against concurrent requests, and says how long to wait at its limits:
https://docs.github.com/en/graphql/overview/rate-limits-and-query-limits-for-the-graphql-api
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from vllm_digest.errors import SourceError
from vllm_digest.sources import RateLimit
from vllm_digest.sources.github.answers import RateLimitNode, parse
from vllm_digest.sources.github.failures import (
    InterruptedAnswerError,
    NullFieldError,
    QueryTooLargeError,
    ThrottledError,
    UndefinedFieldError,
    UnreachableError,
)
from vllm_digest.sources.github.headers import ResponseHeaders
from vllm_digest.sources.github.queries import OPTIONAL_FIELDS, purpose, without
from vllm_digest.sources.github.refusals import refusal
from vllm_digest.sources.github.response import Answer, read_answer
from vllm_digest.sources.github.transport import Transport
from vllm_digest.window import format_length, local_minute

log = logging.getLogger(__name__)
T = TypeVar("T")

TRIES = 3
"""Attempts for the same query."""
_BACKOFF = timedelta(seconds=2)
"""Doubled before each further attempt, so the pauses are 4 and 8 s."""
_RECONNECT = timedelta(seconds=1)
"""Pause before the second attempt to connect, doubled before the third: a wrong address fails in seconds."""
_BLIND_WAIT = timedelta(minutes=1)
"""Pause for a secondary rate limit without a stated time, doubled each time, as GitHub advises."""


@dataclass
class BatchSize:
    """Items per request: halved if a query is too large for GitHub, and kept for further queries."""

    now: int


class Query(NamedTuple):
    """A GraphQL document and its variables."""

    document: str
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WaitPolicy:
    """How long to wait for GitHub.

    `timeout`: of one response. `max_wait`: sum of all pauses that GitHub asks for.
    `reserve`: pause if less than this share of the hourly points is left, 0 to 1.
    `sleep`: waits for a number of seconds.
    `on_retry`: called before another attempt to connect, with its number and the maximum.
    """

    timeout: timedelta
    max_wait: timedelta
    reserve: float
    sleep: Callable[[float], None]
    on_retry: Callable[[int, int], None]


class Client:
    """Sends queries one after the other, and counts `requests` and GraphQL `points`.

    `first_time`, `server_time`: GitHub's clock in the first and in the latest response (UTC).
    `limit`: the rate limit in the latest response. `zone`: time zone of times in messages.

    Every query raises SourceError if GitHub refuses it, stays unreachable, or asks for longer pauses than
    `WaitPolicy.max_wait`.
    """

    def __init__(self, api_url: str, token: str, policy: WaitPolicy, zone: ZoneInfo) -> None:
        self.zone = zone
        self.requests = 0
        self.points = 0
        self.limit: RateLimit | None = None
        self.server_time: datetime | None = None
        self.first_time: datetime | None = None
        self._api_url = api_url
        self._policy = policy
        self._waited = timedelta()
        self._unknown_fields: set[str] = set()
        self._transport = Transport(api_url, token, max(1, round(policy.timeout.total_seconds())))

    def query(self, query: Callable[[int], Query], size: BatchSize, read: Callable[[Answer], T]) -> T:
        """Ask for `size.now` items, and for fewer while the query is too large for GitHub.

        `query(n)`: builds the query for n items. `read`: reads the response; if it raises NullFieldError, the
        response was cut and the query counts as too large.
        Raises QueryTooLargeError if a query for a single item is too large.
        """
        interruptions = too_large = 0
        blind_wait = _BLIND_WAIT
        while True:
            self._spare()
            try:
                answer = self._ask(query(size.now))
                return _read_allowed(read, answer)
            except UndefinedFieldError as error:
                self._drop(error.name)
            except ThrottledError as throttled:
                self._wait(throttled.wait or blind_wait)
                blind_wait = blind_wait if throttled.wait else blind_wait * 2
            except InterruptedAnswerError as error:
                interruptions += 1
                self._recover(error, interruptions)
            except QueryTooLargeError as error:
                # The limit is one of a single query, so without a smaller one a pause would not help.
                if size.now > 1:
                    size.now //= 2
                    log.info("GitHub could not answer (%s); asking for %d at a time", error, size.now)
                    continue
                too_large += 1
                if too_large == TRIES:
                    raise
                self._pause(_BACKOFF * 2**too_large)

    def _ask(self, query: Query) -> Answer:
        """Send one request."""
        self.requests += 1
        log.info("GitHub: request %d, %s", self.requests, purpose(query.document))
        document = without(query.document, frozenset(self._unknown_fields))
        status, head, body = self._transport.post(document, query.variables)
        self._read_head(head)
        answer = read_answer(status, head, body)
        # Null on a GitHub Enterprise Server, where rate limits are off by default.
        if (spent := answer.data.get("rateLimit")) is not None:
            self.points += parse(RateLimitNode, spent, "rateLimit").cost
        return answer

    def _recover(self, error: InterruptedAnswerError, interruptions: int) -> None:
        """Pause before the next attempt. Raises SourceError after the last one."""
        if interruptions == TRIES:
            raise SourceError(
                f"GitHub at {self._api_url} gave no usable answer {TRIES} times: {error}.", error.remedy
            ) from None
        log.info("GitHub gave no usable answer (%s); asking again", error)
        if isinstance(error, UnreachableError):
            self._pause(_RECONNECT * interruptions)
            self._policy.on_retry(interruptions + 1, TRIES)
        else:
            self._pause(_BACKOFF * 2**interruptions)

    def _drop(self, name: str) -> None:
        """Stop asking for a field that an older server lacks. Raises SourceError if it is a required one."""
        if name not in OPTIONAL_FIELDS or name in self._unknown_fields:
            raise SourceError(
                f"The server at {self._api_url} does not know the field {name}.",
                "It is older than the GitHub Enterprise Servers that this version supports.",
            )
        log.info("The server does not know the field %s; asking without it", name)
        self._unknown_fields.add(name)

    def _spare(self) -> None:
        """Pause until the points are reset if only the reserve is left."""
        if self.limit is not None and self.limit.remaining < self._policy.reserve * self.limit.points:
            self._wait(self.limit.wait)

    def _read_head(self, head: ResponseHeaders) -> None:
        self.server_time = head.time or self.server_time
        self.first_time = self.first_time or self.server_time
        self.limit = head.limit or self.limit

    def _wait(self, wait: timedelta) -> None:
        self._waited += wait
        if self._waited > self._policy.max_wait:
            until = f" until {local_minute(self.server_time + wait, self.zone)}" if self.server_time else ""
            longest = format_length(self._policy.max_wait)
            raise SourceError(
                f"GitHub's rate limit is used up{until}, and runs wait {longest} at most.",
                "Run again after that time, or raise github.max_wait.",
            )
        log.warning("GitHub asks for a pause of %.0f s", wait.total_seconds())
        self._pause(wait)
        # The figures of before the reset would make `_spare` pause again.
        self.limit = None

    def _pause(self, wait: timedelta) -> None:
        self._policy.sleep(wait.total_seconds())


def _read_allowed(read: Callable[[Answer], T], answer: Answer) -> T:
    """Read a response. Raises SourceError if a missing field is one that the token may not read."""
    try:
        return read(answer)
    except NullFieldError as error:
        if problem := answer.forbidden(error.path):
            raise refusal(403, problem.message) from None
        raise
