"""The cache of answers on disk: one file per answer, named by a hash of the question."""

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vllm_digest.errors import StorageError
from vllm_digest.files import write_together
from vllm_digest.llm.body import parsed
from vllm_digest.model_protocol import Question

log = logging.getLogger(__name__)

_FORM = "vllm-digest/answer/1"


def key_of(model: str, question: Question) -> str:
    """A question's key in the cache: a hash of the model, the messages and the schema."""
    asked = {
        "form": _FORM,
        "model": model,
        "messages": [[message.role.value, message.text] for message in question.messages],
        "schema": question.schema,
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class AnswerCache:
    """The answers in `folder`; without a folder nothing is stored.

    Never raises for a file: an answer that cannot be read counts as missing, and one that cannot be written
    causes a single warning.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._warned = False
        self._lock = threading.Lock()

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The answer under a key; None without one."""
        if self._folder is None:
            return None
        try:
            document = parsed(self._path(self._folder, key).read_bytes())
        except (OSError, ValueError):
            return None
        if not isinstance(document, dict) or document.get("form") != _FORM:
            return None
        answer = document.get("answer")
        return answer if isinstance(answer, dict) else None

    def put(self, key: str, model: str, question: str, answer: Mapping[str, Any]) -> None:
        """Store an answer; the names of the model and the question are for people who read the file."""
        if self._folder is None:
            self._warn("there is no folder for a cache; set llm.cache or HOME")
            return
        document = {"form": _FORM, "model": model, "question": question, "answer": answer}
        content = (json.dumps(document, ensure_ascii=False) + "\n").encode()
        try:
            write_together({self._path(self._folder, key): content})
        except StorageError as error:
            self._warn(error.problem)
        except OSError as error:
            self._warn(str(error.strerror))

    def _path(self, folder: Path, key: str) -> Path:
        return folder / key[:2] / f"{key}.json"

    def _warn(self, problem: str) -> None:
        with self._lock:  # several threads find the same problem at once
            is_first, self._warned = not self._warned, True
        if is_first:
            log.warning("answers are not kept: %s", problem)
