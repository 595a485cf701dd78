"""Generated repositories with traffic like vLLM's: an hour, a day, or any length, from a seed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from random import Random

from tests.servers.lives import How, Sketch, Writer
from tests.servers.truth import Truth, truth
from tests.servers.words import Library
from tests.servers.world import World

REPO = "vllm-project/vllm"
DAY_START = datetime(2025, 12, 9, 16, 0, tzinfo=UTC)
HOUR_START = datetime(2025, 12, 10, 10, 42, tzinfo=UTC)


@dataclass(frozen=True)
class Scene:
    """A `world` and a window `[start, end)` of it; its events continue for six hours after the window."""

    world: World
    start: datetime
    end: datetime

    @property
    def truth(self) -> Truth:
        """The expected report as of the window's end."""
        return truth(self.world, self.start, self.end)


def day(
    seed: int, *, listed: int = 300, touched: int = 60, start: datetime = DAY_START, long: int = 2
) -> Scene:
    """A day in which `listed` threads are in one of the five lists, and `touched` others are talked about.

    `long` of the listed ones have over 200 comments, the pull requests among them over 30 reviews.
    """
    return _scene(f"day {seed}", start, timedelta(days=1), listed=listed, touched=touched, long=long)


def hour(
    seed: int, *, listed: int = 10, touched: int = 4, start: datetime = HOUR_START, long: int = 0
) -> Scene:
    """An hour of it."""
    return _scene(f"hour {seed}", start, timedelta(hours=1), listed=listed, touched=touched, long=long)


