"""What a site has to know of each stored report, read from the archive."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path, PurePosixPath

from vllm_digest import archive
from vllm_digest.errors import DocumentError
from vllm_digest.judgement import Relevance
from vllm_digest.languages import LANGUAGES
from vllm_digest.markdown.escaping import clean
from vllm_digest.pagecheck import breakage, title_of
from vllm_digest.report import Lists, Report, place_of
from vllm_digest.sections import LISTS, title
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)

_NUMBER_ON_PAGE = re.compile(r"\[\\?#(\d+)\]\(")


@dataclass(frozen=True, slots=True)
class Event:
    """A thread came into the list of that name, such as `new_prs`, at that time."""

    name: str
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Title:
    """A thread that a page speaks of."""

    number: int
    is_pull: bool
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored report as a site knows it.

    `place`: without suffix, see `Report.place`. `repo`: as the archive files it.
    `language`: what the stored page is in.
    `relevant`: the numbers of the focus's threads. `discussion`: how many comments and reviews there are.
    `titles`: of the threads that the stored page names.
    """

    place: PurePosixPath
    language: str
    repo: str
    series: str
    window: TimeWindow
    made_at: datetime
    focus: str
    lists: Lists
    relevant: tuple[int, ...]
    discussion: int
    events: tuple[Event, ...]
    titles: tuple[Title, ...]
    has_gaps: bool

    @property
    def url(self) -> str:
        """The page's address on the site, below the root of its language; it never moves."""
        return f"/{self.place}/"

    @property
    def counts(self) -> dict[str, int]:
        return {name: len(numbers) for name, numbers in self.lists.items().items()}


class MissingCause(StrEnum):
    """Why a site has no page of a window."""

    NO_REPORT = "no_report"
    SET_ASIDE = "set_aside"
    """The page failed its own check."""
    DAMAGED = "damaged"
    """The stored files cannot be read, or would break the site."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A window that a reader would look for and not find."""

    repo: str
    series: str
    window: TimeWindow
    cause: MissingCause


@dataclass(frozen=True, slots=True)
class ReportIndex:
    """All that is stored: reports by the end of their windows, the oldest first, and those left out."""

    entries: tuple[Entry, ...]
    left_out: tuple[Missing, ...]

    def of(self, repo: str, series: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if (entry.repo, entry.series) == (repo, series))

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """Each repository with each of its series."""
        return tuple(sorted({(entry.repo, entry.series) for entry in self.entries}))


def read(root: Path) -> ReportIndex:
    """Every report of the archive at `root`; one that would break the site is left out, with a warning."""
    entries: list[Entry] = []
    left_out: list[Missing] = []
    for repo, series in archive.list_series(root):
        found = archive.listing(root, repo, series)
        left_out += (Missing(repo, series, window, MissingCause.SET_ASIDE) for window, _ in found.unfinished)
        for window in found.windows:
            place = place_of(repo, series, window)
            one = _entry(root, place, repo)
            if isinstance(one, Entry):
                entries.append(one)
            else:
                log.warning("%s is left out: %s", root / place.with_name(f"{place.name}.md"), one)
                left_out.append(Missing(repo, series, window, MissingCause.DAMAGED))
    return ReportIndex(tuple(sorted(entries, key=_order)), tuple(left_out))


def _order(entry: Entry) -> tuple[datetime, datetime, str, str]:
    return (entry.window.end, entry.window.start, entry.repo, entry.series)


def _entry(root: Path, place: PurePosixPath, repo: str) -> Entry | str:
    """The report stored there, or why it cannot be shown."""
    stem = root / place
    try:
        page = stem.with_suffix(".md").read_text(encoding="utf-8")
        report = archive.load(stem.with_suffix(".json"))
    except (OSError, UnicodeDecodeError, DocumentError) as error:
        return " ".join(str(error).split())
    return breakage(page) or _made(report, page, place, repo)


def _made(report: Report, page: str, place: PurePosixPath, repo: str) -> Entry:
    digest = report.digest
    shown = {int(number) for number in _NUMBER_ON_PAGE.findall(page)}
    activity = digest.activity
    return Entry(
        place=place,
        language=page_language(page, report),
        repo=repo,
        series=report.series,
        window=digest.window,
        made_at=report.provenance.made_at,
        focus=digest.focus.name,
        lists=digest.lists,
        relevant=tuple(thread.number for thread in digest.relevant(Relevance.YES)),
        discussion=activity.comments + activity.reviews,
        events=tuple(_events(report)),
        titles=tuple(
            Title(thread.number, thread.is_pull, clean(thread.title))
            for thread in digest.threads
            if thread.number in shown
        ),
        has_gaps=bool(digest.gaps),
    )


def page_language(page: str, report: Report) -> str:
    """The language that a stored page's title is in; the first of all where the title is none of ours."""
    found = title_of(page)
    return next((one for one in LANGUAGES if clean(title(report, one)) == found), LANGUAGES[0])


def _events(report: Report) -> Iterator[Event]:
    threads = {thread.number: thread for thread in report.digest.threads}
    for name, numbers in report.digest.lists.items().items():
        for number in numbers:
            if (at := LISTS[name](threads[number])) is not None:
                yield Event(name, number, at)
