"""Which data files hold reports: by their forms always, by their contents once."""

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
"""Data files that one listing reads, newest first, where it is not told which: a third of a second."""
_BYTES_AT_ONCE = 20_000_000
"""As much as that many hours of vLLM have; days and weeks are larger."""
_HEAD_BYTES = 120
_HEAD = re.compile(rb'\s*\{\s*"form"\s*:\s*"([^"\\]{1,60})"')


@dataclass(frozen=True, slots=True)
class FileChecker:
    """Judges data files, and remembers its results."""

    results: CheckResults

    def check(
        self, repo: str, series: str, files: Files, since: datetime | None
    ) -> tuple[list[Refused], int]:
        """The data files of a series that hold no reports, and how many were not read.

        Read are those that end after `since`, else the newest, unless their result is known.
        """
        refused: list[Refused] = []
        unread: list[TimeWindow] = []
        for window, file in files.data.items():
            result = self.results.of(file)
            if result:
                refused.append(Refused(Path(file.path), result, window))
            elif result is None and (form := _form(file)) and form != FORM:
                refused.append(Refused(Path(file.path), "it is of another form", window, form))
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
        """What the data file of a place holds; DocumentError says of "it" why it is no report."""
        try:
            stored = read_stored(Path(file.path), place)
        except UnreadableError:
            raise
        except DocumentError as error:
            self.results.put(file, error.problem.removesuffix("."))
            raise
        self.results.put(file, "")
        return stored

    def save(self) -> None:
        """Keep the results for later commands."""
        self.results.save()


def _newest(unread: list[TimeWindow], files: Files) -> list[TimeWindow]:
    """So many of the newest as one listing reads, at least one."""
    sizes = accumulate(files.data[window].size for window in unread[:_AT_ONCE])
    return unread[: max(1, sum(size <= _BYTES_AT_ONCE for size in sizes))]


def _form(file: File) -> str:
    """The form that a document's first bytes name; empty where they name none."""
    with suppress(OSError), open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 - thousands of times
        match = _HEAD.match(opened.read(_HEAD_BYTES))
        return match[1].decode(errors="replace") if match else ""
    return ""
