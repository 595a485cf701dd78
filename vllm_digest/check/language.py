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
    SentenceKind,
    StateClaim,
)


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text may be.

    `most`: characters of a Chinese text; multiplied by `Language.length_factor` for other languages.
    `is_sentence`: whether it must be one or more whole sentences; else it is a label or a title.
    """

    most: int
    is_sentence: bool = True


@dataclass(frozen=True, slots=True)
class ConceptPatterns:
    """The patterns of a concept: `claimed` in a sentence about a thread, `said` in a source.

    `said` is much wider: any of these words in a source lets the sentence pass, so that few true ones fail.
    """

    claimed: re.Pattern[str]
    said: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Language:
    """The checks of one language's prose.

    Of a sentence that a model wrote:
    `code`: language code, such as `zh`.
    `length_factor`: characters needed to say what one Chinese character says.
    `has_latin_words`: whether an ordinary word may look like a login.
    `form`: problems of form and language; takes the text, the text without code spans, its `Length`, and the
    text of the sources, from which it may quote foreign characters.
    `states`, `acts`, `namings`: claims and names in a text.
    `figures`: figures in words that need a source.
    `shared_figures`: figures in words that the texts of one claim must have in common.
    `days`: dates with a month and a day.
    `sentence_kinds`, `concepts`: patterns of kinds of sentences and of judgements.
    `guess`: pattern of guesses about people, such as their employer or intentions.
    `changes`: pattern of a change from the figure `old` to the figure `new`.
    `fixes`: pattern of "this pull request fixes `number`".
    `counts`: counts that a text gives for lists of the window.
    `denial`: takes a text and a regular expression of names; the words that deny any news about them.
    `wrote_code`: pattern of "somebody submitted code". `opener`: words for the author of a thread.

    Of a source:
    `source_figures`: all figures in words.
    `planning`: pattern of a plan.
    `settled`: words for a merged or closed thread.

    Of both:
    `metrics`: patterns of metrics by their names.
    `platforms`: names of platforms in this language, with the English ones.
    `revert`: pattern of a revert. `clauses`, `sentences`: patterns of what separates them.
    """

    code: str
    length_factor: float
    has_latin_words: bool
    form: Callable[[str, str, Length, str], Iterator[Problem]]
    states: Callable[[str], Iterator[StateClaim]]
    acts: Callable[[str], Iterator[ActClaim]]
    namings: Callable[[str], Iterator[Naming]]
    figures: Callable[[str], Iterator[Numeral]]
    shared_figures: Callable[[str], Iterator[Numeral]]
    source_figures: Callable[[str], Iterator[Numeral]]
    days: Callable[[str], Iterator[Numeral]]
    metrics: Mapping[str, re.Pattern[str]]
    sentence_kinds: Mapping[SentenceKind, re.Pattern[str]]
    planning: re.Pattern[str]
    settled: re.Pattern[str]
    guess: re.Pattern[str]
    concepts: Mapping[Concept, ConceptPatterns]
    platforms: Mapping[str, str]
    changes: re.Pattern[str]
    fixes: re.Pattern[str]
    counts: Callable[[str], Iterator[CountClaim]]
    denial: Callable[[str, str], str]
    wrote_code: re.Pattern[str]
    opener: re.Pattern[str]
    revert: re.Pattern[str]
    clauses: re.Pattern[str]
    sentences: re.Pattern[str]
