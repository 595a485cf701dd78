"""The only handler for unexpected exceptions: a bug in the code around a model must not prevent a page."""

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
    """The result of `work`, or of `otherwise` if `work` raises any Exception.

    The error is logged with its file and line, and with `-vv` its traceback. `what`: names the work in the
    message, such as `asking for brief-30382`. KeyboardInterrupt is not caught.
    """
    try:
        return work()
    # Everything, because models and their servers can send anything: what a bug costs here is only a text.
    except Exception as error:
        log.error(  # noqa: TRY400 - the traceback is logged with -vv only
            "%s failed at %s with %s: %s; rules take over. This is a bug in vllm-digest, please report it",
            what,
            raised_at(error),
            type(error).__name__,
            clean_line(error, 200) or "no message",
        )
        log.debug("traceback", exc_info=error)
        return otherwise()


def raised_at(error: BaseException) -> str:
    """File and line of the innermost frame in this package, such as `llm/server.py:120`."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(_PACKAGE)]
    if not ours:
        return "a place outside vllm-digest"
    return f"{Path(ours[-1].filename).relative_to(_PACKAGE).as_posix()}:{ours[-1].lineno}"
