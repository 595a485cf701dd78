"""The steps of a run: fetch windows, classify, write, render, check and store."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Protocol
from zoneinfo import ZoneInfo

from vllm_digest import __version__
from vllm_digest.archive import Archive, Stored
from vllm_digest.classify import Rules, classify
from vllm_digest.cleaning import mask_in
from vllm_digest.digest import make_digest
from vllm_digest.errors import FallbackError, PageError, SourceError, counted
from vllm_digest.languages import LANGUAGES
from vllm_digest.models import Snapshot
from vllm_digest.narrative import Narrative
from vllm_digest.report import Digest, Provenance, Report
from vllm_digest.sources import OnProgress, Source
from vllm_digest.stories.following import Following
from vllm_digest.stories.rollups import RollUps
from vllm_digest.stories.spans import Span
from vllm_digest.window import TimeWindow, local_window, parse_zone

log = logging.getLogger(__name__)


class Writer(Protocol):
    """Makes narratives. Never raises for a failure of a model."""

    def __call__(self, snapshot: Snapshot, digest: Digest, /) -> Narrative:
        """Return the narrative of a fetched window."""

    def roll_up(self, digest: Digest, earlier: Narrative, /) -> Narrative:
        """Return the narrative of a roll-up. `earlier`: that of its parts, as far as it still holds."""


OnStored = Callable[[Report, Stored], None]
"""Called with each report as soon as it is stored."""


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What all reports of a run share.

    `repo`: OWNER/NAME as in the settings. `series`: usual length of the windows, such as `1h`.
    `timezone`: IANA name of the zone of times on pages. `language`: code of the stored pages' language.
    `made_from`: as in `Provenance`. `now`: returns the current time, aware UTC.
    `following`: adds the follow-ups of threads that earlier reports listed as worth watching.
    """

    repo: str
    series: str
    timezone: str
    language: str
    archive: Archive
    rules: Rules
    writer: Writer
    made_from: str
    now: Callable[[], datetime]
    following: Following


def run(
    source: Source,
    due: Callable[[], Sequence[TimeWindow]],
    context: ReportContext,
    on_stored: OnStored,
    on_progress: OnProgress,
) -> int:
    """Fetch the due windows; store the page and the data of each as soon as they are made, oldest first.

    The caller must hold the lock of the series. Reports that a killed run left unfinished are stored first;
    `due` is called after that. Returns the number of parts that rules wrote instead of a model.
    Raises SourceError at the end if windows could not be fetched completely (they stay due), PageError if
    pages failed their check.
    """

    def new_reports() -> Iterator[Report]:
        for snapshot in fetch(source, due(), on_progress, parse_zone(context.timezone)):
            yield context.following.add_to(make_report(snapshot, context))

    return store_all(new_reports(), context, on_stored)


def fetch(
    source: Source, windows: Sequence[TimeWindow], on_progress: OnProgress, zone: ZoneInfo
) -> Iterator[Snapshot]:
    """Yield a snapshot of each window. Raises SourceError at the end if some could not be complete.

    `zone`: of the times in messages.
    """
    incomplete: list[SourceError] = []

    def on_incomplete(window: TimeWindow, error: SourceError) -> None:
        # With a single window the error at the end has the same text.
        log.log(
            logging.WARNING if len(windows) > 1 else logging.INFO,
            "%s is left out. %s",
            *(local_window(window, zone), error.problem),
        )
        incomplete.append(error)

    yield from source.sweep(windows, on_incomplete, on_progress)
    if incomplete:
        raise SourceError(
            f"{len(incomplete)} of {len(windows)} windows could not be fetched completely "
            f"and are not published. {incomplete[0].problem}",
            f"{incomplete[0].remedy} The same command tries these again.",
        ) from incomplete[0]


def make_report(snapshot: Snapshot, context: ReportContext) -> Report:
    """Make the report of a snapshot: facts, digest, narrative. Secrets of the run are masked in it."""
    # Before anything is derived: a secret that somebody posted would else be in the facts and the prompts.
    snapshot = mask_in(snapshot)
    digest = make_digest(classify(snapshot, context.rules), context.rules.digest)
    narrative = mask_in(context.writer(snapshot, digest))
    report = Report(
        series=context.series,
        timezone=context.timezone,
        digest=digest,
        narrative=narrative,
        provenance=Provenance(
            made_at=context.now(),
            made_from=context.made_from,
            fetched_at=snapshot.fetched_at,
            requests=snapshot.requests + narrative.requests,
            points=snapshot.points + narrative.points,
            version=__version__,
        ),
        asked_as="" if context.repo == snapshot.repo else context.repo,
    )
    return context.archive.redacted(report)


def roll_up(spans: Iterable[Span], rollups: RollUps, context: ReportContext) -> Iterator[Report]:
    """Yield the roll-up of each span, made from stored reports, with its narrative."""
    for span in spans:
        report = rollups.report(span, context.rules.digest)
        narrative = mask_in(context.writer.roll_up(report.digest, report.narrative))
        took = replace(report.provenance, requests=narrative.requests, points=narrative.points)
        report = context.archive.redacted(replace(report, narrative=narrative, provenance=took))
        yield context.following.add_to(report, rollups.of)


def store_all(reports: Iterable[Report], context: ReportContext, on_stored: OnStored) -> int:
    """Store reports, first those that a killed run left without a page; returns and raises as `run`."""
    archive = context.archive
    failures = fallbacks = 0
    found = archive.listing(context.repo, context.series)
    for message in found.messages(parse_zone(context.timezone)):
        log.warning("%s", message)
    for report in chain(archive.unfinished(found), reports):
        fallbacks += len(report.narrative.fallbacks)
        try:
            stored = publish(report, archive, context.language)
        except PageError as error:
            log.warning("%s", error)
            failures += 1
        else:
            on_stored(report, stored)
    # Raised at the end: one bad page does not stop the others.
    if failures:
        raise PageError.of_several(failures)
    return fallbacks


def publish(report: Report, archive: Archive, language: str = LANGUAGES[0]) -> Stored:
    """Render the page of a report, check it, and store it with the data.

    Raises StorageError if they cannot be written. Raises PageError if the page fails its check: then it is
    set aside and the data is stored without it, so that a later run makes the page without fetching.
    """
    # Imported here, so that a run sends its first request before it loads the templates.
    from vllm_digest.pagecheck import find_problem
    from vllm_digest.render import render
    from vllm_digest.sections import outline

    page = render(report, language)
    if problem := find_problem(page, outline(report.digest, language)):
        aside = archive.set_aside(report, page)
        raise PageError(f"{report.place}.md failed its own check: {problem}", f"It was set aside: {aside}")
    return archive.store(report, page)


def refuse_fallbacks(fallbacks: int) -> None:
    """For `--strict`. Raises FallbackError if rules wrote parts instead of a model."""
    if fallbacks:
        raise FallbackError(
            f"By rules and not by a model: {counted(fallbacks, 'part')} of the pages.",
            "All pages are made; the last line of each says why.",
        )
