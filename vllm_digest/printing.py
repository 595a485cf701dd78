"""The one way to stdout, stderr and the log: secrets masked, and text from outside without effect.

The log cleans every argument (`cleaning.clean_line`) and each line of every message.
"""

import json
import logging
import sys
import threading
import traceback
from types import TracebackType
from typing import TextIO

import click

from vllm_digest.cleaning import clean_line, clean_lines, is_shown, mask_secrets, without_effect
from vllm_digest.errors import DigestError

PROGRAM = "vllm-digest"
_PACKAGE = "vllm_digest"
_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
"""By what `-v` counts; -1 stands for `-q`."""


def print_product(product: str) -> None:
    """Print lines to stdout, in UTF-8 whatever the terminal's locale is, masked and without effect."""
    print_page(without_effect(product))


def print_page(page: str) -> None:
    """Print a page to stdout as it is stored, but for secrets; what acts was removed when it was made."""
    click.echo(mask_secrets(page).encode(errors="replace"), nl=False)


def print_json(value: object) -> None:
    """Print one JSON object on one line to stdout; what acts on a terminal is escaped."""
    text = json.dumps(value, ensure_ascii=False)
    shown = (one if is_shown(one) else json.dumps(one)[1:-1] for one in text)
    print_page("".join(shown) + "\n")


def print_message(message: object) -> None:
    """To stderr, cleaned line by line."""
    click.echo(clean_lines(message), err=True)


def print_error(error: object) -> None:
    """A message that ends the command, with the program's name before it."""
    print_message(f"{PROGRAM}: {error}")


def print_usage_error(error: click.ClickException) -> None:
    """What click found wrong on the command line, as click lays it out."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        print_message(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n")
    print_message(f"Error: {clean_line(error.format_message())}")


def print_on_line(text: str, *, ends: bool = False) -> None:
    """Progress on a terminal: write over the line that stands there; `ends` goes on to the next one."""
    click.echo(f"\r\x1b[K{clean_line(text)}", err=True, nl=ends)


def print_tracebacks_clean() -> None:
    """Clean the tracebacks of bugs as well, in every thread."""
    sys.excepthook = _print_traceback
    threading.excepthook = lambda failed: _print_traceback(
        failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback
    )


def _print_traceback(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    print_message("".join(traceback.format_exception(kind, error, place)).rstrip("\n"))


def configure_logging(verbosity: int) -> None:
    """Send the log to stderr: errors (-1), warnings (0), what is asked and why (1), and each detail (2).

    Of libraries' logs only warnings are shown, and errors alone with -1.
    """
    level = _LEVELS[min(verbosity, max(_LEVELS))]
    handler = _StderrHandler(sys.stderr)
    handler.setFormatter(LogFormatter())
    handler.addFilter(lambda record: record.name.startswith(_PACKAGE) or record.levelno >= logging.WARNING)
    handler.setLevel(level)
    root = logging.getLogger()
    root.handlers[:] = [one for one in root.handlers if not isinstance(one, _StderrHandler)]
    root.addHandler(handler)
    logging.getLogger(_PACKAGE).setLevel(level)


class _StderrHandler(logging.StreamHandler[TextIO]):
    """Ours among the root logger's handlers."""


class LogFormatter(logging.Formatter):
    """A record as `vllm-digest: message`, its arguments on one line each; a traceback below it."""

    def format(self, record: logging.LogRecord) -> str:
        clean = logging.makeLogRecord(record.__dict__)
        if isinstance(record.args, tuple):
            clean.args = tuple(map(_clean_argument, record.args))
        lines = [f"{PROGRAM}: {clean.getMessage()}"]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return clean_lines("\n".join(lines))


def _clean_argument(value: object) -> object:
    """One line, but for numbers, and for errors of ours, whose remedy has lines of its own."""
    return value if isinstance(value, int | float | DigestError) else clean_line(value)
