"""Check that a text is English prose of the right form."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import Problem
from vllm_digest.check.language import Length
from vllm_digest.narrative import FallbackReason

_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
_FOREIGN = re.compile(
    r"[\u0370-\u1fff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\u3000-\u303f\uff00-\uffef]"
)
"""Scripts and punctuation that do not occur in English, except in quotes."""
_COMMON = re.compile(
    r"\b(?:the|a|an|is|are|was|were|be|been|to|of|in|on|for|with|and|or|not|that"
    r"|this|it|its|by|as|at|from|has|have"
    r"|had|does|do|did|no|than|when|which|who|after|before|so|but|if|will|would"
    r"|can|only|into|per|still|now)\b",
    re.IGNORECASE,
)
_LEAST_WORDS = 3
"""Of a sentence; a code span counts as a word."""
_SHARE = 14
"""At least one word in this many is a common English one; lists of terms and other languages have fewer."""
_ENDS = re.compile(r"[.!?…][\"”’')\]*_~`]*\Z")
_UNFINISHED = ",;:-–—(["
_CHATTER = re.compile(
    r"\A[\s*#>]*(?:OK|Okay|Sure|Certainly|Of course|Absolutely|Got it|Understood"
    r"|Here (?:is|are)|Below (?:is|are)"
    r"|As an? (?:AI|professional|expert|language|technical)|Based on (?:the|your) (?:provided|given|above))\b"
    r"|</?think|\b(?:language model|AI assistant)\b[^.]{0,20}\bI\b|\bI(?:'m| am)? (?:cannot"
    r"|can't|unable to|will (?:now|write)|sorry)\b"
    r"|\b(?:I )?hope this helps\b|\blet me know if\b|\bfeel free to\b|\bin (?:summary|conclusion),",
    re.IGNORECASE,
)


def form(text: str, prose: str, length: Length, known: str) -> Iterator[Problem]:
    """Problems of form. `prose`: `text` without code spans. `known`: text that it may quote from."""
    words = _WORD.findall(prose)
    most = round(length.most * LENGTH_FACTOR)
    if length.is_sentence:
        least = _LEAST_WORDS - text.count("`") // 2
        if len(words) < max(2, least) or len(text) > most:
            yield Problem(FallbackReason.LENGTH)
        if not _ENDS.search(text.rstrip()):
            yield Problem(FallbackReason.LENGTH, text[-12:])
    elif not words or len(text) > most or text[-1:] in _UNFINISHED:
        yield Problem(FallbackReason.LENGTH)
    foreign = set(_FOREIGN.findall(prose)) - set(known)
    common = len(_COMMON.findall(prose))
    if foreign or (length.is_sentence and len(words) > _SHARE and common * _SHARE < len(words)):
        yield Problem(FallbackReason.LANGUAGE, "".join(sorted(foreign)))
    if chatter := _CHATTER.search(text):
        yield Problem(FallbackReason.CHATTER, chatter[0].strip())


LENGTH_FACTOR = 3.0
"""English needs about three characters for one Chinese character."""
