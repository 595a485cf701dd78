"""What remembering costs: stories, one more hour, and a month's roll-up, in small and in large archives.

    python -m benchmarks.memory [HOURS ...]

For each number of hourly reports (720 and 8,760 by default; about 12 threads an hour, some of which come
back within ten days): seconds to index all stories from nothing and after one more hour, to read one story,
and to roll up a month, with the peak memory of the process that does it.
"""

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from zoneinfo import ZoneInfo

from tests import archives
from vllm_digest.archive import Archive
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.rollups import RollUps
from vllm_digest.stories.spans import earlier, month_span
from vllm_digest.window import TimeWindow

END = datetime(2025, 12, 10, 11, 42, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
PROCESSES = get_context("spawn")


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [720, 8760]
    print(
        f"{'hours':>7}{'all stories':>13}{'one more':>10}{'one story':>11}{'a month':>10}{'peak memory':>13}"
    )
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            windows = archives.hours(END, count + 1)
            parts = [windows[start : start + 250] for start in range(0, count, 250)]
            with ProcessPoolExecutor() as pool:
                list(
                    pool.map(partial(fill, root), [part[: count - at * 250] for at, part in enumerate(parts)])
                )
            figures = [
                in_a_process(step, root) for step in (index, partial(one_more, windows[-1:]), one, month)
            ]
            seconds = "".join(
                f"{wall:>{width}.2f}s" for (wall, _), width in zip(figures, (12, 9, 10, 9), strict=True)
            )
            print(f"{count:>7}{seconds}{max(peak for _, peak in figures):>10.0f} MB")


def fill(root: Path, windows: Sequence[TimeWindow]) -> None:
    archive = Archive(root, END)
    for window in windows:
        archive.store(archives.report(window, archives.with_earlier_ones(window)), "")


def index(root: Path) -> None:
    StoryIndex(Archive(root, END)).__exit__()


def one_more(windows: Sequence[TimeWindow], root: Path) -> None:
    fill(root, windows)
    index(root)


def one(root: Path) -> None:
    with StoryIndex(Archive(root, END)) as opened:
        numbers = opened.threads(archives.REPO)
        opened.story(archives.REPO, numbers[len(numbers) // 2].number)


def month(root: Path) -> None:
    archive = Archive(root, END)
    span = next(earlier(month_span(END.date(), ZONE), ZONE))
    RollUps(archive, archives.REPO, "1h", ZONE).report(span, archives.RULES.digest)


def in_a_process(step: Callable[[Path], None], root: Path) -> tuple[float, float]:
    """Seconds that it takes, and the process's peak memory in MB, everything loaded."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=timed, args=(step, root, there))
    process.start()
    figures: tuple[float, float] = here.recv()
    process.join()
    return figures


def timed(step: Callable[[Path], None], root: Path, pipe: Connection) -> None:
    began = time.perf_counter()
    step(root)
    pipe.send((time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
