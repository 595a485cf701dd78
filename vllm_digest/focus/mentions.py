"""Find where a text mentions the focus, and the kind of each mention (`MentionKind`)."""

import re
import string
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.focus.patterns import Find, Meaning
from vllm_digest.focus.rules import PORTABLE, SOFTWARE, Focus
from vllm_digest.judgement import JudgementReason, ReasonCode
from vllm_digest.text.dumps import Text

_QUOTE = 60
_NEARBY = 120
"""Characters on either side of a name in which other platforms are counted."""
_LIST = 3
"""Other platforms within `_NEARBY` characters from which a mention counts as one in a list. People compare
with one other platform; with 1, six of 298 judged threads about AMD are missed (benchmarks/relevance.py)."""
_CHOICES = 2
"""Other platforms on a line of a log from which the line is a list of available choices."""
_ONE_THING = re.compile(r"[ /®™(\-]{0,3}|\w{0,30}", re.ASCII)
"""What separates parts of one name: `AMD Instinct MI300X`, `MI300X (gfx942)`, `VLLM_ROCM_USE_AITER`."""
_LEFT_OUT = re.compile(r"\bnon[- ]\Z", re.IGNORECASE)
"""`non-ROCm platforms` means the others."""
_IN_WORDS = string.ascii_letters + string.digits + "_"
"""Characters of a word. Text in other scripts may follow a name without a space and is not part of it."""
_IN_PATHS = _IN_WORDS + "./-"
_OPEN_END = ":/-"
"""Characters that may end a name whose tag or path follows: `rocm/vllm:`."""
_IN_NAMES = string.ascii_letters + string.digits + "._-"
_TRAILER = re.compile(r"\s{0,8}[\w-]{2,20}-by:", re.IGNORECASE)
"""Trailers such as `Signed-off-by:` name people, which are not mentions of the focus."""
_WORDS = (Meaning.WORD, Meaning.WEAK)
_SENTENCE_END = re.compile(r"[.!?;](?=\s)|[\u3002\uff01\uff1f\uff1b]|\n(?!\s{0,8}(?:[-*+|]|\d{1,3}[.)])\s)")
"""The end of a sentence, in English or Chinese punctuation. A list or a table counts as one sentence."""
_LONG_SENTENCE = 300
"""Upper limit of a sentence, in characters on either side of a name."""


class MentionKind(StrEnum):
    """How a text mentions the focus."""

    SAID = "said"
    PASTED = "pasted"
    """In a log, a traceback or code."""
    MACHINE = "machine"
    """As the machine that the author uses."""
    LISTED = "listed"
    """As one of several platforms."""
    LOOKS = "looks"
    """It only looks like a mention: `AMD EPYC`, `amd64`, a line of a dump without a value."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One mention of the focus.

    `word`: the word or path that contains it, such as `docs/rocm.md`.
    `position`: where it starts in its text. `sentence`: where its sentence starts.
    `weak`: the word has other meanings. `portable`: others' hardware runs it, too.
    `aside`: its sentence names the focus on the side only. `trial`: it tells on what something was tried.
    `miss`: why it only looks like a naming, without quotes.
    """

    quote: str
    kind: MentionKind
    word: str = ""
    position: int = 0
    sentence: int = 0
    weak: bool = False
    portable: bool = False
    aside: bool = False
    trial: bool = False
    miss: JudgementReason | None = None

    @property
    def counts(self) -> bool:
        """Whether it is about the focus and no other platform."""
        return self.kind in (MentionKind.SAID, MentionKind.PASTED, MentionKind.MACHINE)

    @property
    def is_lookalike(self) -> bool:
        """Whether it names a platform that reuses names of the focus, outside of a list of several."""
        return self.miss is not None and self.miss.code is ReasonCode.LOOKALIKE and not self.aside


def mentions(text: Text, focus: Focus) -> list[Mention]:
    """The mentions in order of position."""
    return [_mention(text, find, focus) for find in _things(text, focus)]


def _things(text: Text, focus: Focus) -> Iterator[Find]:
    """The matches; adjacent parts of one name are joined, and names of people left out."""
    last: Find | None = None
    for find in focus.texts.finds(text.text):
        if text.is_hidden(find.start) or _is_person(text.line_before(find.start)):
            continue
        if last and _names_same(text.text, last, find):
            meaning = min(last.meaning, find.meaning, key=_WORDS.index)
            last = Find(meaning, last.start, find.end, key=last.key if last.key == find.key else "")
            continue
        if last:
            yield last
        last = find
    if last:
        yield last


def _names_same(text: str, last: Find, find: Find) -> bool:
    both = last.meaning in _WORDS and find.meaning in _WORDS
    return both and _ONE_THING.fullmatch(text, last.end, find.start) is not None


def _is_person(line_before: str) -> bool:
    """Whether the name is part of `@somebody`, of `somebody@example.org` or of a sign-off."""
    return line_before.rstrip(_IN_NAMES).endswith("@") or _TRAILER.match(line_before) is not None


def _mention(text: Text, find: Find, focus: Focus) -> Mention:
    quote = quoted(_whole(text.text, find.start, find.end))
    if find.meaning is Meaning.EXCLUDED:
        return _miss(quote, JudgementReason(ReasonCode.EXCLUDED, because=find.because))
    if find.meaning is Meaning.LOOKALIKE:
        listed = len(_crowd(text.text, find, focus)) >= _LIST
        return Mention(quote, MentionKind.LOOKS, aside=listed, miss=JudgementReason(ReasonCode.LOOKALIKE))
    value = text.value_after(find.end)
    if code := _why_not(text, find, value):
        return _miss(quote, JudgementReason(code))
    if find.meaning is Meaning.FIELD and value:
        return Mention(quoted(f"{text.text[find.start : find.end]}: {value}"), MentionKind.MACHINE)
    if find.meaning is Meaning.MACHINE or text.is_build(find.start) or text.is_hardware(find.start):
        return Mention(quote, MentionKind.MACHINE)
    return _named(text, find, focus, quote)


