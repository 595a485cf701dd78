"""`vllm-digest run`: report on a window."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from vllm_digest import pipeline
from vllm_digest.commands.common import github, present, print_product, rules, settings_of, start_talking
from vllm_digest.config import Settings
from vllm_digest.errors import UsageError
from vllm_digest.render import render
from vllm_digest.snapshots import RecordedSource, sample
from vllm_digest.summary import summary
from vllm_digest.window import TimeWindow, floor_to_minute, format_length, named_window, parse_length
from vllm_digest.world import World


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of `run` as they were given; None where they were not."""

    window: str | None
    since: str | None
    until: str | None
    date: str | None
    now: str | None
    repo: str | None
    config: str | None
    output: str | None
    sample: bool
    no_llm: bool
    dry_run: bool
    as_json: bool
    verbose: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class _Task:
    """A window to report on, the series it belongs to, and where its data comes from."""

    window: TimeWindow
    series: str
    source: pipeline.Source
    made_from: str


def run(world: World, options: RunOptions) -> None:
    """Report on a window and store its page; print the page's path."""
    start_talking(options)
    settings = settings_of(
        world,
        options.config,
        {
            "github": {"repo": options.repo},
            "report": {"window": options.window, "output": options.output},
        },
    )
    now = present(world, options.now, settings)
    task = _sample_task(options) if options.sample else _github_task(world, options, settings, now)
    edition = pipeline.Edition(
        series=task.series,
        timezone=settings.report.timezone.key,
        rules=rules(settings),
        made_from=task.made_from,
    )
    report = pipeline.make_report(task.window, task.source, edition, now)
    stored = None if options.dry_run else pipeline.publish(report, settings.report.output)
    if options.as_json:
        print_product(json.dumps(summary(report, stored), ensure_ascii=False) + "\n")
    else:
        print_product(f"{stored.page}\n" if stored else render(report))


def _sample_task(options: RunOptions) -> _Task:
    named = ("window", "since", "until", "date", "repo")
    given = [f"--{name}" for name in named if getattr(options, name) is not None]
    if given:
        raise UsageError(
            f"--sample is one recorded hour of one repository; it cannot stand beside {', '.join(given)}.",
            "Leave one of them out.",
        )
    snapshot = sample()
    window = snapshot.window
    return _Task(window, format_length(window.length), RecordedSource(snapshot), "sample")


def _github_task(world: World, options: RunOptions, settings: Settings, now: datetime) -> _Task:
    usual_length = settings.report.window
    window = named_window(
        since=options.since,
        until=options.until,
        day=options.date,
        length=parse_length(options.window) if options.window else None,
        usual_length=usual_length,
        now=now,
        zone=settings.report.timezone,
    )
    if window is None:
        window, series = TimeWindow.last(usual_length, floor_to_minute(now)), format_length(usual_length)
    elif options.date:
        # A day of 23 or 25 hours is one of the days all the same.
        series = format_length(timedelta(days=1))
    else:
        series = format_length(window.length)
    return _Task(window, series, github(world, settings, options), "github")