def stream(
    seed: int,
    start: datetime = DAY_START,
    *,
    hours: float = 0,
    days: float = 0,
    rate: float = 12.0,
    long: int = 2,
) -> World:
    """All that happens from `start` on for so long, with `rate` new threads an hour on average.

    Older threads take part too. About one in 1,500 threads is long, but at least `long` of them.
    """
    rng = _random(f"stream {seed}")
    length = timedelta(hours=hours, days=days)
    end = start + length
    new = [_natural(rng, at) for at in _arrivals(rng, start, end, rate)]
    old = [
        _old_closing(rng, at) if rng.random() < 0.5 else _old_talk(rng, at, at + timedelta(hours=12))
        for at in (_between(rng, start, end) for _ in range(min(3_000, len(new) * 2 // 5)))
    ]
    for sketch in rng.sample(new, min(len(new), max(long, len(new) // 1_500))):
        sketch.long = True
    _link(rng, new)
    return _world(rng, [*new, *old], start, end, texts=200)


@cache
def _scene(seed: str, start: datetime, length: timedelta, *, listed: int, touched: int, long: int) -> Scene:
    rng = _random(seed)
    end = start + length
    fresh = round(listed * 0.58)
    new = [_natural(rng, _between(rng, start, end)) for _ in range(fresh)]
    new += [_old_closing(rng, _between(rng, start, end)) for _ in range(listed - fresh)]
    talked = [_old_talk(rng, _between(rng, start, end), end) for _ in range(touched)]
    for place, sketch in enumerate(rng.sample(new, min(long, len(new)))):
        sketch.long = True
        _become(sketch, is_pull=place % 2 == 0)
    _link(rng, new)
    return Scene(_world(rng, [*new, *talked], start, end, texts=60), start, end)


def _random(seed: str) -> Random:
    return Random(seed)  # noqa: S311 the same world for the same seed is the point; nothing is secret


def _between(rng: Random, start: datetime, end: datetime) -> datetime:
    return start + timedelta(seconds=rng.randrange(int((end - start).total_seconds())))


def _later(rng: Random, at: datetime, typical_hours: float, spread: float = 1.5) -> datetime:
    seconds = int(3_600 * rng.lognormvariate(math.log(typical_hours), spread))
    return at + timedelta(seconds=min(max(seconds, 60), 86_400 * 900))


def _arrivals(rng: Random, start: datetime, end: datetime, rate: float) -> Iterator[datetime]:
    """More threads during the day in Europe and America, fewer at the weekend."""
    at = start
    while True:
        busy = 1 + 0.5 * math.sin((at.hour - 9) / 24 * 2 * math.pi)
        pace = rate * busy * (0.5 if at.weekday() >= 5 else 1.2)
        at += timedelta(seconds=int(rng.expovariate(pace / 3_600)) + 1)
        if at >= end:
            return
        yield at


def _natural(rng: Random, at: datetime) -> Sketch:
    """A new thread with a plausible end."""
    chance = rng.random()
    if rng.random() < 0.68:
        ends: tuple[tuple[float, How, float], ...] = ((0.62, "merged", 20.0), (0.8, "unmerged", 72.0))
        is_pull = True
    else:
        ends = ((0.3, "done", 60.0), (0.34, "duplicate", 5.0))
        is_pull = False
    for share, how, hours in ends:
        if chance < share:
            return _maybe_reopened(rng, Sketch(at, is_pull, _later(rng, at, hours), how))
    return Sketch(at, is_pull)


def _maybe_reopened(rng: Random, sketch: Sketch) -> Sketch:
    if sketch.closed and sketch.how != "merged" and rng.random() < 0.06:
        sketch.reopened = _later(rng, sketch.closed, 3.0)
        if rng.random() < 0.5:
            sketch.closed_again = _later(rng, sketch.reopened, 5.0)
    return sketch


def _old_closing(rng: Random, at: datetime) -> Sketch:
    """An older thread that is closed at `at`; every ninth was closed before, and reopened."""
    hows: tuple[How, ...] = ("merged", "merged", "merged", "unmerged", "stale", "stale", "done", "duplicate")
    how = rng.choice(hows)
    is_pull = how in {"merged", "unmerged"}
    age = timedelta(days=rng.randint(91, 280)) if how == "stale" else _later(rng, at, 90.0) - at
    created = at - max(age, timedelta(days=1, hours=1))
    if how == "done" and rng.random() < 0.4:
        first, again = _part(created, at, 0.5), _part(created, at, 0.75)
        return Sketch(created, is_pull, first, how, reopened=again, closed_again=at)
    return Sketch(created, is_pull, at, how)


def _old_talk(rng: Random, at: datetime, end: datetime) -> Sketch:
    """An older thread that is only talked about, at `at` and perhaps once more before `end`.

    Some have long been closed, and a few are reopened by what is said.
    """
    created = at - max(_later(rng, at, 400.0) - at, timedelta(days=2))
    said = tuple(sorted({at, _between(rng, at, end)} if rng.random() < 0.4 and at < end else {at}))
    sketch = Sketch(created, rng.random() < 0.5, said=said)
    if rng.random() < 0.3:
        sketch.closed = _part(created, at, 0.3)
        sketch.how = "unmerged" if sketch.is_pull else "done"
        if rng.random() < 0.2:
            sketch.reopened = at
    return sketch


def _part(start: datetime, end: datetime, share: float) -> datetime:
    return (start + (end - start) * share).replace(microsecond=0)


def _become(sketch: Sketch, *, is_pull: bool) -> None:
    if sketch.is_pull != is_pull:
        sketch.is_pull = is_pull
        sketch.how = "unmerged" if is_pull else "done"


def _link(rng: Random, sketches: Sequence[Sketch]) -> None:
    """Lets every fifth merge close an issue that was open until then."""
    order = sorted(sketches, key=lambda sketch: sketch.created)
    waiting: list[Sketch] = []
    for sketch in order:
        if not sketch.is_pull and sketch.closed is None:
            waiting.append(sketch)
        elif sketch.how == "merged" and sketch.closed and waiting and rng.random() < 0.2:
            issue = waiting.pop(rng.randrange(max(0, len(waiting) - 40), len(waiting)))
            issue.closed, issue.how = sketch.closed + timedelta(seconds=2), "by_pull"
            issue.closer = sketch
            sketch.closes.append(issue)


def _world(rng: Random, sketches: list[Sketch], start: datetime, end: datetime, *, texts: int) -> World:
    sketches.sort(key=lambda sketch: sketch.created)
    number = 20_000
    for sketch in sketches:
        number += 1 + (rng.randrange(9) if sketch.created < start else 0)
        sketch.number = number
    writer = Writer(rng, Library(rng, texts), end + timedelta(hours=6))
    return World(REPO, tuple(writer.thread(sketch) for sketch in sketches))
