"""Questions → answers of any OpenAI-compatible server; the only room that imports openai.

`connect` makes the Server of a run, `Server.session()` the Model for one window.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vllm_digest.config import LlmSettings
from vllm_digest.llm.budget import TokenBudget
from vllm_digest.llm.cache import Answers
from vllm_digest.llm.faults import InterruptedAnswerError, RefusedError, ThrottledError
from vllm_digest.llm.server import Server
from vllm_digest.model_protocol import ModelError, ModelUnavailableError

if TYPE_CHECKING:
    from vllm_digest.llm.transport import Transport

_KEYLESS = "none"
"""The library wants a key; servers that want none take any."""
_PUBLIC_API = "https://api.openai.com/v1"
_NAMES_SHOWN = 5

__all__ = ["Server", "connect"]


def connect(
    settings: LlmSettings,
    *,
    key: str,
    cache: Path,
    sleep: Callable[[float], None],
    monotonic: Callable[[], float],
) -> Server:
    """The server of the settings, with the only model it has where none is named.

    `key` is empty for a server that wants none, `monotonic` a clock in seconds that only goes forward.
    ModelUnavailableError says what to mend.
    """
    # Importing openai takes half a second, which a run without a model does not have to wait for.
    from vllm_digest.llm.transport import Transport

    if not settings.base_url and not key:
        raise ModelUnavailableError(
            "there is neither a key in OPENAI_API_KEY nor a server in llm.base_url (OPENAI_BASE_URL)"
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelUnavailableError("the key in OPENAI_API_KEY has characters that no key has; copy it again")
    transport = Transport(settings.base_url or _PUBLIC_API, key or _KEYLESS)
    try:
        name = settings.model or _only_model(transport, settings.timeout)
        budget = TokenBudget.of(settings)
    except ModelUnavailableError:
        transport.close()
        raise
    return Server(
        name=name,
        settings=settings,
        transport=transport,
        answers=Answers(cache),
        budget=budget,
        sleep=sleep,
        monotonic=monotonic,
    )


def _only_model(transport: "Transport", seconds: float) -> str:
    """The name of the one model that the server has."""
    try:
        document = transport.models(seconds)
    except ModelUnavailableError:
        raise
    except (ModelError, InterruptedAnswerError, RefusedError, ThrottledError) as error:
        raise ModelUnavailableError(
            f"{transport.base_url} does not say which model it has: {error}"
        ) from None
    rows = document.get("data") if isinstance(document, dict) else None
    names = [str(row["id"]) for row in rows or () if isinstance(row, dict) and row.get("id")]
    if len(names) == 1:
        return names[0]
    known = ", ".join(names[:_NAMES_SHOWN]) + (", …" if len(names) > _NAMES_SHOWN else "")
    raise ModelUnavailableError(
        f"{transport.base_url} has {len(names)} models{f' ({known})' if known else ''}; name one in llm.model"
    )
