"""How long it takes until a command prints or requests something, beside a bare click program.

    python -m benchmarks.startup [TIMES]

Each command is started so many times (9 unless given) as a user starts it, a process each: `--help`, `run`
until its first request reaches GitHub, and `status` on an archive of a year of hours, the first time and
again. Wall and processor time are the least of all starts: other work on the machine only ever adds to them.
"""

import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from tests import archives
from vllm_digest.archive import Archive

END = datetime(2025, 12, 10, 11, 42, tzinfo=UTC)
HOURS = 8_760
PROGRAM = (sys.executable, "-m", "vllm_digest")
BARE = """
import click

@click.group()
def main():
    "A program."

@main.command()
@click.option("--name", help="Whose.")
def greet(name):
    "Say hello."

main()
"""


class Spent(NamedTuple):
    """Wall and CPU seconds of one start."""

    wall: float
    processor: float


def main() -> None:
    times = int(sys.argv[1]) if sys.argv[1:] else 9
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "bare.py").write_text(BARE, encoding="utf-8")
        environ = {
            **os.environ,
            "PYTHONPATH": str(Path(__file__).parent.parent),
            "XDG_CACHE_HOME": str(root / "cache"),
            "GITHUB_TOKEN": "none",
        }

        def start(*command: str) -> Spent:
            return ended(command, root, environ)

        tell("python -c pass", times, lambda: start(sys.executable, "-c", "pass"))
        tell("a bare click program, --help", times, lambda: start(sys.executable, "bare.py", "--help"))
        tell("vllm-digest --help", times, lambda: start(*PROGRAM, "--help"))
        tell("vllm-digest run --help", times, lambda: start(*PROGRAM, "run", "--help"))
        tell("vllm-digest run, its first request", times, lambda: first_request(root, environ))
        fill(root / "archive")
        status = (*PROGRAM, "status", "--now", f"{END:%Y-%m-%dT%H:%MZ}")
        tell(f"vllm-digest status, {HOURS:,} hours", 1, lambda: start(*status))
        tell("the same again", times, lambda: start(*status))


def tell(what: str, times: int, start: Callable[[], Spent]) -> None:
    spent = [start() for _ in range(times)]
    wall, processor = (min(one[at] for one in spent) * 1_000 for at in (0, 1))
    print(f"{what:<40}{wall:>7.0f} ms{processor:>7.0f} ms of processor", flush=True)


def ended(command: Sequence[str], folder: Path, environ: dict[str, str]) -> Spent:
    """Run a command to its end."""
    before = processor_time()
    began = time.perf_counter()
    subprocess.run(command, cwd=folder, env=environ, capture_output=True, check=False)
    return Spent(time.perf_counter() - began, processor_time() - before)


def first_request(folder: Path, environ: dict[str, str]) -> Spent:
    """Start `run` and wait until a local stand-in for GitHub receives the first request."""
    with socket.create_server(("127.0.0.1", 0)) as github:
        url = f"http://127.0.0.1:{github.getsockname()[1]}"
        before = processor_time()
        began = time.perf_counter()
        command = (*PROGRAM, "run", "--dry-run", "--no-llm")
        with subprocess.Popen(
            command,
            cwd=folder,
            env=environ | {"GITHUB_API_URL": url},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            connection, _ = github.accept()
            connection.recv(1)
            wall = time.perf_counter() - began
            process.kill()
            connection.close()
    return Spent(wall, processor_time() - before)


def processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def fill(root: Path) -> None:
    archive = Archive(root, END)
    for report in archives.reports(archives.hours(END, HOURS)):
        archive.store(report, "page")


if __name__ == "__main__":
    main()
