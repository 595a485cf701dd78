"""Evaluate a thread's labels, issue type and title tags by the settings of the repository."""

import re

from vllm_digest.classify.rules import RepositoryWords
from vllm_digest.models import Thread

_TAG = re.compile(r"\[([^\[\]]{1,30})\]")
# `Bug: …` or `🐛 Bug report: …`, as issue forms of many repositories begin titles.
_TITLE_PREFIX = re.compile(r"\W*([^\W\d_]{2,20}(?: [^\W\d_]{2,20})?)\W{0,2}:")
_WORD = re.compile(r"[^\W_]+")
_REGRESSION = re.compile(
    r"(?<!non-)(?<!no )(?<!not a )\bregress(?:ion|ions|ed|es)\b"
    r"(?! (?:test|suite|head|model|task|loss|tree|problem|layer|target|output|coefficient|analysis|label))",
    re.IGNORECASE,
)
"""Excludes "regression test", "non-regression" and what statistics calls a regression."""
_STATISTICS = re.compile(
    r"\b(?:linear|logistic|ridge|lasso|quantile|poisson|classif\w+(?: and|/|,| or)|symbolic|ordinal) regress"
    r"|\bregression(?:/| and | or )classif",
    re.IGNORECASE,
)
_DENIALS = frozenset({"no", "non", "not"})


def weight(thread: Thread, words: RepositoryWords) -> int:
    """The sum of the points of its labels, and of the best and the worst of its title tags."""
    labels = " ".join(thread.labels).casefold()
    weights = dict(words.tag_weights)
    points = [weights.get(tag.strip().casefold(), 0) for tag in _TAG.findall(thread.title)]
    of_labels = sum(value for word, value in words.label_weights if word in labels)
    # Not the sum of the tags: authors choose them, and could raise the weight with more tags.
    return of_labels + max([0, *points]) + min([0, *points])


def is_bug(thread: Thread, words: RepositoryWords) -> bool:
    """Whether an issue reports a bug, by a word in a label, its issue type, or its title tag."""
    if thread.is_pull:
        return False
    signs = [*thread.labels, thread.issue_type]
    signs += _TAG.findall(thread.title)[:3]
    if prefix := _TITLE_PREFIX.match(thread.title):
        signs.append(prefix[1])
    return any(_means_bug(set(_WORD.findall(sign.casefold())), words) for sign in signs)


def is_regression(thread: Thread) -> bool:
    """Whether its title or a label names a regression, in the sense of something that worked before."""
    texts = (thread.title, *thread.labels)
    return any(_REGRESSION.search(text) and not _STATISTICS.search(text) for text in texts)


def _means_bug(named: set[str], words: RepositoryWords) -> bool:
    """Whether the words of a label mean a bug: true for `kind/bug` and `🐛 Bug`, false for `not a bug`."""
    return bool(named & words.bug) and not named & _DENIALS
