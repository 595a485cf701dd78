"""Assign a topic to a thread about the focus."""

import re
from collections import Counter
from collections.abc import Iterable

from vllm_digest.focus.patterns import Find
from vllm_digest.focus.rules import Focus
from vllm_digest.models import Thread

_TAGS = re.compile(r"\s{0,8}(?:\[[^\[\]]{0,60}\]\s{0,4}:?\s{0,4}){1,8}")
"""Tags at the beginning of a title: `[ROCm][CI] `."""
_PREFIX = re.compile(r"\s{0,8}[\w /-]{1,30}:\s")
"""A prefix at the beginning of a title: `docs: `."""
_REST = re.compile(r"[^\s:,;()\[\]]*")
"""The rest of a name after a match, as in `Qwen3-8B-FP8`."""
_IN_TAG = 4
"""Points of a word in a tag, which the author chose as the category; it outweighs three other words."""
_OF_ALL_FILES = 2
"""Points if all changed files are of one topic; many titles name attention or kernels only in passing."""


def topic(thread: Thread, focus: Focus) -> str:
    """The key of the topic that the title has most words of, else of most of the changed files; or empty.

    Of equals in a title the one that is named last, for a sentence ends on what it is about
    (`Fix a flaky kernel test`). Weak words, such as a model's name, decide where there are no others.
    Files of tests and docs count where all of them are such. A title's word counts more where all files are
    of its topic, and not at all where the topic is that of files which the change does not touch.
    """
    title = thread.title
    weak = list(focus.weak_topics.finds(title))
    # The FP8 in Qwen3-8B-FP8 is part of the model's name.
    names = [(find.start, rest.end()) for find in weak if (rest := _REST.match(title, find.end))]
    of_files = _topics_of(thread.paths, focus)
    knows_files = bool(thread.paths) and thread.changed_files == len(thread.paths)
    untouched = focus.file_topics - _touched(thread.paths, focus) if knows_files else ()
    sole = next(iter(of_files)) if knows_files and len(of_files) == 1 else ""
    strong = [
        find
        for find in focus.topics.finds(title)
        if find.key not in untouched and not any(start < find.start < end for start, end in names)
    ]
    return (
        _heaviest(title, strong, sole)
        or (weak[0].key if weak else "")
        or max(filter(None, of_files), key=lambda key: of_files[key], default="")
    )


def _heaviest(title: str, finds: Iterable[Find], sole: str) -> str:
    """The topic with most points. `sole`: the topic of all changed files, or empty."""
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
    if sole and weights:
        weights[sole] += _OF_ALL_FILES
    return max(weights, key=lambda key: (weights[key], last.get(key, -1)), default="")


def _topics_of(paths: Iterable[str], focus: Focus) -> Counter[str]:
    """The number of changed files by topic; the empty key counts those without one."""
    sources = [path for path in paths if not focus.tests.found_in(path)]
    # The folder nearest to the file is the most specific one.
    finds = [
        *(list(focus.topic_paths.finds(path))[-1:] for path in sources),
        *(list(focus.topic_paths.finds(path))[:1] for path in paths if not sources),
    ]
    return Counter(some[0].key if some else "" for some in finds)


def _touched(paths: Iterable[str], focus: Focus) -> frozenset[str]:
    """The topics of which a changed file's path has a word."""
    return frozenset(find.key for path in paths for find in focus.topic_paths.finds(path))
