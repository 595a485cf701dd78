"""What stands in the folder of a series: whole reports, and what killed runs left there."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vllm_digest.report import place_of
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a series.

    `windows` have both files, oldest first. `unfinished` are data files whose page was never written, by
    window. `drafts` are files whose writing was never finished.
    """

    windows: tuple[TimeWindow, ...]
    unfinished: tuple[tuple[TimeWindow, Path], ...]
    drafts: tuple[Path, ...]

    @property
    def kept(self) -> tuple[TimeWindow, ...]:
        """The windows whose data is there, with a page or without."""
        return tuple(sorted((*self.windows, *(window for window, _ in self.unfinished))))


def listing(root: Path, repo: str, series: str) -> Listing:
    """What the archive at `root` holds of a series; files that are none of ours are passed over."""
    files = dict(_files(folder_of(root, repo, series)))
    pages = {name.removesuffix(".md") for name in files if name.endswith(".md")}
    data = [(window, path) for name, path in files.items() if (window := _window(name)) is not None]
    return Listing(
        windows=tuple(sorted(window for window, path in data if path.stem in pages)),
        unfinished=tuple(sorted((window, path) for window, path in data if path.stem not in pages)),
        drafts=tuple(sorted(path for name, path in files.items() if _is_draft(name))),
    )


def stored_windows(root: Path, repo: str, series: str) -> tuple[TimeWindow, ...]:
    """The windows of a series that have both files, oldest first."""
    return listing(root, repo, series).windows


def list_series(root: Path) -> tuple[tuple[str, str], ...]:
    """Each repository (OWNER/NAME) and series that the archive has a folder for, in order."""
    folders = (folder for folder in (root / "reports").glob("*/*/*") if folder.is_dir())
    return tuple(sorted(("/".join(folder.parts[-3:-1]), folder.name) for folder in folders))


def data_path(root: Path, repo: str, series: str, window: TimeWindow) -> Path:
    """Where the data file of a window's report is."""
    return (root / place_of(repo, series, window)).with_suffix(".json")


def folder_of(root: Path, repo: str, series: str) -> Path:
    return root / "reports" / repo / series


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    return ((path.name, path) for path in folder.glob("*/*/*"))


def _window(name: str) -> TimeWindow | None:
    """The window of a data file."""
    if not name.endswith(".json"):
        return None
    try:
        return TimeWindow.from_slug(name.removesuffix(".json"))
    except ValueError:
        return None


def _is_draft(name: str) -> bool:
    return name.startswith(".") and name.endswith((".md.tmp", ".json.tmp"))
