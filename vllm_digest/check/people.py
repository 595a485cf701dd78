"""Who a text may name, and whether it has people say what they did not say."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from vllm_digest.check.claims import Naming, Problem
from vllm_digest.check.language import Language
from vllm_digest.narrative import FallbackReason

_NAME = re.compile(r"(?<![\w/.#`-])([A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38})(?![\w.-])", re.ASCII)
_NO_NAMES = frozenset({"pr", "prs", "issue", "issues", "rfc", "bug", "bot", "ci", "vllm", "github", "gpu"})
_TERM = re.compile(
    r"#\d{1,7}|`[^`]+`|[A-Za-z][A-Za-z0-9_.+-]*[A-Za-z0-9]|\d+(?:\.\d+)?\s?(?:%|x|ms|s|[GM]i?B)?", re.ASCII
)
_NAME_LIKE = re.compile(r"[\d#`_./+]|[a-z][A-Z]|[A-Z]{2}")
"""What no ordinary word looks like."""
_SMALL = re.compile(r"[\d.]{1,2}|[A-Za-z]{1,2}", re.ASCII)


def people_named(words: str, logins: Collection[str], language: Language) -> set[str]:
    """The logins that the text has as words of its own, ordinary words of the language aside.

    Anybody may call an account `PR` or `proposes`; that must not make a stranger of every sentence with it.
    """
    named = {found[1] for found in _NAME.finditer(words)} & {*logins}
    return {name for name in named if not _is_ordinary(name, language)}


def _is_ordinary(name: str, language: Language) -> bool:
    if name.casefold() in _NO_NAMES:
        return True
    return language.has_latin_words and name.isalpha() and name[1:] in (name[1:].lower(), name[1:].upper())


@dataclass(frozen=True, slots=True)
class People:
    """Who may be named: `authors` wrote what the sentence rests on, `present` took part in its threads.

    `elsewhere`: everybody of the window. `words`: the threads' texts in small letters, for names of things.
    `said`: all that each person wrote in the thread, in small letters. `title`: the threads' titles likewise.
    """

    authors: frozenset[str]
    present: frozenset[str]
    elsewhere: frozenset[str]
    words: str
    said: Mapping[str, str] = field(default_factory=dict)
    title: str = ""

    @property
    def known(self) -> frozenset[str]:
        """Everybody of the window whose name is no word for something else."""
        everybody = self.present | self.elsewhere
        return frozenset(name for name in everybody if name.casefold() not in _NO_NAMES)

    def problems(self, words: str, language: Language) -> Iterator[Problem]:
        """Names of people who took no part, and of people who did not say what they are said to have said."""
        yield from (Problem(FallbackReason.LOGIN, name) for name in self._strangers(words, language))
        for naming in language.namings(words):
            if naming.says and naming.brings and (others := self._said_by_others(naming, language)):
                yield Problem(FallbackReason.LOGIN, naming.clause.strip(), others)

    def without_names(self, words: str) -> str:
        """The text without the logins of people who took part: `lotus-amd` names no platform."""
        known = self.present | self.elsewhere
        return _NAME.sub(lambda found: " " if found[1] in known else found[0], words)

    def _strangers(self, words: str, language: Language) -> Iterator[str]:
        away = people_named(words, self.elsewhere, language) - self.present
        yield from sorted(name for name in away if name.casefold() not in self.words)
        for naming in language.namings(words):
            if naming.login.casefold() in _NO_NAMES:
                continue
            if naming.login in self.present:
                if naming.says and naming.login not in self.authors:
                    yield naming.login
            elif naming.is_name and self._is_stranger(naming.login.casefold()):
                yield naming.login

    def _is_stranger(self, name: str) -> bool:
        return name not in self.words or f"@{name}" in self.words

    def _said_by_others(self, naming: Naming, language: Language) -> str:
        """Who wrote the clause's terms, when the person named did not write one of them."""
        own = self.said.get(naming.login)
        if own is None or any(name != naming.login and name in naming.clause for name in self.said):
            return ""
        terms = list(self._terms(naming, language))
        if not terms or any(term in own or term in self.title for term in terms):
            return ""
        return ", ".join(
            login
            for login, theirs in sorted(self.said.items())
            if login in self.authors and all(term in theirs for term in terms)
        )

    def _terms(self, naming: Naming, language: Language) -> Iterator[str]:
        """What only a source can have given: names of things, figures, threads."""
        clause = self.without_names(naming.clause)
        for found in _TERM.finditer(clause):
            term = found[0].strip("`").casefold()
            if language.has_latin_words and not _NAME_LIKE.search(found[0]):
                continue
            if not _SMALL.fullmatch(term) and term not in _NO_NAMES:
                yield term
