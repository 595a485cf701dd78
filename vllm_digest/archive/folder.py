"""List the files of a series by name, type and size, as untrusted input.

Only regular files with the path of a report count, below folders that are not links. What is named like a
report and is not one is refused with a reason; files with other names are ignored.
"""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath

from vllm_digest.place import Place, is_folder_name, is_report_file, repo_of, series_folder
from vllm_digest.window import TimeWindow

LARGEST = 32_000_000
"""Bytes of a data file or a page; a month of a busy repository takes a third of it."""
_CLOCK_ERROR = timedelta(hours=1)
"""How far the clock of the machine that made a report may be ahead: an hour, if it ignores summer time."""
_SERIES_LEVEL = 3
"""Level of the folder of a series, `reports/OWNER/NAME/SERIES`, where `reports` has level 0."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A file or folder that is not accepted as a report, or not as a whole one.

    `why`: the reason as text, without a full stop. `window`: the window of the report with this path.
    `form`: format name of a document in another format than ours.
    """

    path: Path
    why: str
    window: TimeWindow | None = None
    form: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A regular file. `size`: bytes. `changed`: modification time in nanoseconds since the epoch."""

    path: str
    size: int
    changed: int

    @classmethod
    def at(cls, path: Path) -> "File":
        """The file at a path. Raises OSError if there is none."""
        known = path.lstat()
        return cls(str(path), known.st_size, known.st_mtime_ns)


@dataclass(slots=True)
class Files:
    """The contents of a series' folder; `data` and `pages` by the window of the report.

    `ahead`: windows that end in the future. `drafts`: temporary files of killed writers.
    """

    data: dict[TimeWindow, File] = field(default_factory=dict)
    pages: dict[TimeWindow, File] = field(default_factory=dict)
    ahead: set[TimeWindow] = field(default_factory=set)
    drafts: list[Path] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)


def list_series(root: Path) -> tuple[tuple[tuple[str, str], ...], tuple[Refused, ...]]:
    """Each repository (OWNER/NAME) and series that the archive has a folder for, sorted; what was refused."""
    refused: list[Refused] = []
    folders = list(_folders(root, PurePosixPath(), _SERIES_LEVEL, refused))
    return tuple(sorted((repo_of(*folder.parts[1:3]), folder.name) for folder in folders)), tuple(refused)


def files_of(root: Path, repo: str, series: str, now: datetime) -> Files:
    """The files of a series; windows that end after `now` are in the future."""
    found = Files()
    folder = series_folder(repo, series)
    if not _is_real(root, folder, found.refused):
        return found
    for month in _folders(root, folder, len(folder.parts) + 1, found.refused):
        head = "/".join(month.parts[-2:])
        for entry in _entries(root / month, found.refused):
            if _is_draft(entry.name):
                found.drafts.append(Path(entry.path))
            elif is_report_file(entry.name):
                try:
                    place = Place.within(repo, series, head, entry.name)
                except ValueError as error:
                    found.refused.append(Refused(Path(entry.path), str(error)))
                else:
                    _sort(entry, place, now, found)
    return found


def _sort(entry: os.DirEntry[str], place: Place, now: datetime, found: Files) -> None:
    """Add a file with the path of a report to the list that it belongs to."""
    try:
        known = entry.stat(follow_symlinks=False)
    except OSError as error:
        why = f"it cannot be read: {error.strerror}"
        found.refused.append(Refused(Path(entry.path), why, place.window))
        return
    if why := why_not_yet(place, now):
        found.refused.append(Refused(Path(entry.path), why))
        found.ahead.add(place.window)
    elif why := _not_ours(known):
        found.refused.append(Refused(Path(entry.path), why, place.window))
    else:
        kind = found.data if entry.name.endswith(".json") else found.pages
        kind[place.window] = File(entry.path, known.st_size, known.st_mtime_ns)


def why_not_yet(place: Place, now: datetime) -> str:
    """Why there can be no report of this window yet; empty if there can."""
    return "its window ends in the future" if place.window.end > now + _CLOCK_ERROR else ""


def why_no_size(size: int) -> str:
    """Why a file of this size (bytes) cannot be a report's; empty if it can."""
    # A power cut leaves empty files where a file system renames before it writes the content.
    if size == 0:
        return "it is empty"
    return f"it is larger than {LARGEST // 1_000_000} MB" if size > LARGEST else ""


def _not_ours(known: os.stat_result) -> str:
    """Why something with a report's path is not a report, by its type and size; empty if it may be one."""
    if not stat.S_ISREG(known.st_mode):
        return f"it is {_kind(known.st_mode)} and no file"
    return why_no_size(known.st_size)


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(mode) else "something special"


def _is_real(root: Path, folder: PurePosixPath, refused: list[Refused]) -> bool:
    """Whether the folder exists and neither it nor a parent is a symbolic link."""
    for part in (*reversed(folder.parents[:-1]), folder):
        try:
            mode = (root / part).lstat().st_mode
        except OSError:
            return False
        if not stat.S_ISDIR(mode):
            refused.append(Refused(root / part, f"it is {_kind(mode)} in the place of a folder"))
            return False
    return True


def _folders(
    root: Path, folder: PurePosixPath, depth: int, refused: list[Refused]
) -> Iterator[PurePosixPath]:
    """The folders at level `depth` whose names match the layout, relative to the archive's folder."""
    level = len(folder.parts)
    for entry in _entries(root / folder, refused):
        if not is_folder_name(level, entry.name):
            continue
        if not entry.is_dir(follow_symlinks=False):
            kind = "a symbolic link" if entry.is_symlink() else "a file"
            refused.append(Refused(Path(entry.path), f"it is {kind} in the place of a folder"))
        elif level == depth:
            yield folder / entry.name
        else:
            yield from _folders(root, folder / entry.name, depth, refused)


def _entries(folder: Path, refused: list[Refused]) -> list[os.DirEntry[str]]:
    """The entries of a folder, sorted by name; empty if it does not exist."""
    try:
        # The order of `scandir` depends on the file system, and the same input must give the same output.
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        refused.append(Refused(folder, f"it cannot be read: {error.strerror}"))
        return []


def _is_draft(name: str) -> bool:
    return name.startswith(".") and name.endswith((".md.tmp", ".json.tmp"))
