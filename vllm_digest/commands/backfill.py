"""`vllm-digest backfill`: report on past days, swept in one go."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta

from vllm_digest import archive, pipeline
from vllm_digest.backfill_range import backfill_range
from vllm_digest.commands import batch
from vllm_digest.commands.common import configure_logging, present, settings_of
from vllm_digest.commands.publishing import publish_all, report_context_of
from vllm_digest.commands.source import fetch_counter, github
from vllm_digest.commands.writing import writing
from vllm_digest.config import Settings
from vllm_digest.errors import SourceError, UsageError
from vllm_digest.estimate import RESERVE, Estimate, estimate
from vllm_digest.printing import print_product
from vllm_digest.progress import Progress, format_duration
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime
from vllm_digest.schedule import missing, tiles
from vllm_digest.sources import Source
from vllm_digest.sources.github import GitHubSource
from vllm_digest.window import (
    TimeWindow,
    format_length,
    local_minute,
    parse_length,
)
from vllm_digest.write import Limits

log = logging.getLogger(__name__)

_MOST = 20_000
"""Windows in one backfill, over two years of hours; more is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class BackfillOptions:
    """The options of `backfill` as they were given; None where they were not."""

    day: str | None
    first: str | None
    last: str | None
    window: str
    force: bool
    max_wait: str | None
    now: str | None
    wait: str | None
    repo: str | None
    config: str | None
    output: str | None
    no_llm: bool
    max_cost: str | None
    strict: bool
    batch: bool
    collect: bool
    answers: tuple[str, ...]
    dry_run: bool
    as_json: bool
    verbose: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """Windows of `length` in a span, where their data comes from and what their reports have in common."""

    span: TimeWindow
    length: timedelta
    source: Source
    context: pipeline.ReportContext
    settings: Settings
    options: BackfillOptions
    runtime: Runtime

    def now(self) -> datetime:
        return present(self.runtime, self.options.now, self.settings)


@dataclass(frozen=True, slots=True)
class _Plan:
    """The windows to report on, oldest first, how many of the span are stored, and how much work it is."""

    windows: tuple[TimeWindow, ...]
    stored: int
    estimate: Estimate


def backfill(runtime: Runtime, options: BackfillOptions) -> None:
    """Report on the windows of a span that are not stored yet; print the pages' paths."""
    configure_logging(options)
    settings = settings_of(
        runtime,
        options.config,
        {
            "github": {"repo": options.repo, "max_wait": options.max_wait},
            "report": {"output": options.output},
            "llm": {"max_cost": options.max_cost},
        },
    )
    length = parse_length(options.window)
    if (options.batch or options.collect) and options.no_llm:
        raise UsageError("A batch is a model's; it does not go with --no-llm.", "Leave one of them out.")
    if options.answers and not options.collect:
        raise UsageError("--answers goes with --collect.", "Write `backfill --collect --answers FILE`.")
    if options.collect:
        _collect(runtime, options, settings, format_length(length))
        return
    span = backfill_range(options, settings, present(runtime, options.now, settings))
    if span.length > length * _MOST:
        raise UsageError(
            f"That would be more than {_MOST} windows of {format_length(length)}.", "Backfill it in parts."
        )
    with writing(runtime, settings, no_llm=options.no_llm) as writer:
        context = report_context_of(settings, settings.github.repo, format_length(length), "github", writer)
        task = _Task(span, length, _source(runtime, options, settings), context, settings, options, runtime)
        if options.dry_run:
            _print_plan(task, _plan(task))
        else:
            _store(task)


def _store(task: _Task) -> None:
    wait = parse_length(task.options.wait) if task.options.wait else timedelta()
    root, context = task.settings.report.output, task.context
    with archive.locked(root, context.repo, context.series, wait=wait, sleep=task.runtime.sleep):
        if task.options.batch:
            _prepare(task, _plan(task))
        else:
            _fill(task, _plan(task))


def _prepare(task: _Task, plan: _Plan) -> None:
    """Fetch what no earlier `--batch` has fetched, and have a model's requests made of all that waits."""
    pending = archive.Pending.of(task.settings.report.output, task.context.repo, task.context.series)
    lost: list[TimeWindow] = []
    windows = batch.not_waiting(plan.windows, pending)
    snapshots = task.source.sweep(windows, _on_incomplete(lost), fetch_counter(task.options))
    batch.prepare(task.runtime, task.settings, pending, snapshots)
    _refuse_lost(lost, len(plan.windows))


def _collect(runtime: Runtime, options: BackfillOptions, settings: Settings, series: str) -> None:
    """Publish the windows that wait for a batch; NotReadyError while it has no answers."""
    if options.batch or options.day or options.first or options.last or options.force or options.dry_run:
        raise UsageError(
            "--collect takes all windows that wait; it goes with no days, --batch, --force or --dry-run.",
            "Leave them out.",
        )
    root, repo = settings.report.output, settings.github.repo
    pending = archive.Pending.of(root, repo, series)

    def publish(
        writer: pipeline.Writer, reports: Callable[[pipeline.ReportContext], Iterator[Report]]
    ) -> None:
        context = report_context_of(settings, repo, series, "github", writer)
        publish_all(reports(context), context, settings, as_json=options.as_json, strict=options.strict)

    wait = parse_length(options.wait) if options.wait else timedelta()
    with archive.locked(root, repo, series, wait=wait, sleep=runtime.sleep):
        batch.collect(
            runtime,
            settings,
            pending,
            given=options.answers,
            publish=publish,
            clock=lambda: present(runtime, options.now, settings),
        )


