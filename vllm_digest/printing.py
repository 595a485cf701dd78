"""The only module that writes to stdout, stderr and the log: masks secrets and neutralizes untrusted text.

The log cleans every argument (`cleaning.clean_line`) and each line of every message.
"""

import json
import logging
import os
import sys
import threading
import traceback
from types import TracebackType

import click

from vllm_digest.cleaning import clean_line, clean_lines, is_visible, mask_secrets, without_effect
from vllm_digest.errors import DigestError

PROGRAM = "vllm-digest"
_PACKAGE = "vllm_digest"
"""Name of the logger above those of all modules here."""
_LEVELS = {-1: logging.ERROR, 0: logging.WARNING, 1: logging.INFO, 2: logging.DEBUG}
"""Log levels by the number of `-v`; -1 stands for `-q`."""


def print_product(product: str) -> None:
    """Print lines to stdout in UTF-8, whatever the locale: secrets masked, control characters removed."""
    print_page(without_effect(product))


def print_page(page: str) -> None:
    """Print a page to stdout as stored, with secrets masked; it has no control characters."""
    click.echo(mask_secrets(page).encode(errors="replace"), nl=False)


def print_json(value: object) -> None:
    """Print a JSON object on one line to stdout, with control characters escaped."""
    # Bidirectional overrides and C1 controls are allowed in JSON, but a terminal obeys them.
    text = json.dumps(value, ensure_ascii=False)
    shown = (one if is_visible(one) else json.dumps(one)[1:-1] for one in text)
    print_page("".join(shown) + "\n")


def print_check_result(*, passed: bool, said: str, is_colored: bool) -> None:
    """Print the result of a check to stdout: `ok` or `FAIL`, in green or red if `is_colored`, and a text."""
    word = f"{'ok' if passed else 'FAIL':6}"
    shown = click.style(word, fg="green" if passed else "red", bold=True) if is_colored else word
    print_page(f"{shown}{without_effect(said)}\n")


def print_message(message: object) -> None:
    """Print a message to stderr, cleaned line by line."""
    _print_to_stderr(clean_lines(message))


def print_error(error: object) -> None:
    """Print the error that ends a command, prefixed with the program's name."""
    print_message(f"{PROGRAM}: {error}")


def print_usage_error(error: click.ClickException) -> None:
    """Print an error of click about the command line, in click's layout."""
    if isinstance(error, click.UsageError) and error.ctx is not None:
        print_message(f"{error.ctx.get_usage()}\nTry '{error.ctx.command_path} --help' for help.\n")
    print_message(f"Error: {clean_line(error.format_message())}")


def print_on_line(text: str, *, ends: bool = False) -> None:
    """Overwrite the current line of the terminal, for progress. `ends`: start a new line after it."""
    # `\r` moves to the start of the line, ECMA-48's EL (`ESC [ K`) erases to its end.
    _print_to_stderr(f"\r\x1b[K{clean_line(text)}", ends=ends)


def _print_to_stderr(text: str, *, ends: bool = True) -> None:
    """Print to stderr. The run continues if its reader has ended."""
    try:
        click.echo(text, err=True, nl=ends)
    except BrokenPipeError:
        # Else what could not be written would fail once more at the end, with exit code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def print_tracebacks_clean() -> None:
    """Install hooks that print the tracebacks of bugs cleaned, for all threads."""
    sys.excepthook = _print_traceback
    threading.excepthook = lambda failed: _print_traceback(
        failed.exc_type, failed.exc_value or failed.exc_type(), failed.exc_traceback
    )


def _print_traceback(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    print_message("".join(traceback.format_exception(kind, error, place)).rstrip("\n"))


def configure_logging(verbosity: int) -> None:
    """Send the log to stderr. `verbosity`: errors (-1), warnings (0), requests and reasons (1), details (2).

    Libraries log warnings only, and only errors with -1.
    """
    level = _LEVELS[min(verbosity, max(_LEVELS))]
    handler = _StderrHandler()
    handler.setFormatter(LogFormatter())
    handler.addFilter(lambda record: record.name.startswith(_PACKAGE) or record.levelno >= logging.WARNING)
    handler.setLevel(level)
    root = logging.getLogger()
    # A second call, as in tests, must not print each line twice; handlers of others stay.
    root.handlers[:] = [one for one in root.handlers if not isinstance(one, _StderrHandler)]
    root.addHandler(handler)
    logging.getLogger(_PACKAGE).setLevel(level)


class _StderrHandler(logging.Handler):
    """The root logger's handler that is installed here."""

    def emit(self, record: logging.LogRecord) -> None:
        _print_to_stderr(self.format(record))


class LogFormatter(logging.Formatter):
    """Formats a record as `vllm-digest: message`, with cleaned arguments and a traceback below it, if any."""

    def format(self, record: logging.LogRecord) -> str:
        # A copy: other handlers get the record as it was.
        clean = logging.makeLogRecord(record.__dict__)
        if isinstance(record.args, tuple):
            clean.args = tuple(map(_clean_argument, record.args))
        lines = [f"{PROGRAM}: {clean.getMessage()}"]
        if record.exc_info:
            lines.append(self.formatException(record.exc_info))
        return clean_lines("\n".join(lines))


def _clean_argument(value: object) -> object:
    """The argument on one line; numbers and DigestErrors, whose remedy may have several lines, unchanged."""
    return value if isinstance(value, int | float | DigestError) else clean_line(value)
