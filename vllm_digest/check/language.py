"""Is it a sentence in simplified Chinese, and nothing else?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vllm_digest.narrative import FallbackReason

_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff]")
_ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z']*,? ){8}")
"""So many words in a row are an English sentence, not terms."""
_LETTER = re.compile(r"[A-Za-z]")
_AT_LEAST = 6
"""Ideographs of the shortest sentence."""
_TERMS = 3
"""Latin letters an ideograph; names of models and of code are long."""
# GB 2312 holds the simplified forms of all but rare signs, and of the traditional ones only a few.
_TRADITIONAL_IN_GB2312 = "後於"
_SIMPLIFIED_BEYOND_IT = "啰囧"
_LOOP = re.compile(r"(.{4,60}?)\1{2,}", re.DOTALL)
_CHATTER = re.compile(
    r"\A[\s*#>]*(?:好的|当然|没问题|明白|收到|以下(?:是|为)|下面是|根据(?:您|你)|作为(?:一个|一名|专业|AI)"
    r"|(?:OK|Sure|Certainly|Here (?:is|are)|As an?)\b)|</?think"
    r"|(?:语言模型|AI 助手|人工智能助手)，?我|我(?:无法|不能|将为|会为)"
    r"|希望(?:这|以上|对您|对你)|如需(?:更多|进一步)",
    re.IGNORECASE,
)
_UNFINISHED = "，、：；,:;（(“‘-"
_SHINGLE = 14


@dataclass(frozen=True, slots=True)
class Length:
    """How many characters a text may have; `least` ideographs make it a sentence."""

    most: int
    least: int = _AT_LEAST


def language(
    text: str, prose: str, *, length: Length, known: str, instructions: str
) -> Iterator[FallbackReason]:
    """What is wrong with `text`, which without its code is `prose`.

    `known` is what it may quote signs and sentences from, `instructions` what the model was told.
    """
    ideographs = _IDEOGRAPH.findall(prose)
    if not len(ideographs) >= length.least or len(text) > length.most or text[-1:] in _UNFINISHED:
        yield FallbackReason.LENGTH
    if (
        len(_LETTER.findall(prose)) > _TERMS * len(ideographs)
        or (_OTHER_SCRIPT.search(prose) and not set(_OTHER_SCRIPT.findall(prose)) <= set(known))
        or any(found[0].strip() not in known for found in _ENGLISH.finditer(prose))
    ):
        yield FallbackReason.LANGUAGE
    if any(_is_traditional(sign) and sign not in known for sign in ideographs):
        yield FallbackReason.TRADITIONAL
    if len(text) <= 4 * length.most and _LOOP.search(text):
        yield FallbackReason.LOOP
    if _CHATTER.search(text) or _repeats(text, instructions):
        yield FallbackReason.CHATTER


def _is_traditional(sign: str) -> bool:
    if sign in _SIMPLIFIED_BEYOND_IT:
        return False
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return sign in _TRADITIONAL_IN_GB2312


def _repeats(text: str, instructions: str) -> bool:
    """Does it hold a piece of what the model was told?"""
    return any(text[at : at + _SHINGLE] in instructions for at in range(len(text) - _SHINGLE + 1))
