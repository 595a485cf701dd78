"""The one place that catches whatever fails: a model, or a bug in what reads it, never costs a page."""

import logging
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from vllm_digest.cleaning import clean_line

log = logging.getLogger(__name__)

_PACKAGE = Path(__file__).parent

T = TypeVar("T")


def contained(what: str, work: Callable[[], T], otherwise: Callable[[], T]) -> T:
    """What `work` gives, or what `otherwise` gives if it raises anything that nobody foresaw.

    The failure is logged with its place; with `-vv` its traceback, too. `what` names the work in the message,
    such as `what the model writes about 20251210T1042Z`. A key press (KeyboardInterrupt) passes.
    """
    try:
        return work()
    except Exception as error:
        log.error(  # noqa: TRY400 - the traceback is for those who ask for details
            "%s failed at %s with %s: %s; rules take over. This is a bug in vllm-digest, please report it",
            what,
            place_of(error),
            type(error).__name__,
            clean_line(error, 200) or "no message",
        )
        log.debug("where it failed", exc_info=error)
        return otherwise()


def place_of(error: BaseException) -> str:
    """The last line of ours that an exception passed, as `llm/server.py:120`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    if not ours:
        return "a place outside of vllm-digest"
    return f"{Path(ours[-1].filename).relative_to(_PACKAGE).as_posix()}:{ours[-1].lineno}"
