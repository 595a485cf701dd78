"""The settings of writing, as values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a model is asked. Tokens are estimated as in `tokens`.

    `threads`: threads to brief at most. `thread_tokens`: text of one thread.
    `overview_tokens`: briefs in the overview question.
    """

    threads: int
    thread_tokens: int
    overview_tokens: int


@dataclass(frozen=True, slots=True)
class WritingRules:
    """The settings of writing.

    `bots`: logins in lower case, without `[bot]`. `languages`: codes, the main one first.
    `judge`: whether there is a second pass. `judge_model`: its model; empty for the model that writes.
    """

    bots: frozenset[str]
    limits: Limits
    languages: tuple[str, ...] = ("zh",)
    judge: bool = False
    judge_model: str = ""

    @property
    def language(self) -> str:
        """The language of the instructions."""
        return self.languages[0]
