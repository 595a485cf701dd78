"""The form in which a report is stored: facts of its threads, what their digest needs besides, and prose."""

from dataclasses import dataclass, field

from vllm_digest.digest import make_digest
from vllm_digest.facts import DigestRules, Facts
from vllm_digest.follow_ups import FirstTold, FollowUp, PeriodCounts
from vllm_digest.narrative import Narrative
from vllm_digest.report import Provenance, Report

FORM = "vllm-digest/report/2"


@dataclass(frozen=True, slots=True)
class StoredReport:
    """What a data file holds. Fields as in `Report`, whose digest is made anew each time."""

    series: str
    timezone: str
    facts: Facts
    rules: DigestRules
    provenance: Provenance
    narrative: Narrative = field(default_factory=Narrative)
    follow_ups: tuple[FollowUp, ...] = ()
    told_before: tuple[FirstTold, ...] = ()
    before: tuple[PeriodCounts, ...] = ()
    asked_as: str = ""

    @property
    def repo(self) -> str:
        """The repository by its name in the settings."""
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
