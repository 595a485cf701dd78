"""Costs of stories, of one more hour and of a month's roll-up, in small and large archives.

    python -m benchmarks.memory [HOURS ...]

For each number of hourly reports (1,440 and 8,760 by default; about 12 threads an hour, some of which come
back within ten days): seconds of one processor to index all stories from nothing, after one more hour and
after a checkout, which gives every file another time; to read one story; to roll up a month whose days are
stored as roll-ups, too; and to write the site's pages of threads and hardware. With each the peak memory of
its process.
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from zoneinfo import ZoneInfo

from tests import archives
from vllm_digest.archive import Archive
from vllm_digest.site.editions import Site
from vllm_digest.site.threads import paged_numbers, thread_files
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.rollups import RollUps
from vllm_digest.stories.spans import day_span, earlier, month_span
from vllm_digest.window import TimeWindow

END = datetime(2025, 12, 10, 11, 42, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")
PROCESSES = get_context("spawn")
Step = Callable[[Path], None]


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [1440, 8760]
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "archive"
            windows = archives.hours(END, count + 1)
            parts = [windows[start : min(start + 250, count)] for start in range(0, count, 250)]
            with ProcessPoolExecutor() as pool:
                list(pool.map(partial(fill, root), parts))
            steps: dict[str, Step] = {
                "all stories": index,
                "one more hour": partial(one_more, windows[-1:]),
                "after a checkout": checked_out,
                "one story": one,
                "its days": days,
                "a month": month,
                "pages of threads": pages,
            }
            print(f"{count} reports")
            for name, step in steps.items():
                seconds, peak = in_a_process(step, root)
                print(f"{name:>18}{seconds:>9.2f} s{peak:>7.0f} MB", flush=True)


def fill(root: Path, windows: Sequence[TimeWindow]) -> None:
    archive = Archive(root, END)
    for window in windows:
        archive.store(archives.report(window, archives.with_earlier_ones(window)), "page")


def opened(root: Path) -> Archive:
    return Archive(root, END, root.parent / "cache")


def index(root: Path) -> None:
    StoryIndex(opened(root)).__exit__()


def one_more(windows: Sequence[TimeWindow], root: Path) -> None:
    fill(root, windows)
    index(root)


def checked_out(root: Path) -> None:
    for path in root.rglob("*.json"):
        os.utime(path)
    index(root)


def one(root: Path) -> None:
    with StoryIndex(opened(root)) as stories:
        numbers = stories.threads(archives.REPO)
        stories.story(archives.REPO, numbers[len(numbers) // 2].number)


def days(root: Path) -> None:
    """Store the days of the month that is rolled up."""
    archive = opened(root)
    last = next(earlier(month_span(END.date(), ZONE), ZONE)).window.end - timedelta(minutes=1)
    rollups = RollUps(archive, archives.REPO, "1h", ZONE)
    day = day_span(last.astimezone(ZONE).date(), ZONE)
    for span in (day, *islice(earlier(day, ZONE), 29)):
        archive.store(rollups.report(span, archives.RULES.digest), "page")


def month(root: Path) -> None:
    span = next(earlier(month_span(END.date(), ZONE), ZONE))
    RollUps(opened(root), archives.REPO, "1h", ZONE).report(span, archives.RULES.digest)


def pages(root: Path) -> None:
    site = Site(root, "vLLM", "AMD", archives.REPO, "1h", ZONE, ("zh",))
    with StoryIndex(opened(root)) as stories:
        numbers = paged_numbers(stories, site.repo)
        for path, text in thread_files(site, stories, numbers, {"zh": ""}):
            place = root.parent / "site" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")


def in_a_process(step: Step, root: Path) -> tuple[float, float]:
    """CPU seconds that it takes, and the process's peak memory in MB, including all modules."""
    here, there = PROCESSES.Pipe()
    process = PROCESSES.Process(target=timed, args=(step, root, there))
    process.start()
    there.close()
    figures: tuple[float, float] = here.recv()
    process.join()
    return figures


def timed(step: Step, root: Path, pipe: Connection) -> None:
    began = time.process_time()
    step(root)
    pipe.send((time.process_time() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


if __name__ == "__main__":
    main()
