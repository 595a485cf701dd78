"""Words and phrases with simple wildcards, found in untrusted text in linear time."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice
from typing import Annotated

from pydantic import AfterValidator

from vllm_digest.languages import LocalText


def _check_pattern(pattern: str) -> str:
    if pattern != pattern.strip() or not pattern.isprintable():
        raise ValueError(f"{pattern!r} must be printable, without blanks at its ends.")
    if not 2 <= len(pattern) <= 60:
        raise ValueError(f"{pattern!r} must have 2 to 60 characters.")
    if set(pattern[:2]) & set("#* "):
        raise ValueError(f"{pattern!r} must start with two characters that stand for themselves.")
    if pattern.count("*") > 2:
        raise ValueError(f"{pattern!r} has more than two *.")
    if re.search(r" [^\w#*]|[^\w#*] ", pattern):
        raise ValueError(f"{pattern!r} has a sign beside a blank, which stands for signs already.")
    return pattern


Pattern = Annotated[str, AfterValidator(_check_pattern)]
"""A word or phrase that stands alone in a text, whatever its case.

`#` is a digit, `*` the rest of a word (at most 16 letters or digits), and a blank up to six characters that
are neither: `Strix Halo` finds `strix-halo`. No letter or digit touches a find, but `_` may (`is_rocm`), so
may a capital after a small letter (`RocmPlatform`), and a count may stand before it (`8xMI300X`).
"""


def _check_exact(pattern: str) -> str:
    if set(pattern) & set("#*"):
        raise ValueError(f"{pattern!r} is matched exactly and has no wildcards.")
    return pattern


ExactPattern = Annotated[Pattern, AfterValidator(_check_exact)]
"""A word or phrase without wildcards, case-sensitive."""


class Meaning(StrEnum):
    """The meaning of a match."""

    WORD = "word"
    WEAK = "weak"
    MACHINE = "machine"
    FIELD = "field"
    EXCLUDED = "excluded"
    LOOKALIKE = "lookalike"


@dataclass(frozen=True, slots=True)
class Rule:
    """A pattern and the meaning of its matches.

    `because`: why an excluded one does not count. `key`: identifies it for the caller. `exact`:
    case-sensitive.
    """

    pattern: str
    meaning: Meaning = Meaning.WORD
    because: LocalText | None = None
    key: str = ""
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Find:
    """A match of a pattern at `text[start:end]`. `because`, `key`: of its rule."""

    meaning: Meaning
    start: int
    end: int
    because: LocalText | None = None
    key: str = ""


class Finder:
    """Finds many patterns in one pass, in time linear in the length of the text."""

    MOST = 200
    """Matches used of one text; more add nothing."""
    MOST_CLOSE = 5_000
    """Positions at which patterns are tried; ordinary texts have a few hundred."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        groups: dict[str, list[Rule]] = {}
        for rule in sorted(rules, key=lambda rule: (-len(rule.pattern), rule.exact)):
            groups.setdefault(rule.pattern[:2].lower(), []).append(rule)
        self._groups = {start: _Group(group) for start, group in groups.items()}
        self._literal_starts = {_literal_start(rule.pattern) for rule in rules}

    @cached_property
    def _starts(self) -> re.Pattern[str]:
        """The positions at which a pattern may begin."""
        # A fast first check: most words do not begin with the first letter of a pattern.
        firsts = "".join(sorted({re.escape(start[0]) for start in self._groups}))
        starts = _any_of(self._literal_starts)
        # The character in front ends the previous word, or is the x of 8xMI300X.
        return re.compile(f"[^a-wyz0-9](?=[{firsts or 'a'}])(?={starts})(?<![^0-9]x)")

    def finds(self, text: str) -> Iterator[Find]:
        """The matches in order of position, without overlaps."""
        return islice(self._all(text), self.MOST)

    def _all(self, text: str) -> Iterator[Find]:
        lowered = text.replace("İ", "I").lower()  # The only letter that becomes two characters in lower().
        reached = 0
        for candidate in islice(self._starts.finditer("\n" + lowered), self.MOST_CLOSE):
            start = candidate.start()
            if start >= reached and (
                find := self._groups[lowered[start : start + 2]].find(text, lowered, start)
            ):
                reached = find.end
                yield find

    def found_in(self, text: str) -> bool:
        """Whether a pattern matches that counts."""
        return any(find.meaning is not Meaning.EXCLUDED for find in self.finds(text))


class _Group:
    """Patterns with the same two first letters, in the order in which they are tried."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = rules

    # Compiled on demand: all expressions of the built-in rules take 0.1 s, and a text needs few of them.
    @cached_property
    def _alone(self) -> re.Pattern[str]:
        return re.compile(
            "|".join(f"({_expression(rule.pattern)}{_word_end(rule.pattern)})" for rule in self._rules)
        )

    @cached_property
    def _before_capital(self) -> re.Pattern[str]:
        return re.compile("|".join(f"({_expression(rule.pattern)})" for rule in self._rules))

    def find(self, text: str, lowered: str, start: int) -> Find | None:
        match = self._alone.match(lowered, start)
        if match is None:
            match = self._before_capital.match(lowered, start)
            if match is None or not _goes_on_with_capital(text, match.end()):
                return None
        rule = self._rules[(match.lastindex or 1) - 1]
        if rule.exact:
            # Of patterns that differ only in case, the expression finds the first one.
            written = text[start : match.end()]
            exact = [one for one in self._rules if one.exact and one.pattern == written]
            if not exact:
                return None
            rule = exact[0]
        return Find(rule.meaning, start, match.end(), rule.because, rule.key)


_START = 6
"""Letters of a pattern's beginning that the fast first check compares."""
# Each wildcard is bounded or possessive, so that no text makes matching slow.
_WILD = {"#": "[0-9]", "*": "[a-z0-9]{0,16}", " ": "[^a-z0-9\n]{0,6}+"}


def _literal_start(pattern: str) -> str:
    return re.split("[#* ]", pattern.lower(), maxsplit=1)[0][:_START]


def _any_of(starts: set[str]) -> str:
    """An expression for any of these, as a prefix tree, which compares each letter once."""
    if "" in starts:
        return ""
    rest: dict[str, set[str]] = {}
    for start in starts:
        rest.setdefault(start[0], set()).add(start[1:])
    return f"(?:{'|'.join(re.escape(first) + _any_of(after) for first, after in rest.items()) or '(?!)'})"


def _expression(pattern: str) -> str:
    return "".join(_WILD.get(character, re.escape(character)) for character in pattern.lower())


def _word_end(pattern: str) -> str:
    last = pattern[-1]
    return "(?![a-z0-9])" if last in "#*" or (last.isascii() and last.isalnum()) else ""


def _goes_on_with_capital(text: str, end: int) -> bool:
    """Whether the match is the first part of a name such as `RocmPlatform`."""
    return text[end : end + 1].isupper() and text[end : end + 1].isascii() and not text[end - 1].isupper()
