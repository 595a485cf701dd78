"""Claims of a sentence as values without a language; `check/zh` and `check/en` extract them from prose."""

from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.narrative import FallbackReason

THIS = 0
"""In place of a thread number: the thread that the sentence is about."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A check that a text fails.

    `detail`: the offending words of the text; empty if the whole text is meant.
    `compared_with`: the fact or quote that contradicts them, such as `closed, #14964`; empty if the rule
    needs none.
    """

    reason: FallbackReason
    detail: str = ""
    compared_with: str = ""


class Claimed(StrEnum):
    """A state that a sentence gives to a thread."""

    MERGED = "merged"
    UNMERGED = "not merged"
    OPEN = "open"
    CLOSED = "closed"
    REOPENED = "reopened"
    REVERTED = "reverted"


class Noun(StrEnum):
    """The noun that a sentence uses for a thread; `ANY` if it fits both kinds."""

    ISSUE = "issue"
    PULL = "pull request"
    ANY = ""


@dataclass(frozen=True, slots=True)
class StateClaim:
    """A clause says that threads have a state.

    `words`: the clause, or the part of it that makes the claim.
    `meant`: possible subjects, each a group of thread numbers (or `THIS`) that must all have the state; the
    claim is true if one group has it. There are several if the clause leaves its subject out.
    `noun`: the noun for its subject.
    """

    words: str
    claimed: Claimed
    meant: tuple[tuple[int, ...], ...]
    noun: Noun = Noun.ANY


class Act(StrEnum):
    """An action of a person or a bot on a thread."""

    OPENED = "opened"
    MERGED = "merged"
    CLOSED = "closed"
    REOPENED = "reopened"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class ActClaim:
    """A clause says who acted on a thread.

    `words`: as in `StateClaim`. `login`: empty for a bot. `number`: the thread acted on, or `THIS`.
    `noun`: the noun for that thread.
    """

    words: str
    act: Act
    login: str
    number: int = THIS
    noun: Noun = Noun.ANY


@dataclass(frozen=True, slots=True)
class Naming:
    """A word at the position of a person's name.

    `login`: the word. `clause`: the clause with it.
    `says`: the clause reports something that the person said or measured.
    `is_origin`: that content must come from this person, such as a measurement or a proposal; false for
    verbs such as "agrees", whose content may come from somebody else.
    `is_name`: at this position the word cannot be an ordinary word.
    """

    login: str
    says: bool
    clause: str
    is_origin: bool = True
    is_name: bool = True


class FigureKind(StrEnum):
    NUMBER = "number"
    PERCENT = "percent"
    MULTIPLE = "multiple"
    MONTH = "month"
    DAY = "day"
    VAGUE = "vague"
    """An imprecise size, such as "dozens"."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A figure written in words.

    `value`: in digits, such as `12` or `0.5`, a day as `2025-12-10` or `12-10`; empty for `VAGUE`.
    """

    words: str
    kind: FigureKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class CountClaim:
    """A clause gives the length of a list of the window. `name`: the list's, such as `merged_prs`."""

    words: str
    name: str
    value: int


class SentenceKind(StrEnum):
    """The kind of a sentence, by the words in it."""

    PLANS = "plans"
    """It says that something is wanted, proposed, planned or expected."""
    COMPLETES = "completes"
    """It says that something is done."""
    FUTURE = "future"
    """It is about the future or under a condition."""
    IN_EFFECT = "reached"
    """It says that a change is in effect, such as "vLLM now supports"."""


class Concept(StrEnum):
    """A kind of judgement that needs a source; models tend to add such words without one."""

    DECISION = "decision"
    EVERYTHING = "everything"
    SIGNIFICANCE = "significance"
    TRIUMPH = "triumph"
    MEANING = "meaning"
    FORECAST = "forecast"
    PRAISE = "praise"
    TROUBLE = "trouble"
    ADVICE = "advice"
    MOTIVE = "motive"
    CONCENTRATION = "concentration"
    TREND = "trend"
    ORDER = "order in time"
    CAUSE = "cause"
    BALANCE = "balance"
