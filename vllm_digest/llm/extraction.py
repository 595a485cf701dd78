"""A text with an answer in it → the JSON object that is the answer, whatever a model puts around it.

Thoughts come first, in a notation of each model's own, and may hold drafts; notes may follow.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vllm_digest.llm.body import is_shallow

_THOUGHT = r"(?:[a-z_]+:)?(?:think(?:ing)?|thoughts?|reason(?:ing)?|reflection|scratchpad|analysis)"
_OPENING = re.compile(
    rf"<{_THOUGHT}>|\[THINK\]|◁think▷|<\|?(?:begin_of_thought|start_thinking)\|?>"
    rf"|<\|channel\|?>(?:analysis|commentary|thought)|\Aanalysis(?=[A-Z{{\"])",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    rf"</{_THOUGHT}>|\[/THINK\]|◁/think▷|<\|?(?:end_of_thought|end_thinking)\|?>"
    rf"|<\|channel\|>final\b|<channel\|>|assistant\s*final(?=\W|json)",
    re.IGNORECASE,
)
"""`<think>` of DeepSeek and Qwen, `<thinking>` and the like, `<seed:think>` of Seed-OSS, `[THINK]` of
Magistral, `◁think▷` of Kimi, Cohere's and Sky-T1's, gpt-oss's Harmony, also without its special tokens."""
_CUE = re.compile(
    r"(?P<final>\bfinal|\bcorrect|\brevis|\breflect|\bupdated?\b|\bbetter\b|\bimproved|\bactually"
    "|\u6700\u7ec8|\u4fee\u6b63|\u66f4\u6b63|\u6539\u4e3a|\u6539\u8fdb)"
    r"|\bnotes?\b|\bn\.b\.|\be\.g\.|\bexample|\bconsidered|\bdraft|\bearlier|\binstead of|\brather than"
    r"|\binput\b"
    "|\u6ce8|\u8bf4\u660e|\u4f8b\u5982|\u793a\u4f8b|\u8349\u7a3f",
    re.IGNORECASE,
)
"""Words before another object: `final` ones announce one that replaces the first, the others one that is only
mentioned. The escapes are Chinese: final, corrected, changed, better; note, remark, for example, draft."""
_CLOSERS = re.compile(r"(?:\s|`|</?\w+>|<\|\w+\|>|[。.)\]\x00])*\Z")
"""What may follow an answer that ends a text: a fence, a closing tag."""
_MOST_STARTS = 200
"""Braces at which an object is looked for."""


class _Found(NamedTuple):
    """An object in a text, and where."""

    start: int
    end: int
    value: dict[str, Any]


def answer_in(text: str, required: set[str]) -> Mapping[str, Any] | None:
    """The answer: the last whole object with the required keys after any thoughts, notes aside.

    An object without these keys is the answer only if it is the first and only one.
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
    """The answer that a server took for thoughts: an object with the required keys that ends the text."""
    last = next(reversed(list(_objects(text))), None)
    if last is None or not required <= last.value.keys() or not _CLOSERS.match(text, last.end):
        return None
    return _clean(last)


def _end_of_thoughts(text: str, objects: Sequence[_Found], required: set[str]) -> int | None:
    """Where the answer may begin; None if the thoughts have no end. Marks within an object are its text."""

    def outside(pattern: re.Pattern[str]) -> list[re.Match[str]]:
        marks = pattern.finditer(text)
        return [mark for mark in marks if not any(one.start < mark.start() < one.end for one in objects)]

    ends = [mark.end() for mark in outside(_CLOSING)]
    starts = [one.start for one in objects if required <= one.value.keys()]
    # A note behind the answer may speak of the marks: the last mark with an answer behind it counts.
    end = next((end for end in reversed(ends) if any(start >= end for start in starts)), None)
    if end is not None:
        return end
    opened = outside(_OPENING)
    if opened and not any(one.end <= opened[0].start() for one in objects):
        return ends[-1] if ends and ends[-1] > opened[-1].end() else None
    return 0


def _last_meant(text: str, candidates: Sequence[_Found]) -> _Found:
    """The last of several objects that is not merely mentioned behind the answer."""
    chosen = candidates[0]
    for one in candidates[1:]:
        cue = next(reversed(list(_CUE.finditer(text, chosen.end, one.start))), None)
        ends_text = _CLOSERS.match(text, one.end) is not None
        if cue["final"] if cue else ends_text or text[: chosen.start].strip():
            chosen = one
    return chosen


def _objects(text: str) -> Iterator[_Found]:
    """Every JSON object that is not within another one."""
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
    """The object without lone surrogates, which no file takes."""
    text = json.dumps(found.value, ensure_ascii=False)
    cleaned: dict[str, Any] = json.loads(re.sub("[\ud800-\udfff]", "\ufffd", text))
    return cleaned
