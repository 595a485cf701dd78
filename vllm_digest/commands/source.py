"""GitHub as `run` and `backfill` ask it; apart from what all commands share, for it takes time to load."""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta

from vllm_digest.commands.common import LoggingOptions
from vllm_digest.config import Settings
from vllm_digest.printing import print_on_line
from vllm_digest.runtime import Runtime
from vllm_digest.sources import OnProgress
from vllm_digest.sources.github import GitHubSource


def github(runtime: Runtime, settings: Settings, clock: Callable[[], datetime]) -> GitHubSource:
    """Return the repository of the settings. Raises UsageError without a token."""
    return GitHubSource(
        repo=settings.github.repo,
        token=runtime.github_token(settings.github.api_url),
        api_url=settings.github.api_url,
        timeout=timedelta(seconds=settings.github.timeout),
        max_wait=settings.github.max_wait,
        clock=clock,
        sleep=runtime.sleep,
    )


def fetch_counter(options: LoggingOptions) -> OnProgress:
    """Return a counter on one line where a person watches, else one that does nothing."""
    if options.quiet or not sys.stderr.isatty():
        return lambda done, total: None  # noqa: ARG005

    def show(done: int, total: int) -> None:
        print_on_line(f"threads fetched: {done} of {total}", ends=done == total)

    return show
