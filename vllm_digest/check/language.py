"""The interface of a language's checks. `check.languages` has the languages."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vllm_digest.check.claims import (
    ActClaim,
    Concept,
    CountClaim,
    Naming,
    Numeral,
    Problem,
    Sense,
    StateClaim,
)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text may be.

    `most`: characters of a Chinese text; other languages take more room (`Language.room`).
    `is_sentence`: it must be one or several whole sentences; else it is a label or a title.
    """

    most: int
    is_sentence: bool = True


@dataclass(frozen=True, slots=True)
class Words:
    """How a language names a concept: `claimed` in a sentence about a thread, `said` in a source."""

    claimed: re.Pattern[str]
    said: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Language:
    """What can be read out of prose in one language.

    `code`: such as `zh`. `room`: characters that say as much as one of Chinese.
    `has_latin_words`: any of its words may look like a login.
    `form`: what is wrong with a text as a text; takes the text, the text without its code, its length, and
    the words that it may quote signs and sentences from.
    `states`, `acts`, `namings`: what a text claims.
    `figures`: the figures in words that a text must have from its sources; `listed`: those that the texts of
    one claim must have in common; `told`: all that a source has.
    `metrics`: names of what is measured, each with the pattern of its names.
    `senses`: patterns of sentences about a thread. `asking`, `rhetorical`, `planning`: of the sentences of a
    source; a rhetorical question tells a view.
    `settled`: words of sources for a thread that is merged or closed.
    `guess`: says what nobody can know. `platforms`: further names of platforms, each with the English one.
    `changes`: a change from the figure `old` to the figure `new`. `fixes`: the pull request fixes `number`.
    `counts`: the counts that a text gives to lists of a window. `denial`: the words that deny any news of
    what an expression stands for. `wrote_code`: says that somebody handed in code.
    `undone`: tells of a revert.
    `clauses`, `sentences`: what separates them.
    """

    code: str
    room: float
    has_latin_words: bool
    form: Callable[[str, str, Length, str], Iterator[Problem]]
    states: Callable[[str], Iterator[StateClaim]]
    acts: Callable[[str], Iterator[ActClaim]]
    namings: Callable[[str], Iterator[Naming]]
    figures: Callable[[str], Iterator[Numeral]]
    listed: Callable[[str], Iterator[Numeral]]
    told: Callable[[str], Iterator[Numeral]]
    metrics: Mapping[str, re.Pattern[str]]
    senses: Mapping[Sense, re.Pattern[str]]
    asking: re.Pattern[str]
    rhetorical: re.Pattern[str]
    planning: re.Pattern[str]
    settled: re.Pattern[str]
    guess: re.Pattern[str]
    concepts: Mapping[Concept, Words]
    platforms: Mapping[str, str]
    changes: re.Pattern[str]
    fixes: re.Pattern[str]
    counts: Callable[[str], Iterator[CountClaim]]
    denial: Callable[[str, str], str]
    wrote_code: re.Pattern[str]
    undone: re.Pattern[str]
    clauses: re.Pattern[str]
    sentences: re.Pattern[str]