def _miss(quote: str, why: JudgementReason) -> Mention:
    return Mention(quote, MentionKind.LOOKS, miss=why)


def _why_not(text: Text, find: Find, value: str | None) -> ReasonCode | None:
    if value == "":
        return ReasonCode.NO_VALUE if find.meaning is Meaning.FIELD else ReasonCode.OPTION_OFF
    return ReasonCode.PROCESSOR if text.is_processor(find.start) else None


def _named(text: Text, find: Find, focus: Focus, quote: str) -> Mention:
    """A mention of kind SAID, PASTED or LISTED, depending on other platforms nearby."""
    pasted = text.is_pasted(find.start)
    before = text.text[max(0, find.start - _NEARBY) : find.start]
    after = text.text[find.end : find.end + _NEARBY]
    if pasted:
        before, after = before.rpartition("\n")[2], after.partition("\n")[0]
    behind, ahead = peers(before, focus), peers(after, focus)
    crowd = rivals(before, behind) | rivals(after, ahead)
    if pasted and len(crowd) >= _CHOICES:
        return _miss(quote, JudgementReason(ReasonCode.PRINTED_CHOICE))
    joint = focus.joint.match(after)
    if (
        len(crowd) >= _LIST
        or _is_left_out(text.text, find.start)
        or (joint and any(peer.start == joint.end() for peer in ahead))
        or (behind and focus.joint.fullmatch(before, behind[-1].end))
    ):
        kind = MentionKind.LISTED
    else:
        kind = MentionKind.PASTED if pasted else MentionKind.SAID
    start, end = _sentence_span(text.text, find)
    whole = text.text[start:end] if kind is MentionKind.SAID else ""
    return Mention(
        quote,
        kind,
        word=text.text[slice(*_bounds(text.text, find.start, find.end, _IN_PATHS, _IN_PATHS))].strip("./-"),
        position=find.start,
        sentence=start,
        weak=find.meaning is Meaning.WEAK,
        portable=find.key == PORTABLE,
        aside=focus.asides.found_in(whole),
        trial=focus.trials.found_in(whole),
    )


def _crowd(text: str, find: Find, focus: Focus) -> set[str]:
    """The other platforms within `_NEARBY` characters."""
    before, after = text[max(0, find.start - _NEARBY) : find.start], text[find.end : find.end + _NEARBY]
    return rivals(before, peers(before, focus)) | rivals(after, peers(after, focus))


def sentence(text: str, find: Find) -> str:
    """The sentence that contains a match."""
    start, end = _sentence_span(text, find)
    return text[start:end]


def _sentence_span(text: str, find: Find) -> tuple[int, int]:
    earliest = max(0, find.start - _LONG_SENTENCE)
    start = earliest
    for end in _SENTENCE_END.finditer(text, earliest, find.start):
        start = end.end()
    after = _SENTENCE_END.search(text, find.end, find.end + _LONG_SENTENCE)
    return start, after.start() if after else min(len(text), find.end + _LONG_SENTENCE)


def peers(text: str, focus: Focus) -> list[Find]:
    """The matches of other platforms in a text, in order of position."""
    return [find for find in focus.peers.finds(text) if find.meaning is Meaning.WORD]


def rivals(text: str, named: Iterable[Find]) -> set[str]:
    """Of the other platforms and their software `named` in the text those that it does not leave out.

    They are in small letters. One that is left out anywhere (`non-CUDA`) is none.
    """
    names = [(text[find.start : find.end].lower(), find.start) for find in named]
    return {name for name, _ in names} - {name for name, start in names if _is_left_out(text, start)}


def platforms(text: str, focus: Focus) -> set[str]:
    """The other platforms and hardware, without software, that the text names and does not exclude."""
    return rivals(text, (find for find in peers(text, focus) if find.key != SOFTWARE))


def _is_left_out(text: str, position: int) -> bool:
    return _LEFT_OUT.search(text, max(0, position - 5), position) is not None


def quoted(text: str) -> str:
    """A quote for the page: untrusted, on one line, at most 60 characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTE else flat[: _QUOTE - 1] + "…"


def _whole(text: str, start: int, end: int) -> str:
    """A name with the rest of its words: `AiterBackend`, `rocm6.4`, `rocm/vllm:nightly`.

    `[ROCm]` keeps its brackets, `MI300X (gfx942)` its last one.
    """
    # Includes the dot of a version and the dashes of a tag.
    after = _IN_WORDS + (".-" if text[end - 1] in _OPEN_END else ".")
    begin, stop = _bounds(text, start, end, _IN_WORDS, after)
    while stop > begin + 1 and text[stop - 1] in f".{_OPEN_END}":
        stop -= 1
    return _with_brackets(text, begin, stop)


def _bounds(text: str, start: int, end: int, before: str, after: str) -> tuple[int, int]:
    """Start and end of a part of a text, extended to the word that it belongs to."""
    head, tail = text[max(0, start - _LONG_SENTENCE) : start], text[end : end + _LONG_SENTENCE]
    return start - len(head) + len(head.rstrip(before)), end + len(tail) - len(tail.lstrip(after))


def _with_brackets(text: str, start: int, end: int) -> str:
    if text[start - 1 : start] == "[" and text[end : end + 1] == "]":
        return text[start - 1 : end + 1]
    return text[start : end + 1] if "(" in text[start:end] and text[end : end + 1] == ")" else text[start:end]
