"""Find the figures in a text: numbers, percentages, multiples, versions, names with digits in them."""

import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields
from datetime import date

from vllm_digest.check.claims import FigureKind, Numeral
from vllm_digest.check.language import Language
from vllm_digest.check.languages import every_language
from vllm_digest.markdown.escaping import visible

# GitHub links `#1` after a space or a bracket, not within a word or a path.
_REFERENCE = re.compile(r"(?<![\w/])#(\d{1,7})\b|/(?:issues|pull)/(\d{1,7})\b", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9]+(?:[.,_+-][A-Za-z0-9]+)*", re.ASCII)
_PART = re.compile(r"[A-Za-z0-9.]+|[A-Za-z]+", re.ASCII)
# Also versions (`v0.12.1`) and multiples (`x2`); not digits within a name, which are looked up as a word.
_NUMBER = re.compile(r"(?<![A-Za-z0-9_.])[vVxX]?(\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)*)", re.ASCII)
_MEASURE = re.compile(r"(\d+(?:\.\d+)?)-?(?:[a-zA-Z]{1,3}|bits?|tokens?|times)?", re.ASCII)
"""A number with its unit attached: `90ms`, `1.5x`, `4-bit`."""
_GLUED = re.compile(r"(\d{1,4})[xX\u00d7]([A-Za-z0-9].*)", re.ASCII)
"""A count attached to a name: `8xH100`."""
_PERCENT = re.compile(r"(?<![\d.])(\d+(?:\.\d+)?)[ ]?%", re.ASCII)
# Not `8xH100` or `4 x A100`, which are counts, nor `2x3`, which is a shape.
_MULTIPLE = re.compile(
    r"(?<![A-Za-z0-9_.,-])(\d+(?:\.\d+)?)[ ]?[xX\u00d7](?![A-Za-z0-9]| ?\d| ?[A-Z][A-Za-z]*\d)", re.ASCII
)
_DATE = re.compile(r"(?<!\d)20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?!\d)", re.ASCII)
"""A day in a name, such as `nightly_main_20251105`."""
_DAY = re.compile(r"(?<![\dA-Za-z.-])(20\d\d)[-/](\d{1,2})[-/](\d{1,2})(?![\d-])", re.ASCII)
"""A date as GitHub writes it."""
# A word that begins with a letter, such as `mi300x`, or a version.
_NAME = re.compile(r"[a-z].*|\d+\.\d+\.\d+[a-z]*\d*", re.ASCII)
_HALF_OR_DOUBLE = {"2": {"0.5"}, "0.5": {"2"}}
"""`2x faster` is half the time; a sentence may say either."""
_SHOWN = 6
"""Known figures listed in a message."""


def references(text: str) -> tuple[int, ...]:
    """Numbers of the threads that a text names (`#1`, `/issues/1`, `/pull/1`), each once, in order."""
    return tuple(dict.fromkeys(int(found[1] or found[2]) for found in _REFERENCE.finditer(text)))


