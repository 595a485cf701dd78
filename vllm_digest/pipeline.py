"""The whole run in one screen: a window is fetched, judged, written about, rendered and stored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from vllm_digest import __version__
from vllm_digest.archive import Stored, set_aside, store
from vllm_digest.classify import Rules, classify
from vllm_digest.digest import make_digest
from vllm_digest.errors import PageError
from vllm_digest.languages import LANGUAGES
from vllm_digest.models import Snapshot
from vllm_digest.narrative import Narrative
from vllm_digest.pagecheck import find_problem
from vllm_digest.render import render
from vllm_digest.report import Digest, Provenance, Report
from vllm_digest.sections import outline

Writer = Callable[[Snapshot, Digest], Narrative]
"""Who writes about a window; it never fails."""


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What all reports of a run have in common; `made_from` is `github` or `sample`."""

    repo: str
    series: str
    timezone: str
    rules: Rules
    writer: Writer
    made_from: str


def make_report(snapshot: Snapshot, context: ReportContext, now: datetime) -> Report:
    """The report of the window that was fetched."""
    digest = make_digest(classify(snapshot, context.rules), context.rules.digest)
    return Report(
        series=context.series,
        timezone=context.timezone,
        digest=digest,
        narrative=context.writer(snapshot, digest),
        provenance=Provenance(
            made_at=now,
            made_from=context.made_from,
            fetched_at=snapshot.fetched_at,
            requests=snapshot.requests,
            points=snapshot.points,
            version=__version__,
        ),
        asked_as="" if context.repo == snapshot.repo else context.repo,
    )


def publish(finished: Report, root: Path, language: str = LANGUAGES[0]) -> Stored:
    """Store a report's page in a language and its data below `root`; StorageError when that fails.

    PageError when the page fails its check: then it is set aside, and the data stored without it, so that
    its window is not fetched again and a later run tries the page again.
    """
    page = render(finished, language)
    if why := find_problem(page, outline(finished.digest, language)):
        aside = set_aside(root, finished, page)
        raise PageError(f"{finished.place}.md failed its own check: {why}", f"It was set aside: {aside}")
    return store(root, finished, page)
