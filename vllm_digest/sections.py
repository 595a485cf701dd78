"""The seven sections of a page, and who wrote them."""

from enum import StrEnum

from vllm_digest.judgement import Relevance
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


def by_model(report: Report) -> tuple[Section, ...]:
    """The sections that hold sentences of a model; rules wrote the others."""
    digest, told = report.digest, report.narrative
    relevant = [thread.number for thread in digest.relevant(Relevance.YES)]
    concerning_threads = [concern.number for concern in digest.concerns]
    holds = {
        Section.STATE: bool(told.overview.state),
        Section.FOCUS: bool(relevant and told.overview.focus)
        or told.tells(relevant, "reading", "impact", "focus"),
        Section.HOT: told.tells(digest.shown_hot, "topic", "positions", "dispute", "state"),
        Section.TRENDS: bool(told.overview.trends),
        Section.CHANGES: told.tells(digest.changes, "reading", "impact"),
        Section.ACTIVITY: bool(told.overview.activity),
        Section.CONCERNS: bool(told.overview.concerns) or told.tells(concerning_threads, "watch"),
    }
    return tuple(section for section in Section if holds[section])
