"""The hardware of the focus that a thread is about."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vllm_digest.focus.mentions import sentence
from vllm_digest.focus.patterns import Find
from vllm_digest.focus.rules import Focus
from vllm_digest.models import Thread
from vllm_digest.text.dumps import Text

_READ = 32_768
"""Characters of a text that are searched; people name their hardware near the beginning."""
_MOST = 3
_TITLE = 3
"""Weight of a name in the title, in mentions in the body."""
_PLURAL = re.compile(r"(?<=[0-9A-Z])s\Z")
_UNDERSCORES = re.compile(r"[\s_]+")
_BETWEEN = re.compile(r"[\s-]+")


@dataclass(frozen=True, slots=True)
class _Name:
    """Hardware as a text names it. `asked_for`: an error, a log or a requirement names it; it is not in
    use."""

    text: str
    is_card: bool
    asked_for: bool


def hardware(thread: Thread, own: Iterable[str], others: Iterable[str], focus: Focus) -> tuple[str, ...]:
    """At most three names in their longest written form, most frequent first.

    Hardware in use comes before hardware that is asked for, cards before architectures. Comments of others
    count only if the author names none. `own`, `others`: comments of the author and of others.
    """
    title = [name for name in _names(thread.title, focus) for _ in range(_TITLE)]
    author = [*title, *(name for text in (thread.body, *own) for name in _names(text, focus))]
    used = [name for name in author if not name.asked_for]
    for some in (used, author, [name for text in others for name in _names(text, focus)]):
        if some:
            cards = [name.text for name in some if name.is_card]
            return _most_named(cards or [name.text for name in some])
    return ()


def _names(body: str, focus: Focus) -> Iterator[_Name]:
    text = Text(body[:_READ])
    for find in focus.hardware.finds(text.text):
        if not text.is_processor(find.start):
            in_use = text.is_hardware(find.start) or not (
                text.is_pasted(find.start) or focus.demands.found_in(sentence(text.text, find))
            )
            yield _Name(_written(text.text, find, focus), find.key in focus.cards, not in_use)


def _written(text: str, find: Find, focus: Focus) -> str:
    """The whole name as found, without the ecosystem's name in front, with normalized capitals."""
    name = _PLURAL.sub("", _UNDERSCORES.sub(" ", text[find.start : find.end])).strip()
    parts, patterns = _BETWEEN.split(name), find.key.split()
    if len(parts) == len(patterns):
        name = " ".join(map(_capitals, parts, patterns))
    return name.removeprefix(f"{focus.words.name} ")


def _capitals(part: str, pattern: str) -> str:
    """A part of a name with the capitals of its pattern, unless the text has capitals of its own."""
    if not set(pattern) & set("#*"):
        return pattern if part.islower() else part
    return part.lower() if pattern.islower() else part.upper()


def _most_named(names: Iterable[str]) -> tuple[str, ...]:
    """The names by frequency; a short form counts for the full one: `7900 XTX`, `MI300` for `MI300X`."""
    counted = Counter(names)
    whole: Counter[str] = Counter()
    for name, count in sorted(counted.items(), key=lambda item: -len(item[0])):
        longer = (one for one in whole if _is_short_for(_letters(name), _letters(one)))
        whole[next(longer, name)] += count
    first = list(counted)
    return tuple(sorted(whole, key=lambda name: (-whole[name], first.index(name)))[:_MOST])


def _is_short_for(short: str, whole: str) -> bool:
    if whole.endswith(short):
        return True
    goes_on_with_letters = short[-1].isdigit() and not whole[len(short) :][:1].isdigit()
    return whole.startswith(short) and (goes_on_with_letters or short.isalpha())


def _letters(name: str) -> str:
    return _BETWEEN.sub("", name.casefold())