def _on_incomplete(lost: list[TimeWindow]) -> Callable[[TimeWindow, SourceError], None]:
    """What is told of a window that cannot be complete: it is put into `lost`."""

    def on_incomplete(window: TimeWindow, error: SourceError) -> None:
        log.warning("%s is left out. %s", window.slug, error.problem)
        lost.append(window)

    return on_incomplete


def _refuse_lost(lost: list[TimeWindow], count: int) -> None:
    if lost:
        raise SourceError(
            f"{len(lost)} of {count} windows could not be complete and are not published.",
            "Run the same command again later: it asks for these alone.",
        )


def _source(runtime: Runtime, options: BackfillOptions, settings: Settings) -> GitHubSource:
    """GitHub, asked with some consideration, and without end to the patience where a person watches."""
    source = replace(
        github(runtime, settings, lambda: present(runtime, options.now, settings)), reserve=RESERVE
    )
    if options.max_wait is None and sys.stderr.isatty():
        return replace(source, max_wait=timedelta.max)
    return source


def _plan(task: _Task) -> _Plan:
    """What is missing, and with `--force` what is stored, too: as it is, so that nothing overlaps."""
    kept = archive.listing(task.settings.report.output, task.context.repo, task.context.series).kept
    stored = [window for window in kept if window.start in task.span]
    wanted = list(missing(tiles(task.span, task.length, task.settings.report.timezone), kept))
    wanted = sorted([*wanted, *stored]) if task.options.force else wanted
    if not wanted:
        return _Plan((), len(stored), Estimate())
    whole = TimeWindow(wanted[0].start, wanted[-1].end)
    extent = task.source.extent(whole)
    windows = tuple(window for window in wanted if window.end > extent.began_at)
    if not windows:
        raise UsageError(
            f"{task.context.repo} was made on {extent.began_at:%Y-%m-%d}; nothing happened there before.",
            "Backfill later days.",
        )
    length = sum((window.length for window in windows), timedelta())
    work = estimate(
        extent, share=length / whole.length, windows=len(windows), limits=_limits_of_a_model(task)
    )
    return _Plan(windows, len(stored), work)


def _limits_of_a_model(task: _Task) -> Limits | None:
    """How much a model will be asked; None where there is none."""
    llm = task.settings.llm
    if task.options.no_llm or not (llm.base_url or task.runtime.model_key):
        return None
    return Limits(llm.threads, llm.thread_tokens, llm.overview_tokens)


def _fill(task: _Task, plan: _Plan) -> None:
    """Publish the windows of the plan; SourceError says how far it came and how it goes on."""
    if plan.estimate.waits:
        for line in _told(task, plan).split("\n"):
            log.warning("%s", line)
    progress = Progress(
        shown=sys.stderr.isatty() and not task.options.quiet,
        windows=len(plan.windows),
        threads=plan.estimate.rows,
        clock=task.runtime.clock,
    )
    lost: list[TimeWindow] = []
    try:
        publish_all(
            _reports(task, plan, progress, lost),
            task.context,
            task.settings,
            as_json=task.options.as_json,
            strict=task.options.strict,
        )
    except SourceError as error:
        progress.clear()
        raise SourceError(
            error.problem,
            f"{error.remedy}\n{progress.windows_done} of {len(plan.windows)} windows are published; "
            "the same command goes on with the others.",
        ) from error
    _refuse_lost(lost, len(plan.windows))
    if not plan.windows:
        log.warning("%s is stored: nothing to do without --force", task.span.slug)


def _reports(task: _Task, plan: _Plan, progress: Progress, lost: list[TimeWindow]) -> Iterator[Report]:
    """The reports of the windows, each made when it is asked for; `lost` takes those that cannot be."""
    for snapshot in task.source.sweep(plan.windows, _on_incomplete(lost), progress.fetched):
        report = pipeline.make_report(snapshot, task.context, task.now())
        progress.clear()
        yield report
        progress.windows_done += 1


def _print_plan(task: _Task, plan: _Plan) -> None:
    if not task.options.as_json:
        print_product(_told(task, plan) + "\n")
        return
    lengths = {"duration": plan.estimate.duration, "waits": plan.estimate.waits}
    figures = {
        "start": task.span.start.isoformat(),
        "end": task.span.end.isoformat(),
        "windows": len(plan.windows),
        "stored": plan.stored,
        **asdict(plan.estimate),
        **{name: round(length.total_seconds()) for name, length in lengths.items()},
    }
    print_product(json.dumps(figures) + "\n")


def _told(task: _Task, plan: _Plan) -> str:
    """The plan as a person reads it."""
    work, zone, span = plan.estimate, task.settings.report.timezone, task.span
    waits = f", {format_duration(work.waits)} of it waiting for the next hours' points" if work.waits else ""
    model = f"about {work.calls:,} calls, {work.tokens:,} tokens" if work.calls else "none"
    return (
        f"{len(plan.windows)} windows of {format_length(task.length)} to report on from "
        f"{local_minute(span.start, zone)} to {local_minute(span.end, zone)}, {plan.stored} stored.\n"
        f"GitHub: about {work.rows:,} rows of lists, {work.requests:,} requests, {work.points:,} points.\n"
        f"Model: {model}.\n"
        f"Time: about {format_duration(work.duration)}{waits}."
    )
