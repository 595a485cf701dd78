"""Where a text names the focus and in what sense: said, pasted, as a machine, in a list, or by looks only."""

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
_BREATH = 120
"""Characters on either side that are read with a name."""
_LIST = 3
"""So many other platforms within a breath are a list."""
_CHOICES = 2
"""A log that prints so many others on the line prints what one may choose from."""
_ONE_THING = re.compile(r"[ /®™(\-]{0,3}|\w{0,30}", re.ASCII)
"""Between the finds of one name: `AMD Instinct MI300X`, `MI300X (gfx942)`, `VLLM_ROCM_USE_AITER`."""
_LEFT_OUT = re.compile(r"\bnon[- ]\Z", re.IGNORECASE)
"""`non-ROCm platforms` are the others."""
_IN_WORDS = string.ascii_letters + string.digits + "_"
"""Text in other scripts may stand beside a name without a space, and is no part of its word."""
_IN_PATHS = _IN_WORDS + "./-"
_OPEN_END = ":/-"
"""What a name may end on where its tag or path follows: `rocm/vllm:`."""
_IN_NAMES = string.ascii_letters + string.digits + "._-"
_TRAILER = re.compile(r"\s{0,8}[\w-]{2,20}-by:", re.IGNORECASE)
"""`Signed-off-by:` and the like name people, who are no subject."""
_WORDS = (Meaning.WORD, Meaning.WEAK)
_SENTENCE_END = re.compile(r"[.!?;](?=\s)|[\u3002\uff01\uff1f\uff1b]|\n(?!\s{0,8}(?:[-*+|]|\d{1,3}[.)])\s)")
"""The end of a sentence, in English or Chinese signs. A list or a table goes on as one sentence."""
_LONG_SENTENCE = 300
"""Characters on either side of a name that are taken for its sentence at most."""


class MentionKind(StrEnum):
    """In what sense a text names the focus."""

    SAID = "said"
    PASTED = "pasted"
    """In a log, a traceback or code."""
    MACHINE = "machine"
    """As the machine in use."""
    LISTED = "listed"
    """As one of several platforms."""
    LOOKS = "looks"
    """Not at all: `AMD EPYC`, `amd64`, a line of a dump without a value."""


@dataclass(frozen=True, slots=True)
class Mention:
    """One naming of the focus.

    `word`: what it is a part of, up to white space and signs that no path has, such as `docs/rocm.md`.
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
        """Does it speak of the focus, and of it alone?"""
        return self.kind in (MentionKind.SAID, MentionKind.PASTED, MentionKind.MACHINE)

    @property
    def is_lookalike(self) -> bool:
        """Is it a platform that uses the focus's names for its own, and not one in a list of several?"""
        return self.miss is not None and self.miss.code is ReasonCode.LOOKALIKE and not self.aside


def mentions(text: Text, focus: Focus) -> list[Mention]:
    """The mentions from left to right."""
    return [_mention(text, find, focus) for find in _things(text, focus)]


def _things(text: Text, focus: Focus) -> Iterator[Find]:
    """The finds, those that name one thing together as one, without people's names."""
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
    """Does a part of `@somebody`, of `somebody@example.org` or of a sign-off follow?"""
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
    """Said, pasted or listed: by the other platforms in the same breath."""
    pasted = text.is_pasted(find.start)
    before = text.text[max(0, find.start - _BREATH) : find.start]
    after = text.text[find.end : find.end + _BREATH]
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
    """The others in the same breath."""
    before, after = text[max(0, find.start - _BREATH) : find.start], text[find.end : find.end + _BREATH]
    return rivals(before, peers(before, focus)) | rivals(after, peers(after, focus))


def sentence(text: str, find: Find) -> str:
    """The sentence that a find stands in."""
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
    """Where the text names other platforms, from left to right."""
    return [find for find in focus.peers.finds(text) if find.meaning is Meaning.WORD]


def rivals(text: str, named: Iterable[Find]) -> set[str]:
    """Of the other platforms and their software `named` in the text those that it does not leave out.

    They are in small letters. One that is left out anywhere (`non-CUDA`) is none.
    """
    names = [(text[find.start : find.end].lower(), find.start) for find in named]
    return {name for name, _ in names} - {name for name, start in names if _is_left_out(text, start)}


def platforms(text: str, focus: Focus) -> set[str]:
    """The other platforms and hardware, without software, that the text names and does not leave out."""
    return rivals(text, (find for find in peers(text, focus) if find.key != SOFTWARE))


def _is_left_out(text: str, position: int) -> bool:
    return _LEFT_OUT.search(text, max(0, position - 5), position) is not None


def quoted(text: str) -> str:
    """Evidence for the page: untrusted, on one line, at most 60 characters."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _QUOTE else flat[: _QUOTE - 1] + "…"


def _whole(text: str, start: int, end: int) -> str:
    """A name with the rest of its words: `AiterBackend`, `rocm6.4`, `rocm/vllm:nightly`.

    `[ROCm]` keeps its brackets, `MI300X (gfx942)` its last one.
    """
    # The dot of a version, and the dashes of a tag.
    after = _IN_WORDS + (".-" if text[end - 1] in _OPEN_END else ".")
    begin, stop = _bounds(text, start, end, _IN_WORDS, after)
    while stop > begin + 1 and text[stop - 1] in f".{_OPEN_END}":
        stop -= 1
    return _with_brackets(text, begin, stop)


def _bounds(text: str, start: int, end: int, before: str, after: str) -> tuple[int, int]:
    """Where a part of a text starts and ends with the characters beside it that belong to its word."""
    head, tail = text[max(0, start - _LONG_SENTENCE) : start], text[end : end + _LONG_SENTENCE]
    return start - len(head) + len(head.rstrip(before)), end + len(tail) - len(tail.lstrip(after))


def _with_brackets(text: str, start: int, end: int) -> str:
    if text[start - 1 : start] == "[" and text[end : end + 1] == "]":
        return text[start - 1 : end + 1]
    return text[start : end + 1] if "(" in text[start:end] and text[end : end + 1] == ")" else text[start:end]
