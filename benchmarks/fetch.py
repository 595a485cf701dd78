"""What fetching costs of a local GitHub: a window, when each answer takes 100 ms, and a sweep of days.

    python -m benchmarks.fetch [DAYS]

For windows prints requests, of them those for further pages, GraphQL points, the fetch's wall time, that
time over requests x latency, the peak memory of the fetching process (everything loaded), and whether what
was fetched is the generator's truth: the five lists, the threads touched, and every comment and review. The
server runs in a process of its own.

The day with long threads has pull requests with some 45 reviews, 40 comments on one of them, over 200
comments, most of them by bots, and 130 files.

For sweeps of 30 and of DAYS days (365) prints requests and points a day, the seconds that the sweep and its
server took, and the memory; the server does not wait, and nothing is judged or written.
"""

import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import Scene, day, hour, stream
from tests.servers.truth import Truth
from vllm_digest.models import Kind, Snapshot, State, Thread
from vllm_digest.sources.github import GitHubSource
from vllm_digest.window import TimeWindow

LATENCY = 0.1
HOUR, YEAR = timedelta(hours=1), timedelta(days=365)
SWEEP_START = datetime(2024, 11, 30, 16, tzinfo=UTC)
NEW_AN_HOUR = 7.25
"""New threads a day; they result in about 300 rows of lists a day."""
PROCESSES = get_context("spawn")


class Case(NamedTuple):
    """A window, and how long after its end it is fetched."""

    name: str
    scene: Callable[[], Scene]
    age: timedelta = timedelta()


def quiet_hour() -> Scene:
    return hour(1, listed=10, touched=15)


def plain_day() -> Scene:
    return day(1, listed=300, touched=60)


def long_day() -> Scene:
    return day(1, listed=291, touched=55, long=8)


CASES = (
    Case("hour, 10 listed, 15 touched", quiet_hour),
    Case("  a year old", quiet_hour, YEAR),
    Case("day, 300 listed, 60 touched", plain_day),
    Case("day with long threads", long_day),
    Case("  an hour old", long_day, HOUR),
    Case("  a year old", long_day, YEAR),
)


@dataclass(frozen=True)
class Cost:
    threads: int
    requests: int
    points: int
    wall: float
    peak: float
    is_true: bool = True


def main() -> None:
    heads = ("threads", "requests", "pages", "points", "wall", "/ latency", "memory", "as the truth")
    print(f"{'window':<30}" + "".join(f"{head:>{max(10, len(head) + 2)}}" for head in heads))
    for case in CASES:
        print_window(case)
    print(
        f"\n{'sweep':<30}" + "".join(f"{head:>10}" for head in ("threads", "requests", "a day", "points")),
        end="",
    )
    print("".join(f"{head:>10}" for head in ("a day", "seconds", "memory")))
    for days in (30, int(sys.argv[1]) if sys.argv[1:] else 365):
        print_sweep(days)


def print_window(case: Case) -> None:
    with served(serve_window, case) as (server, (url, truth, span)):
        cost: Cost = in_process(fetch_window, case, url, span, truth)
        server.send("stop")
        pages = server.recv()
    ratio = cost.wall / (cost.requests * LATENCY)
    print(
        f"{case.name:<30}{cost.threads:>10}{cost.requests:>10}{pages:>10}{cost.points:>10}"
        f"{cost.wall:>9.2f}s{ratio:>11.2f}{cost.peak:>7.0f} MB{'yes' if cost.is_true else 'NO':>14}",
        flush=True,
    )


def print_sweep(days: int) -> None:
    with served(serve_sweep, days) as (server, url):
        cost: Cost = in_process(fetch_sweep, days, url)
        server.send("stop")
    print(
        f"{f'{days} days':<30}{cost.threads:>10}{cost.requests:>10}{cost.requests / days:>10.1f}"
        f"{cost.points:>10}{cost.points / days:>10.0f}{cost.wall:>10.0f}{cost.peak:>7.0f} MB",
        flush=True,
    )


