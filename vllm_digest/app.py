"""What the commands do: the options, the settings and the world become values for the pipeline."""

import json
import logging
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import click

from vllm_digest import archive, pipeline
from vllm_digest.classify import Rules
from vllm_digest.config import Settings, load
from vllm_digest.errors import UsageError
from vllm_digest.fetch import GitHubSource
from vllm_digest.render import render as render_page
from vllm_digest.snapshots import RecordedSource, sample
from vllm_digest.summary import summary
from vllm_digest.window import (
    TimeWindow,
    floor_to_minute,
    format_length,
    named_window,
    parse_length,
    parse_moment,
)
from vllm_digest.world import World


class TalkOptions(Protocol):
    """How much to say on stderr."""

    @property
    def verbose(self) -> bool: ...
    @property
    def quiet(self) -> bool: ...


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
class RenderOptions:
    data: str
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
    """Report on a window."""
    _start_talking(options)
    settings = load(
        file=Path(options.config) if options.config else None,
        environ=world.environ,
        flags={
            "github": {"repo": options.repo},
            "report": {"window": options.window, "output": options.output},
        },
    )
    now = parse_moment(options.now, settings.report.timezone) if options.now else world.clock()
    task = _sample_task(options) if options.sample else _github_task(world, options, settings, now)
    edition = pipeline.Edition(
        series=task.series,
        timezone=settings.report.timezone.key,
        rules=_rules(settings),
        made_from=task.made_from,
    )
    report = pipeline.make_report(task.window, task.source, edition, now)
    stored = None if options.dry_run else pipeline.publish(report, settings.report.output)
    if options.as_json:
        _print(json.dumps(summary(report, stored), ensure_ascii=False) + "\n")
    else:
        _print(f"{stored.page}\n" if stored else render_page(report))


def render(_world: World, options: RenderOptions) -> None:
    """Print the page of a data file."""
    _start_talking(options)
    _print(render_page(archive.load(Path(options.data))))


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
    source = GitHubSource(
        repo=settings.github.repo,
        token=world.github_token(settings.github.api_url),
        api_url=settings.github.api_url,
        timeout=timedelta(seconds=settings.github.timeout),
        max_wait=settings.github.max_wait,
        sleep=world.sleep,
        progress=_progress(options),
    )
    return _Task(window, series, source, "github")


def _rules(settings: Settings) -> Rules:
    return Rules(
        project=settings.project,
        focus=settings.focus.compiled(),
        hot_from=settings.heat.threshold,
        bots=frozenset(login.casefold().removesuffix("[bot]") for login in settings.heat.bots),
    )


def _print(product: str) -> None:
    """To stdout, in UTF-8 whatever the terminal's locale is."""
    click.echo(product.encode(), nl=False)


def _start_talking(options: TalkOptions) -> None:
    logger = logging.getLogger("vllm_digest")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("vllm-digest: %(message)s"))
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.ERROR if options.quiet else logging.INFO if options.verbose else logging.WARNING)


def _progress(options: TalkOptions) -> Callable[[int, int], None]:
    """A counter on one line where a person watches, else nothing."""
    if options.quiet or not sys.stderr.isatty():
        return lambda done, total: None  # noqa: ARG005

    def show(done: int, total: int) -> None:
        click.echo(f"\rthreads fetched: {done} of {total} ", err=True, nl=done == total)

    return show
