"""Find the JSON object of the answer in the text of a model.

Reasoning comes first, in a notation that depends on the model, and may contain drafts; notes may follow.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vllm_digest.llm.body import is_shallow

_THOUGHT = (
    r"[a-z:_ ]{0,24}(?:think|thought|reason|reflect|scratchpad|analysis|monologue|ponder|\bcot\b|\bplan\b"
    "|\u601d\u8003|\u63a8\u7406)[a-z:_ ]{0,24}"
)
"""The name of a mark around reasoning. Chinese: thinking, reasoning."""
_OPENING = re.compile(
    rf"<[|\uff5c]?(?!end_){_THOUGHT}(?: [^<>]{{0,60}})?[|\uff5c]?>|◁think▷"
    rf"|\[THINK\]|\A\s*[\[\u3010]{_THOUGHT}[\]\u3011]|<\|channel\|?>(?:analysis|commentary|thought)|\Aanalysis(?=[A-Z{{\"])",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"<(?:/[|\uff5c]?|[|\uff5c]/){_THOUGHT}[|\uff5c]?>|[\[\u3010]/{_THOUGHT}[\]\u3011]|◁/think▷"
    rf"|<\|?end_{_THOUGHT}\|?>|<(?:answer|output|final|response|result)>|\[(?:answer|output|final)\]"
    rf"|<\|channel\|>final\b|<channel\|>|assistant\s*final(?=\W|json)",
    re.IGNORECASE,
)
"""`<think>` of DeepSeek and Qwen, `<thinking>` and the like, `<seed:think>` of Seed-OSS, `[THINK]` of
Magistral, `◁think▷` of Kimi, Cohere's and Sky-T1's, gpt-oss's Harmony, also without its special tokens.
Other names in brackets open reasoning only at the beginning of a text, for titles have tags such as
`[Reasoning]`."""
_CUE = re.compile(
    r"(?P<final>\bfinal|\bcorrect|\brevis|\breflect|\bupdated?\b|\bbetter\b|\bimproved|\bactually"
    "|\u6700\u7ec8|\u4fee\u6b63|\u66f4\u6b63|\u6539\u4e3a|\u6539\u8fdb)"
    r"|\bnotes?\b|\bn\.b\.|\be\.g\.|\bexample|\bconsidered|\bdraft|\bearlier|\binstead of|\brather than"
    r"|\binput\b"
    "|\u6ce8|\u8bf4\u660e|\u4f8b\u5982|\u793a\u4f8b|\u8349\u7a3f",
    re.IGNORECASE,
)
"""Words between two objects: `final` ones announce a second object that replaces the first, the others one
that is only mentioned. Chinese: final, corrected, changed, better; note, remark, for example, draft."""
_CLOSERS = re.compile(r"(?:\s|`|</?\w+>|<\|\w+\|>|[。.)\]\x00])*\Z")
"""What may follow an answer at the end of a text, such as a code fence or a closing tag."""
_MOST_STARTS = 200
"""Opening braces that are tried; limits the time for a text full of braces."""


class _Found(NamedTuple):
    """A JSON object in a text. `start`, `end`: character offsets, half-open."""

    start: int
    end: int
    value: dict[str, Any]


def answer_in(text: str, required: set[str]) -> Mapping[str, Any] | None:
    """The answer: the last complete object after the reasoning with the required keys, notes aside.

    An object without these keys is the answer only if it is the only one. None if there is no answer.
    """
    objects = list(_objects(text))
    end = _end_of_thoughts(text, objects, required)
    if end is None:
        return None
    behind = [one for one in objects if one.start >= end]
    candidates = [one for one in behind if required <= one.value.keys()]
    if candidates:
        return _clean(_last_meant(text, candidates))
    if behind and behind[0].start == text.find("{", end):
        return _clean(behind[0])
    return None


def answer_in_thoughts(text: str, required: set[str]) -> Mapping[str, Any] | None:
    """The answer in a text returned as reasoning: an object with the required keys at its end."""
    last = next(reversed(list(_objects(text))), None)
    if last is None or not required <= last.value.keys() or not _CLOSERS.match(text, last.end):
        return None
    return _clean(last)


def _end_of_thoughts(text: str, objects: Sequence[_Found], required: set[str]) -> int | None:
    """Offset after the reasoning; None if it does not end. Marks inside an object are part of its text."""

    def outside(pattern: re.Pattern[str]) -> list[re.Match[str]]:
        marks = pattern.finditer(text)
        return [mark for mark in marks if not any(one.start < mark.start() < one.end for one in objects)]

    ends = [mark.end() for mark in outside(_CLOSING)]
    starts = [one.start for one in objects if required <= one.value.keys()]
    # A note after the answer may mention the marks, so the last mark before an answer counts.
    end = next((end for end in reversed(ends) if any(start >= end for start in starts)), None)
    if end is not None:
        return end
    opened = outside(_OPENING)
    if opened and not any(one.end <= opened[0].start() for one in objects):
        return ends[-1] if ends and ends[-1] > opened[-1].end() else None
    return 0


def _last_meant(text: str, candidates: Sequence[_Found]) -> _Found:
    """The last of several objects that is not only mentioned in a note after the answer."""
    chosen = candidates[0]
    for one in candidates[1:]:
        cue = next(reversed(list(_CUE.finditer(text, chosen.end, one.start))), None)
        ends_text = _CLOSERS.match(text, one.end) is not None
        if cue["final"] if cue else ends_text or text[: chosen.start].strip():
            chosen = one
    return chosen


def _objects(text: str) -> Iterator[_Found]:
    """Every JSON object that is not inside another one, in order."""
    decoder = json.JSONDecoder(strict=False, parse_constant=_refuse, parse_float=_finite)
    start = text.find("{")
    for _ in range(_MOST_STARTS):
        if start < 0:
            return
        try:
            value, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            if is_shallow(value):
                yield _Found(start, end, value)
        start = text.find("{", end)


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is no JSON")


def _finite(number: str) -> float:
    value = float(number)
    return value if math.isfinite(value) else _refuse(number)


def _clean(found: _Found) -> Mapping[str, Any]:
    """The object without lone surrogates, which cannot be encoded in UTF-8."""
    text = json.dumps(found.value, ensure_ascii=False)
    cleaned: dict[str, Any] = json.loads(re.sub("[\ud800-\udfff]", "\ufffd", text))
    return cleaned
