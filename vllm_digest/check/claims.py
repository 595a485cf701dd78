"""What a sentence claims, as values without a language: `check/zh` and `check/en` read them out of prose."""

from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.narrative import FallbackReason

THIS = 0
"""Stands for the sentence's own thread among numbers of threads."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a text.

    `detail`: the words meant. `compared_with`: what they were compared with, such as `closed, #14964`; empty
    where the rule alone decides.
    """

    reason: FallbackReason
    detail: str = ""
    compared_with: str = ""


class Claimed(StrEnum):
    """What is said of a thread's state."""

    MERGED = "merged"
    UNMERGED = "not merged"
    OPEN = "open"
    CLOSED = "closed"
    REOPENED = "reopened"
    REVERTED = "reverted"


class Noun(StrEnum):
    """What the words call the thread they speak of."""

    ISSUE = "issue"
    PULL = "pull request"
    ANY = ""


@dataclass(frozen=True, slots=True)
class StateClaim:
    """A clause says that threads have a state.

    `meant`: readings of whom it speaks of, each a group of numbers that all must have the state; `THIS` is
    the sentence's own thread. More than one reading where the clause leaves its subject out.
    `noun`: what it calls its own thread.
    """

    words: str
    claimed: Claimed
    meant: tuple[tuple[int, ...], ...]
    noun: Noun = Noun.ANY


class Act(StrEnum):
    """What a person, or a bot, is said to have done to a thread."""

    OPENED = "opened"
    MERGED = "merged"
    CLOSED = "closed"
    REOPENED = "reopened"
    APPROVED = "approved"


@dataclass(frozen=True, slots=True)
class ActClaim:
    """A clause says who did something.

    `login`: empty for a bot. `number`: the thread it was done to, `THIS` for the sentence's own.
    """

    words: str
    act: Act
    login: str
    number: int = THIS
    noun: Noun = Noun.ANY


@dataclass(frozen=True, slots=True)
class Naming:
    """A word that stands where a person's name does.

    `says`: the person is said to have said, reported or measured something; `clause` is what.
    `brings`: what is said can only be this person's own, such as a measurement or a proposal; who agrees or
    answers speaks of what others said.
    `is_name`: the word can be nothing else than a name there.
    """

    login: str
    says: bool
    clause: str
    brings: bool = True
    is_name: bool = True


class FigureKind(StrEnum):
    NUMBER = "number"
    PERCENT = "percent"
    MULTIPLE = "multiple"
    MONTH = "month"
    VAGUE = "vague"
    """A size without a figure, such as dozens."""


@dataclass(frozen=True, slots=True)
class Numeral:
    """A figure written in words, and its value in digits; empty for a vague one."""

    words: str
    kind: FigureKind
    value: str = ""


@dataclass(frozen=True, slots=True)
class CountClaim:
    """A clause gives one of a window's lists a count; `name` is the list's, such as `merged_prs`."""

    words: str
    name: str
    value: int


class Sense(StrEnum):
    """What kind of thing a sentence does, by its words."""

    ASKS = "asks"
    """It says that somebody asks, doubts or requests."""
    OPINES = "opines"
    """It tells somebody's view."""
    PLANS = "plans"
    """It says that something is wanted, proposed, planned or expected."""
    COMPLETES = "completes"
    """It says that something is done."""
    FUTURE = "future"
    """It says what is to come, or comes under a condition."""
    REACHED = "reached"
    """It says that a change has had its effect."""


class Concept(StrEnum):
    """What only a source can say, and a writer likes to add."""

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
