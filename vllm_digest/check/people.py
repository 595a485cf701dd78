"""Check that named people took part, and that statements are attributed to the person who made them."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from vllm_digest.check.claims import Naming, Problem
from vllm_digest.check.language import Language
from vllm_digest.narrative import FallbackReason

# GitHub's rule for logins, outside of paths, addresses, names with a dot, and code.
_NAME = re.compile(r"(?<![\w/.#`-])([A-Za-z0-9](?:[A-Za-z0-9]|-(?=[A-Za-z0-9])){0,38})(?![\w.-])", re.ASCII)
_NO_NAMES = frozenset({"pr", "prs", "issue", "issues", "rfc", "bug", "bot", "ci", "vllm", "github", "gpu"})
# A thread's number, code, a name of a thing, or a figure with its unit.
_TERM = re.compile(
    r"#\d{1,7}|`[^`]+`|[A-Za-z][A-Za-z0-9_.+-]*[A-Za-z0-9]|\d+(?:\.\d+)?\s?(?:%|x|ms|s|[GM]i?B)?", re.ASCII
)
_NAME_LIKE = re.compile(r"[\d#`_./+]|[a-z][A-Z]|[A-Z]{2}")
"""A form that ordinary words do not have."""
_NO_LOGIN = re.compile(r"[\d-]+", re.ASCII)
"""A date or a number; only who took part is taken for a person by such a name."""
_SMALL = re.compile(r"[\d.]{1,2}|[A-Za-z]{1,2}", re.ASCII)
"""Terms that are too short to show who said something: they occur in most texts."""


def people_named(words: str, logins: Collection[str], language: Language) -> set[str]:
    """The logins that occur in the text as separate words, without ordinary words of the language.

    An account may be called `PR` or `proposes`; a sentence with that word does not name the account.
    """
    named = {found[1] for found in _NAME.finditer(words)} & {*logins}
    return {name for name in named if not _is_ordinary(name, language)}


def _is_ordinary(name: str, language: Language) -> bool:
    if name.casefold() in _NO_NAMES:
        return True
    return language.has_latin_words and name.isalpha() and name[1:] in (name[1:].lower(), name[1:].upper())


@dataclass(frozen=True, slots=True)
class People:
    """Who may be named in a sentence. People are logins, texts are in lower case.

    `authors`: people who wrote the cited remarks. `present`: people who took part in the threads.
    `opener`: the author of the thread; empty for several threads. `speaker`: the person whose position the
    sentence states, without naming them; empty for other sentences.
    `elsewhere`: everybody in the window. `words`: the threads' texts, to recognize names of things.
    `said`: all that each person wrote in the thread. `title`: the threads' titles.
    """

    authors: frozenset[str]
    present: frozenset[str]
    elsewhere: frozenset[str]
    words: str
    said: Mapping[str, str] = field(default_factory=dict)
    title: str = ""
    opener: str = ""
    speaker: str = ""

    @property
    def known(self) -> frozenset[str]:
        """Everybody whose login is not also a common term, such as `ci`."""
        everybody = self.present | self.elsewhere
        return frozenset(name for name in everybody if name.casefold() not in _NO_NAMES)

    def problems(self, words: str, language: Language) -> Iterator[Problem]:
        """Names of people who did not take part, and statements attributed to the wrong person."""
        yield from (Problem(FallbackReason.LOGIN, name) for name in self._strangers(words, language))
        quoted = ", ".join(sorted(self.authors))
        for naming in language.namings(words):
            if naming.says and self._is_unquoted(naming.login, words, language):
                yield Problem(FallbackReason.LOGIN, naming.login, quoted)
            if naming.says and naming.is_origin and (others := self._said_by_others(naming, language)):
                yield Problem(FallbackReason.LOGIN, naming.clause.strip(), others)

    def without_names(self, words: str) -> str:
        """The text without known logins: `lotus-amd` does not name a platform."""
        known = self.present | self.elsewhere
        return _NAME.sub(lambda found: " " if found[1] in known else found[0], words)

    def _strangers(self, words: str, language: Language) -> Iterator[str]:
        away = people_named(words, self.elsewhere, language) - self.present
        yield from sorted(name for name in away if name.casefold() not in self.words)
        for naming in language.namings(words):
            name = naming.login.casefold()
            if naming.login in self.present or name in _NO_NAMES or _NO_LOGIN.fullmatch(name):
                continue
            if naming.is_name and self._is_stranger(name):
                yield naming.login

    def _is_stranger(self, name: str) -> bool:
        # A word of the texts is a thing unless it is mentioned: `torch` follows "says" as a name would.
        return name not in self.words or f"@{name}" in self.words

    def _is_unquoted(self, login: str, words: str, language: Language) -> bool:
        """Whether the text says what a person said and cites and names only other people, or nobody.

        Of several people in one sentence, one has to be quoted: an answer often says what was asked.
        A position is its holder's, who often answers somebody; one that begins with another name is not.
        """
        if login in self.authors or login not in self.present or login.casefold() in _NO_NAMES:
            return False
        if self.said and login not in self.said:
            return True
        if self.speaker in self.authors and not words.lstrip(" *").startswith(login):
            return False
        by_role = self.opener in self.authors and language.opener.search(words)
        return not by_role and not people_named(words, self.authors, language)

    def _said_by_others(self, naming: Naming, language: Language) -> str:
        """Logins of those who wrote the clause's terms if the named person wrote none of them; else empty."""
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
        """Terms of a clause that must come from a source: names of things, figures, threads."""
        clause = self.without_names(naming.clause)
        for found in _TERM.finditer(clause):
            term = found[0].strip("`").casefold()
            if language.has_latin_words and not _NAME_LIKE.search(found[0]):
                continue
            if not _SMALL.fullmatch(term) and term not in _NO_NAMES:
                yield term
