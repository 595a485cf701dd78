"""Ask one question: make calls until there is an answer or no further call can help."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vllm_digest.llm.access import confirm_refusal
from vllm_digest.llm.budget import Tokens
from vllm_digest.llm.calls import WindowCalls
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.llm.failures import (
    BrokenRequestError,
    CallError,
    ContextFullError,
    CutAnswerError,
    InterruptedAnswerError,
    NoAccessError,
    RefusedError,
    ThrottledError,
    UnreadableAnswerError,
)
from vllm_digest.llm.replies import read_answer, tokens_used
from vllm_digest.llm.retries import Retries, estimate
from vllm_digest.model_protocol import ModelError, PromptTooLongError, Question

log = logging.getLogger(__name__)

_READINGS = 2
"""Attempts for a question whose answers are not JSON."""
_MORE_ROOM = 4
"""Factor by which the limit of a cut answer grows: reasoning can take several times what the answer does."""
_MOST_CHANGES = 10
"""Changes of a request after refusals; with more, a server that objects to one field each time never ends."""
_LEAST_SHARE = 3
"""With less than 1/3 of the usual answer limit left in the context, the prompt has to be shorter."""


class RetryingRequest:
    """One question with its state between calls. Answer limits ("room") are in tokens."""

    def __init__(self, window: WindowCalls, question: Question) -> None:
        self._window = window
        self._question = question
        self._model = question.model or window.server.name
        self._retries = Retries(window, question.name)
        self._room = question.answer_tokens
        self._guess: ServerCapabilities | None = None
        """A form of request to try for this question; kept for the run once it works."""
        self._calls = self._unreadable = self._changes = self._granted = 0
        self._free: int | None = None
        """Tokens that the context leaves for the answer, by the server's message; None if unknown."""

    def answer(self) -> Mapping[str, Any]:
        """The JSON object of the answer. Raises ModelError if there is none."""
        while True:
            try:
                return self._once()
            except ThrottledError as error:
                self._retries.throttled(error)
            except InterruptedAnswerError as error:
                self._retries.lost(error)
            except UnreadableAnswerError as error:
                self._unreadable += 1
                if self._unreadable == _READINGS:
                    raise ModelError(str(error)) from None
            except NoAccessError as error:
                raise self._refused(error) from None
            except RefusedError as error:
                self._change(error)
            except ContextFullError as error:
                self._fit(error)
            except CutAnswerError as error:
                self._widen(error)

    def _once(self) -> Mapping[str, Any]:
        server = self._window.server
        self._used = self._guess or server.capabilities
        self._granted = server.access_granted[self._model]
        self._room = min(max(self._room, self._used.least_room), self._most_room())
        request = self._used.request(self._model, self._question, self._room)
        most = Tokens(estimate(request), self._room)
        again = self._calls > 0
        self._calls += 1
        document = self._window.call(request, most, self._question, again=again)
        answer = read_answer(document, self._question.schema, self._room)
        log.info("%s: answered with %d tokens", self._question.name, tokens_used(document, most).completion)
        learnt = self._guess or server.capabilities
        if self._room > max(self._question.answer_tokens, learnt.least_room):
            learnt = replace(learnt, least_room=self._room)
        server.capabilities = learnt
        return answer

    def _change(self, refusal: RefusedError) -> None:
        """Choose the form of the next request after a refusal; a form that its message names is kept."""
        self._changes += 1
        broken = isinstance(refusal, BrokenRequestError)
        named = None if broken else self._used.after(refusal.words)
        if self._changes > _MOST_CHANGES:
            raise self._refused(refusal)
        server = self._window.server
        if named and self._guess is None:
            if server.capabilities == self._used:
                server.capabilities = named
                log.info("the model server refuses a part of the request (%s)", refusal)
            return
        # A 5xx may be temporary, so what it suggests is only tried for this question.
        self._guess = named or self._used.looser()
        if self._guess is None:
            if not broken:
                raise self._refused(refusal)
            self._guess = self._used
            self._retries.lost(InterruptedAnswerError(str(refusal)))

    def _refused(self, refusal: CallError) -> ModelError:
        """The error for a refusal of this question. Raises ModelUnavailableError if every one is refused."""
        confirm_refusal(self._window, self._model, refusal, self._used, granted=self._granted)
        return ModelError(f"the model server refuses the question ({refusal})")

    def _fit(self, full: ContextFullError) -> None:
        """Lower the answer limit. Raises PromptTooLongError if the context leaves too little."""
        server = self._window.server
        size = full.size or server.capabilities.context
        if size is None:
            raise PromptTooLongError(str(full))
        server.capabilities = replace(server.capabilities, context=size)
        request = self._used.request(self._model, self._question, self._room)
        free = size - (full.prompt or estimate(request))
        if free < self._least_room() or free >= self._room:
            raise PromptTooLongError(str(full), size)
        log.info("%s: the context of %d tokens leaves %d for the answer", self._question.name, size, free)
        self._free = free

    def _widen(self, cut: CutAnswerError) -> None:
        """Raise the answer limit. Raises ModelError if the server and the settings allow no more."""
        if cut.repeats:
            raise ModelError(f"the answer repeats itself and does not end within {self._room} tokens")
        if self._room >= self._most_room():
            if self._free is not None and self._room >= self._free:
                raise PromptTooLongError("the context has no room for the answer", self._used.context)
            raise ModelError(f"the answer is longer than {self._room} tokens")
        self._room = min(self._room * _MORE_ROOM, self._most_room())

    def _most_room(self) -> int:
        most = max(self._window.server.settings.max_answer_tokens, self._question.answer_tokens)
        bounds = [most, self._used.most_room or most, self._free or most]
        if self._used.context and self._free is None:
            prompt = estimate(self._used.request(self._model, self._question, self._room))
            bounds.append(max(self._used.context - prompt, self._least_room()))
        return min(bounds)

    def _least_room(self) -> int:
        return self._question.answer_tokens // _LEAST_SHARE
