"""Accounts of a generated repository: a few write most, many write once, bots write often."""

from __future__ import annotations

from itertools import accumulate
from random import Random

from tests.servers.world import Actor

MERGIFY = Actor("mergify", "Bot")
STALE = Actor("github-actions", "Bot")
REVIEWER = Actor("gemini-code-assist", "Bot")
DEPENDABOT = Actor("dependabot", "Bot")
MANNEQUIN = Actor("imported-from-svn", "Mannequin")
COMPANY = Actor("redhat-perf", "Organization")

_FIRST = ("wei", "amy", "jun", "lena", "raj", "tomas", "yuki", "maria", "hao", "simon", "AMD-", "noor", "li")
_LAST = ("smith", "chen", "novak", "gpu", "tanaka", "kernel", "lopez", "zh", "dev", "1994", "rocm", "w")

Author = tuple[Actor | None, str]
"""An account, and its CommentAuthorAssociation."""


class People:
    """Picks authors; the first names in the list are the members of the project."""

    def __init__(self, rng: Random, count: int = 400, members: int = 25) -> None:
        self._rng = rng
        logins = [f"{rng.choice(_FIRST)}{rng.choice(_LAST)}{n}" for n in range(count)]
        self._humans: list[Author] = [
            (Actor(login), "MEMBER" if n < members else "CONTRIBUTOR" if n < count // 2 else "NONE")
            for n, login in enumerate(logins)
        ]
        self._members = self._humans[:members]
        self._weights = list(accumulate(1 / (n + 8) for n in range(count)))

    def anybody(self) -> Author:
        """Mostly a person; 2 % are deleted accounts, and rarely it is an organization or placeholder."""
        chance = self._rng.random()
        if chance < 0.02:
            return None, "NONE"
        if chance < 0.024:
            return (MANNEQUIN, "NONE") if chance < 0.022 else (COMPANY, "MEMBER")
        return self._rng.choices(self._humans, cum_weights=self._weights)[0]

    def member(self) -> Author:
        return self._rng.choice(self._members)
