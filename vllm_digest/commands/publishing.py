"""What `run` and `backfill` do with reports: each is published and printed as it is made."""

import json
import logging
from collections.abc import Iterable
from itertools import chain

from vllm_digest import archive, pipeline
from vllm_digest.classify import Rules
from vllm_digest.config import Settings
from vllm_digest.errors import FallbackError, PageError
from vllm_digest.printing import print_product
from vllm_digest.render import render
from vllm_digest.report import Report
from vllm_digest.summary import summary

log = logging.getLogger(__name__)


def report_context_of(
    settings: Settings, repo: str, series: str, made_from: str, writer: pipeline.Writer
) -> pipeline.ReportContext:
    """What the reports of a command have in common."""
    return pipeline.ReportContext(
        repo=repo,
        series=series,
        timezone=settings.report.timezone.key,
        rules=rules(settings),
        writer=writer,
        made_from=made_from,
    )


def rules(settings: Settings) -> Rules:
    """What classifying needs of the settings."""
    return Rules(
        project=settings.project,
        focus=settings.focus.compiled(),
        hot_from=settings.heat.threshold,
        bots=frozenset(login.casefold().removesuffix("[bot]") for login in settings.heat.bots),
    )


def publish_all(
    reports: Iterable[Report],
    context: pipeline.ReportContext,
    settings: Settings,
    *,
    as_json: bool,
    strict: bool,
) -> None:
    """Publish what killed runs left unfinished, then the reports; for the holder of the series' lock.

    A page that fails its check stops nothing else; PageError at the end, or FallbackError if `strict`.
    """
    root = settings.report.output
    failures = fallbacks = 0
    for report in chain(archive.unfinished(root, context.repo, context.series), reports):
        try:
            stored = pipeline.publish(report, root)
        except PageError as error:
            log.warning("%s", error)
            failures += 1
        else:
            print_report(report, stored, as_json=as_json)
        fallbacks += len(report.narrative.fallbacks)
    if failures:
        raise PageError.of_several(failures)
    if strict:
        refuse_fallbacks(fallbacks)


def refuse_fallbacks(fallbacks: int) -> None:
    """What `--strict` does at the end: FallbackError if rules wrote parts of what a model was to write."""
    if fallbacks:
        raise FallbackError(
            f"{fallbacks} parts of the pages were written by rules, not by a model.",
            "All pages are made; the last line of each says why.",
        )


def print_report(report: Report, stored: archive.Stored | None, *, as_json: bool) -> None:
    """The path of its page, or the page itself where it is not stored, or its JSON object."""
    if as_json:
        print_product(json.dumps(summary(report, stored), ensure_ascii=False) + "\n")
    else:
        print_product(f"{stored.page}\n" if stored else render(report))
