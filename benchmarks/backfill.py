"""What a backfill costs: a month of days, the same month in hours, and a year of days.

    python -m benchmarks.backfill [DAYS]

Against a local GitHub in a process of its own, whose traffic puts some 300 rows a day into the five lists;
each backfill is the command in a fresh process. Prints a table of requests, points, wall time and pages
(server, program and file system on one machine), and the program's peak memory; then the ratios; then the
estimate of `--dry-run` beside what the last one took. DAYS takes the place of 365.
"""

import os
import resource
import sys
import tempfile
import time
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import stream
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime

START = datetime(2024, 11, 30, 16, tzinfo=UTC)
"""The start of 2024-12-01 in Shanghai, the configured zone, in UTC."""
NEW_AN_HOUR = 7.25
UNLIMITED = 10**9
PROCESSES = get_context("spawn")


@dataclass(frozen=True)
class Cost:
    requests: int
    points: int
    wall: float
    peak: float
    pages: int


def main() -> None:
    days = int(sys.argv[1]) if sys.argv[1:] else 365
    here, there = PROCESSES.Pipe()
    server = PROCESSES.Process(target=serve, args=(days, there))
    server.start()
    url = here.recv()
    print(f"{'':<20}{'pages':>7}{'requests':>10}{'a day':>7}{'points':>9}{'a day':>7}{'wall':>9}{'peak':>9}")
    month = measure("30 days in days", here, url, 30, "24h")
    hours = measure("30 days in hours", here, url, 30, "1h")
    whole = measure(f"{days} days in days", here, url, days, "24h")
    print(
        f"hours / days of a month: requests x{hours.requests / month.requests:.2f}, "
        f"points x{hours.points / month.points:.2f}, wall x{hours.wall / month.wall:.2f}, "
        f"peak x{hours.peak / month.peak:.2f}"
    )
    print(f"{days} days / 30 days: peak x{whole.peak / month.peak:.2f}")
    print(f"within 4,500 points an hour {days} days take {whole.points / 4500:.1f} hours; --dry-run says:")
    sys.stdout.flush()
    run(url, days, "24h", "--dry-run")
    here.send("stop")
    server.join()


def serve(days: int, pipe: Connection) -> None:
    world = stream(1, START, days=days + 2, rate=NEW_AN_HOUR)
    with GitHub(world, now=START + timedelta(days=days + 32), limit=UNLIMITED) as github:
        pipe.send(github.url)
        while pipe.recv() == "count":
            pipe.send((len(github.requests), github.points))
            github.requests.clear()


def measure(name: str, server: Connection, url: str, days: int, length: str) -> Cost:
    results, sender = PROCESSES.Pipe(duplex=False)
    client = PROCESSES.Process(target=fill, args=(url, days, length, sender))
    client.start()
    wall, peak, pages = results.recv()
    client.join()
    server.send("count")
    requests, points = server.recv()
    print(
        f"{name:<20}{pages:>7}{requests:>10}{requests / days:>7.1f}{points:>9}{points / days:>7.0f}"
        f"{wall:>8.0f}s{peak:>6.0f} MB"
    )
    sys.stdout.flush()
    return Cost(requests, points, wall, peak, pages)


def fill(url: str, days: int, length: str, pipe: Connection) -> None:
    with tempfile.TemporaryDirectory() as folder, Path(os.devnull).open("w") as nowhere:
        began = time.perf_counter()
        with redirect_stdout(nowhere):
            run(url, days, length, "--output", folder)
        wall = time.perf_counter() - began
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        pipe.send((wall, peak, len(list(Path(folder).rglob("*.md")))))


def run(url: str, days: int, length: str, *more: str) -> None:
    end = START + timedelta(days=days)
    span = ("--from", START.isoformat(), "--to", end.isoformat())
    environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": url, "VLLM_DIGEST_GITHUB_TIMEOUT": "60"}
    world = Runtime(lambda: end + timedelta(days=30), environ, time.sleep)
    code = run_command(("backfill", *span, "--window", length, "--no-llm", *more), world)
    assert code == 0


if __name__ == "__main__":
    main()
