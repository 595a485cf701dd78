"""What all commands share: settings, the present time, and where their words go."""

import logging
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import click

from vllm_digest.config import Settings, load
from vllm_digest.runtime import Runtime
from vllm_digest.window import parse_moment


class LoggingOptions(Protocol):
    """How much to say on stderr."""

    @property
    def verbose(self) -> bool: ...
    @property
    def quiet(self) -> bool: ...


def settings_of(runtime: Runtime, config: str | None, flags: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings of a command; `flags` are by section and key, None where one was not given."""
    return load(file=Path(config) if config else None, environ=runtime.environ, flags=flags)


def present(runtime: Runtime, now: str | None, settings: Settings) -> datetime:
    """The time that a command takes for now: `--now`, else the clock's."""
    return parse_moment(now, settings.report.timezone) if now else runtime.clock()


def print_product(product: str) -> None:
    """To stdout, in UTF-8 whatever the terminal's locale is."""
    click.echo(product.encode(), nl=False)


def configure_logging(options: LoggingOptions) -> None:
    """Send the log to stderr, as much of it as was asked for."""
    logger = logging.getLogger("vllm_digest")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("vllm-digest: %(message)s"))
    logger.handlers[:] = [handler]
    logger.propagate = False
    logger.setLevel(logging.ERROR if options.quiet else logging.INFO if options.verbose else logging.WARNING)
