"""Questions → answers of any OpenAI-compatible server; the only package that imports openai.

`connect` makes the Server of a run, `Server.session()` the Model for one window.
"""

from collections.abc import Callable
from pathlib import Path

from vllm_digest.cleaning import keep_secret
from vllm_digest.config import LlmSettings
from vllm_digest.llm.cache import AnswerCache
from vllm_digest.llm.failures import SessionOverError, TooSlowError
from vllm_digest.llm.listing import find_model
from vllm_digest.llm.server import Server
from vllm_digest.model_protocol import ModelUnavailableError

_KEYLESS = "none"
"""The library wants a key; servers that want none take any."""
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
    """The server of the settings, with the only model it has where none is named.

    `key`: empty for a server that wants none.
    `cache`: the folder of answers; None to keep none.
    `monotonic`: a clock in seconds that only goes forward.
    `may_be_starting`: a server that is not there is waited for, a minute in all.
    Raises ModelUnavailableError with what to mend, and of its kinds SessionOverError if another try may do.
    """
    # Importing openai takes half a second, which a run without a model does not have to wait for.
    from vllm_digest.llm.transport import Transport

    if not settings.base_url and not key:
        raise ModelUnavailableError(
            "there is neither a key in OPENAI_API_KEY nor a server in llm.base_url (OPENAI_BASE_URL)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelUnavailableError("the key in OPENAI_API_KEY has characters that no key has; copy it again")
    keep_secret(key)
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
