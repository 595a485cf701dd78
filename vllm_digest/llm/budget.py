"""The token and cost budget of a run; no call begins that could exceed it."""

import threading
from dataclasses import dataclass
from typing import Self

from vllm_digest.config import LlmSettings
from vllm_digest.model_protocol import ModelUnavailableError


@dataclass(frozen=True, slots=True)
class Tokens:
    """Numbers of tokens. `prompt`: of prompts. `completion`: of answers."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: Self) -> "Tokens":
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)

    def __sub__(self, other: Self) -> "Tokens":
        return Tokens(self.prompt - other.prompt, self.completion - other.completion)


class TokenBudget:
    """The budget of a run; thread-safe.

    A call in progress counts with the most it can use.
    `max_tokens`: prompt and answer tokens together; None without a limit.
    `max_cost`: in the currency of `prices`; None without a limit.
    `prices`: of a million prompt tokens and of a million answer tokens; None if unknown.
    """

    def __init__(
        self, *, max_tokens: int | None, max_cost: float | None, prices: tuple[float, float] | None
    ) -> None:
        self._max_tokens = max_tokens
        self._max_cost = max_cost
        self._prices = prices
        self._spent = Tokens()
        self._reserved = Tokens()
        self._changed = threading.Condition()

    @classmethod
    def of(cls, settings: LlmSettings) -> Self:
        """The budget of the settings."""
        given = (settings.input_price, settings.output_price)
        prices = None if given[0] is None or given[1] is None else (given[0], given[1])
        return cls(max_tokens=settings.max_tokens, max_cost=settings.max_cost, prices=prices)

    def cost(self, tokens: Tokens) -> float | None:
        """The cost in the currency of the prices; None without prices."""
        if self._prices is None:
            return None
        return (tokens.prompt * self._prices[0] + tokens.completion * self._prices[1]) / 1_000_000

    def reserve(self, tokens: Tokens) -> None:
        """Reserve tokens for a call; waits while calls in progress may release enough of theirs.

        Raises ModelUnavailableError if the budget is not sufficient even then.
        """
        with self._changed:
            while problem := self._exceeded(self._spent + self._reserved + tokens):
                if self._reserved == Tokens() or self._exceeded(self._spent + tokens):
                    raise ModelUnavailableError(problem)
                self._changed.wait()
            self._reserved = self._reserved + tokens

    def settle(self, reserved: Tokens, used: Tokens) -> None:
        """Replace the reservation of a finished call by what it used."""
        with self._changed:
            self._reserved = self._reserved - reserved
            self._spent = self._spent + used
            self._changed.notify_all()

    def _exceeded(self, tokens: Tokens) -> str:
        """A message naming the limit that these tokens would exceed; empty if none."""
        if self._max_tokens is not None and tokens.prompt + tokens.completion > self._max_tokens:
            return f"the run's budget of {self._max_tokens} tokens (llm.max_tokens) is used up"
        cost = self.cost(tokens)
        if self._max_cost is not None and cost is not None and cost > self._max_cost:
            return f"the run's budget of {self._max_cost:g} (llm.max_cost) is used up"
        return ""
