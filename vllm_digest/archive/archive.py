"""The archive's folder: reports stored, listed and read back."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

from vllm_digest.archive.check_results import CheckResults
from vllm_digest.archive.checking import FileChecker
from vllm_digest.archive.folder import LARGEST, File, Refused, files_of, list_series
from vllm_digest.archive.form import from_stored, to_stored
from vllm_digest.archive.listing import Listing
from vllm_digest.archive.reader import place_of, read_stored, with_path
from vllm_digest.archive.redaction import Redaction
from vllm_digest.archive.writing import Stored, remove_draft, set_aside, store
from vllm_digest.documents import read_document
from vllm_digest.errors import DocumentError
from vllm_digest.place import Place
from vllm_digest.report import Report

_NEAR = timedelta(days=1)
"""How far this machine's clock may be behind: up to a day, if it takes local time for UTC."""
NEVER = datetime.max.replace(tzinfo=UTC)
"""As `since` of `Archive.listing`: read no contents."""


@dataclass(frozen=True)
class Archive:
    """The reports in the folder `root`.

    `now`: UTC; files of windows that end later are refused. `cache`: folder for check results, None for no
    cache.
    `redaction`: what is removed from every report that is read.
    """

    root: Path
    now: datetime
    cache: Path | None = None
    redaction: Redaction = field(default_factory=Redaction)

    def series(self) -> tuple[tuple[str, str], ...]:
        """Each repository (OWNER/NAME) and series that there is a folder for, in order."""
        return list_series(self.root)[0]

    def refused_folders(self) -> tuple[Refused, ...]:
        """What has the path of a series' folder and is not a folder, with reasons."""
        return list_series(self.root)[1]

    def listing(self, repo: str, series: str, since: datetime | None = None) -> Listing:
        """List what is stored of a series.

        Names, types, sizes and format names are checked for all files; contents only for windows that end
        after `since` (`NEVER`: none; None: the newest ones), and only once for each file (`check_results`).
        """
        files = files_of(self.root, repo, series, self.now)
        refused, unread = self._checker.check(repo, series, files, since)
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
        """The stored report of a place. Raises DocumentError if there is no valid one."""
        path = self.root / place.data
        try:
            return from_stored(self.redaction.apply(self._checker.read(place, File.at(path))))
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {error.strerror}.") from None
        except DocumentError as error:
            raise with_path(error, path) from None

    def read(self, path: Path) -> Report:
        """The report of a data file anywhere. If its path ends like one of an archive, the content must
        match.

        Raises DocumentError if it is not a valid report.
        """
        try:
            return from_stored(self.redaction.apply(read_stored(path, place_of(path))))
        except DocumentError as error:
            raise with_path(error, path) from None

    def parts_of(self, place: Place) -> str:
        """The signature of the parts of a stored roll-up (`Provenance.parts`); empty without one.

        The rest of the file is not validated, because a year of roll-ups is large.
        """
        try:
            document = read_document(self.root / place.data, LARGEST, place.stem)
        except DocumentError:
            return ""
        provenance = document.get("provenance") if isinstance(document, dict) else None
        parts = provenance.get("parts") if isinstance(provenance, dict) else None
        return parts if isinstance(parts, str) else ""

    def redacted(self, report: Report) -> Report:
        """A new report with the redaction applied, as `load` will return it."""
        return from_stored(self.redaction.apply(to_stored(report))) if self.redaction else report

    def save_cache(self) -> None:
        """Store the check results for later commands."""
        self._checker.save()

    def unfinished(self, found: Listing) -> Iterator[Report]:
        """The reports whose data is stored without a page, oldest first. The caller must hold the lock.

        Also removes temporary files of killed writers. Raises StorageError if that fails.
        """
        for draft in found.drafts:
            remove_draft(draft)
        for window in found.unfinished:
            with suppress(DocumentError):
                yield self.load(Place(found.repo, found.series, window))

    def store(self, report: Report, page: str) -> Stored:
        """Write a report's two files atomically. Raises StorageError if that fails."""
        return store(self.root, report, page)

    def set_aside(self, report: Report, page: str) -> Path:
        """Store a report whose page failed its check, for a later run; return the path of the page.

        Raises StorageError if that fails.
        """
        return set_aside(self.root, report, page)

    @cached_property
    def _checker(self) -> FileChecker:
        return FileChecker(CheckResults.load(self.cache, self.root))
