"""The people and threads to remove from a report, and the search for them in texts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from vllm_digest.models import GHOST, Account


@dataclass(frozen=True)
class Targets:
    """`numbers`: threads of the report's repository. `logins`: people, in lower case."""

    numbers: frozenset[int]
    logins: frozenset[str]

    def name_no_target(self, texts: Iterable[str]) -> bool:
        """Whether no text names one of the people or threads."""
        patterns = [pattern for pattern in (self._person, self._named_thread) if pattern]
        return not any(pattern.search(text) for text in texts for pattern in patterns)

    def text(self, text: str) -> str:
        """A text with mentions (`@login`) and thread numbers removed.

        A login without `@` is kept, because it may be an ordinary word.
        """
        if self._person:
            text = self._person.sub(lambda found: f"@{GHOST.login}" if found["call"] else found[0], text)
        return self._named_thread.sub(r"\1…", text) if self._named_thread else text

    @cached_property
    def _person(self) -> re.Pattern[str] | None:
        people = "|".join(map(re.escape, sorted(self.logins)))
        # Logins contain hyphens: `ann` is not a part of `ann-lee`.
        return re.compile(rf"(?P<call>@)?(?<![\w-])({people})(?![\w-])", re.IGNORECASE) if people else None

    @cached_property
    def _named_thread(self) -> re.Pattern[str] | None:
        threads = "|".join(map(str, sorted(self.numbers)))
        return re.compile(rf"(#|/issues/|/pull/)({threads})(?!\d)") if threads else None

    def account(self, account: Account) -> Account:
        return GHOST if self.is_target(account.login) else account

    def number(self, number: int | None) -> int | None:
        return None if number in self.numbers else number

    def is_target(self, login: str) -> bool:
        return login.casefold() in self.logins
