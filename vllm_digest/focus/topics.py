"""What a thread on the focus deals with."""

import re
from collections import Counter
from collections.abc import Iterable

from vllm_digest.focus.patterns import Find
from vllm_digest.focus.rules import Focus
from vllm_digest.models import Thread

_TAGS = re.compile(r"\s{0,8}(?:\[[^\[\]]{0,60}\]\s{0,4}:?\s{0,4}){1,8}")
"""`[ROCm][CI] ` at a title's beginning."""
_PREFIX = re.compile(r"\s{0,8}[\w /-]{1,30}:\s")
"""`docs: ` at a title's beginning."""
_REST = re.compile(r"[^\s:,;()\[\]]*")
"""The rest of a name such as `Qwen3-8B-FP8`."""
_IN_TAG = 4
"""A word in a tag says what its author files the thread under: it outweighs three in the sentence."""


def topic(thread: Thread, focus: Focus) -> str:
    """The key of the topic that the title has most words of, else of most of the changed files; or empty.

    Of equals in a title the one that is named last, for a sentence ends on what it is about
    (`Fix a flaky kernel test`). Weak words, such as a model's name, decide where there are no others.
    Files of tests and docs count where all of them are such.
    """
    title = thread.title
    weak = list(focus.weak_topics.finds(title))
    # The FP8 of Qwen3-8B-FP8 is a part of the model's name.
    names = [(find.start, rest.end()) for find in weak if (rest := _REST.match(title, find.end))]
    strong = (
        find
        for find in focus.topics.finds(title)
        if not any(start < find.start < end for start, end in names)
    )
    return _heaviest(title, strong) or (weak[0].key if weak else "") or _of_paths(thread.paths, focus)


def _heaviest(title: str, finds: Iterable[Find]) -> str:
    tags = _TAGS.match(title) or _PREFIX.match(title)
    sentence_at = tags.end() if tags else 0
    weights: Counter[str] = Counter()
    last: dict[str, int] = {}
    named: set[tuple[str, str]] = set()
    for find in finds:
        word = (find.key, title[find.start : find.end].lower())
        if word in named:
            continue
        named.add(word)
        weights[find.key] += _IN_TAG if find.start < sentence_at else 1
        last[find.key] = find.start
    return max(weights, key=lambda key: (weights[key], last[key]), default="")


def _of_paths(paths: Iterable[str], focus: Focus) -> str:
    sources = [path for path in paths if not focus.tests.found_in(path)]
    # The folder nearest to the file tells what code does; that of a test tells what is tested.
    finds = [
        *(list(focus.topic_paths.finds(path))[-1:] for path in sources),
        *(list(focus.topic_paths.finds(path))[:1] for path in paths if not sources),
    ]
    counted = Counter(find.key for some in finds for find in some)
    return max(counted, key=lambda key: counted[key], default="")