@contextmanager
def served(serve: Callable[..., None], *arguments: object) -> Iterator[tuple[Connection, Any]]:
    """Run `serve` in a separate process; yields the connection to it and its first message."""
    here, there = PROCESSES.Pipe()
    server = PROCESSES.Process(target=serve, args=(*arguments, there))
    server.start()
    yield here, here.recv()
    server.join()


def in_process(work: Callable[..., None], *arguments: object) -> Any:
    """The messages of `work`, run in a separate process so that its memory can be measured."""
    results, sender = PROCESSES.Pipe(duplex=False)
    client = PROCESSES.Process(target=work, args=(*arguments, sender))
    client.start()
    sender.close()
    result = results.recv()
    client.join()
    return result


def serve_window(case: Case, pipe: Connection) -> None:
    scene = case.scene()
    with GitHub(scene.world, now=scene.end + case.age, latency=LATENCY) as github:
        pipe.send((github.url, scene.truth, (scene.start, scene.end)))
        pipe.recv()
        pipe.send(len(github.asked("More")))


def serve_sweep(days: int, pipe: Connection) -> None:
    world = stream(1, SWEEP_START, days=days + 2, rate=NEW_AN_HOUR)
    with GitHub(world, now=SWEEP_START + timedelta(days=days + 32), limit=10**9) as github:
        pipe.send(github.url)
        pipe.recv()


def source_at(url: str, now: datetime) -> GitHubSource:
    return GitHubSource(
        repo="vllm-project/vllm",
        token=TOKEN,
        api_url=url,
        timeout=timedelta(seconds=60),
        max_wait=timedelta(minutes=15),
        clock=lambda: now,
        sleep=time.sleep,
        on_retry=lambda number, most: None,
    )


def fetch_window(
    case: Case, url: str, span: tuple[datetime, datetime], truth: Truth, pipe: Connection
) -> None:
    source = source_at(url, span[1] + case.age)
    began = time.perf_counter()
    (snapshot,) = source.sweep([TimeWindow(*span)], lambda *_: None, lambda *_: None)
    wall = time.perf_counter() - began
    pipe.send(
        Cost(
            threads=len(snapshot.threads),
            requests=snapshot.requests,
            points=snapshot.points,
            wall=wall,
            peak=peak(),
            is_true=truth_of(snapshot) == truth,
        )
    )


def fetch_sweep(days: int, url: str, pipe: Connection) -> None:
    end = SWEEP_START + timedelta(days=days)
    windows = TimeWindow(SWEEP_START, end).split(timedelta(days=1))
    threads = requests = points = 0
    began = time.perf_counter()
    for snapshot in source_at(url, end + timedelta(days=30)).sweep(windows, lambda *_: None, lambda *_: None):
        threads += len(snapshot.threads)
        requests += snapshot.requests
        points += snapshot.points
    pipe.send(Cost(threads, requests, points, time.perf_counter() - began, peak()))


def peak() -> float:
    """The peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def truth_of(snapshot: Snapshot) -> Truth:
    """The content of a snapshot in the form of the generator's truth."""
    window = snapshot.window

    def numbers(kind: Kind, wanted: Callable[[Thread], bool]) -> tuple[int, ...]:
        return tuple(thread.number for thread in snapshot if thread.kind is kind and wanted(thread))

    said = {
        thread.number: frozenset(int(remark.id) for remark in thread.remarks if remark.at in window)
        for thread in snapshot
    }
    return Truth(
        new_issues=numbers(Kind.ISSUE, lambda one: one.created_at in window),
        closed_issues=numbers(Kind.ISSUE, lambda one: one.closed_at in window),
        new_pulls=numbers(Kind.PULL_REQUEST, lambda one: one.created_at in window),
        merged_pulls=numbers(Kind.PULL_REQUEST, lambda one: one.merged_at in window),
        unmerged_pulls=numbers(
            Kind.PULL_REQUEST, lambda one: one.state is State.CLOSED and one.closed_at in window
        ),
        said={number: ids for number, ids in said.items() if ids},
        changed=frozenset(
            thread.number for thread in snapshot for event in thread.timeline if event.at in window
        ),
    )


if __name__ == "__main__":
    main()
