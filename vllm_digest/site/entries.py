"""The data that a site needs of each stored report, read from the archive."""

import logging
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from vllm_digest.archive import NEVER, Archive
from vllm_digest.errors import DocumentError, PageError
from vllm_digest.judgement import Relevance
from vllm_digest.languages import LocalText
from vllm_digest.markdown.escaping import clean
from vllm_digest.models import EventKind, State
from vllm_digest.narrative import BriefPart, Narrative
from vllm_digest.pagecheck import breakage
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.render import render_for_site
from vllm_digest.report import Lists, Report, ThreadRow
from vllm_digest.sections import LISTS
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)

OnReport = Callable[[Report, str], None]
"""Called with each report and its page in the first language."""
_CHANGES = frozenset({EventKind.OPENED, EventKind.MERGED, EventKind.CLOSED, EventKind.REOPENED})
_NUMBER_ON_PAGE = re.compile(r"\[\\?#(\d+)\]\(")
"""The text of a link to a thread in Markdown, `[#30382](`; the `#` may be escaped."""


@dataclass(frozen=True, slots=True)
class ListEvent:
    """A thread was added to a list. `name`: of the list, such as `new_prs`. `at`: UTC."""

    name: str
    number: int
    at: datetime


@dataclass(frozen=True, slots=True)
class FocusThread:
    """A thread of the focus and its events in a report's window.

    `times`: of all events, UTC. `changes`: the events that changed its state, as kind, GitHub's id, time
    (UTC) and login.
    """

    number: int
    title: str
    url: str
    author: str
    hardware: tuple[str, ...]
    labels: tuple[str, ...]
    gain: str
    times: tuple[datetime, ...]
    changes: tuple[tuple[EventKind, str, datetime, str], ...]


@dataclass(frozen=True, slots=True)
class NamedThread:
    """A thread that a report's page names, with the fields that the search looks in.

    `said`: a model's checked sentences about it, by language.
    """

    number: int
    is_pull: bool
    state: State
    is_relevant: bool
    title: str
    author: str
    labels: tuple[str, ...]
    hardware: tuple[str, ...]
    topic: LocalText | None
    said: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored report, as far as the site needs it.

    `place`: path without suffix, see `Report.place`. `repo`: OWNER/NAME of its folder in the archive.
    `made_at`: UTC. `focus`: name of the focus, empty without one.
    `threads`: numbers of all threads; `relevant`: threads of the focus. `discussion`: number of comments and
    reviews.
    `named`: the threads that the page in the first language names. `repo_url`: their repository at GitHub.
    """

    place: PurePosixPath
    repo: str
    series: str
    window: TimeWindow
    made_at: datetime
    focus: str
    lists: Lists
    threads: tuple[int, ...]
    relevant: tuple[FocusThread, ...]
    discussion: int
    events: tuple[ListEvent, ...]
    repo_url: str
    named: tuple[NamedThread, ...]
    has_gaps: bool

    @property
    def url(self) -> str:
        """The page's URL path below the root of its language; it is permanent."""
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
    """The stored data is not a report, or its page would break the site."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A window without a page."""

    repo: str
    series: str
    window: TimeWindow
    cause: MissingCause


@dataclass(frozen=True, slots=True)
class ReportIndex:
    """All that is stored: reports by the end of their windows, the oldest first, and those left out.

    `refused`: how many files are no reports.
    """

    entries: tuple[Entry, ...]
    left_out: tuple[Missing, ...]
    refused: int = 0

    def of(self, repo: str, series: str) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if (entry.repo, entry.series) == (repo, series))

    @property
    def observed(self) -> tuple[Entry, ...]:
        """The reports without roll-ups, which repeat what others cover; if there are only roll-ups, these."""
        return tuple(entry for entry in self.entries if entry.series not in ROLL_UPS) or self.entries

    @property
    def series(self) -> tuple[tuple[str, str], ...]:
        """Each repository with each of its series."""
        return tuple(sorted({(entry.repo, entry.series) for entry in self.entries}))


