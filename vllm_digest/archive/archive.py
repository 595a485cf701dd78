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
"""How far a clock may be behind, as one is that takes local time for UTC."""
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Archive:
    """The reports in the folder `root`.

    `now`: UTC; what ends later is no report yet. `cache`: a folder for what can be found out again.
    `redaction`: what is taken out of every report that is read.
    """

    root: Path
    now: datetime
    cache: Path | None = None
    redaction: Redaction = field(default_factory=Redaction)

    def series(self) -> tuple[tuple[str, str], ...]:
        """Each repository (OWNER/NAME) and series that there is a folder for, in order."""
        return list_series(self.root)[0]

    def refused_folders(self) -> tuple[Refused, ...]:
        """What stands in the place of a series' folder and is none."""
        return list_series(self.root)[1]

    def listing(self, repo: str, series: str, since: datetime | None = None) -> Listing:
        """What is stored of a series.

        Names, kinds, sizes and forms are looked at of all files; contents of those that end after `since`
        (`NEVER` for none), else of the newest, and of none twice (`results`).
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
        """The report that stands at a place; DocumentError when it is none."""
        path = self.root / place.data
        try:
            return from_stored(self.redaction.apply(self._checker.read(place, File.at(path))))
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {error.strerror}.") from None
        except DocumentError as error:
            raise with_path(error, path) from None

    def read(self, path: Path) -> Report:
        """The report of a data file anywhere; at the end of a path of ours it must be of that place.

        Raises DocumentError when it holds none.
        """
        try:
            return from_stored(self.redaction.apply(read_stored(path, place_of(path))))
        except DocumentError as error:
            raise with_path(error, path) from None

    def parts_of(self, place: Place) -> str:
        """The fingerprint of its parts that a stored roll-up names (`Provenance.parts`); empty without one.

        Reads nothing else of it, for a year of roll-ups is large. It may only be compared.
        """
        try:
            document = read_document(self.root / place.data, LARGEST, place.stem)
        except DocumentError:
            return ""
        provenance = document.get("provenance") if isinstance(document, dict) else None
        parts = provenance.get("parts") if isinstance(provenance, dict) else None
        return parts if isinstance(parts, str) else ""

    def redacted(self, report: Report) -> Report:
        """A new report as it will be read."""
        return from_stored(self.redaction.apply(to_stored(report))) if self.redaction else report

    def save_cache(self) -> None:
        """Keep for later commands what reading has shown."""
        self._checker.save()

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

    @cached_property
    def _checker(self) -> FileChecker:
        return FileChecker(CheckResults.load(self.cache, self.root))
