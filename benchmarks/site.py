"""How long a year of hourly reports takes to become a site, and how large its pages are.

`python -m benchmarks.site [COUNT [LANGUAGES]]` makes COUNT (9,000) reports, each from threads of its own. It
lays out a repository for the languages (zh; such as zh,en), stages it and builds it with Jekyll. Reports are
made with all processors, the site with one.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from tests import archives
from vllm_digest.render import render
from vllm_digest.window import TimeWindow

END = datetime(2025, 12, 10, 11, 42, tzinfo=UTC)
PROGRAM = Path(sys.executable).with_name("vllm-digest")


def fill(root: Path, windows: tuple[TimeWindow, ...]) -> None:
    archive = archives.opened(root)
    for report in archives.reports(windows):
        archive.store(report, render(report))


def timed(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    step()
    return time.perf_counter() - start


def command(*arguments: str | Path) -> None:
    environ = {**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "JEKYLL_ENV": "production"}
    subprocess.run(arguments, check=True, env=environ, stdout=subprocess.DEVNULL)


def size(*paths: Path) -> str:
    files = [file for path in paths for file in (path.rglob("*") if path.is_dir() else [path])]
    total = sum(file.stat().st_size for file in files if file.is_file())
    return f"{total / 1e6:.0f} MB" if total > 2e6 else f"{total / 1e3:.0f} kB"


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 9_000
    languages = sys.argv[2] if len(sys.argv) > 2 else "zh"
    folder = Path(tempfile.mkdtemp())
    try:
        windows = archives.hours(END, count)
        parts = [windows[start : start + 250] for start in range(0, count, 250)]
        with ProcessPoolExecutor() as pool:
            list(pool.map(partial(fill, folder / "archive"), parts))
        command(PROGRAM, "init", folder)
        config = folder / "config.yaml"
        config.write_text(config.read_text("utf-8").replace("[zh]", f"[{languages}]"), "utf-8")
        built = folder / "_site"
        staging = timed(lambda: command(PROGRAM, "site", folder))
        jekyll = timed(
            lambda: command("jekyll", "build", "--safe", "-s", folder / "staging", "-d", built, "--quiet")
        )
        print(
            f"{count} reports in {languages}: vllm-digest site {staging:.0f} s, jekyll build {jekyll:.0f} s"
        )
        print(f"start page {size(built / 'index.html')}, feed {size(built / 'feed.xml')},", end=" ")
        largest = max((built / "archive").rglob("*.html"), key=lambda path: path.stat().st_size)
        months = sorted((built / "search").glob("20*.json"), key=lambda path: path.stat().st_size)
        print(f"a month's archive {size(largest)}, a month of the search index {size(months[-1])},", end=" ")
        print(f"the whole site {size(built)}")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
