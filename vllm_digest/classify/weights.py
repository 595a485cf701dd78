"""What the labels, the type and the title tags of a thread say of it, by the repository's own words."""

import re

from vllm_digest.classify.rules import RepositoryWords
from vllm_digest.models import Thread

_TAG = re.compile(r"\[([^\[\]]{1,30})\]")
_TITLE_PREFIX = re.compile(r"\W*([^\W\d_]{2,20}(?: [^\W\d_]{2,20})?)\W{0,2}:")
_WORD = re.compile(r"[^\W_]+")
_REGRESSION = re.compile(r"(?<!non-)(?<!no )\bregress(?:ion|ions|ed|es)\b(?! (?:test|suite))", re.IGNORECASE)
"""Not tests against regressions, nor a model that does regression."""
_DENIALS = frozenset({"no", "non", "not"})


def weight(thread: Thread, words: RepositoryWords) -> int:
    """Points of its labels, and of the best and the worst of its title's tags."""
    labels = " ".join(thread.labels).casefold()
    weights = dict(words.tag_weights)
    points = [weights.get(tag.strip().casefold(), 0) for tag in _TAG.findall(thread.title)]
    of_labels = sum(value for word, value in words.label_weights if word in labels)
    return of_labels + max([0, *points]) + min([0, *points])


def is_bug(thread: Thread, words: RepositoryWords) -> bool:
    """Does an issue report a bug, by a word of a label in any spelling, its type, or its title's tag?"""
    if thread.is_pull:
        return False
    signs = [*thread.labels, thread.issue_type]
    signs += _TAG.findall(thread.title)[:3]
    if prefix := _TITLE_PREFIX.match(thread.title):
        signs.append(prefix[1])
    return any(_means_bug(set(_WORD.findall(sign.casefold())), words) for sign in signs)


def is_regression(thread: Thread) -> bool:
    """Does its title or a label say that something got worse?"""
    return any(_REGRESSION.search(text) for text in (thread.title, *thread.labels))


def _means_bug(named: set[str], words: RepositoryWords) -> bool:
    """`kind/bug`, `type: bug`, `🐛 Bug`; not `not a bug`."""
    return bool(named & words.bug) and not named & _DENIALS
