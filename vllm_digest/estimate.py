"""What a backfill will take, before it is begun; pure."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from vllm_digest.fetch import Extent

RESERVE = 0.1
"""The share of an hour's points that a backfill leaves to other runs with the same token."""
# Measured by benchmarks/backfill.py.
_REQUESTS_A_ROW = 0.04
_POINTS_A_ROW = 0.25
_FIRST_REQUESTS, _FIRST_POINTS = 10, 40
"""For the threads that are older than the range."""
_ONE_REQUEST = timedelta(seconds=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """About how much of GitHub a backfill will take: rows of lists, requests, points, and time.

    `waits` is the part of `duration` that is spent waiting for the next hours' points.
    """

    rows: int = 0
    requests: int = 0
    points: int = 0
    duration: timedelta = timedelta()
    waits: timedelta = timedelta()


def estimate(extent: Extent, share: float) -> Estimate:
    """For the `share` of a span that is to be fetched."""
    rows = ceil(extent.rows * share)
    requests = _FIRST_REQUESTS + ceil(rows * _REQUESTS_A_ROW)
    points = _FIRST_POINTS + ceil(rows * _POINTS_A_ROW)
    waits = _waits(extent, points)
    return Estimate(rows, requests, points, max(requests * _ONE_REQUEST, waits), waits)


def _waits(extent: Extent, points: int) -> timedelta:
    """How long to wait for points: for the next hour's, and then for one hour's after the other."""
    limit = extent.limit
    if limit is None:
        return timedelta()
    reserved = limit.points * RESERVE
    short = points - max(limit.remaining - reserved, 0)
    if short <= 0:
        return timedelta()
    return limit.wait + _HOUR * (ceil(short / (limit.points - reserved)) - 1)
