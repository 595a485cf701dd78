"""`vllm-digest run`: report on a window, or on all that are due."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from vllm_digest import pipeline
from vllm_digest.archive import Stored, command_for
from vllm_digest.commands.rollup import make_due_rollups
from vllm_digest.errors import UsageError, counted
from vllm_digest.options import RunOptions
from vllm_digest.progress import fetch_counter, print_next_step
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime, Setup, resolve
from vllm_digest.schedule import Plan, plan
from vllm_digest.snapshots import RecordedSource, sample
from vllm_digest.sources import Source
from vllm_digest.summary import print_report
from vllm_digest.window import (
    TimeWindow,
    WindowOptions,
    floor_to_minute,
    format_length,
    local_minute,
    named_window,
    parse_length,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The request of the options. `window`: the named window, or None; other fields as in `ReportContext`."""

    source: Source
    series: str
    window: TimeWindow | None
    repo: str = ""
    made_from: str = "github"


@dataclass(frozen=True, slots=True)
class _Task:
    """The source, the context of the reports, and the named window; None for all due windows."""

    source: Source
    context: pipeline.ReportContext
    window: TimeWindow | None


def run(runtime: Runtime, options: RunOptions) -> None:
    """Report on the due windows; store each report and print its path as soon as it is made."""
    setup = resolve(runtime, options)
    wanted = _sample(options) if options.sample else _windows_of_github(setup, options)
    with setup.writer(wanted.source) as writer:
        context = setup.context(wanted.series, writer, repo=wanted.repo, made_from=wanted.made_from)
        task = _Task(wanted.source, context, wanted.window)
        fallbacks = _preview(setup, options, task) if options.dry_run else _store(setup, options, task)
    if options.strict:
        pipeline.refuse_fallbacks(fallbacks)


def _preview(setup: Setup, options: RunOptions, task: _Task) -> int:
    """Print the pages of the due windows without storing them; return the number of fallbacks."""
    fallbacks = 0
    windows = _due_windows(setup, options, task)
    snapshots = pipeline.fetch(
        task.source, windows, fetch_counter(shown=setup.shows_progress), setup.settings.report.timezone
    )
    for snapshot in snapshots:
        report = pipeline.make_report(snapshot, task.context)
        print_report(report, None, task.context.language, as_json=options.as_json)
        fallbacks += len(report.narrative.fallbacks)
    return fallbacks


def _store(setup: Setup, options: RunOptions, task: _Task) -> int:
    def on_stored(report: Report, stored: Stored) -> None:
        print_report(report, stored, task.context.language, as_json=options.as_json)

    due = partial(_due_windows, setup, options, task)
    with setup.locked(task.context):
        counter = fetch_counter(shown=setup.shows_progress)
        fallbacks = pipeline.run(task.source, due, task.context, on_stored, counter)
    if options.sample:
        print_next_step(
            "`vllm-digest doctor` says what a report on GitHub's last hour needs", shown=setup.shows_progress
        )
    else:
        fallbacks += make_due_rollups(setup, task.context.writer, on_stored)
    return fallbacks


def _due_windows(setup: Setup, options: RunOptions, task: _Task) -> tuple[TimeWindow, ...]:
    """The named window, or the windows from the end of the last stored one up to now."""
    if task.window:
        return (task.window,)
    report = setup.settings.report
    # GitHub lists the latest events with a delay.
    end = floor_to_minute(setup.now() - report.settle)
    if options.exact:
        return (TimeWindow.last(report.window, end),)
    # Older files are not read: a run takes the same time in an archive of years.
    oldest = end - report.window - report.catch_up
    kept = setup.archive.listing(task.context.repo, task.context.series, since=oldest).reported
    due = plan(kept, report.window, end, report.catch_up)
    _tell(setup, due, task.context, kept)
    return due.windows


def _tell(setup: Setup, due: Plan, context: pipeline.ReportContext, kept: Sequence[TimeWindow]) -> None:
    """Log that nothing is due, that several windows are, or that some are left out."""
    if not due.windows:
        reached = local_minute(max(window.end for window in kept), setup.settings.report.timezone)
        log.warning("%s is up to date: reported until %s", context.repo, reached)
    if len(due.windows) > 1:
        log.warning("%s has %s to catch up with", context.repo, counted(len(due.windows), "window"))
    if due.left_out is not None:
        zone = setup.settings.report.timezone
        log.warning(
            "%s was not reported from %s to %s, which is more than report.catch_up; to fill it:\n%s",
            context.repo,
            *(local_minute(moment, zone) for moment in (due.left_out.start, due.left_out.end)),
            command_for(context.repo, context.series, due.left_out, zone),
        )


def _sample(options: RunOptions) -> _Wanted:
    named = {
        "--window": options.window,
        "--since": options.since,
        "--until": options.until,
        "--date": options.date,
        "--repo": options.repo,
    }
    if given := [name for name, value in named.items() if value is not None]:
        raise UsageError(
            f"--sample is one recorded hour; it cannot be combined with {', '.join(given)}.",
            "Leave one of them out.",
        )
    snapshot = sample()
    # A separate series, so that the sample does not count as a reported hour.
    return _Wanted(RecordedSource(snapshot), "sample", snapshot.window, snapshot.repo, "sample")


def _windows_of_github(setup: Setup, options: RunOptions) -> _Wanted:
    default_length = setup.settings.report.window
    length = parse_length(options.window) if options.window else None
    window = named_window(
        WindowOptions(options.since, options.until, options.date, length),
        default_length=default_length,
        now=setup.now(),
        zone=setup.settings.report.timezone,
    )
    if window is not None and options.exact:
        raise UsageError(
            "--exact is the last window; it cannot be combined with --since, --until or --date.",
            "Windows named by those are exact anyway; leave --exact out.",
        )
    # A day of 23 or 25 hours belongs to the series of days as well.
    series = timedelta(days=1) if options.date else window.length if window else default_length
    return _Wanted(setup.source(), format_length(series), window)
