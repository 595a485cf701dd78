"""What the headers of an answer say: GitHub's clock, and what is left of the hour's points.

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
"""GitHub's proxies write some of these numbers as floats."""
_LATEST_RESET = datetime(2100, 1, 1, tzinfo=UTC)
_SHORTEST_WAIT = timedelta(seconds=1)
"""So that a server that asks for no pause, again and again, is not asked without one."""
_LONGEST_WAIT = timedelta(days=3650)
"""A longer pause is no pause; it is cut so that sums of pauses stay within a timedelta."""


@dataclass(frozen=True, slots=True)
class ResponseHeaders:
    """An answer's headers, as far as they matter.

    `time`: GitHub's clock, UTC; None if it is not told. `limit`: None where the server has no limits.
    `retry_after`: the pause that it asks for, None if it asks for none.
    """

    time: datetime | None = None
    limit: RateLimit | None = None
    retry_after: timedelta | None = None

    @classmethod
    def of(cls, headers: Mapping[str, str]) -> Self:
        """Read headers, names in lower case. Raises WrongFieldError naming one that is impossible."""
        time = _moment(headers, "date")
        return cls(time, _limit(headers, time), _retry_after(headers, time))

    @property
    def is_spent(self) -> bool:
        """Are the hour's points used up?"""
        return self.limit is not None and self.limit.remaining == 0

    @property
    def asked_wait(self) -> timedelta | None:
        """The pause that GitHub asks for; None if it does not tell how long."""
        if self.retry_after is not None:
            return max(self.retry_after, _SHORTEST_WAIT)
        return self.limit.wait if self.limit is not None and self.is_spent else None


def _limit(headers: Mapping[str, str], time: datetime | None) -> RateLimit | None:
    points, remaining, reset = (
        _count(headers, f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset")
    )
    if reset is not None and reset >= _LATEST_RESET.timestamp():
        raise WrongFieldError(("x-ratelimit-reset",), "it is no time")
    if points is None or remaining is None or reset is None:
        return None
    resets_at = datetime.fromtimestamp(reset, UTC)
    # By GitHub's clock, for ours may be wrong; a second more, because its times are whole seconds.
    wait = max(resets_at - (time or resets_at), timedelta()) + timedelta(seconds=1)
    return RateLimit(points, remaining, min(wait, _LONGEST_WAIT))


def _retry_after(headers: Mapping[str, str], time: datetime | None) -> timedelta | None:
    """Seconds or a date, as RFC 9110 has it."""
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
        raise WrongFieldError((name,), "it is no number")
    return int(match[1])


def _moment(headers: Mapping[str, str], name: str) -> datetime | None:
    """A date as mail and HTTP write it, as UTC."""
    text = headers.get(name)
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        raise WrongFieldError((name.title(),), "it is no time") from None
