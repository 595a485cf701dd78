"""Where reports live on disk: one page and one data file for each window, and nothing else.

`reports/OWNER/NAME/SERIES/YYYY/MM/START-END.md` with the `.json` beside it. Names hold the whole window in
UTC, so no report ever takes the place of another one.
"""

from dataclasses import dataclass
from pathlib import Path

from vllm_digest.files import from_json, to_json, write_together
from vllm_digest.report import Report
from vllm_digest.window import TimeWindow

FORM = "vllm-digest/report/1"


@dataclass(frozen=True, slots=True)
class Stored:
    """The two files of a report."""

    page: Path
    data: Path


def store(root: Path, report: Report, page: str) -> Stored:
    """Write a report's two files, whole and together; StorageError if that fails, with nothing changed.

    The page comes last: where it stands, the window is done.
    """
    stem = root / report.place
    stored = Stored(page=stem.with_suffix(".md"), data=stem.with_suffix(".json"))
    write_together({stored.data: to_json(report, FORM), stored.page: page.encode()})
    return stored


def load(path: Path) -> Report:
    """The report of a data file; DocumentError when it holds none."""
    return from_json(path, Report, FORM)


def stored_windows(root: Path, repo: str, series: str) -> tuple[TimeWindow, ...]:
    """The windows of a series that have both files, oldest first."""
    pages = (root / "reports" / repo / series).glob("*/*/*.md")
    return tuple(
        sorted(TimeWindow.from_slug(page.stem) for page in pages if page.with_suffix(".json").exists())
    )
