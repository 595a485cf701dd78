"""Extract claims about a whole window from English sentences."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import CountClaim

# Not a thread's number, a part of a larger or decimal one, or a percentage.
_COUNT = re.compile(r"(?<![#\d.,])(\d+)(?![\d.,%]|\s?%)", re.ASCII)
_PART = re.compile(
    r"\b(?:of (?:them|these|those|which)|including|at least|more than|over|about"
    r"|nearly|among|another|some)\b",
    re.IGNORECASE,
)
"""A clause with one of these may be about a part of a list."""
_ISSUES, _PULLS = r"\bissues?\b", r"\b(?:PRs?|pull requests?)\b"
_NAMED = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for name, pattern in {
        "closed_unmerged_prs": r"\b(?:closed (?:without (?:a )?merge|without being merged"
        r"|unmerged)|unmerged and closed)\b",
        "new_issues": rf"\b(?:new|opened|filed)\b[^,.;]{{0,24}}{_ISSUES}|{_ISSUES}[^,.;]{{0,12}}\b(?:opened"
        rf"|filed)\b",
        "new_prs": rf"\b(?:new|opened)\b[^,.;]{{0,24}}{_PULLS}|{_PULLS}[^,.;]{{0,12}}\bopened\b",
        "merged_prs": rf"\bmerged\b[^,.;]{{0,24}}{_PULLS}|{_PULLS}[^,.;]{{0,12}}\bmerged\b",
        "handled_issues": rf"\b(?:resolved|handled|solved|fixed)\b[^,.;]{{0,24}}{_ISSUES}"
        rf"|{_ISSUES}[^,.;]{{0,12}}\b(?:resolved|handled|solved)\b",
        "closed_issues": rf"\bclosed\b[^,.;]{{0,24}}{_ISSUES}|{_ISSUES}[^,.;]{{0,12}}\bclosed\b",
    }.items()
)
"""Patterns of the lists' names; the first that matches counts."""

WROTE_CODE = re.compile(
    r"\b(?:submitted|contributed|wrote|opened)\b[^,.;]{0,12}\b(?:code|PRs?|pull requests?|patch(?:es)?)\b",
    re.IGNORECASE,
)
REVERT = re.compile(r"\brever(?:t|sal)|\broll(?:ed)? ?back|\btaken back\b", re.IGNORECASE)
# A template, filled with a regular expression of names.
_DENIES = (
    r"\b(?:no|not any|without|lacks?(?: any)?|there (?:is|are|was|were) no)\b[^,.;]{0,20}%s[^,.;]{0,16}"
    r"\b(?:updates?|changes?|news|activity|progress|work|content)\b"
)


def counts(text: str) -> Iterator[CountClaim]:
    """Counts that a text gives for lists of the window, clause by clause."""
    for clause in re.split(r"[.;!?\n](?:\s|$)|,\s|\sand\s", text):
        found = {int(one[1]) for one in _COUNT.finditer(clause)}
        # Two figures in a clause may belong to two lists.
        named = next((name for pattern, name in _NAMED if pattern.search(clause)), None)
        if named and len(found) == 1 and not _PART.search(clause):
            yield CountClaim(clause.strip(), named, found.pop())


def denial(text: str, names: str) -> str:
    """The words that deny any news about `names`, a regular expression; empty if there are none."""
    found = re.search(_DENIES % names, text, re.IGNORECASE)
    return found[0] if found else ""
