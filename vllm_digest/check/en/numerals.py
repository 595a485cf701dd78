"""Find figures written in English words."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import FigureKind, Numeral

_ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven"),
    *("twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_MONTHS = [
    *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october"),
    *("november", "december"),
]
_RANKS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_VALUES = (
    {word: value for value, word in enumerate(_ONES)}
    | {word: 10 * value for value, word in enumerate(_TENS, start=2)}
    | {
        "a dozen": 12,
        "both": 2,
        "once": 1,
        "thrice": 3,
        "a hundred": 100,
        "one hundred": 100,
        "a thousand": 1000,
    }
)
_ORDINALS = {word: value for value, word in enumerate(_RANKS, start=1)}
_NUMBER = re.compile(rf"\b({'|'.join(sorted(_VALUES, key=len, reverse=True))})\b", re.IGNORECASE)
_LISTED = re.compile(rf"\b({'|'.join([*_ONES[4:], *_TENS])})\b", re.IGNORECASE)
_LARGE = re.compile(
    rf"\b({'|'.join([*_ONES[11:], *_TENS])})\b"
    rf"|\b({'|'.join(_ONES[4:11])})(?= (?:\w+ )?(?:GPUs?|nodes?|machines?|cards?"
    rf"|users?|people|hours?|days?|weeks?|months?"
    r"|minutes?|seconds?|rounds?|tests?|jobs?)\b)",
    re.IGNORECASE,
)
"""Smaller counts, such as "four options", need no source: a reader can count them in the text."""
_ORDINAL = re.compile(rf"\b({'|'.join(_ORDINALS)})\b", re.IGNORECASE)
_MONTH = re.compile(
    rf"\b({'|'.join(name for name in _MONTHS if name not in ('march', 'may'))})\b"
    rf"|\b({'|'.join(name[:3].title() for name in _MONTHS)}|March)[.]? (?=\d)",
    re.IGNORECASE,
)
""""May" and "March" count as months only before a day, for they are also other words."""
_DAY = re.compile(
    rf"\b(?:(?P<month>{'|'.join(name[:3] for name in _MONTHS)})[a-z]*\.? (?P<day>\d{{1,2}})"
    rf"|(?P<first>\d{{1,2}}) (?P<second>{'|'.join(name[:3] for name in _MONTHS)})[a-z]*)"
    r"\b(?:,? (?P<year>20\d\d)\b)?",
    re.IGNORECASE,
)
_TIMES = re.compile(rf"\b(\d+(?:\.\d+)?|{'|'.join(_ONES[2:13])})[\s-]?(?:times\b|fold\b)", re.IGNORECASE)
_DOUBLED = re.compile(r"\b(?:twice|double[sd]?|doubling)\b", re.IGNORECASE)
_TRIPLED = re.compile(r"\b(?:triple[sd]?|threefold)\b", re.IGNORECASE)
_HALVED = re.compile(r"\b(?:half|halves|halved|halving)\b", re.IGNORECASE)
_PERCENT = re.compile(
    rf"\b(\d+(?:\.\d+)?|{'|'.join([*_ONES[1:], *_TENS])})\s?(?:percent|per cent)\b", re.IGNORECASE
)
_VAGUE = re.compile(
    r"\b(?:dozens|hundreds|thousands|tens of thousands|millions|scores|(?:several"
    r"|a few|many) (?:dozen|hundred|thousand|times))\b"
    r"|\b(?:many|several)-?fold\b|\border(?:s)? of magnitude\b",
    re.IGNORECASE,
)


def figures(text: str) -> Iterator[Numeral]:
    """Figures in words that need a source."""
    yield from _certain(text)
    for found in _LARGE.finditer(_PERCENT.sub(" ", _TIMES.sub(" ", text))):
        yield Numeral(found[0], FigureKind.NUMBER, str(_VALUES[found[0].lower()]))


def shared_figures(text: str) -> Iterator[Numeral]:
    """Figures in words that the texts of one claim must have in common."""
    yield from _certain(text)
    for found in _LISTED.finditer(_PERCENT.sub(" ", _TIMES.sub(" ", text))):
        yield Numeral(found[0], FigureKind.NUMBER, str(_VALUES[found[0].lower()]))


def days(text: str) -> Iterator[Numeral]:
    """Dates with a month and a day."""
    for found in _DAY.finditer(text):
        month = [name[:3] for name in _MONTHS].index((found["month"] or found["second"]).lower()) + 1
        year, day = found["year"], int(found["day"] or found["first"])
        yield Numeral(found[0], FigureKind.DAY, f"{f'{year}-' if year else ''}{month:02}-{day:02}")


def source_figures(text: str) -> Iterator[Numeral]:
    """All figures in words of a source."""
    yield from _certain(text)
    for found in _NUMBER.finditer(text):
        yield Numeral(found[0], FigureKind.NUMBER, str(_VALUES[found[0].lower()]))
    for found in _ORDINAL.finditer(text):
        yield Numeral(found[0], FigureKind.NUMBER, str(_ORDINALS[found[0].lower()]))


def _certain(text: str) -> Iterator[Numeral]:
    for found in _PERCENT.finditer(text):
        yield Numeral(found[0], FigureKind.PERCENT, _digits(found[1]))
    for found in _TIMES.finditer(text):
        yield Numeral(found[0], FigureKind.MULTIPLE, _digits(found[1]))
    for pattern, value in ((_DOUBLED, "2"), (_TRIPLED, "3"), (_HALVED, "0.5")):
        yield from (Numeral(found[0], FigureKind.MULTIPLE, value) for found in pattern.finditer(text))
    yield from (Numeral(found[0], FigureKind.VAGUE) for found in _VAGUE.finditer(text))
    for found in _MONTH.finditer(text):
        month = (found[1] or found[2]).lower()[:3]
        yield Numeral(found[0], FigureKind.MONTH, str([name[:3] for name in _MONTHS].index(month) + 1))


def _digits(word: str) -> str:
    return word if word[0].isdigit() else str(_VALUES[word.lower()])
