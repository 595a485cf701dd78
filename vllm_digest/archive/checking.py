"""Check which data files are reports: by their format names each time, by their contents once."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from pathlib import Path

from vllm_digest.archive.check_results import CheckResults
from vllm_digest.archive.folder import File, Files, Refused
from vllm_digest.archive.form import FORM, StoredReport
from vllm_digest.archive.reader import read_stored
from vllm_digest.documents import UnreadableError
from vllm_digest.errors import DocumentError
from vllm_digest.place import Place
from vllm_digest.window import TimeWindow

_AT_ONCE = 300
"""Data files that a listing without `since` reads, newest first; they take a third of a second."""
_BYTES_AT_ONCE = 20_000_000
"""The size of 300 hourly reports of vLLM; it limits the listing of days and weeks, which are larger."""
_HEAD_BYTES = 120
"""Enough for the format name, which is the first key of each document."""
_HEAD = re.compile(rb'\s*\{\s*"form"\s*:\s*"([^"\\]{1,60})"')


@dataclass(frozen=True, slots=True)
class FileChecker:
    """Checks data files and caches the results."""

    results: CheckResults

    def check(
        self, repo: str, series: str, files: Files, since: datetime | None
    ) -> tuple[list[Refused], int]:
        """The data files of a series that are not reports, and the number of files that were not read.

        Reads files of windows that end after `since`, or the newest ones if that is None, except those whose
        result is known.
        """
        refused: list[Refused] = []
        unread: list[TimeWindow] = []
        for window, file in files.data.items():
            result = self.results.of(file)
            if result:
                refused.append(Refused(Path(file.path), result, window))
            elif result is None and (form := _form(file)) and form != FORM:
                refused.append(Refused(Path(file.path), "it has another format", window, form))
            elif result is None:
                unread.append(window)
        unread.sort(reverse=True)
        wanted = [one for one in unread if one.end > since] if since else _newest(unread, files)
        for window in wanted:
            file = files.data[window]
            try:
                self.read(Place(repo, series, window), file)
            except DocumentError as error:
                refused.append(Refused(Path(file.path), error.problem.removesuffix("."), window))
        self.save()
        return refused, len(unread) - len(wanted)

    def read(self, place: Place, file: File) -> StoredReport:
        """Read the data file of a place.

        Raises DocumentError if it is not a report; its message has "it" in place of the path.
        """
        try:
            stored = read_stored(Path(file.path), place)
        except UnreadableError:
            # The cause is the disk or a permission, so the next attempt may succeed.
            raise
        except DocumentError as error:
            self.results.put(file, error.problem.removesuffix("."))
            raise
        self.results.put(file, "")
        return stored

    def save(self) -> None:
        """Store the results for later commands."""
        self.results.save()


def _newest(unread: list[TimeWindow], files: Files) -> list[TimeWindow]:
    """The newest windows within the limits of one listing, at least one."""
    sizes = accumulate(files.data[window].size for window in unread[:_AT_ONCE])
    return unread[: max(1, sum(size <= _BYTES_AT_ONCE for size in sizes))]


def _form(file: File) -> str:
    """The format name in a document's first bytes; empty if there is none."""
    with suppress(OSError), open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 - thousands of times
        match = _HEAD.match(opened.read(_HEAD_BYTES))
        return match[1].decode(errors="replace") if match else ""
    return ""
