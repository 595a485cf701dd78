"""What the settings say about writing."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a model is asked, in tokens by our own estimate.

    `threads` are briefed at most; the text of each takes `thread_tokens`, what the overview is shown of the
    briefs `overview_tokens`.
    """

    threads: int
    thread_tokens: int
    overview_tokens: int


@dataclass(frozen=True, slots=True)
class WritingRules:
    """What the settings say about writing.

    `bots`: logins in lower case. `languages`: those of the pages, the main one first.
    `judge`: is there a second pass? `judge_model`: who is asked in it; empty for the model that writes.
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
