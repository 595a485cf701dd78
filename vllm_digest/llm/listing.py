"""Find the model to ask in a server's list (`/v1/models`) if the settings name none."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from vllm_digest.llm.calls import WindowCalls
from vllm_digest.llm.failures import (
    CallError,
    InterruptedAnswerError,
    NoAccessError,
    SessionOverError,
    ThrottledError,
)
from vllm_digest.llm.retries import Retries
from vllm_digest.llm.state import ServerState
from vllm_digest.model_protocol import ModelError, ModelUnavailableError

_CONTEXTS = ("max_model_len", "max_context_length", "context_length", "context_window")
"""Fields with the context size in tokens: of vLLM, of Mistral and LM Studio, of OpenRouter, of Groq."""
_OTHER_USES = re.compile(r"embed|rerank|whisper|\btts\b|\bbge-|moderation|dall-e|transcribe", re.IGNORECASE)
"""Names of models that are not chat models; LM Studio always lists an embedding model."""
_NAMES_SHOWN = 8
_LONGEST_NAME = 200
_VERSIONED = re.compile(r"/v\d+\w*/?\Z")


class _Listed(NamedTuple):
    """A model's name and its context size in tokens; None if the list does not state it."""

    name: str
    context: int | None


def find_model(server: ServerState) -> None:
    """Set `server.name` to the only chat model that the server lists.

    Raises ModelUnavailableError if it lists none or several, SessionOverError if it cannot be reached.
    """
    listed = list(_listed(_document(server)))
    chatting = [one for one in listed if not _OTHER_USES.search(one.name)] or listed
    address = server.transport.base_url
    if not chatting:
        raise ModelUnavailableError(
            f"{address} lists no model{_hint(address)}; load one, or name it in llm.model "
            "(VLLM_DIGEST_LLM_MODEL)"
        )
    if len(chatting) > 1:
        names = ", ".join(one.name for one in chatting[:_NAMES_SHOWN])
        more = ", …" if len(chatting) > _NAMES_SHOWN else ""
        raise ModelUnavailableError(
            f"{address} has {len(chatting)} models ({names}{more}); name one in llm.model "
            "(VLLM_DIGEST_LLM_MODEL)"
        )
    server.name = chatting[0].name
    server.capabilities = replace(server.capabilities, context=chatting[0].context)


def _document(server: ServerState) -> Any:
    """The list as the server sends it; retried like a question."""
    address = server.transport.base_url
    window = WindowCalls(server)
    retries = Retries(window, "the list of models")
    try:
        while True:
            try:
                return server.transport.models(min(server.settings.timeout, window.checked_time_left()))
            except ThrottledError as error:
                retries.throttled(error)
            except InterruptedAnswerError as error:
                retries.lost(error)
    except SessionOverError:
        raise
    except NoAccessError as error:
        raise ModelUnavailableError(f"{error}{_hint(address)}") from None
    except ModelUnavailableError:
        raise
    except (CallError, ModelError) as error:
        kind = ModelUnavailableError if isinstance(error, CallError) else SessionOverError
        raise kind(f"{address} does not say which model it has: {error}{_hint(address)}") from None


def _listed(document: Any) -> Iterator[_Listed]:
    rows = document.get("data") if isinstance(document, Mapping) else document
    for row in rows if isinstance(rows, list) else ():
        name = row.get("id") if isinstance(row, Mapping) else None
        if isinstance(name, str) and name.isprintable() and 0 < len(name) <= _LONGEST_NAME:
            sizes = (row.get(field) for field in _CONTEXTS)
            yield _Listed(name, next((size for size in sizes if type(size) is int and size > 0), None))


def _hint(address: str) -> str:
    """A hint for an address that probably lacks `/v1`; else empty."""
    return "" if _VERSIONED.search(address) else f"; try llm.base_url: {address.rstrip('/')}/v1"
