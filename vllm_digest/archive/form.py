"""The stored format of a report: facts of its threads, what the digest needs besides, and prose."""

from dataclasses import dataclass, field

from vllm_digest.digest import make_digest
from vllm_digest.facts import DigestRules, Facts
from vllm_digest.follow_ups import FirstReport, FollowUp, PeriodCounts
from vllm_digest.narrative import Narrative
from vllm_digest.report import Provenance, Report

FORM = "vllm-digest/report/2"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """The content of a data file. Fields as in `Report`, whose digest is computed on each read."""

    series: str
    timezone: str
    facts: Facts
    rules: DigestRules
    provenance: Provenance
    narrative: Narrative = field(default_factory=Narrative)
    follow_ups: tuple[FollowUp, ...] = ()
    told_before: tuple[FirstReport, ...] = ()
    before: tuple[PeriodCounts, ...] = ()
    asked_as: str = ""

    @property
    def repo(self) -> str:
        """The repository (OWNER/NAME) as the settings name it."""
        return self.asked_as or self.facts.repo


_AS_THEY_ARE = (
    "series",
    "timezone",
    "provenance",
    "narrative",
    "follow_ups",
    "told_before",
    "before",
    "asked_as",
)


def to_stored(report: Report) -> StoredReport:
    """Convert a report to the stored format."""
    return StoredReport(
        facts=report.digest.facts,
        rules=report.digest.rules,
        **{name: getattr(report, name) for name in _AS_THEY_ARE},
    )


def from_stored(stored: StoredReport) -> Report:
    """Convert from the stored format: compute the digest from the facts."""
    digest = make_digest(stored.facts, stored.rules)
    return Report(digest=digest, **{name: getattr(stored, name) for name in _AS_THEY_ARE})
