"""Batches at a server that has OpenAI's Batch API."""

from pathlib import Path
from typing import Any

from vllm_digest.asking import ModelUnavailableError
from vllm_digest.llm.faults import InterruptedAnswerError, RefusedError, ThrottledError
from vllm_digest.llm.server import Server

_GOING = {"validating", "in_progress", "finalizing"}
_PATIENCE = 600.0
"""Seconds for a file to go over."""
_FAILURES = (InterruptedAnswerError, RefusedError, ThrottledError)


def submit(server: Server, path: Path) -> str:
    """The name of the batch that the server makes of a file of requests; ModelUnavailableError."""
    try:
        batch = server.transport.begin_batch(path.read_bytes(), _PATIENCE)
        return str(batch["id"])
    except (*_FAILURES, KeyError, TypeError) as error:
        raise ModelUnavailableError(f"it took no batch: {error}") from None


def state(server: Server, name: str) -> tuple[str, tuple[str, ...]]:
    """How far a batch is, empty when it has ended, and the files of its answers; ModelUnavailableError."""
    try:
        batch = server.transport.batch(name, server.settings.timeout)
        status = str(batch["status"])
        files = (batch.get("output_file_id"), batch.get("error_file_id"))
    except (*_FAILURES, KeyError, TypeError) as error:
        raise ModelUnavailableError(f"it does not tell of the batch {name}: {error}") from None
    return status if status in _GOING else "", tuple(str(file) for file in files if file)


def answers(server: Server, file: str) -> bytes:
    """A file of answers; ModelUnavailableError."""
    try:
        content: Any = server.transport.file(file, _PATIENCE)
    except _FAILURES as error:
        raise ModelUnavailableError(f"it does not give the file {file}: {error}") from None
    return bytes(content)
