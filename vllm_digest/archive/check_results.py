"""Cached results of checking data files, by size and modification time, so that each file is read once.

Each archive has one file in the user's cache folder, which can be removed at any time.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vllm_digest import __version__
from vllm_digest.archive.folder import LARGEST, File
from vllm_digest.archive.form import FORM
from vllm_digest.documents import read_document
from vllm_digest.errors import DocumentError

log = logging.getLogger(__name__)

_BY = f"{FORM} {__version__}"
"""The version that checked; results of other versions are not used."""


@dataclass(slots=True)
class CheckResults:
    """For each data file why it is not a report, as text; empty if it is one.

    `file`: the cache file, None for no cache. `root`: the archive's folder.
    """

    file: Path | None
    root: Path
    _known: dict[str, tuple[int, int, str]] = field(default_factory=dict)
    _is_new: bool = False

    @classmethod
    def load(cls, folder: Path | None, root: Path) -> "CheckResults":
        """The results of an archive; empty if another version wrote them or the file is missing or
        damaged."""
        if folder is None:
            return cls(None, root)
        # A hash of the path, because a path may be longer than the 255 bytes that a file name may have.
        name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
        file = folder / f"{name}.json"
        try:
            return cls(file, root, _checked(read_document(file, LARGEST, name)))
        except DocumentError:
            return cls(file, root)

    def of(self, file: File) -> str | None:
        """The result for a file; None if it was not checked since it changed."""
        size, changed, result = self._known.get(self._name(file), (-1, -1, ""))
        return result if (size, changed) == (file.size, file.changed) else None

    def put(self, file: File, result: str) -> None:
        entry = (file.size, file.changed, result)
        if self._known.get(self._name(file)) != entry:
            self._known[self._name(file)] = entry
            self._is_new = True

    def save(self) -> None:
        """Write new results for later commands; a folder that cannot be written is ignored."""
        if not (self._is_new and self.file):
            return
        # Named by process: commands for other series of the archive may write the file at the same time.
        draft = self.file.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps({"by": _BY, "files": self._known}), encoding="utf-8")
            draft.replace(self.file)
        except OSError as error:
            log.debug("%s cannot be written: %s", draft, error.strerror)
        self._is_new = False

    def _name(self, file: File) -> str:
        return file.path.removeprefix(f"{self.root}{os.sep}")


def _checked(document: Any) -> dict[str, tuple[int, int, str]]:
    if not isinstance(document, Mapping) or document.get("by") != _BY:
        return {}
    files = document.get("files")
    entries = files.items() if isinstance(files, Mapping) else ()
    return {name: (one[0], one[1], one[2]) for name, one in entries if _is_entry(one)}


def _is_entry(one: Any) -> bool:
    # By exact types: `isinstance` takes true for an int.
    return isinstance(one, list) and list(map(type, one)) == [int, int, str]
