"""What all commands share: settings, the present time, and where their words go."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from vllm_digest import printing
from vllm_digest.config import Settings, load
from vllm_digest.runtime import Runtime
from vllm_digest.window import parse_moment


class LoggingOptions(Protocol):
    """How much to say on stderr."""

    @property
    def verbose(self) -> int: ...
    @property
    def quiet(self) -> bool: ...


def settings_of(runtime: Runtime, config: str | None, flags: Mapping[str, Mapping[str, Any]]) -> Settings:
    """The settings of a command; `flags` are by section and key, None where one was not given."""
    return load(file=Path(config) if config else None, environ=runtime.environ, flags=flags)


def present(runtime: Runtime, now: str | None, settings: Settings) -> datetime:
    """The time that a command takes for now: `--now`, else the clock's."""
    return parse_moment(now, settings.report.timezone) if now else runtime.clock()


def configure_logging(options: LoggingOptions) -> None:
    """Send the log to stderr, as much of it as was asked for."""
    printing.configure_logging(-1 if options.quiet else options.verbose)
