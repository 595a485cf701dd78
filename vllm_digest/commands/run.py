"""`vllm-digest run`: report on a window, or on all that are due."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from vllm_digest import archive, pipeline
from vllm_digest.commands.common import configure_logging, present, settings_of
from vllm_digest.commands.publishing import print_report, publish_all, refuse_fallbacks, report_context_of
from vllm_digest.commands.source import fetch_counter, github
from vllm_digest.commands.writing import writing
from vllm_digest.config import Settings
from vllm_digest.errors import SourceError, UsageError
from vllm_digest.models import Snapshot
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime
from vllm_digest.schedule import Plan, plan
from vllm_digest.snapshots import sample
from vllm_digest.sources import Source
from vllm_digest.window import TimeWindow, floor_to_minute, format_length, named_window, parse_length

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of `run` as they were given; None where they were not."""

    window: str | None
    since: str | None
    until: str | None
    date: str | None
    exact: bool
    now: str | None
    wait: str | None
    repo: str | None
    config: str | None
    output: str | None
    sample: bool
    no_llm: bool
    max_cost: str | None
    strict: bool
    dry_run: bool
    as_json: bool
    verbose: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """How windows are fetched, what their reports have in common, and the one window if it is named."""

    fetch: Callable[[Sequence[TimeWindow]], Iterable[Snapshot]]
    context: pipeline.ReportContext
    window: TimeWindow | None


def run(runtime: Runtime, options: RunOptions) -> None:
    """Report on the windows that are due, each stored and printed as it is done."""
    configure_logging(options)
    settings = settings_of(
        runtime,
        options.config,
        {
            "github": {"repo": options.repo},
            "report": {"window": options.window, "output": options.output},
            "llm": {"max_cost": options.max_cost},
        },
    )
    with writing(runtime, settings, no_llm=options.no_llm) as writer:
        task = (
            _sample_task(options, settings, writer)
            if options.sample
            else _github_task(runtime, options, settings, writer)
        )
        if options.dry_run:
            _preview(runtime, options, settings, task)
        else:
            _publish(runtime, options, settings, task)


def _preview(runtime: Runtime, options: RunOptions, settings: Settings, task: _Task) -> None:
    """Print what is due and store nothing."""
    fallbacks = 0
    for report in _due_reports(runtime, options, settings, task):
        print_report(report, None, as_json=options.as_json)
        fallbacks += len(report.narrative.fallbacks)
    if options.strict:
        refuse_fallbacks(fallbacks)


def _publish(runtime: Runtime, options: RunOptions, settings: Settings, task: _Task) -> None:
    wait = parse_length(options.wait) if options.wait else timedelta()
    context = task.context
    with archive.locked(settings.report.output, context.repo, context.series, wait=wait, sleep=runtime.sleep):
        reports = _due_reports(runtime, options, settings, task)
        publish_all(reports, context, settings, as_json=options.as_json, strict=options.strict)


def _due_reports(runtime: Runtime, options: RunOptions, settings: Settings, task: _Task) -> Iterator[Report]:
    """The reports of the windows that are due, oldest first, each made when it is asked for."""
    now = present(runtime, options.now, settings)
    windows = (task.window,) if task.window else _due_windows(options, settings, task.context, now)
    for snapshot in task.fetch(windows):
        yield pipeline.make_report(snapshot, task.context, now)


def _fetched(source: Source, options: RunOptions, windows: Sequence[TimeWindow]) -> Iterator[Snapshot]:
    """The windows' snapshots; SourceError in the end when some could not be complete, which stay due."""
    lost: list[SourceError] = []

    def on_incomplete(window: TimeWindow, error: SourceError) -> None:
        log.info("%s is left out. %s", window.slug, error.problem)
        lost.append(error)

    yield from source.sweep(windows, on_incomplete, fetch_counter(options))
    if lost:
        raise SourceError(
            f"{len(lost)} of {len(windows)} windows could not be complete and are not published. "
            f"{lost[0].problem}",
            "The next run tries them again.",
        ) from lost[0]


def _due_windows(
    options: RunOptions, settings: Settings, context: pipeline.ReportContext, now: datetime
) -> tuple[TimeWindow, ...]:
    """The windows that join what is stored up to the present."""
    length, end = settings.report.window, floor_to_minute(now - settings.report.settle)
    if options.exact:
        return (TimeWindow.last(length, end),)
    kept = archive.listing(settings.report.output, context.repo, context.series).kept
    due = plan(kept, length, end, settings.report.catch_up)
    _tell(due, context, kept)
    return due.windows


def _tell(due: Plan, context: pipeline.ReportContext, kept: tuple[TimeWindow, ...]) -> None:
    """Say what a reader of the pages alone would not know."""
    if not due.windows:
        reached = max(window.end for window in kept)
        log.warning("%s is up to date: reported until %s", context.repo, f"{reached:%Y-%m-%d %H:%MZ}")
    if len(due.windows) > 1:
        log.warning("%s has %d windows to catch up with", context.repo, len(due.windows))
    if due.left_out is not None:
        start, end = (f"{moment:%Y-%m-%dT%H:%MZ}" for moment in (due.left_out.start, due.left_out.end))
        log.warning(
            "%s was not reported from %s to %s, which is more than report.catch_up; to fill it:\n"
            "vllm-digest backfill --repo %s --from %s --to %s --window %s",
            *(context.repo, start, end, context.repo, start, end, context.series),
        )


def _sample_task(options: RunOptions, settings: Settings, writer: pipeline.Writer) -> _Task:
    named = ("window", "since", "until", "date", "repo")
    given = [f"--{name}" for name in named if getattr(options, name) is not None]
    if given:
        raise UsageError(
            f"--sample is one recorded hour of one repository; it cannot stand beside {', '.join(given)}.",
            "Leave one of them out.",
        )
    snapshot = sample()
    # A series of its own: the hour must not pass for one that was reported.
    context = report_context_of(settings, snapshot.repo, "sample", "sample", writer)
    return _Task(lambda _windows: (snapshot,), context, snapshot.window)


def _github_task(runtime: Runtime, options: RunOptions, settings: Settings, writer: pipeline.Writer) -> _Task:
    usual_length = settings.report.window
    window = named_window(
        since=options.since,
        until=options.until,
        day=options.date,
        length=parse_length(options.window) if options.window else None,
        usual_length=usual_length,
        now=present(runtime, options.now, settings),
        zone=settings.report.timezone,
    )
    if window is not None and options.exact:
        raise UsageError(
            "--exact is the last window; it cannot stand beside --since, --until or --date.",
            "Windows named by those are exact anyway; leave --exact out.",
        )
    # A day of 23 or 25 hours is one of the days all the same.
    length = timedelta(days=1) if options.date else window.length if window else usual_length
    context = report_context_of(settings, settings.github.repo, format_length(length), "github", writer)
    source = github(runtime, settings, lambda: present(runtime, options.now, settings))
    return _Task(partial(_fetched, source, options), context, window)