def read(
    archive: Archive, language: str, zone: ZoneInfo, on_report: OnReport, stories: Collection[int] = ()
) -> ReportIndex:
    """Read every report of the archive; those that cannot be shown are left out, with a warning.

    Stored pages are not read: each page is rendered from the report's data and passed to `on_report`.
    `language`: of the pages. `zone`: of the times in warnings. `stories`: numbers of the threads that have a
    page on the site.
    """
    rendered = partial(render_for_site, language=language, stories=stories)
    entries: list[Entry] = []
    left_out: list[Missing] = []
    refused_folders = archive.refused_folders()
    messages = [f"{one.path} is set aside: {one.why}." for one in refused_folders]
    refused = len(refused_folders)
    for repo, series in archive.series():
        found = archive.listing(repo, series, since=NEVER)
        messages += found.messages(zone)
        refused += len(found.refused)
        damaged = {one.window for one in found.refused if one.window} - {*found.windows, *found.unfinished}
        for window in found.windows:
            try:
                entries.append(_entry(archive, Place(repo, series, window), rendered, on_report))
            # One broken page would stop Jekyll's build of the whole site.
            except (DocumentError, PageError) as error:
                messages.append(f"left out: {error.problem}")
                damaged.add(window)
        left_out += (Missing(repo, series, window, MissingCause.SET_ASIDE) for window in found.unfinished)
        left_out += (Missing(repo, series, window, MissingCause.DAMAGED) for window in sorted(damaged))
    archive.save_cache()
    for message in messages:
        log.warning("%s", message)
    return ReportIndex(tuple(sorted(entries, key=_order)), tuple(left_out), refused)


def _order(entry: Entry) -> tuple[datetime, datetime, str, str]:
    return (entry.window.end, entry.window.start, entry.repo, entry.series)


def _entry(archive: Archive, place: Place, rendered: Callable[[Report], str], on_report: OnReport) -> Entry:
    """The entry of a place. Raises DocumentError if the report cannot be read, PageError if its page is
    unsafe."""
    report = archive.load(place)
    page = rendered(report)
    if problem := breakage(page):
        raise PageError(f"{place.page}: {problem}")
    on_report(report, page)
    return _made(report, page, place)


def _made(report: Report, page: str, place: Place) -> Entry:
    digest = report.digest
    shown = {int(number) for number in _NUMBER_ON_PAGE.findall(page)}
    activity = digest.activity
    return Entry(
        place=place.path,
        repo=place.repo,
        series=report.series,
        window=digest.window,
        made_at=report.provenance.made_at,
        focus=digest.focus.name,
        lists=digest.lists,
        threads=tuple(thread.number for thread in digest.threads),
        relevant=tuple(_focus_thread(row, digest.window) for row in digest.relevant(Relevance.YES)),
        discussion=activity.comments + activity.reviews,
        events=tuple(_events(report)),
        repo_url=digest.repo_url,
        named=tuple(_named(report, thread) for thread in digest.threads if thread.number in shown),
        has_gaps=bool(digest.gaps),
    )


def _named(report: Report, thread: ThreadRow) -> NamedThread:
    judgement, focus = thread.judgement, report.digest.focus
    return NamedThread(
        number=thread.number,
        is_pull=thread.is_pull,
        state=thread.state,
        is_relevant=judgement.relevance is Relevance.YES,
        title=clean(thread.title),
        author=clean(thread.author.login),
        labels=tuple(clean(label) for label in thread.labels),
        hardware=judgement.hardware,
        topic=next((one.name for one in focus.topics if one.key == judgement.topic), None),
        said=_said(report.narrative, thread.number),
    )


def _said(narrative: Narrative, number: int) -> Mapping[str, tuple[str, ...]]:
    brief = narrative.brief(number)
    if brief is None:
        return {}
    statements = [one for part in BriefPart for one in brief.statements_of(part)]
    return {
        language: tuple(clean(text) for one in statements if (text := one.text(language)))
        for language in narrative.languages
    }


def _focus_thread(row: ThreadRow, window: TimeWindow) -> FocusThread:
    events = [event for event in row.events if event.at in window]
    return FocusThread(
        number=row.number,
        title=clean(row.title),
        url=row.url,
        author=row.author.login,
        hardware=row.judgement.hardware,
        labels=row.labels,
        gain=row.gain,
        times=tuple(event.at for event in events),
        changes=tuple(
            (event.kind, event.id, event.at, event.login) for event in events if event.kind in _CHANGES
        ),
    )


def _events(report: Report) -> Iterator[ListEvent]:
    threads = {thread.number: thread for thread in report.digest.threads}
    for name, numbers in report.digest.lists.items().items():
        for number in numbers:
            if (at := LISTS[name](threads[number])) is not None:
                yield ListEvent(name, number, at)
