"""The whole run in one screen: windows are fetched, judged, written about, rendered, checked and stored."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from vllm_digest import __version__
from vllm_digest.archive import Archive, Stored
from vllm_digest.classify import Rules, classify
from vllm_digest.cleaning import mask_in
from vllm_digest.digest import make_digest
from vllm_digest.errors import FallbackError, PageError, SourceError
from vllm_digest.languages import LANGUAGES
from vllm_digest.models import Snapshot
from vllm_digest.narrative import Narrative
from vllm_digest.pagecheck import find_problem
from vllm_digest.render import render
from vllm_digest.report import Digest, Provenance, Report
from vllm_digest.sections import outline
from vllm_digest.sources import OnProgress, Source
from vllm_digest.stories.following import Following
from vllm_digest.stories.rollups import RollUps
from vllm_digest.stories.spans import Span
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)

Writer = Callable[[Snapshot, Digest], Narrative]
"""Who writes about a window; it never fails."""
OnStored = Callable[[Report, Stored], None]
"""Called with each report as soon as it is stored."""


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What all reports of a run have in common.

    repo: OWNER/NAME as it was asked for. series: the windows' usual length, `1h`. language: of the pages.
    archive: where they go. made_from: `github` or `sample`. now: the present, aware UTC.
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
    """Fetch what is due and store a page and data for each window as soon as they are made, oldest first.

    For the holder of the series' lock. What killed runs left unfinished is stored first, and `due` called
    after that. Returns how many parts rules wrote that a model was to write. Raises SourceError in the end
    if windows could not be complete, which stay due; PageError if pages failed their check.
    """

    def new_reports() -> Iterator[Report]:
        for snapshot in fetch(source, due(), on_progress):
            yield context.following.add_to(make_report(snapshot, context))

    return store_all(new_reports(), context, on_stored)


def fetch(source: Source, windows: Sequence[TimeWindow], on_progress: OnProgress) -> Iterator[Snapshot]:
    """Yield what happened in each window. Raises SourceError in the end if some could not be complete."""
    incomplete: list[SourceError] = []

    def on_incomplete(window: TimeWindow, error: SourceError) -> None:
        # Where one window was wanted the error in the end says it.
        log.log(
            logging.WARNING if len(windows) > 1 else logging.INFO,
            "%s is left out. %s",
            *(window.slug, error.problem),
        )
        incomplete.append(error)

    yield from source.sweep(windows, on_incomplete, on_progress)
    if incomplete:
        raise SourceError(
            f"{len(incomplete)} of {len(windows)} windows could not be complete and are not published. "
            f"{incomplete[0].problem}",
            f"{incomplete[0].remedy} The same command tries these again.",
        ) from incomplete[0]


def make_report(snapshot: Snapshot, context: ReportContext) -> Report:
    """Judge what was fetched of a window, and have it written about; no secret of the run gets into it."""
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
    """Make the roll-ups of spans from stored reports, each when it is asked for."""
    for span in spans:
        report = rollups.report(span, context.rules.digest)
        yield context.following.add_to(report)


def store_all(reports: Iterable[Report], context: ReportContext, on_stored: OnStored) -> int:
    """Store reports, those that killed runs left without a page first; see `run`."""
    archive = context.archive
    failures = fallbacks = 0
    found = archive.listing(context.repo, context.series)
    for message in found.messages():
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
    if failures:
        raise PageError.of_several(failures)
    return fallbacks


def publish(report: Report, archive: Archive, language: str = LANGUAGES[0]) -> Stored:
    """Render a page in a language, check and store it with its data. Raises StorageError if that fails.

    Raises PageError if the page fails its check. Then it is set aside and the data is stored without it, so
    that its window is not fetched again and a later run tries the page again.
    """
    page = render(report, language)
    if problem := find_problem(page, outline(report.digest, language)):
        aside = archive.set_aside(report, page)
        raise PageError(f"{report.place}.md failed its own check: {problem}", f"It was set aside: {aside}")
    return archive.store(report, page)


def refuse_fallbacks(fallbacks: int) -> None:
    """What `--strict` does in the end. Raises FallbackError if rules wrote what a model was to write."""
    if fallbacks:
        raise FallbackError(
            f"{fallbacks} parts of the pages were written by rules, not by a model.",
            "All pages are made; the last line of each says why.",
        )
