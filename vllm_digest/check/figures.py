"""The figures in a text: numbers, percentages, versions, names of hardware and models."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from vllm_digest.markdown.escaping import visible

_REFERENCE = re.compile(r"(?<![\w/])#(\d{1,7})\b|/(?:issues|pull)/(\d{1,7})\b")
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.,_+-][A-Za-z0-9]+)*", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9.]+|[A-Za-z]+", re.ASCII)
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])[vVxX]?(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*)", re.ASCII)
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)-?(?:[a-zA-Z]{1,3}|bits?|tokens?|times)?", re.ASCII)
"""A number with its unit grown onto it: `90ms`, `1.5x`, `4-bit`."""
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)[ ]?(?:%|％|percent\b|per cent\b)", re.ASCII | re.IGNORECASE)
_MULTIPLE = re.compile(r"(\d+(?:\.\d+)?)[ ]?(?:[x×倍]|times\b|-?fold\b)", re.ASCII | re.IGNORECASE)
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2}
_WRITTEN = re.compile(
    r"百分之([零一二两三四五六七八九十百]{1,5})|([一二两三四五六七八九十]{1,3})(成|倍)"
    r"|([两三四五六七八九十][一二三四五六七八九十]{0,2})(?:位|名|个\s?(?:\w{2}\s?)?(?:Issue|PR|Bug|线程|用户|开发者|贡献者))"
)
_DOUBLED = re.compile(r"翻倍|翻番|翻了一番|加倍|减半")
_TWICE = re.compile(
    r"\b(?:2|2\.0)\s?[x×]|\b(?:twice|double[sd]?|half|halves|halved)\b|翻倍|两倍|一半|减半|50 ?%",
    re.IGNORECASE,
)


def references(text: str) -> tuple[int, ...]:
    """The threads a text names: `#1`, `/issues/1`, `/pull/1`."""
    return tuple(dict.fromkeys(int(found[1] or found[2]) for found in _REFERENCE.finditer(text)))


@dataclass(frozen=True)
class KnownFigures:
    """What figures may rest on: the words with digits of texts, their numbers, percentages, multiples."""

    words: frozenset[str] = field(default=frozenset())
    numbers: frozenset[str] = field(default=frozenset())
    percents: frozenset[str] = field(default=frozenset())
    multiples: frozenset[str] = field(default=frozenset())
    doubles: bool = False

    @classmethod
    def of(cls, texts: Iterable[str], counts: Iterable[int] = ()) -> "KnownFigures":
        text = "\n".join(texts)
        shown = _REFERENCE.sub(" ", visible(text))
        words = {word[0].casefold() for word in _WORD.finditer(shown) if _has_digit(word[0])}
        parts = {part[0].strip(".") for word in words for part in _PART.finditer(word)}
        return cls(
            words=frozenset(words | parts),
            numbers=frozenset({_plain(n[1]) for n in _NUMBER.finditer(shown)} | {str(n) for n in counts}),
            percents=frozenset(_plain(n[1]) for n in _PERCENT.finditer(shown)),
            multiples=frozenset(_plain(n[1]) for n in _MULTIPLE.finditer(shown)),
            doubles=_TWICE.search(shown) is not None,
        )

    def __or__(self, other: "KnownFigures") -> "KnownFigures":
        return KnownFigures(
            self.words | other.words,
            self.numbers | other.numbers,
            self.percents | other.percents,
            self.multiples | other.multiples,
            self.doubles or other.doubles,
        )

    def unfounded(self, text: str) -> Iterator[str]:
        """The figures in `text` that are not here, as they are written."""
        shown = _REFERENCE.sub(" ", text)
        for pattern, known in ((_PERCENT, self.percents), (_MULTIPLE, self.multiples)):
            yield from (n[0] for n in pattern.finditer(shown) if _plain(n[1]) not in known)
            shown = pattern.sub(" ", shown)
        for word in _WORD.finditer(shown):
            if _has_digit(word[0]) and not self._holds(word[0]):
                yield word[0]
        for written in _WRITTEN.finditer(shown):
            if not self._holds_written(written):
                yield written[0]
        if (doubled := _DOUBLED.search(shown)) and not self.doubles:
            yield doubled[0]

    def _holds(self, word: str) -> bool:
        if word.casefold() in self.words or _plain(word.lstrip("vV")) in self.numbers:
            return True
        measure = _MEASURE.fullmatch(word)
        if measure is not None:
            return _plain(measure[1]) in self.numbers
        parts = re.split(r"[-_+,]", word)
        return len(parts) > 1 and all(self._holds(part) for part in parts if _has_digit(part))

    def _holds_written(self, found: re.Match[str]) -> bool:
        percent, tenths_or_times, unit, count = found.groups()
        if percent:
            return str(_value(percent)) in self.percents
        if unit == "成":
            return str(10 * _value(tenths_or_times)) in self.percents
        if unit == "倍":
            value = _value(tenths_or_times)
            return str(value) in self.multiples or (value in {1, 2} and self.doubles)
        return str(_value(count)) in self.numbers


def _has_digit(word: str) -> bool:
    return any(sign.isdigit() for sign in word)


def _plain(number: str) -> str:
    """`1,420` as `1420`, `2.0` as `2`, `007` as `7`; a version as it is."""
    number = number.replace(",", "")
    if number.count(".") > 1:
        return number
    whole, _, rest = number.partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")


def _value(written: str) -> int:
    """A number up to 199 in Chinese signs."""
    hundreds, _, rest = written.rpartition("百")
    tens, ten, ones = rest.rpartition("十")
    value = 100 if "百" in written else 0
    value = value * _DIGITS.get(hundreds, 1) if hundreds else value
    return value + (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones.lstrip("零"), 0)
