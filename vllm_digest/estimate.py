"""Estimate the requests, tokens and time of a backfill. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil

from vllm_digest.sources import Extent
from vllm_digest.write import WritingRules

RESERVE = 0.1
"""Share of the hourly points, 0 to 1, that a backfill leaves to other runs with the same token."""
# Fitted to benchmarks/fetch.py: 14 requests and 73 points for 291 rows, 249 and 980 for 9,000.
_REQUESTS_A_ROW = 0.027
_POINTS_A_ROW = 0.105
_FIRST_REQUESTS, _FIRST_POINTS = 6, 40
"""Fixed part: for finding the threads that are older than the range."""
_ONE_REQUEST = timedelta(seconds=1)
"""Time that a request takes."""
# Measured by benchmarks/model.py, prompts and answers, in tokens as `write` estimates them.
_BRIEFS_A_ROW = 1.3
_BRIEF_TOKENS = 3_300
_OVERVIEW_TOKENS, _TOKENS_A_BRIEF = 2_100, 175
_LANGUAGE_TOKENS = 300
"""Of an answer, for each further language; a model answers once for all of them."""
_JUDGE_TOKENS = 3_400
"""Of a call of the second pass; there is one for each brief and overview."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Estimate:
    """The estimated work of a backfill.

    `rows`: threads in the lists, a thread once per list. `requests`, `points`: of GitHub's API.
    `calls`, `tokens`: of a model, prompts and answers together.
    `duration`: without the time of a model. `waits`: the part of it spent waiting for the rate limit.
    """

    rows: int = 0
    requests: int = 0
    points: int = 0
    calls: int = 0
    tokens: int = 0
    duration: timedelta = timedelta()
    waits: timedelta = timedelta()


def estimate(extent: Extent, *, share: float, windows: int, rules: WritingRules | None) -> Estimate:
    """The estimate for a part of a span. `share`: of the span that is fetched, 0 to 1.

    `windows`: number of windows in it. `rules`: how a model writes; None without a model.
    """
    rows = ceil(extent.rows * share)
    requests = _FIRST_REQUESTS + ceil(rows * _REQUESTS_A_ROW)
    points = _FIRST_POINTS + ceil(rows * _POINTS_A_ROW)
    waits = _waits(extent, points)
    calls, tokens = _questions(rows / windows, windows, rules) if rules else (0, 0)
    return Estimate(rows, requests, points, calls, tokens, requests * _ONE_REQUEST + waits, waits)


def _questions(rows: float, windows: int, rules: WritingRules) -> tuple[int, int]:
    """Calls and tokens for windows with `rows` rows each: briefs, an overview each, and the second pass."""
    calls, tokens = model_work(min(rules.limits.threads, rows * _BRIEFS_A_ROW), rules)
    return ceil(windows * calls), ceil(windows * tokens)


def model_work(briefs: float, rules: WritingRules) -> tuple[float, float]:
    """Calls and tokens for one window with so many briefs: for these, the overview, and the second pass.

    Without repair questions, whose number depends on the model.
    """
    limits = rules.limits
    overview = _OVERVIEW_TOKENS + min(limits.overview_tokens, briefs * _TOKENS_A_BRIEF)
    calls = briefs + 1
    tokens = briefs * _BRIEF_TOKENS + overview + calls * _LANGUAGE_TOKENS * (len(rules.languages) - 1)
    if rules.judge:
        tokens += calls * _JUDGE_TOKENS
        calls *= 2
    return calls, tokens


def _waits(extent: Extent, points: int) -> timedelta:
    """Time to wait for points: until the next reset, and then a full hour for each further hour's points."""
    limit = extent.limit
    if limit is None:
        return timedelta()
    reserved = limit.points * RESERVE
    short = points - max(limit.remaining - reserved, 0)
    if short <= 0:
        return timedelta()
    return limit.wait + _HOUR * (ceil(short / (limit.points - reserved)) - 1)
