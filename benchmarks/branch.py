"""What the branch of reports costs when it is a year old: 9,000 hourly reports, 420 MB of files.

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
from pathlib import Path

from vllm_digest.publish.branch import DataBranch
from vllm_digest.publish.git import Git

HOURS = 9_000
WRITERS = 8
START = datetime(2025, 1, 1, tzinfo=UTC)
WORDS = random.Random(1)  # noqa: S311
COMMON = {
    suffix: "\n".join(f"{WORDS.getrandbits(20):x} words of a report" for _ in range(lines))
    for suffix, lines in ((".json", 1_200), (".md", 600))
}
"""What reports share, as much as theirs compress to; each has two kilobytes more of its own."""


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(["git", "init", "--quiet", "--bare", folder / "remote.git"], check=True)
        write(folder / "old", range(HOURS))
        timed("first push", branch(folder, "old").push)
        timed("pull", branch(folder, "new").pull)
        write(folder / "new", range(HOURS, HOURS + 1))
        timed("push of one report", branch(folder, "new").push)
        writers = [branch(folder, f"writer-{number}") for number in range(WRITERS)]
        for number, writer in enumerate(writers, start=HOURS + 1):
            writer.pull()
            write(writer.git.folder, range(number, number + 1))
        with ThreadPoolExecutor(WRITERS) as pool:
            timed(f"{WRITERS} pushes at once", lambda: list(pool.map(DataBranch.push, writers)))


def branch(folder: Path, name: str) -> DataBranch:
    git = Git(folder / name, {"PATH": "/usr/bin:/bin"}, START)
    return DataBranch(git, str(folder / "remote.git"), "reports", lambda _: "", time.sleep, WORDS.random)


def write(folder: Path, hours: range) -> None:
    for hour in hours:
        start = START + timedelta(hours=hour)
        end = start + timedelta(hours=1)
        place = folder / f"reports/vllm-project/vllm/1h/{start:%Y/%m}"
        place.mkdir(parents=True, exist_ok=True)
        for suffix, text in COMMON.items():
            own = WORDS.randbytes(1_000).hex()
            (place / f"{start:%Y%m%dT%H%MZ}-{end:%Y%m%dT%H%MZ}{suffix}").write_text(text + own, "utf-8")


def timed(name: str, act: Callable[[], object]) -> None:
    began = time.perf_counter()
    act()
    print(f"{name:<24}{time.perf_counter() - began:>8.1f}s", flush=True)


if __name__ == "__main__":
    main()
