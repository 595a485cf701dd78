"""GitHub as `run` and `backfill` ask it; apart from what all commands share, for it takes time to load."""

import sys
from collections.abc import Callable
from datetime import timedelta

from vllm_digest.commands.common import LoggingOptions
from vllm_digest.config import Settings
from vllm_digest.printing import print_on_line
from vllm_digest.runtime import Runtime
from vllm_digest.sources.github import GitHubSource


def github(runtime: Runtime, settings: Settings, options: LoggingOptions) -> GitHubSource:
    """The repository of the settings; UsageError without a token."""
    return GitHubSource(
        repo=settings.github.repo,
        token=runtime.github_token(settings.github.api_url),
        api_url=settings.github.api_url,
        timeout=timedelta(seconds=settings.github.timeout),
        max_wait=settings.github.max_wait,
        sleep=runtime.sleep,
        progress=_progress(options),
    )


def _progress(options: LoggingOptions) -> Callable[[int, int], None]:
    """A counter on one line where a person watches, else nothing."""
    if options.quiet or not sys.stderr.isatty():
        return lambda done, total: None  # noqa: ARG005

    def show(done: int, total: int) -> None:
        print_on_line(f"threads fetched: {done} of {total}", ends=done == total)

    return show
