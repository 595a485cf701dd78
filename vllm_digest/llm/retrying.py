"""One question: the calls it takes until it has its answer or cannot have one."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from vllm_digest.llm.budget import Tokens
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.llm.faults import (
    CutAnswerError,
    InterruptedAnswerError,
    RefusedError,
    ThrottledError,
    UnreadableAnswerError,
)
from vllm_digest.llm.replies import read_answer
from vllm_digest.model_protocol import ModelError, Question

if TYPE_CHECKING:
    from vllm_digest.llm.server import ModelSession

log = logging.getLogger(__name__)

_TRIES = 3
"""How often a question is asked whose answer is lost on the way."""
_READINGS = 2
"""How often a question is asked whose answer is no JSON."""
_BACKOFF, _LONGEST_BACKOFF = 1.0, 30.0
"""Seconds before a second try; doubled for each further one."""
_MORE_ROOM = 4
_MOST_CHANGES = 8


class RetryingRequest:
    """The state of a question between its calls."""

    def __init__(self, session: "ModelSession", question: Question) -> None:
        self._session = session
        self._question = question
        self._room = question.answer_tokens
        self._guess: ServerCapabilities | None = None
        """A way of asking that no refusal named, tried for this question alone until it proves right."""
        self._calls = self._losses = self._unreadable = self._changes = 0
        self._backoff = _BACKOFF

    def answer(self) -> Mapping[str, Any]:
        """The object answered; ModelError when there is none to be had."""
        while True:
            try:
                return self._once()
            except ThrottledError as error:
                log.info("%s: the model server asks for a pause", self._question.name)
                self._pause(error.wait)
            except InterruptedAnswerError as error:
                self._lost(error)
            except UnreadableAnswerError as error:
                self._unreadable += 1
                if self._unreadable == _READINGS:
                    raise ModelError(str(error)) from None
            except RefusedError as error:
                self._change(error)
            except CutAnswerError:
                self._widen()

    def _once(self) -> Mapping[str, Any]:
        server = self._session.server
        capabilities = self._guess or server.capabilities
        self._used = capabilities
        self._room = min(max(self._room, capabilities.least_room), self._most_room(capabilities))
        request = capabilities.request(server.name, self._question, self._room)
        most = Tokens(estimate(request), self._room)
        again = self._calls > 0
        self._calls += 1
        document = self._session.call(request, most, again=again)
        answer = read_answer(document, self._question.schema, self._room)
        learnt = self._guess or server.capabilities
        if self._room > max(self._question.answer_tokens, learnt.least_room):
            learnt = replace(learnt, least_room=self._room)
        server.capabilities = learnt
        return answer

    def _pause(self, wait: float | None) -> None:
        if wait is None:
            wait = self._backoff
            self._backoff = min(self._backoff * 2, _LONGEST_BACKOFF)
        self._session.pause(wait)

    def _lost(self, error: InterruptedAnswerError) -> None:
        self._losses += 1
        log.info("%s: %s", self._question.name, error)
        if self._losses == _TRIES:
            self._session.lose(str(error))
            raise ModelError(f"no answer {_TRIES} times: {error}")
        self._pause(error.wait)

    def _change(self, refusal: RefusedError) -> None:
        """Ask in another way, which the whole run remembers."""
        self._changes += 1
        named = self._used.after(refusal.words)
        if self._changes > _MOST_CHANGES:
            raise ModelError(f"the model server refuses the question ({refusal})")
        server = self._session.server
        if named and self._guess is None:
            if server.capabilities == self._used:
                server.capabilities = named
                log.info("the model server refuses a part of the request (%s)", refusal)
            return
        self._guess = named or self._used.plainer()
        if self._guess is None:
            raise ModelError(f"the model server refuses the question ({refusal})")

    def _widen(self) -> None:
        """Give the answer more room, as far as the server and the settings go."""
        if self._room >= self._most_room(self._used):
            raise ModelError(f"the answer is longer than {self._room} tokens")
        self._room = min(self._room * _MORE_ROOM, self._most_room(self._used))

    def _most_room(self, capabilities: ServerCapabilities) -> int:
        most = max(self._session.server.settings.max_answer_tokens, self._question.answer_tokens)
        return min(most, capabilities.most_room or most)


def estimate(request: Mapping[str, Any]) -> int:
    """Tokens of a prompt, on the safe side: three bytes each."""
    return sum(len(message["content"].encode()) for message in request["messages"]) // 3
