"""Atomic writes of files, which never follow symbolic links."""

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from vllm_digest.errors import StorageError, remedy_for

_NO_SYNC = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF})
"""Errors of file systems that cannot sync a file or folder: network file systems, FUSE."""


def write_together(contents: Mapping[Path, bytes], *, sync: bool = True) -> None:
    """Write each file atomically, in the given order; if the last one exists, all belong together.

    To ensure this, an existing last file is removed while several files are replaced.
    `sync`: flush to disk, against power cuts; without it thousands of files take seconds instead of minutes.
    Raises StorageError, naming the file that could not be written and what was written before it.
    """
    drafts: dict[Path, Path] = {}
    done: list[Path] = []
    last = path = Path()
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            last, drafts[path] = path, _draft_of(path)
            _write_draft(drafts[path], content, sync=sync)
        # From here on a crash leaves old and new files mixed, but never with the last one.
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
            f"the next run completes it. {remedy_for(error)}"
            if done
            else f"Nothing was written. {remedy_for(error)}",
        ) from None
    finally:
        # A failure here must not hide the first one.
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def make_folders(root: Path, *names: str) -> Path:
    """Create the folder `root/names…`; none of `names` may be a symbolic link, `root` may be.

    Raises StorageError if one of them is a link or a file, or cannot be created.
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
                    "Symbolic links and files in the place of folders are not followed; move it away.",
                )
    except OSError as error:
        raise StorageError(
            f"{root.joinpath(*names)} cannot be made: {error.strerror}.",
            remedy_for(error),
        ) from None
    return folder


def free_name(path: Path) -> Path:
    """The path, or the first of `path-2`, `path-3` … that does not exist."""
    return next(one for one in _numbered(path) if not os.path.lexists(one))


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    number = 2
    while True:
        yield path.with_name(f"{path.name}-{number}")
        number += 1


def probe(folder: Path) -> None:
    """Try to write to a folder, or to its nearest existing parent. Raises StorageError if that fails."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"probe")
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror}.",
            remedy_for(error),
        ) from None


def _write_draft(path: Path, content: bytes, *, sync: bool) -> None:
    """Write a temporary file and, with `sync`, flush it to disk before it is renamed.

    An existing file or link of that name is removed first, so that no link is followed.
    """
    path.unlink(missing_ok=True)
    # `x` fails instead of following a link that appears in between (O_EXCL).
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        if sync:
            _sync(file.fileno())


def _draft_of(path: Path) -> Path:
    # Beside the file: `rename` is atomic only within one file system.
    draft = path.with_name(f".{path.name}.tmp")
    return free_name(draft) if draft.is_dir() else draft


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk."""
    # A synced file is lost in a power cut if the entry of its folder is not: see fsync(2).
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # Windows cannot open a folder, and other systems not one without read permission
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
