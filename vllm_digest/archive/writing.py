"""Write a report's two files together."""

import logging
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vllm_digest.archive.form import FORM, to_stored
from vllm_digest.documents import to_json
from vllm_digest.errors import StorageError, remedy_for
from vllm_digest.files import free_name, make_folders, write_together
from vllm_digest.place import Place
from vllm_digest.report import Report

log = logging.getLogger(__name__)

_ASIDE = "set-aside"


@dataclass(frozen=True, slots=True)
class Stored:
    """The paths of a report's two files."""

    page: Path
    data: Path


def document(report: Report) -> bytes:
    """The content of a report's data file."""
    return to_json(to_stored(report), FORM)


def store(root: Path, report: Report, page: str) -> Stored:
    """Write both files. The page is written last: if it exists, the window is complete."""
    stored = _make_way(root, report.place)
    write_together({stored.data: document(report), stored.page: page.encode()})
    with suppress(OSError):
        _aside(root, report).unlink(missing_ok=True)
    return stored


def set_aside(root: Path, report: Report, page: str) -> Path:
    """Store the data, and the page outside of the site's input; return the path of the page.

    A complete report that is already stored is kept.
    """
    stored, aside = _make_way(root, report.place), _aside(root, report)
    make_folders(root, *aside.relative_to(root).parent.parts)
    is_whole = stored.data.exists() and stored.page.exists()
    data = aside.with_suffix(".json") if is_whole else stored.data
    write_together({aside: page.encode(), data: document(report)})
    return aside


def put(root: Path, place: Place, data: bytes, page: bytes) -> None:
    """Write the files of a published report. An empty `page` means that there is none."""
    stored = _make_way(root, place.path)
    contents = {stored.data: data, stored.page: page}
    # Not synced to disk: a pull may write thousands of files, and the branch still has them after a crash.
    write_together({path: content for path, content in contents.items() if content}, sync=False)
    if not page:
        _unlink(stored.page)


def remove(root: Path, place: Place) -> None:
    """Remove both files of a report, the page first."""
    for path in (root / place.page, root / place.data):
        _unlink(path)


def move_page_aside(root: Path, place: Place) -> Path:
    """Move a page outside of the site's input; return its new path."""
    page, target = root / place.page, root / _ASIDE / place.page
    make_folders(root, *(_ASIDE, *place.page.parent.parts))
    try:
        page.replace(target)
    except OSError as error:
        raise StorageError(
            f"{page} cannot be moved to {target}: {error.strerror}.", remedy_for(error)
        ) from None
    return target


def remove_draft(draft: Path) -> None:
    """Remove the temporary file of a killed writer; a folder with such a name is kept."""
    if draft.is_symlink() or not draft.is_dir():
        _unlink(draft)


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path} cannot be removed: {error.strerror}.", remedy_for(error)) from None


def _make_way(root: Path, place: PurePosixPath) -> Stored:
    """Create the folders of a report, and move away what has its files' paths and is not a file."""
    folder = make_folders(root, *place.parent.parts)
    stored = Stored(folder / f"{place.name}.md", folder / f"{place.name}.json")
    for file in (stored.data, stored.page):
        # `lexists` also finds a link without a target.
        if os.path.lexists(file) and not stat.S_ISREG(file.lstat().st_mode):
            _move_away(file, root)
    return stored


def _move_away(path: Path, root: Path) -> None:
    target = free_name(make_folders(root, _ASIDE) / path.name)
    try:
        path.rename(target)
    except OSError as error:
        raise StorageError(
            f"{path} is no file and cannot be moved away: {error.strerror}.", remedy_for(error)
        ) from None
    log.warning("%s is no file; it was moved to %s", path, target)


def _aside(root: Path, report: Report) -> Path:
    return root / _ASIDE / report.place.with_name(f"{report.place.name}.md")
