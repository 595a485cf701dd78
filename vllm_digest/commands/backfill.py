"""`vllm-digest backfill`: report on past days, fetched in one sweep."""

import logging
from dataclasses import asdict
from datetime import timedelta

from vllm_digest import pipeline
from vllm_digest.archive import Stored
from vllm_digest.backfill_range import BackfillPlan, BackfillRange, backfill_range, describe, plan_backfill
from vllm_digest.errors import SourceError
from vllm_digest.estimate import RESERVE
from vllm_digest.options import BackfillOptions
from vllm_digest.printing import print_json, print_product
from vllm_digest.progress import Progress, print_next_step
from vllm_digest.report import Report
from vllm_digest.rules import writing_rules_of
from vllm_digest.runtime import Runtime, Setup, resolve
from vllm_digest.sources import Source
from vllm_digest.summary import print_report
from vllm_digest.window import local_window

log = logging.getLogger(__name__)


def backfill(runtime: Runtime, options: BackfillOptions) -> None:
    """Report on the windows of a range that are not stored yet; print the pages' paths."""
    setup = resolve(runtime, options)
    wanted = backfill_range(options, setup.settings, setup.now())
    source = backfill_source(setup, options.max_wait)
    with setup.writer(source) as writer:
        context = setup.context(wanted.series, writer)
        if options.dry_run:
            plan = make_plan(setup, wanted, source, force=options.force)
            _print_plan(plan, wanted, as_json=options.as_json)
            return
        with setup.locked(context):
            # Only now, because another run may have stored windows while this one waited for the lock.
            plan = make_plan(setup, wanted, source, force=options.force)
            _tell(plan, wanted)
            fallbacks = _fill(setup, plan, source, context, as_json=options.as_json)
    print_next_step(
        "`vllm-digest status` tells what is stored, `vllm-digest push` publishes it",
        shown=setup.shows_progress,
    )
    if options.strict:
        pipeline.refuse_fallbacks(fallbacks)


def backfill_source(setup: Setup, max_wait: str | None) -> Source:
    """The source, which reserves a share of the rate limit and on a terminal waits for it without a limit."""
    forever = timedelta.max if max_wait is None and setup.shows_progress else None
    return setup.source(max_wait=forever, reserve=RESERVE)


def make_plan(setup: Setup, wanted: BackfillRange, source: Source, *, force: bool) -> BackfillPlan:
    """Plan which windows of the range are to be reported."""
    kept = setup.archive.listing(wanted.repo, wanted.series, since=wanted.span.start).reported
    rules = writing_rules_of(setup.settings) if setup.has_model else None
    return plan_backfill(wanted, kept, source, force=force, rules=rules)


def _tell(plan: BackfillPlan, wanted: BackfillRange) -> None:
    """Log that the backfill will take long, or that there is nothing to do."""
    if plan.estimate.waits:
        for line in describe(plan, wanted).split("\n"):
            log.warning("%s", line)
    if not plan.windows:
        log.warning("%s is stored: nothing to do without --force", local_window(wanted.span, wanted.zone))


def _fill(
    setup: Setup, plan: BackfillPlan, source: Source, context: pipeline.ReportContext, *, as_json: bool
) -> int:
    """Publish the windows of the plan; return the number of parts that rules wrote instead of the model.

    Raises SourceError with the number of published windows if the source fails.
    """
    progress = Progress(
        shown=setup.shows_progress,
        windows=len(plan.windows),
        threads=plan.estimate.rows,
        clock=setup.runtime.clock,
    )

    def on_stored(report: Report, stored: Stored) -> None:
        progress.clear()
        print_report(report, stored, context.language, as_json=as_json)
        progress.windows_done += 1

    try:
        return pipeline.run(source, lambda: plan.windows, context, on_stored, progress.fetched)
    except SourceError as error:
        progress.clear()
        raise SourceError(
            error.problem,
            f"{error.remedy}\n{progress.windows_done} of {len(plan.windows)} windows are published; "
            "the same command continues with the others.",
        ) from error


def _print_plan(plan: BackfillPlan, wanted: BackfillRange, *, as_json: bool) -> None:
    if not as_json:
        print_product(f"{describe(plan, wanted)}\n")
        return
    lengths = {"duration": plan.estimate.duration, "waits": plan.estimate.waits}
    figures = {
        "start": wanted.span.start.isoformat(),
        "end": wanted.span.end.isoformat(),
        "windows": len(plan.windows),
        "stored": plan.stored,
        **asdict(plan.estimate),
        **{name: round(length.total_seconds()) for name, length in lengths.items()},
    }
    print_json(figures)
