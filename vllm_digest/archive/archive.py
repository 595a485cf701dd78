"""The archive's folder: reports stored, listed and read back."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from vllm_digest.archive.folder import File, Files, Refused, files_of, list_series
from vllm_digest.archive.form import FORM, StoredReport, from_stored
from vllm_digest.archive.listing import Listing, form_in
from vllm_digest.archive.reader import named, read_stored
from vllm_digest.archive.verdicts import Verdicts
from vllm_digest.archive.writing import Stored, remove_draft, set_aside, store
from vllm_digest.documents import UnreadableError
from vllm_digest.errors import DocumentError
from vllm_digest.place import Place
from vllm_digest.report import Report
from vllm_digest.window import TimeWindow

_AT_ONCE = 300
"""Data files that one listing reads, newest first, where it is not told which: a third of a second."""
_NEAR = timedelta(days=1)
"""How far a clock may be behind, as one is that takes local time for UTC."""
NEVER = datetime.max.replace(tzinfo=UTC)
_HEAD = 120
"""Bytes of a document in which its form stands."""


@dataclass(frozen=True)
class Archive:
    """The reports in the folder `root`.

    `now`: UTC; what ends later is no report yet. `cache`: a folder for what can be found out again.
    """

    root: Path
    now: datetime
    cache: Path | None = None

    def series(self) -> tuple[tuple[str, str], ...]:
        """Each repository (OWNER/NAME) and series that there is a folder for, in order."""
        return list_series(self.root)[0]

    def strangers(self) -> tuple[Refused, ...]:
        """What stands in the place of a series' folder and is none."""
        return list_series(self.root)[1]

    def listing(self, repo: str, series: str, since: datetime | None = None) -> Listing:
        """What is stored of a series.

        Names, kinds, sizes and forms are looked at of all files; contents of those that end after `since`
        (`NEVER` for none), else of the newest, and of none twice (`verdicts`).
        """
        files = files_of(self.root, repo, series, self.now)
        refused, unread = self._judge(repo, series, files, since)
        sound = files.data.keys() - {one.window for one in refused}
        told = files.data.keys() | {one.window for one in files.refused}
        refused += (
            Refused(Path(files.pages[window].path), "its data file is missing", window)
            for window in sorted(files.pages.keys() - told)
        )
        return Listing(
            repo=repo,
            series=series,
            windows=tuple(sorted(sound & files.pages.keys())),
            unfinished=tuple(sorted(sound - files.pages.keys())),
            ahead=tuple(sorted(window for window in files.ahead if window.end <= self.now + _NEAR)),
            refused=(*files.refused, *refused),
            unread=unread,
            drafts=tuple(files.drafts),
        )

    def load(self, place: Place) -> Report:
        """The report that stands at a place; DocumentError when it is none."""
        path = self.root / place.data
        try:
            return from_stored(self._read(place, File.at(path)))
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {error.strerror}.") from None
        except DocumentError as error:
            raise named(error, path) from None

    def remember(self) -> None:
        """Keep for later commands what reading has shown."""
        self._verdicts.save()

    def unfinished(self, found: Listing) -> Iterator[Report]:
        """The reports whose data is stored without a page, oldest first; for the holder of the lock.

        Files whose writing was never finished are removed. Raises StorageError when that fails.
        """
        for draft in found.drafts:
            remove_draft(draft)
        for window in found.unfinished:
            with suppress(DocumentError):
                yield self.load(Place(found.repo, found.series, window))

    def store(self, report: Report, page: str) -> Stored:
        """Write a report's two files, whole and together; StorageError if that fails."""
        return store(self.root, report, page)

    def set_aside(self, report: Report, page: str) -> Path:
        """Keep a report whose page may not be shown, for a later run; its page's place. StorageError."""
        return set_aside(self.root, report, page)

    def _judge(
        self, repo: str, series: str, files: Files, since: datetime | None
    ) -> tuple[list[Refused], int]:
        """The data files that hold no reports, and how many were not read."""
        refused: list[Refused] = []
        unread: list[TimeWindow] = []
        for window, file in files.data.items():
            verdict = self._verdicts.of(file)
            if verdict:
                refused.append(Refused(Path(file.path), verdict, window))
            elif verdict is None and (form := _form(file)) and form != FORM:
                refused.append(Refused(Path(file.path), "it is of another form", window, form))
            elif verdict is None:
                unread.append(window)
        unread.sort(reverse=True)
        wanted = [one for one in unread if one.end > since] if since else unread[:_AT_ONCE]
        for window in wanted:
            file = files.data[window]
            try:
                self._read(Place(repo, series, window), file)
            except DocumentError as error:
                refused.append(Refused(Path(file.path), error.problem.removesuffix("."), window))
        self.remember()
        return refused, len(unread) - len(wanted)

    def _read(self, place: Place, file: File) -> StoredReport:
        """What the data file of a place holds; DocumentError says of "it" why it is no report."""
        try:
            stored = read_stored(Path(file.path), place)
        except UnreadableError:
            raise
        except DocumentError as error:
            self._verdicts.put(file, error.problem.removesuffix("."))
            raise
        self._verdicts.put(file, "")
        return stored

    @cached_property
    def _verdicts(self) -> Verdicts:
        return Verdicts.load(self.cache, self.root)


def _form(file: File) -> str:
    """The form that a document's first bytes name; empty where they name none."""
    with suppress(OSError), open(file.path, "rb", buffering=0) as opened:  # noqa: PTH123 - thousands of times
        return form_in(opened.read(_HEAD))
    return ""
