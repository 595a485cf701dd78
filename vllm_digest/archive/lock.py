"""Who works in an archive: one run at a time in a series, and `pull` or `push` alone in the whole folder.

Locks end with their process, however that ends. filelock brings Windows, and a file with the holder's process
in it where the file system has no locks.
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
from vllm_digest.errors import BusyError, StorageError, way_on
from vllm_digest.files import make_folders
from vllm_digest.place import series_folder

log = logging.getLogger(__name__)

_NAME = ".lock"
_STEP = timedelta(seconds=1)
_BRANCH_WAIT = timedelta(minutes=15)
"""How long a run waits for `pull` or `push`, which try for some minutes where a server is down."""
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""What file systems without locks answer besides ENOSYS, which filelock knows."""


@contextmanager
def lock_series(
    root: Path, repo: str, series: str, *, wait: timedelta, sleep: Callable[[float], None]
) -> Iterator[None]:
    """Hold a series for a run.

    Raises BusyError when another run holds it and goes on to for longer than `wait`, or when `pull` or `push`
    hold the folder for too long.
    """
    folder = root / series_folder(repo, series)
    for_run, for_branch = _WaitLimit(wait, sleep), _WaitLimit(_BRANCH_WAIT, sleep)
    with ExitStack() as held:
        held.callback(_remove_empty_folders, folder, root)
        while True:
            make_folders(root, *folder.relative_to(root).parts)
            with ExitStack() as gate:
                # Held while a run begins, and by `pull` and `push` as long as they work.
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
    """Hold the whole folder for `pull` or `push`: no run begins, and those that began have ended.

    Raises BusyError when another process holds a part of it and goes on to for longer than `wait`.
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
    """How long to wait for others, a second at a time."""

    def __init__(self, most: timedelta, sleep: Callable[[float], None]) -> None:
        self._left = most
        self._sleep = sleep
        self._is_told = False

    def wait(self, who: str, remedy: str) -> None:
        """Wait a second; BusyError when the time is over."""
        if self._left <= timedelta():
            raise BusyError(who, remedy)
        if not self._is_told:
            log.warning("%s Waiting for it.", who)
            self._is_told = True
        self._sleep(_STEP.total_seconds())
        self._left -= _STEP


def _enter(stack: ExitStack, root: Path, folder: Path) -> bool:
    """Hold the lock of a folder as long as the stack lasts, if nobody holds it."""
    make_folders(root, *folder.relative_to(root).parts)
    path = folder / _NAME
    try:
        lock = _acquire(path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written and locked: {error.strerror}.", way_on(error)) from None
    if lock is None:
        return False
    stack.callback(_release, lock)
    return True


def _acquire(path: Path) -> BaseFileLock | None:
    """The lock of a file; None when somebody holds it, or removes its folder at this moment."""
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
        lock = SoftFileLock(path.with_name(f"{_NAME}.holder"), thread_local=False)
        try:
            lock.acquire(blocking=False)
        except (Timeout, FileNotFoundError):
            return None
    return lock


def _release(lock: BaseFileLock) -> None:
    # In this order: a process that opened the file meanwhile finds it gone, and opens it again.
    with suppress(OSError):
        Path(lock.lock_file).unlink()
    with suppress(OSError):
        lock.release()


def _remove_empty_folders(folder: Path, root: Path) -> None:
    """Leave nothing of a run that stored nothing."""
    while folder != root:
        try:
            folder.rmdir()
        except OSError:
            return
        folder = folder.parent
