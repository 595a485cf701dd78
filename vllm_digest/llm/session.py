"""The model for one window, as `write` asks it: answers from the cache, else from the server."""

import logging
from collections.abc import Mapping
from typing import Any

from vllm_digest.llm.cache import key_of
from vllm_digest.llm.calls import WindowCalls
from vllm_digest.llm.failures import AccessDeniedError, SessionOverError
from vllm_digest.llm.replies import writable
from vllm_digest.llm.retrying import RetryingRequest
from vllm_digest.llm.state import ServerState
from vllm_digest.model_protocol import ModelUnavailableError, PromptTooLongError, Question, Usage

log = logging.getLogger(__name__)


class ModelSession:
    """A `model_protocol.Model` for one window."""

    def __init__(self, server: ServerState) -> None:
        self._server = server
        self._calls = WindowCalls(server)
        self._too_long: dict[str, PromptTooLongError] = {}

    @property
    def name(self) -> str:
        """The model's name."""
        return self._server.name

    @property
    def concurrency(self) -> int:
        """How many questions may be asked at once at present."""
        return self._server.pacing.limit

    def usage(self) -> Usage:
        """Usage of the questions so far."""
        return self._calls.usage()

    def ask(self, question: Question) -> Mapping[str, Any]:
        """The answer from the cache or the server; errors as in `model_protocol.Model.ask`."""
        asked = writable(question)
        model = asked.model or self.name
        key = key_of(model, asked)
        if (answer := self._server.answers.get(key)) is not None:
            log.info("%s: using the answer of an earlier run", asked.name)
            self._calls.count_cached()
            return answer
        # The caller repeats a prompt that it could not shorten any further.
        if known := self._too_long.get(key) or self._server.closed_models.get(model):
            raise known
        try:
            answer = RetryingRequest(self._calls, asked).answer()
        except PromptTooLongError as error:
            self._too_long[key] = error
            raise
        except SessionOverError as error:
            self._calls.close(error)
            raise
        except AccessDeniedError as error:
            self._server.closed_models[model] = error
            raise
        except ModelUnavailableError as error:
            self._server.closed = self._server.closed or error
            raise
        self._server.answers.put(key, model, asked.name, answer)
        return answer
