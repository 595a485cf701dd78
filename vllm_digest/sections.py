"""The table of a page's sections and lists; used by the page, its check, `--json` and the docs.

A section has a heading in `words.yaml` under `sections`, a template in `sections/`, and a row here.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from vllm_digest.judgement import Relevance
from vllm_digest.narrative import BriefPart, OverviewPart
from vllm_digest.report import Digest, Report, ThreadRow
from vllm_digest.templating import words


def _none(_digest: Digest, _part: BriefPart) -> Iterable[int]:
    return ()


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the page.

    `key`: its name in `words.yaml`, in its template `sections/KEY.md.j2`, and in `--json`.
    `overview`: the part of a model's overview that it shows; None for none.
    `parts`: the parts of a model's briefs that it shows.
    `threads`: returns the numbers of the threads for which it shows a part.
    `only_with_threads`: whether it shows its part of the overview only if there are such threads.
    `needs_focus`: whether it is left out if the repository has no focus.
    """

    key: str
    overview: OverviewPart | None = None
    parts: tuple[BriefPart, ...] = ()
    threads: Callable[[Digest, BriefPart], Iterable[int]] = _none
    only_with_threads: bool = False
    needs_focus: bool = False

    @property
    def template(self) -> str:
        return f"sections/{self.key}.md.j2"

    def heading(self, digest: Digest, language: str) -> str:
        """Its heading as plain text, without `#`."""
        focus = digest.focus.heading.get(language)
        return words(language).say(f"sections.{self.key}", focus=focus)

    def is_by_model(self, report: Report, language: str) -> bool:
        """Whether it has a sentence of a model in this language."""
        narrative = report.narrative
        shown = [(number, part) for part in self.parts for number in self.threads(report.digest, part)]
        finds = self.overview is not None and bool(narrative.overview.findings_of(self.overview, language))
        if finds and (shown or not self.only_with_threads):
            return True
        return any(narrative.has_text(number, part, language) for number, part in shown)


def _focus(digest: Digest, _part: BriefPart) -> Iterable[int]:
    return (thread.number for thread in digest.relevant(Relevance.YES))


def _changes(digest: Digest, part: BriefPart) -> Iterable[int]:
    # What a model wrote about a change of the focus is in the section of the focus only.
    in_focus = set(_focus(digest, part))
    return (number for number in digest.changes if number not in in_focus)


def _concerns(digest: Digest, part: BriefPart) -> Iterable[int]:
    numbers = {concern.number for concern in digest.concerns}
    # The topic of a hot thread and the reading of a change are in the sections above.
    if part is BriefPart.TOPIC:
        return numbers.difference(digest.shown_hot, digest.changes)
    return numbers


SECTIONS = (
    Section("state", OverviewPart.STATE),
    Section(
        "focus",
        OverviewPart.FOCUS,
        parts=(BriefPart.READING, BriefPart.IMPACT, BriefPart.GAIN),
        threads=_focus,
        only_with_threads=True,
        needs_focus=True,
    ),
    Section(
        "hot",
        parts=(BriefPart.TOPIC, BriefPart.POSITIONS, BriefPart.DISPUTE, BriefPart.STATE),
        threads=lambda digest, _part: digest.shown_hot,
    ),
    Section("trends", OverviewPart.TRENDS),
    Section(
        "changes",
        parts=(BriefPart.READING, BriefPart.IMPACT),
        threads=_changes,
    ),
    Section("activity", OverviewPart.ACTIVITY),
    Section(
        "concerns",
        OverviewPart.CONCERNS,
        parts=(BriefPart.TOPIC, BriefPart.WATCH),
        threads=_concerns,
    ),
)
"""In the page's order."""

LISTS: Mapping[str, Callable[[ThreadRow], datetime | None]] = {
    "new_issues": lambda thread: thread.created_at,
    "closed_issues": lambda thread: thread.closed_at,
    "new_prs": lambda thread: thread.created_at,
    "merged_prs": lambda thread: thread.merged_at,
    "closed_unmerged_prs": lambda thread: thread.closed_at,
}
"""The page's lists in order, by name in `report.Lists`, with the time (UTC) that puts a thread into each."""


def sections_of(digest: Digest) -> tuple[Section, ...]:
    """The sections of a page, in order."""
    return tuple(section for section in SECTIONS if digest.focus or not section.needs_focus)


def by_model(report: Report, language: str) -> tuple[str, ...]:
    """The keys of the sections with sentences of a model in this language; rules wrote the others."""
    return tuple(
        section.key for section in sections_of(report.digest) if section.is_by_model(report, language)
    )


def day(report: Report) -> str:
    """The day on which the window starts in the page's zone, `2025-12-10`."""
    return f"{report.digest.window.start.astimezone(ZoneInfo(report.timezone)):%Y-%m-%d}"


def title(report: Report, language: str) -> str:
    """The page's title as plain text."""
    return words(language).say("title", project=report.digest.project, day=day(report))


def outline(digest: Digest, language: str) -> tuple[str, ...]:
    """All headings of a page below its title, as plain text with the marks of their level (`### …`)."""
    return (
        *(f"### {section.heading(digest, language)}" for section in sections_of(digest)),
        f"## {words(language).say('appendix')}",
        *_list_headings(language),
    )


def _list_headings(language: str) -> Iterable[str]:
    return (f"### {words(language).say(f'lists.{name}')}" for name in LISTS)
