"""`vllm-digest rollup`: a day, a week, a month or any span, made from stored reports."""

from contextlib import ExitStack
from datetime import timedelta
from math import ceil

from vllm_digest import pipeline
from vllm_digest.archive import Stored
from vllm_digest.backfill_range import time_range
from vllm_digest.errors import UsageError, counted
from vllm_digest.estimate import model_work
from vllm_digest.options import RollupOptions
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.printing import print_json, print_product
from vllm_digest.report import Report
from vllm_digest.rules import writing_rules_of
from vllm_digest.runtime import Runtime, Setup, resolve, source_if_any
from vllm_digest.sources import TEXTS_A_REQUEST
from vllm_digest.stories.rollups import RollUps
from vllm_digest.stories.spans import Span, named_span
from vllm_digest.summary import print_report
from vllm_digest.window import format_length, local_minute, local_window
from vllm_digest.write.selection import Selection


def rollup(runtime: Runtime, options: RollupOptions) -> None:
    """Make the roll-up that the options name, and print the path of its page."""
    setup = resolve(runtime, options)
    span = _span(setup, options)
    rollups = rollups_of(setup, options.of)
    source = source_if_any(setup) if setup.has_model else None
    if options.dry_run:
        _print_plan(setup, rollups, span, can_ask=source is not None, as_json=options.as_json)
        return
    with ExitStack() as stack:
        writer = stack.enter_context(setup.writer(source))
        context = setup.context(span.series, writer, made_from="archive")
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


def rollups_of(setup: Setup, of: str | None = None) -> RollUps:
    """The repository's roll-ups. `of`: the series they are made from; None for that of `report.window`."""
    report = setup.settings.report
    series = of or format_length(report.window)
    return RollUps(setup.archive, setup.settings.github.repo, series, report.timezone)


def _span(setup: Setup, options: RollupOptions) -> Span:
    """The span that the options name. Raises UsageError if it has not ended yet."""
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
            "A roll-up needs a span that has ended; name an earlier one.",
        )
    return span


def _is_stored(setup: Setup, rollups: RollUps, span: Span) -> bool:
    return span.window in setup.archive.listing(rollups.repo, span.series).windows


def _print_plan(setup: Setup, rollups: RollUps, span: Span, *, can_ask: bool, as_json: bool) -> None:
    """Print an estimate of the work. `can_ask`: whether there is a source for the threads' texts."""
    parts, holes = rollups.parts(span)
    report = rollups.report(span, setup.rules.digest)
    texts, calls, tokens = 0, 0.0, 0.0
    if setup.has_model:
        rules = writing_rules_of(setup.settings)
        texts = len(Selection.for_roll_up(rules, report.digest, report.narrative).asked) if can_ask else 0
        calls, tokens = model_work(texts, rules)
    told = len(report.narrative.briefs)
    # One more for the threads outside of the span that the texts name.
    requests = ceil(texts / TEXTS_A_REQUEST) + bool(texts)
    figures = {
        "series": span.series,
        "place": str(Place(rollups.repo, span.series, span.window).path),
        "parts": parts,
        "holes": holes,
        "told": told,
        "texts": texts,
        "requests": requests,
        "calls": ceil(calls),
        "tokens": ceil(tokens),
    }
    if as_json:
        print_json(figures)
        return
    zone = setup.settings.report.timezone
    print_product(
        f"A roll-up of {counted(parts, 'report')} of series {rollups.of}, "
        f"from {local_minute(span.window.start, zone)} to {local_minute(span.window.end, zone)}; "
        f"missing of it: {counted(holes, 'span')}.\n"
        f"What a model told of {counted(told, 'thread')} before still holds.\n"
        f"GitHub: about {counted(requests, 'request')}, for the texts of {counted(texts, 'thread')}.\n"
        f"Model: about {figures['calls']:,} calls, {figures['tokens']:,} tokens.\n"
    )


def make_due_rollups(setup: Setup, writer: pipeline.Writer, on_stored: pipeline.OnStored) -> int:
    """Make the due roll-ups of `report.rollups`.

    Returns the number of parts that rules wrote instead of the model.
    """
    rollups = rollups_of(setup)
    fallbacks = 0
    for span in rollups.due(series_made(setup), setup.settings.report.catch_up):
        context = setup.context(span.series, writer, made_from="archive")
        with setup.locked(context):
            fallbacks += pipeline.store_all(pipeline.roll_up([span], rollups, context), context, on_stored)
    return fallbacks


def series_made(setup: Setup) -> list[str]:
    """The series of `report.rollups` whose spans are longer than the windows that they are made from."""
    report = setup.settings.report
    # `ROLL_UPS` has two hours more than the spans, for days on which clocks change.
    return [name for name in report.rollups if ROLL_UPS[name] > report.window + timedelta(hours=2)]
