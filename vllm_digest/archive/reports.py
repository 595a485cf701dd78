"""A report's two files: written together, read back, and taken up again where a run was killed."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vllm_digest.archive.places import listing
from vllm_digest.digest import make_digest
from vllm_digest.errors import DocumentError, StorageError
from vllm_digest.facts import DigestRules, Facts
from vllm_digest.files import from_json, to_json, write_together
from vllm_digest.follow_ups import FollowUp
from vllm_digest.narrative import Narrative
from vllm_digest.report import PeriodCounts, Provenance, Report

log = logging.getLogger(__name__)

FORM = "vllm-digest/report/2"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What a data file holds: the facts of a window, what making their digest needs, and the prose.

    Fields as in `Report`; its digest is made anew each time.
    """

    series: str
    timezone: str
    facts: Facts
    rules: DigestRules
    provenance: Provenance
    narrative: Narrative = field(default_factory=Narrative)
    follow_ups: tuple[FollowUp, ...] = ()
    before: tuple[PeriodCounts, ...] = ()
    asked_as: str = ""


_AS_THEY_ARE = ("series", "timezone", "provenance", "narrative", "follow_ups", "before", "asked_as")


def to_stored(report: Report) -> StoredReport:
    """The report in the form in which it is stored."""
    return StoredReport(
        facts=report.digest.facts,
        rules=report.digest.rules,
        **{name: getattr(report, name) for name in _AS_THEY_ARE},
    )


def from_stored(stored: StoredReport) -> Report:
    """The report with the digest of its facts."""
    digest = make_digest(stored.facts, stored.rules)
    return Report(digest=digest, **{name: getattr(stored, name) for name in _AS_THEY_ARE})


@dataclass(frozen=True, slots=True)
class Stored:
    """The two files of a report."""

    page: Path
    data: Path


def store(root: Path, report: Report, page: str) -> Stored:
    """Write a report's two files, whole and together; StorageError if that fails, with nothing changed.

    The page comes last: where it stands, the window is done.
    """
    stem = root / report.place
    stored = Stored(page=stem.with_suffix(".md"), data=stem.with_suffix(".json"))
    write_together({stored.data: to_json(to_stored(report), FORM), stored.page: page.encode()})
    _aside(root, report).unlink(missing_ok=True)
    return stored


def set_aside(root: Path, report: Report, page: str) -> Path:
    """Store a report's data without its page, and the page where no site takes it from; that file.

    StorageError if that fails, with nothing changed.
    """
    aside = _aside(root, report)
    write_together(
        {aside: page.encode(), (root / report.place).with_suffix(".json"): to_json(to_stored(report), FORM)}
    )
    return aside


def _aside(root: Path, report: Report) -> Path:
    return (root / "set-aside" / report.place).with_suffix(".md")


def load(path: Path) -> Report:
    """The report of a data file; DocumentError when it holds none."""
    return from_stored(from_json(path, StoredReport, FORM))


def unfinished(root: Path, repo: str, series: str) -> Iterator[Report]:
    """The reports of a series whose data is stored without a page, oldest first; for the holder of its lock.

    Files whose writing was never finished are removed, and so are data files that hold no report: then their
    windows are due again. StorageError when that fails.
    """
    found = listing(root, repo, series)
    for draft in found.drafts:
        _remove(draft)
    for _, data in found.unfinished:
        try:
            report = load(data)
        except DocumentError as error:
            log.warning("%s has no page and is removed: %s", data, error.problem)
            _remove(data)
            continue
        yield report


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except OSError as error:
        raise StorageError(
            f"{path} cannot be removed: {error.strerror}.", "Give its folder to the user that runs this."
        ) from None
