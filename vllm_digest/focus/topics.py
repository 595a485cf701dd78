"""What a thread on the focus deals with, and on which hardware."""

from collections import Counter

from vllm_digest.focus.rules import Focus
from vllm_digest.models import Thread
from vllm_digest.text.dumps import Text

_MOST_HARDWARE = 3


def topic(thread: Thread, focus: Focus) -> str:
    """The key of what the title names first, else of what most of the changed files name; or empty."""
    if named := next(focus.topics.finds(thread.title), None):
        return named.key
    paths = (next(focus.topics.finds(path), None) for path in thread.paths)
    counted = Counter(find.key for find in paths if find)
    return max(counted, key=lambda name: counted[name], default="")


def hardware(thread: Thread, focus: Focus) -> tuple[str, ...]:
    """What title and body name most, as it was first written; of equals what comes first."""
    names: dict[str, str] = {}
    counted: Counter[str] = Counter()
    for text in (thread.title, Text(thread.body).text):
        for find in focus.hardware.finds(text):
            name = " ".join(text[find.start : find.end].split())
            counted[names.setdefault(name.casefold(), name)] += 1
    return tuple(name for name, _ in counted.most_common(_MOST_HARDWARE))
