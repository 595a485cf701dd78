"""Run conversations: answer their questions from a model, several at once, or from stored answers."""

import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from vllm_digest.boundary import contained
from vllm_digest.model_protocol import (
    Model,
    ModelError,
    ModelUnavailableError,
    PromptTooLongError,
    Question,
)
from vllm_digest.write.conversations import Conversation
from vllm_digest.write.tokens import tokens

log = logging.getLogger(__name__)

T = TypeVar("T")
Answer = Mapping[str, Any] | ModelError
"""The JSON object of an answer, or the error instead of one."""
_MOST_THREADS = 256
"""The highest `llm.concurrency` that the settings allow; threads are started on demand."""
KnownAnswers = Callable[[Question], Mapping[str, Any] | None]
"""Returns the stored answer to a question; None without one."""


@dataclass
class _Ongoing(Generic[T]):
    """A conversation in progress.

    `question`: the one to be answered next; None once it has ended.
    `outcome`: its return value; None until it ends, and if a bug ended it.
    `asked`: number of questions so far. `size`: tokens of `question`.
    """

    steps: Conversation[T]
    question: Question | None = None
    outcome: T | None = None
    asked: int = 0
    size: int = 0

    def start(self) -> None:
        """Advance to the first question."""
        self._step(lambda: next(self.steps))

    def advance(self, answer: Answer) -> None:
        """Advance to the next question, or to the end."""
        if isinstance(answer, ModelError):
            self._step(lambda: self.steps.throw(answer))
        else:
            self._step(lambda: self.steps.send(answer))

    def _step(self, step: Callable[[], Question]) -> None:
        name = self.question.name if self.question else "a question"
        self.question = contained(f"reading the answer to {name}", lambda: self._next(step), lambda: None)
        self.asked += 1
        self.size = sum(tokens(one.text) for one in self.question.messages) if self.question else 0

    def _next(self, step: Callable[[], Question]) -> Question | None:
        try:
            return step()
        except StopIteration as end:
            self.outcome = end.value
            return None


@dataclass
class LiveAnswers:
    """Runs conversations with a model.

    `on_done`: called when a conversation ends.
    `closed`: by model name, the error of models that became unavailable; they are not asked again.
    """

    model: Model
    on_done: Callable[[], None] = lambda: None
    closed: dict[str, ModelUnavailableError] = field(default_factory=dict)
    _begun: int = 0
    _highest: int = 0
    _lost: bool = False
    _over: bool = False

    def run(self, conversations: Iterable[Conversation[T]]) -> list[T | None]:
        """Run conversations, as many at once as the model allows; returns their outcomes in the same order.

        The first questions are asked by importance. After that, conversations with the fewest questions so
        far go first, longest question first, so that no long one is left for the end. If an answer is lost,
        or if the model allows fewer at once than before, time may not suffice for all: then the order is by
        importance again. The outcome is None for a conversation that a bug ended.
        """
        running: dict[Future[Answer], _Ongoing[T]] = {}
        all_ongoing: list[_Ongoing[T]] = []
        waiting: list[_Ongoing[T]] = []
        pool = ThreadPoolExecutor(max_workers=_MOST_THREADS)

        def ask_more() -> None:
            most = max(1, self.model.concurrency)
            self._highest = max(most, self._highest)
            while waiting and len(running) < most:
                # The first ones by importance, in case the budget or the time ends before all are asked.
                by_rank = self._lost or self._begun < most or most < self._highest or most == 1
                ongoing = min(waiting, key=_rank) if by_rank else max(waiting, key=_length)
                waiting.remove(ongoing)
                self._begun += 1
                if ongoing.question is not None:
                    running[pool.submit(self._answer, ongoing.question)] = ongoing

        try:
            for steps in conversations:
                all_ongoing.append(_Ongoing(steps))
                all_ongoing[-1].start()
                self._sort_in(all_ongoing[-1], waiting)
                ask_more()
            while running:
                done = {one: running.pop(one) for one in wait(running, return_when=FIRST_COMPLETED).done}
                # Keep the server busy while the answers are read.
                ask_more()
                for future, ongoing in done.items():
                    ongoing.advance(future.result())
                    self._sort_in(ongoing, waiting)
                    ask_more()
        finally:
            # Ctrl-C does not wait for answers: closing the `Server` cancels the calls in progress.
            self._over = True
            pool.shutdown(wait=False, cancel_futures=True)
        return [ongoing.outcome for ongoing in all_ongoing]

    def _sort_in(self, ongoing: _Ongoing[T], waiting: list[_Ongoing[T]]) -> None:
        """Add a conversation with a further question to the waiting ones."""
        while ongoing.question is not None and (closed := self.closed.get(ongoing.question.model)):
            ongoing.advance(closed)
        if ongoing.question is None:
            self.on_done()
        else:
            waiting.append(ongoing)

    def _answer(self, question: Question) -> Answer:
        """The answer to a question; runs in a worker thread."""
        if closed := self.closed.get(question.model):
            return closed
        lost = ModelError("a bug in the program lost the answer")
        answer = contained(f"asking for {question.name}", lambda: self._asked(question), lambda: lost)
        if isinstance(answer, ModelUnavailableError) and question.model not in self.closed:
            self.closed[question.model] = answer
            if not self._over:
                log.warning("the model is not asked any more: %s", answer)
        # A prompt that is too long is shortened and sent again; it says nothing about the server.
        if isinstance(answer, ModelError) and not isinstance(answer, PromptTooLongError):
            self._lost = True
        return answer

    def _asked(self, question: Question) -> Answer:
        try:
            return self.model.ask(question)
        except ModelError as error:
            return error


def _rank(ongoing: _Ongoing[T]) -> int:
    return ongoing.question.rank if ongoing.question else 0


def _length(ongoing: _Ongoing[T]) -> tuple[int, int]:
    """Sort key for the work left: fewer questions so far means more work, then longer questions."""
    return -ongoing.asked, ongoing.size


def open_questions(
    conversations: Iterable[Conversation[T]], known: KnownAnswers
) -> tuple[list[Question], list[T | None]]:
    """Run conversations with `known` answers only.

    Returns the next questions of the conversations that need further answers, and for each conversation its
    outcome, None if it has not ended.
    """
    questions: list[Question] = []
    outcomes: list[T | None] = []
    for steps in conversations:
        ongoing = _Ongoing(steps)
        ongoing.start()
        while ongoing.question is not None and (answer := known(ongoing.question)) is not None:
            ongoing.advance(answer)
        if ongoing.question is not None:
            questions.append(ongoing.question)
            # The rest needs an answer that is not there yet; the next call starts from the beginning.
            ongoing.steps.close()
        else:
            outcomes.append(ongoing.outcome)
    return questions, outcomes