@dataclass(frozen=True)
class KnownFigures:
    """The figures of some texts.

    `words`: words with a digit in them, in lower case, and their parts.
    `numbers`, `percents`, `multiples`: values in plain digits, such as `1420` or `0.5`.
    `months`: numbers of months, 1 to 12. `signs`: numeric characters other than ASCII digits, such as `²`.
    `vague`: whether a text has an imprecise size, such as "dozens".
    `days`: dates, as `2025-12-10`.
    """

    words: frozenset[str] = field(default=frozenset())
    numbers: frozenset[str] = field(default=frozenset())
    percents: frozenset[str] = field(default=frozenset())
    multiples: frozenset[str] = field(default=frozenset())
    months: frozenset[str] = field(default=frozenset())
    signs: frozenset[str] = field(default=frozenset())
    vague: bool = False
    days: frozenset[str] = field(default=frozenset())

    @classmethod
    def of(
        cls, texts: Iterable[str], counts: Iterable[int] = (), days: Iterable[date] = ()
    ) -> "KnownFigures":
        """The figures of `texts`, which may be in any language, with `counts` and `days`."""
        shown = _narrow(_REFERENCE.sub(" ", visible("\n".join(texts))))
        written = [one for language in every_language() for one in language.source_figures(shown)]
        signs = {sign: value for sign in shown if (value := _sign_value(sign)) is not None}
        plain = "".join(f" {signs[sign]} " if sign in signs else sign for sign in shown)
        words = {word[0].casefold() for word in _WORD.finditer(plain) if _has_digit(word[0])}
        glued = [found for word in words if (found := _GLUED.fullmatch(word))]
        parts = {part[0].strip(".") for word in words for part in _PART.finditer(word)}
        parts |= {found[2] for found in glued}
        return cls(
            words=frozenset(words | parts),
            numbers=frozenset(
                {_plain(found[1]) for found in _NUMBER.finditer(plain)}
                | {found[1] for found in glued}
                | {_plain(part) for found in _DATE.finditer(plain) for part in found.groups()}
                | {str(count) for count in counts}
                | _values(written, FigureKind.NUMBER)
            ),
            percents=frozenset(
                {_plain(found[1]) for found in _PERCENT.finditer(plain)}
                | _values(written, FigureKind.PERCENT)
            ),
            multiples=_multiples(plain, written),
            months=frozenset(_values(written, FigureKind.MONTH)),
            signs=frozenset(signs),
            vague=any(one.kind is FigureKind.VAGUE for one in written),
            days=frozenset(
                {_day(*found.groups()) for found in _DAY.finditer(shown)}
                | {day.isoformat() for day in days}
                | {one.value for language in every_language() for one in language.days(shown)}
            ),
        )

    def __or__(self, other: "KnownFigures") -> "KnownFigures":
        return KnownFigures(*(getattr(self, one.name) | getattr(other, one.name) for one in fields(self)))

    def names(self) -> "KnownFigures":
        """The names of hardware and models, and versions, without what is measured or counted."""
        return KnownFigures(words=frozenset(word for word in self.words if _NAME.fullmatch(word)))

    def unfounded(
        self, text: str, language: Language, *, all_of_them: bool = False
    ) -> Iterator[tuple[str, str]]:
        """Figures in `text` that are not known.

        Yields pairs of the figure as written and a list of known figures of its kind for a message; the list
        may be empty. `all_of_them`: also figures in words that a reader can count, such as "four options".
        """
        shown = _without_days(_narrow(_REFERENCE.sub(" ", text)), self.days, language)
        for sign in dict.fromkeys(shown):
            value = _sign_value(sign)
            if value is not None and sign not in self.signs and value not in self.numbers:
                yield sign, ""
        for written in language.shared_figures(shown) if all_of_them else language.figures(shown):
            if not self._holds_written(written):
                yield written.words, _like(self, written.kind)
            # So that the number of a month is not looked up again as a count.
            if written.kind is FigureKind.MONTH:
                shown = shown.replace(written.words, " ")
        for pattern, known, kind in (
            (_PERCENT, self.percents, FigureKind.PERCENT),
            (_MULTIPLE, self.multiples, FigureKind.MULTIPLE),
        ):
            yield from (
                (n[0], _like(self, kind)) for n in pattern.finditer(shown) if _plain(n[1]) not in known
            )
            shown = pattern.sub(" ", shown)
        for word in _WORD.finditer(shown):
            if _has_digit(word[0]) and not self._holds(word[0]):
                yield word[0], ""

    def _holds(self, word: str) -> bool:
        if word.casefold() in self.words or _plain(word.lstrip("vV")) in self.numbers:
            return True
        # Spaces before a unit vary: `90ms` for `90 ms`. A multiple is looked up among multiples only.
        if (measure := _MEASURE.fullmatch(word)) and word[-1:] not in "xX":
            return _plain(measure[1]) in self.numbers
        if glued := _GLUED.fullmatch(word):
            return glued[1] in self.numbers and self._holds(glued[2])
        # `rocm6.3-gfx942` is known if both parts are.
        parts = re.split(r"[-_+,]", word)
        return len(parts) > 1 and all(self._holds(part) for part in parts if _has_digit(part))

    def _holds_written(self, written: Numeral) -> bool:
        match written.kind:
            case FigureKind.VAGUE:
                return self.vague
            case FigureKind.PERCENT:
                return _plain(written.value) in self.percents
            case FigureKind.MULTIPLE:
                return _plain(written.value) in self.multiples
            case FigureKind.MONTH:
                return written.value in self.months | self.numbers
            case FigureKind.DAY:
                return _is_among(written, self.days)
            case FigureKind.NUMBER:
                return written.value in self.numbers


