"""Simulate a disk that is full, read-only or failing at any step of a command, with Python's audit events."""

import errno
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any

_CREATING = ("open", "os.mkdir")
_CHANGING = ("os.rename", "os.remove", "os.rmdir")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Trouble(Enum):
    """What fails at a step and all later ones."""

    FULL = errno.ENOSPC
    """No file can be created."""
    READ_ONLY = errno.EROFS
    """Nothing can be changed: the disk is read-only after an error."""
    POWER_CUT = 0
    """Power fails: the disk keeps its state of that step."""


class Disk:
    """The folder that a test works in. `steps`: the changes of it that were tried while it was `watched`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._watched = False
        self._trouble: tuple[int, Trouble] | None = None
        self.steps = 0
        sys.addaudithook(self._hear)

    @contextmanager
    def watched(self, at: int = -1, trouble: Trouble = Trouble.FULL) -> Iterator[None]:
        """Count steps; from one of them on, none by default, the trouble begins."""
        self.steps, self._trouble = 0, (at, trouble) if at >= 0 else None
        self._watched = True
        try:
            yield
        finally:
            self._watched = False
        if self._picture.exists():
            for path in self._folder.iterdir():
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            shutil.copytree(self._picture, self._folder, symlinks=True, dirs_exist_ok=True)
            shutil.rmtree(self._picture)

    @property
    def _picture(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}-picture")

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watched or event not in (*_CREATING, *_CHANGING):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            return
        if not isinstance(arguments[0], str | bytes | os.PathLike) or not self._is_ours(arguments[0]):
            return
        step, self.steps = self.steps, self.steps + 1
        if self._trouble is None or step < self._trouble[0]:
            return
        trouble = self._trouble[1]
        if trouble is Trouble.POWER_CUT:
            if not self._picture.exists():
                self._watched = False
                shutil.copytree(self._folder, self._picture, symlinks=True)
                self._watched = True
        elif trouble is Trouble.READ_ONLY or event in _CREATING:
            raise OSError(trouble.value, os.strerror(trouble.value), arguments[0])

    def _is_ours(self, path: str | bytes | os.PathLike[Any]) -> bool:
        whole = os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - a link is not followed
        return Path(whole).is_relative_to(self._folder)
