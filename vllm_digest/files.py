"""Writes that happen whole or not at all, and never through a link."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vllm_digest.errors import StorageError, way_on

_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})
"""What file systems answer that cannot sync, mostly folders: network file systems, FUSE."""


def write_together(contents: Mapping[Path, bytes], *, sync: bool = True) -> None:
    """Write files so that each is whole, and where the last of them stands, all belong together.

    They appear in the order given; when several old ones are replaced, the last one is gone while that
    lasts. Without `sync` a power cut may leave less, and thousands of files take seconds instead of minutes.
    Raises StorageError, which names the file that could not be written and says what is left.
    """
    drafts: dict[Path, Path] = {}
    done: list[Path] = []
    last = path = Path()
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            last, drafts[path] = path, _draft_of(path)
            _write_draft(drafts[path], content, sync=sync)
        if len(drafts) > 1 and last.exists():
            last.unlink()
            done.append(last)
        for path, draft in drafts.items():
            draft.replace(path)
            done.append(path)
            if sync:
                _sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.",
            f"What belongs to it is written in part ({', '.join(one.name for one in done)}); "
            f"the next run completes it. {way_on(error)}"
            if done
            else f"It is as it was, and what belongs to it. {way_on(error)}",
        ) from None
    finally:
        # What fails here must not hide what failed before.
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def make_folders(root: Path, *names: str) -> Path:
    """Make a folder below `root`, which may be anywhere; it and those between are real folders.

    Raises StorageError where a symbolic link or a file stands in for one, or it cannot be made.
    """
    folder = root
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            folder /= name
            with suppress(FileExistsError):
                folder.mkdir()
            if not stat.S_ISDIR(folder.lstat().st_mode):
                raise StorageError(
                    f"{folder} is not a folder{' but a symbolic link' if folder.is_symlink() else ''}.",
                    "Nothing is written through it; move it away.",
                )
    except OSError as error:
        raise StorageError(
            f"{root.joinpath(*names)} cannot be made: {error.strerror}.",
            way_on(error),
        ) from None
    return folder


def free_name(path: Path) -> Path:
    """The path, or the first of `path-2`, `path-3` … where nothing stands."""
    return next(one for one in _numbered(path) if not os.path.lexists(one))


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.name}-{number}")
        number += 1


def probe(folder: Path) -> None:
    """Try to write below a folder that is there or is to be made; StorageError when that fails."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"probe")
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror}.",
            way_on(error),
        ) from None


def _write_draft(path: Path, content: bytes, *, sync: bool) -> None:
    """Write and wait until the disk has it, so that the final name never points to less than all.

    What stands there goes first: a link must not lead the content elsewhere.
    """
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        if sync:
            _sync(file.fileno())


def _draft_of(path: Path) -> Path:
    draft = path.with_name(f".{path.name}.tmp")
    return free_name(draft) if draft.is_dir() else draft


def _sync_folder(folder: Path) -> None:
    """Have the disk keep the folder's new names."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # Windows opens no folder, and others none that may only be written to
    try:
        _sync(descriptor)
    finally:
        os.close(descriptor)


def _sync(descriptor: int) -> None:
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
