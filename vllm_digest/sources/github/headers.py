"""Read the headers of a response: GitHub's clock and the rate limit.

https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self

from vllm_digest.sources import RateLimit
from vllm_digest.sources.github.failures import WrongFieldError

_COUNT = re.compile(r"([0-9]{1,12})(\.[0-9]+)?")
"""Some proxies at GitHub write these numbers as floats."""
_LATEST_RESET = datetime(2100, 1, 1, tzinfo=UTC)
"""Upper bound of a reset, checked first because `datetime` fails after the year 9999."""
_SHORTEST_WAIT = timedelta(seconds=1)
"""Lower bound of a requested pause, against a busy loop with a server that repeatedly asks for 0 s."""
_LONGEST_WAIT = timedelta(days=3650)
"""Upper bound of a requested pause, so that sums of pauses do not overflow a timedelta."""


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """The relevant headers of a response.

    `time`: GitHub's clock (UTC); None without a `date` header. `limit`: None if the server has no rate limit.
    `retry_after`: the requested pause; None without one.
    """

    time: datetime | None = None
    limit: RateLimit | None = None
    retry_after: timedelta | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Read headers with names in lower case. Raises WrongFieldError if one has an impossible value."""
        time = _moment(headers, "date")
        return cls(time, _limit(headers, time), _retry_after(headers, time))

    @property
    def is_spent(self) -> bool:
        """Whether the hourly points are used up."""
        return self.limit is not None and self.limit.remaining == 0

    @property
    def asked_wait(self) -> timedelta | None:
        """The pause that GitHub asks for; None if its length is not stated."""
        if self.retry_after is not None:
            return max(self.retry_after, _SHORTEST_WAIT)
        return self.limit.wait if self.limit is not None and self.is_spent else None


def _limit(headers: Mapping[str, str], time: datetime | None) -> RateLimit | None:
    points, remaining, reset = (
        _count(headers, f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset")
    )
    if reset is not None and reset >= _LATEST_RESET.timestamp():
        raise WrongFieldError(("x-ratelimit-reset",), "it is not a time")
    if points is None or remaining is None or reset is None:
        return None
    resets_at = datetime.fromtimestamp(reset, UTC)
    # Relative to GitHub's clock, as the local one may be wrong; a second more, as it has whole seconds.
    wait = max(resets_at - (time or resets_at), timedelta()) + timedelta(seconds=1)
    return RateLimit(points, remaining, min(wait, _LONGEST_WAIT))


def _retry_after(headers: Mapping[str, str], time: datetime | None) -> timedelta | None:
    """The pause in `retry-after`, which is in seconds or a date (RFC 9110)."""
    text = headers.get("retry-after", "").strip()
    if _COUNT.fullmatch(text):
        return min(timedelta(seconds=float(text)), _LONGEST_WAIT)
    until = _moment(headers, "retry-after")
    return None if until is None else max(until - (time or until), timedelta())


def _count(headers: Mapping[str, str], name: str) -> int | None:
    text = headers.get(name)
    if text is None:
        return None
    match = _COUNT.fullmatch(text.strip())
    if match is None:
        raise WrongFieldError((name,), "it is not a number")
    return int(match[1])


def _moment(headers: Mapping[str, str], name: str) -> datetime | None:
    """A date in the HTTP form (RFC 9110) as UTC; None without the header."""
    text = headers.get(name)
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise WrongFieldError((name.title(),), "it is not a time") from None
