"""What the branch of reports costs when it is a year old: 9,000 hourly reports.

    python -m benchmarks.branch

Prints the wall time of the first push, of a pull into an empty folder, as each run on a hosted machine
begins with, of a push of one report, and of a push by each of eight writers at once.
"""

import random
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from tests import archives
from vllm_digest.archive import document, put
from vllm_digest.place import Place
from vllm_digest.publish.branch import DataBranch
from vllm_digest.publish.git import Git
from vllm_digest.window import TimeWindow

HOURS = 9_000
WRITERS = 8
START = datetime(2025, 1, 1, tzinfo=UTC)


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "--quiet", "--bare", folder / "remote.git"], check=True)
        write(folder / "old", range(HOURS))
        timed("first push", branch(folder, "old").push)
        timed("pull", partial(branch(folder, "new").pull, accepts_removals=False))
        write(folder / "new", range(HOURS, HOURS + 1))
        timed("push of one report", branch(folder, "new").push)
        writers = [branch(folder, f"writer-{number}") for number in range(WRITERS)]
        for number, writer in enumerate(writers, start=HOURS + 1):
            writer.pull(accepts_removals=False)
            write(writer.git.folder, range(number, number + 1))
        with ThreadPoolExecutor(WRITERS) as pool:
            timed(f"{WRITERS} pushes at once", lambda: list(pool.map(DataBranch.push, writers)))


def branch(folder: Path, name: str) -> DataBranch:
    git = Git(folder / name, {"PATH": "/usr/bin:/bin"}, START)
    archive, remote = archives.opened(git.folder), str(folder / "remote.git")
    return DataBranch(archive, git, remote, "reports", lambda *_: "", time.sleep, random.random)


def write(folder: Path, hours: range) -> None:
    for hour in hours:
        window = TimeWindow(START + timedelta(hours=hour), START + timedelta(hours=hour + 1))
        data = document(archives.report(window, archives.threads(window)))
        put(folder, Place(archives.REPO, "1h", window), data, data)


def timed(name: str, act: Callable[[], object]) -> None:
    began = time.perf_counter()
    act()
    print(f"{name:<24}{time.perf_counter() - began:>8.1f}s", flush=True)


if __name__ == "__main__":
    main()
