"""What a run may spend on a model: no call begins that could take more."""

import threading
from dataclasses import dataclass
from typing import Self

from vllm_digest.config import LlmSettings
from vllm_digest.model_protocol import ModelUnavailableError


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of prompts and of answers."""

    prompt: int = 0
    completion: int = 0

    def __add__(self, other: Self) -> "Tokens":
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)

    def __sub__(self, other: Self) -> "Tokens":
        return Tokens(self.prompt - other.prompt, self.completion - other.completion)


class TokenBudget:
    """The run's budget, kept from several threads. A call under way counts with the most it can take."""

    def __init__(
        self, *, max_tokens: int | None, max_cost: float | None, prices: tuple[float, float] | None
    ) -> None:
        self._max_tokens = max_tokens
        self._max_cost = max_cost
        self._prices = prices
        self._spent = Tokens()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, settings: LlmSettings) -> Self:
        """The budget of the settings."""
        given = (settings.input_price, settings.output_price)
        prices = None if given[0] is None or given[1] is None else (given[0], given[1])
        return cls(max_tokens=settings.max_tokens, max_cost=settings.max_cost, prices=prices)

    def cost(self, tokens: Tokens) -> float | None:
        """In the currency of the prices, None without them."""
        if self._prices is None:
            return None
        return (tokens.prompt * self._prices[0] + tokens.completion * self._prices[1]) / 1_000_000

    def take(self, tokens: Tokens) -> None:
        """Set tokens aside for a call; ModelUnavailableError when there are not so many left."""
        with self._lock:
            after = self._spent + tokens
            if self._max_tokens is not None and after.prompt + after.completion > self._max_tokens:
                raise ModelUnavailableError(f"the run's budget of {self._max_tokens} tokens is used up")
            cost = self.cost(after)
            if self._max_cost is not None and cost is not None and cost > self._max_cost:
                raise ModelUnavailableError(f"the run's budget of {self._max_cost:g} is used up")
            self._spent = after

    def settle(self, taken: Tokens, used: Tokens) -> None:
        """Replace what was set aside by what the call took."""
        with self._lock:
            self._spent = self._spent - taken + used