def _like(known: KnownFigures, kind: FigureKind) -> str:
    """Some known figures of a kind, for a message."""
    match kind:
        case FigureKind.PERCENT:
            return ", ".join(f"{value}%" for value in sorted(known.percents)[:_SHOWN])
        case FigureKind.MULTIPLE:
            return ", ".join(f"{value}x" for value in sorted(known.multiples)[:_SHOWN])
    return ""


def _without_days(shown: str, days: Collection[str], language: Language) -> str:
    """The text without the dates that are among `days`; a year may be left out."""
    shown = _DAY.sub(lambda found: " " if _day(*found.groups()) in days else found[0], shown)
    for written in language.days(shown):
        if _is_among(written, days):
            shown = shown.replace(written.words, " ")
    return shown


def _is_among(day: Numeral, days: Collection[str]) -> bool:
    return any(known.endswith(day.value) for known in days)


def _multiples(plain: str, written: list[Numeral]) -> frozenset[str]:
    """The multiples in a text; "half", "double" and 50 % stand for each other."""
    found = {_plain(n[1]) for n in _MULTIPLE.finditer(plain)} | _values(written, FigureKind.MULTIPLE)
    if any(_plain(n[1]) == "50" for n in _PERCENT.finditer(plain)):
        found.add("0.5")
    return frozenset(found.union(*(_HALF_OR_DOUBLE.get(value, set()) for value in found)))


def _values(written: list[Numeral], kind: FigureKind) -> set[str]:
    return {_plain(one.value) for one in written if one.kind is kind}


def _narrow(text: str) -> str:
    """The text with full-width letters, digits and signs replaced by their ASCII forms.

    U+FF01 to U+FF5E are in the order of ASCII: https://www.unicode.org/charts/PDF/UFF00.pdf
    """
    return "".join(
        chr(ord(sign) - 0xFEE0) if "！" <= sign <= "～" and (sign.isalnum() or sign in "％．＋－") else sign
        for sign in text
    )


def _sign_value(sign: str) -> str | None:
    """The value of a numeric character such as `²`, `Ⅸ` or `½`; None for ASCII and for ideographs."""
    # Ideographs such as U+4E00 (one) are numeric as well, but parts of many words: `check.zh` reads these.
    if sign.isascii() or "CJK" in unicodedata.name(sign, ""):
        return None
    value = unicodedata.numeric(sign, None)
    return None if value is None else _plain(f"{value:g}")


def _day(year: str, month: str, day: str) -> str:
    return f"{year}-{int(month):02}-{int(day):02}"


def _has_digit(word: str) -> bool:
    return any(sign.isdigit() for sign in word)


def _plain(number: str) -> str:
    """A number in its shortest form: `1,420` as `1420`, `2.0` as `2`, `007` as `7`; versions unchanged."""
    number = number.replace(",", "")
    if number.count(".") > 1:
        return number
    whole, _, rest = number.partition(".")
    rest = rest.rstrip("0")
    return (whole.lstrip("0") or "0") + (f".{rest}" if rest else "")
