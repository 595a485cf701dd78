"""Ask questions of any OpenAI-compatible server; the only package that imports openai.

`connect` makes the `Server` of a run, `Server.session()` the `Model` for one window.
"""

from collections.abc import Callable
from pathlib import Path

from vllm_digest.cleaning import add_secret
from vllm_digest.config import LlmSettings
from vllm_digest.llm.cache import AnswerCache
from vllm_digest.llm.failures import SessionOverError, TooSlowError
from vllm_digest.llm.listing import find_model
from vllm_digest.llm.server import Server
from vllm_digest.model_protocol import ModelUnavailableError

_KEYLESS = "none"
"""Placeholder: the library requires a key; servers without access control ignore it."""
_PUBLIC_API = "https://api.openai.com/v1"

__all__ = ["Server", "SessionOverError", "TooSlowError", "connect"]


def connect(
    settings: LlmSettings,
    *,
    key: str,
    cache: Path | None,
    sleep: Callable[[float], None],
    monotonic: Callable[[], float],
    may_be_starting: bool = True,
) -> Server:
    """Connect to the server of the settings; without a model in the settings, find its only one.

    `key`: API key; empty for a server without access control.
    `cache`: folder of stored answers; None to store none.
    `sleep`: waits for a number of seconds. `monotonic`: a monotonic clock in seconds.
    `may_be_starting`: retry for a minute if the server does not accept a connection.
    Raises ModelUnavailableError with what to correct; its subclass SessionOverError if retrying may help.
    """
    # Importing openai takes half a second; runs without a model do not need it.
    from vllm_digest.llm.transport import Transport

    if not settings.base_url and not key:
        raise ModelUnavailableError(
            "there is neither a key in OPENAI_API_KEY nor a server in llm.base_url (OPENAI_BASE_URL)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelUnavailableError("OPENAI_API_KEY has characters that no key has; copy it again")
    add_secret(key)
    server = Server(
        settings=settings,
        transport=Transport(settings.base_url or _PUBLIC_API, key or _KEYLESS),
        answers=AnswerCache(cache),
        sleep=sleep,
        monotonic=monotonic,
    )
    server.may_be_starting = may_be_starting
    try:
        if not server.name:
            find_model(server)
    except BaseException:
        server.close()
        raise
    return server
