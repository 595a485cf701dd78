"""The seven sections of a page, and who wrote them."""

from collections.abc import Iterable
from enum import StrEnum

from vllm_digest.judgement import Relevance
from vllm_digest.narrative import BriefPart, OverviewPart
from vllm_digest.report import Report


class Section(StrEnum):
    """In the page's order."""

    STATE = "state"
    FOCUS = "focus"
    HOT = "hot"
    TRENDS = "trends"
    CHANGES = "changes"
    ACTIVITY = "activity"
    CONCERNS = "concerns"


def by_model(report: Report, language: str) -> tuple[Section, ...]:
    """The sections of a language's page that hold sentences of a model; rules wrote the others."""
    digest, told = report.digest, report.narrative
    relevant = [thread.number for thread in digest.relevant(Relevance.YES)]
    concerning_threads = [concern.number for concern in digest.concerns]

    def tells(numbers: Iterable[int], *parts: BriefPart) -> bool:
        return told.tells(numbers, *parts, language=language)

    def finds(part: OverviewPart) -> bool:
        return bool(told.overview.of(part, language))

    holds = {
        Section.STATE: finds(OverviewPart.STATE),
        Section.FOCUS: bool(relevant and finds(OverviewPart.FOCUS))
        or tells(relevant, BriefPart.READING, BriefPart.IMPACT, BriefPart.GAIN),
        Section.HOT: tells(
            digest.shown_hot, BriefPart.TOPIC, BriefPart.POSITIONS, BriefPart.DISPUTE, BriefPart.STATE
        ),
        Section.TRENDS: finds(OverviewPart.TRENDS),
        Section.CHANGES: tells(digest.changes, BriefPart.READING, BriefPart.IMPACT),
        Section.ACTIVITY: finds(OverviewPart.ACTIVITY),
        Section.CONCERNS: finds(OverviewPart.CONCERNS) or tells(concerning_threads, BriefPart.WATCH),
    }
    return tuple(section for section in Section if holds[section])
