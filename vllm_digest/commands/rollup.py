"""`vllm-digest rollup`: a day, a week, a month or any span, made from stored reports."""

import json
from contextlib import ExitStack
from datetime import timedelta

from vllm_digest import pipeline
from vllm_digest.archive import Stored
from vllm_digest.backfill_range import time_range
from vllm_digest.errors import UsageError, counted
from vllm_digest.options import RollupOptions
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.printing import print_product
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime, Setup, resolve
from vllm_digest.stories.rollups import RollUps
from vllm_digest.stories.spans import Span, named_span
from vllm_digest.summary import print_report
from vllm_digest.window import format_length, local_minute, local_window
from vllm_digest.write import by_rules


def rollup(runtime: Runtime, options: RollupOptions) -> None:
    """Make the roll-up that the options name and print its page's path."""
    setup = resolve(runtime, options)
    span = _span(setup, options)
    with ExitStack() as stack:
        writer = stack.enter_context(setup.writer(None))
        context = setup.context(span.series, writer, made_from="archive")
        rollups = _rollups(setup, options.of)
        if options.dry_run:
            print_product(_plan(setup, rollups, span, as_json=options.as_json))
            return
        stack.enter_context(setup.locked(context))
        if not options.force and _is_stored(setup, rollups, span):
            zone = setup.settings.report.timezone
            raise UsageError(
                f"The roll-up of {local_window(span.window, zone)} in series {span.series} is stored.",
                "--force makes it again.",
            )

        def on_stored(report: Report, stored: Stored) -> None:
            print_report(report, stored, context.language, as_json=options.as_json)

        fallbacks = pipeline.store_all(pipeline.roll_up([span], rollups, context), context, on_stored)
    if options.strict:
        pipeline.refuse_fallbacks(fallbacks)


def _rollups(setup: Setup, of: str | None = None) -> RollUps:
    """The repository's roll-ups, made from a series; from that of `report.window` by default."""
    report = setup.settings.report
    series = of or format_length(report.window)
    return RollUps(setup.archive, setup.settings.github.repo, series, report.timezone)


def _span(setup: Setup, options: RollupOptions) -> Span:
    """The span that the options name. Raises UsageError for one that is not over."""
    zone = setup.settings.report.timezone
    between = None
    if options.first or options.last:
        if not (options.first and options.last):
            raise UsageError("--from goes with --to.", "Write --from 2025-12-01 --to 2025-12-03.")
        between = time_range(options.first, options.last, zone, setup.now())
    span = named_span(
        day=options.day,
        week=options.week,
        month=options.month,
        between=between,
        zone=zone,
        now=setup.now(),
    )
    if span.window.end > setup.now():
        raise UsageError(
            f"The span is not over: it ends {local_minute(span.window.end, zone)}.",
            "A roll-up is made of what has happened; take an earlier one.",
        )
    return span


def _is_stored(setup: Setup, rollups: RollUps, span: Span) -> bool:
    return span.window in setup.archive.listing(rollups.repo, span.series).windows


def _plan(setup: Setup, rollups: RollUps, span: Span, *, as_json: bool) -> str:
    """What would be read, asked and made."""
    parts, holes = rollups.parts(span)
    figures = {
        "series": span.series,
        "place": str(Place(rollups.repo, span.series, span.window).path),
        "parts": parts,
        "holes": holes,
        "requests": 0,
        "calls": 0,
    }
    if as_json:
        return json.dumps(figures) + "\n"
    zone = setup.settings.report.timezone
    return (
        f"A roll-up of {counted(parts, 'report')} of series {rollups.of}, "
        f"from {local_minute(span.window.start, zone)} to {local_minute(span.window.end, zone)}; "
        f"missing of it: {counted(holes, 'span')}.\n"
        "GitHub: no requests. Model: no calls; what it told of threads before is used again.\n"
    )


def make_due_rollups(setup: Setup, on_stored: pipeline.OnStored) -> None:
    """Make the roll-ups of `report.rollups` that have become due."""
    report = setup.settings.report
    series = [name for name in report.rollups if ROLL_UPS[name] > report.window + timedelta(hours=2)]
    if not series:
        return
    rollups = _rollups(setup)
    for span in rollups.due(series, report.catch_up):
        context = setup.context(span.series, by_rules, made_from="archive")
        with setup.locked(context):
            pipeline.store_all(pipeline.roll_up([span], rollups, context), context, on_stored)
