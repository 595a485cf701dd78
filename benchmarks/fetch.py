"""What fetching a window costs against a local GitHub that takes 100 ms for each answer.

    python -m benchmarks.fetch

Prints requests, GraphQL points, the fetch's wall time, that time over requests x latency, and the peak
memory of the fetching process (everything loaded). The server runs in a process of its own.
"""

import resource
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection

from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import Scene, day, hour
from vllm_digest.sources.github import GitHubSource
from vllm_digest.window import TimeWindow

LATENCY = 0.1
SCENES: dict[str, Callable[[], Scene]] = {
    "hour, 10 listed, 15 touched": lambda: hour(1, listed=10, touched=15),
    "day, 300 listed, 60 touched": lambda: day(1, listed=300, touched=60),
}
PROCESSES = get_context("spawn")


def main() -> None:
    print(f"{'window':<30}{'requests':>9}{'points':>8}{'wall':>9}{'/ latency':>11}{'peak memory':>13}")
    for name in SCENES:
        here, there = PROCESSES.Pipe()
        server = PROCESSES.Process(target=serve, args=(name, there))
        server.start()
        start, end, url = here.recv()
        results, sender = PROCESSES.Pipe(duplex=False)
        client = PROCESSES.Process(target=fetch, args=(start, end, url, sender))
        client.start()
        requests, points, wall, peak = results.recv()
        client.join()
        here.send("stop")
        server.join()
        ratio = wall / (requests * LATENCY)
        print(f"{name:<30}{requests:>9}{points:>8}{wall:>8.2f}s{ratio:>11.2f}{peak:>10.0f} MB")


def serve(name: str, pipe: Connection) -> None:
    scene = SCENES[name]()
    with GitHub(scene.world, now=scene.end, latency=LATENCY) as github:
        pipe.send((scene.start, scene.end, github.url))
        pipe.recv()


def fetch(start: datetime, end: datetime, url: str, pipe: Connection) -> None:
    source = GitHubSource(
        repo="vllm-project/vllm",
        token=TOKEN,
        api_url=url,
        timeout=timedelta(seconds=15),
        max_wait=timedelta(minutes=15),
        sleep=time.sleep,
        on_retry=lambda number, most: None,
        clock=lambda: end,
    )
    began = time.perf_counter()
    (snapshot,) = source.sweep([TimeWindow(start, end)], lambda *_: None, lambda *_: None)
    wall = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    pipe.send((snapshot.requests, snapshot.points, wall, peak))


if __name__ == "__main__":
    main()
