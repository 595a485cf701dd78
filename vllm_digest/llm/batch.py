"""Write questions as a file for OpenAI's Batch API, and read the file of answers.

Format: https://platform.openai.com/docs/guides/batch; `vllm run-batch` uses the same. A request's `custom_id`
is its key in the cache of answers, so any later run can use the answer.
"""

import json
import logging
import re
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vllm_digest.errors import DocumentError
from vllm_digest.llm.body import parsed
from vllm_digest.llm.cache import AnswerCache, key_of
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.llm.failures import CallError, InterruptedAnswerError, failure_of
from vllm_digest.llm.replies import read_answer, writable
from vllm_digest.llm.server import Server
from vllm_digest.model_protocol import Model, ModelError, ModelUnavailableError, Question, Usage

log = logging.getLogger(__name__)

_ENDPOINT = "/v1/chat/completions"
_GOING = {"validating", "in_progress", "finalizing"}
"""Statuses of a batch that has not ended; unknown ones count as ended, so that nobody waits for ever."""
_TIMEOUT = 600.0
"""Seconds for one upload or download."""


def request_line(model: str, question: Question, capabilities: ServerCapabilities) -> bytes:
    """The line of a batch file for a question: JSON in UTF-8 with a newline."""
    question = writable(question)
    body = capabilities.request(model, question, question.answer_tokens)
    request = {"custom_id": key_of(model, question), "method": "POST", "url": _ENDPOINT, "body": body}
    return (json.dumps(request, ensure_ascii=False) + "\n").encode()


def kept_answer(model: str, question: Question, answers: AnswerCache) -> Mapping[str, Any] | None:
    """The model's cached answer; None without one."""
    return answers.get(key_of(model, writable(question)))


class BatchAnswers:
    """Answers in the output files of a batch, by cache key. Files are indexed; answers are read on demand.

    Raises DocumentError if a file cannot be read or is not an output file of a batch.
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._places: dict[str, tuple[Path, int]] = {}
        for path in paths:
            self._index(path)

    def __len__(self) -> int:
        return len(self._places)

    def answer(self, key: str, question: Question) -> Mapping[str, Any] | None:
        """The JSON object of an answer; None if the batch has none for the key or it is incomplete."""
        if key not in self._places:
            return None
        try:
            return read_answer(self._document(key), question.schema, question.answer_tokens)
        except (CallError, ModelError) as error:
            log.info("%s: no usable answer in the batch (%s)", question.name, error)
            return None

    def _index(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                place = 0
                for line in file:
                    if line.strip():
                        self._places[_row(line)["custom_id"]] = (path, place)
                    place += len(line)
        except OSError as error:
            raise DocumentError(f"{path} cannot be read: {error.strerror}.") from None
        except (ValueError, KeyError, TypeError):
            raise DocumentError(
                f"{path} is not an output file of a batch.", "Give the file that `vllm run-batch -o` wrote."
            ) from None

    def _document(self, key: str) -> Any:
        """The response body of a request. Raises a CallError or ModelError if the request failed."""
        path, place = self._places[key]
        with path.open("rb") as file:
            file.seek(place)
            row = _row(file.readline())
        response = row.get("response")
        if not isinstance(response, dict) or row.get("error"):
            raise InterruptedAnswerError("a line that failed")
        status = response.get("status_code")
        if status != 200:
            raise failure_of(status if isinstance(status, int) else 500, {}, response.get("body"))
        return response.get("body")


class CollectingModel:
    """A model that answers from a batch and stores these answers in the cache.

    `live`: the model that answers the remaining questions; None without one.
    """

    def __init__(
        self, name: str, answers: AnswerCache, batch_answers: BatchAnswers, live: Model | None
    ) -> None:
        self.name = name
        self._answers = answers
        self._batch_answers = batch_answers
        self._live = live
        self._taken = 0
        self._lock = threading.Lock()

    @property
    def concurrency(self) -> int:
        return self._live.concurrency if self._live else 1

    def ask(self, question: Question) -> Mapping[str, Any]:
        question = writable(question)
        model = question.model or self.name
        key = key_of(model, question)
        answer = self._answers.get(key)
        if answer is None and (answer := self._batch_answers.answer(key, question)) is not None:
            self._answers.put(key, model, question.name, answer)
        if answer is not None:
            with self._lock:
                self._taken += 1
            return answer
        if self._live is None:
            raise ModelError("the batch has no answer to this question, and there is no server to ask")
        return self._live.ask(question)

    def usage(self) -> Usage:
        """Usage of the live model; answers from the batch count as cached."""
        live = self._live.usage() if self._live else Usage()
        return live.counting(Usage(cached_answers=self._taken))


def submit(server: Server, path: Path) -> str:
    """Upload a file of requests and start a batch; returns the batch's id.

    Raises ModelUnavailableError if the server does not accept it.
    """
    try:
        batch = server.transport.begin_batch(path.read_bytes(), _TIMEOUT)
        return _name(batch["id"])
    except (CallError, KeyError, TypeError) as error:
        raise ModelUnavailableError(f"it took no batch: {error}") from None


def state(server: Server, name: str) -> tuple[str, tuple[str, ...]]:
    """The status of a batch (empty once it has ended) and the ids of its output files.

    Raises ModelUnavailableError if the server does not return them.
    """
    try:
        batch = server.transport.batch(name, server.settings.timeout)
        status = str(batch["status"])
        files = (batch.get("output_file_id"), batch.get("error_file_id"))
        names = tuple(_name(file) for file in files if file)
    except (CallError, KeyError, TypeError) as error:
        raise ModelUnavailableError(f"it does not tell of the batch {name}: {error}") from None
    return status if status in _GOING else "", names


def answers(server: Server, file: str) -> bytes:
    """The content of an output file. Raises ModelUnavailableError if the server does not return it."""
    try:
        content: Any = server.transport.file(file, _TIMEOUT)
    except CallError as error:
        raise ModelUnavailableError(f"it does not give the file {file}: {error}") from None
    return bytes(content)


def _name(value: object) -> str:
    """An id of a batch or a file from the server, checked because it becomes part of a URL.

    Raises TypeError if it is not a plain id.
    """
    if not isinstance(value, str) or re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", value) is None:
        raise TypeError("not an id")
    return value


def _row(line: bytes) -> dict[str, Any]:
    row: dict[str, Any] = parsed(line)
    return row
