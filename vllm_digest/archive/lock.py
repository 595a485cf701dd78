"""One run at a time in a series, by a lock that ends with its process, however that ends."""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from vllm_digest.archive.places import folder_of
from vllm_digest.errors import BusyError, StorageError

_STEP = timedelta(seconds=1)


@contextmanager
def locked(
    root: Path, repo: str, series: str, *, wait: timedelta, sleep: Callable[[float], None]
) -> Iterator[None]:
    """Hold a series' lock; BusyError when another process does and goes on to for longer than `wait`.

    The lock is on the open file `.lock` in the series' folder, so a run that was killed holds none; the file
    is gone when nobody is at work. Open for writing, for NFS knows no other `flock` (flock(2)).
    """
    path = folder_of(root, repo, series) / ".lock"
    try:
        descriptor = _acquire(path, wait, sleep)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written and locked: {error.strerror}.",
            "Give the output folder to the user that runs this, on a file system that has locks.",
        ) from None
    try:
        yield
    finally:
        # In this order: whoever opened the file meanwhile finds that it is no longer there, and opens anew.
        path.unlink(missing_ok=True)
        os.close(descriptor)
        _remove_empty_folders(path.parent, root)


def _acquire(path: Path, wait: timedelta, sleep: Callable[[float], None]) -> int:
    """An open and locked descriptor of the file that is at `path` now."""
    waited = timedelta()
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except FileNotFoundError:
            continue  # a run that stored nothing has just taken its empty folder away
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            if waited >= wait:
                raise BusyError(
                    f"Another run is at work in {path.parent}.",
                    "Nothing was done; with --wait 10m this one would have waited for it.",
                ) from None
            sleep(_STEP.total_seconds())
            waited += _STEP
            continue
        if _is_at(path, descriptor):
            return descriptor
        os.close(descriptor)


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_empty_folders(folder: Path, root: Path) -> None:
    """Nothing stays of a run that stored nothing."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
