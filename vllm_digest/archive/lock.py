"""Locks of an archive: one run at a time in a series; `pull` and `push` lock the whole folder.

The operating system releases a lock when its process ends. filelock supports Windows, and file systems
without locks by a file with the holder's process id.
"""

import errno
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from vllm_digest.archive.folder import list_series
from vllm_digest.errors import BusyError, StorageError, remedy_for
from vllm_digest.files import make_folders
from vllm_digest.place import series_folder

log = logging.getLogger(__name__)

_NAME = ".lock"
_STEP = timedelta(seconds=1)
"""Pause between two attempts; the time waited is counted in these pauses."""
_BRANCH_WAIT = timedelta(minutes=15)
"""How long a run waits for `pull` or `push`, which retry for some minutes if a server is down."""
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""Errors of file systems without locks, besides ENOSYS, which filelock handles."""


@contextmanager
def lock_series(
    root: Path, repo: str, series: str, *, wait: timedelta, sleep: Callable[[float], None]
) -> Iterator[None]:
    """Lock a series for a run.

    Raises BusyError if another run holds the lock for longer than `wait`, or `pull` or `push` for longer than
    15 minutes, and StorageError if the lock file cannot be written.
    """
    folder = root / series_folder(repo, series)
    for_run, for_branch = _WaitLimit(wait, sleep), _WaitLimit(_BRANCH_WAIT, sleep)
    with ExitStack() as held:
        held.callback(_remove_empty_folders, folder, root)
        while True:
            make_folders(root, *folder.relative_to(root).parts)
            with ExitStack() as gate:
                # A run holds this lock only while it starts, `pull` and `push` until they end.
                if not _enter(gate, root, root):
                    for_branch.wait(f"`pull` or `push` is at work in {root}.", "Run this again later.")
                    continue
                if _enter(held, root, folder):
                    break
            for_run.wait(
                f"Another run is at work in {folder}.",
                "Nothing was done; with --wait 10m this one would have waited for it.",
            )
        yield


@contextmanager
def lock_whole(root: Path, *, wait: timedelta, sleep: Callable[[float], None]) -> Iterator[None]:
    """Lock the whole folder for `pull` or `push`: wait for running runs to end, and let no new one start.

    Raises BusyError if that takes longer than `wait`, and StorageError if a lock file cannot be written.
    """
    limit = _WaitLimit(wait, sleep)
    with ExitStack() as held:
        while not _enter(held, root, root):
            limit.wait(f"`pull`, `push` or a run is at work in {root}.", "Nothing was done; try again later.")
        for repo, series in list_series(root)[0]:
            folder = root / series_folder(repo, series)
            while not _enter(held, root, folder):
                limit.wait(f"A run is at work in {folder}.", "Nothing was done; try again later.")
        yield


class _WaitLimit:
    """The time left to wait for other processes, in steps of a second."""

    def __init__(self, most: timedelta, sleep: Callable[[float], None]) -> None:
        self._left = most
        self._sleep = sleep
        self._is_told = False

    def wait(self, who: str, remedy: str) -> None:
        """Wait a second. Raises BusyError if no time is left. `who`: the lock's holder, for messages."""
        if self._left <= timedelta():
            raise BusyError(who, remedy)
        if not self._is_told:
            log.warning("%s Waiting for it.", who)
            self._is_told = True
        self._sleep(_STEP.total_seconds())
        self._left -= _STEP


def _enter(stack: ExitStack, root: Path, folder: Path) -> bool:
    """Try to lock a folder until the stack closes; return whether that succeeded."""
    make_folders(root, *folder.relative_to(root).parts)
    path = folder / _NAME
    try:
        lock = _acquire(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written and locked: {error.strerror}.", remedy_for(error)
        ) from None
    if lock is None:
        return False
    stack.callback(_release, lock)
    return True


def _acquire(path: Path) -> BaseFileLock | None:
    """Lock a file; None if another process holds it or is removing its folder."""
    lock: BaseFileLock = FileLock(path, thread_local=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about file systems without locks
            lock.acquire(blocking=False)
    except (Timeout, FileNotFoundError):
        return None
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        path.unlink(missing_ok=True)
        # Under another name: SoftFileLock counts as locked while its file exists.
        lock = SoftFileLock(path.with_name(f"{_NAME}.holder"), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except (Timeout, FileNotFoundError):
            return None
    return lock


def _release(lock: BaseFileLock) -> None:
    # Unlink before release: a process that opened the file meanwhile then notices and opens a new one.
    # Windows does not unlink an open file.
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    with suppress(OSError):
        lock.release()


def _remove_empty_folders(folder: Path, root: Path) -> None:
    """Remove the folders that a run created and stored nothing in."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
