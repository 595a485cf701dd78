"""Check that a text is simplified Chinese prose of the right form."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import Problem
from vllm_digest.check.language import Length
from vllm_digest.narrative import FallbackReason

_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
_OTHER_SCRIPT = re.compile(r"[\u3040-\u30ff\uac00-\ud7af\u0400-\u04ff\u0600-\u06ff]")
_ENGLISH = re.compile(r"(?:\b[A-Za-z][a-z']*,? ){8}")
"""Eight English words in a row are a sentence, not terms."""
_WORD = re.compile(r"[A-Za-z0-9]+")
_TOKEN = re.compile(r"[A-Za-z0-9][\w.+/:-]*", re.ASCII)
_NAME_LIKE = re.compile(r"[\d_./:+-]|[a-z][A-Z]|[A-Z]{2}")
_SHORTEST_TERM = 4
"""Letters of the shortest plain word that counts as a term of the sources."""
_LETTER = re.compile(r"[A-Za-z]")
_LEAST_IDEOGRAPHS, _LEAST_WORDS = 3, 4
"""Of a sentence: `PR 已合并。` is one, `变慢。` is not. An ideograph counts as one word."""
_LEAST_OF_A_LABEL = 2
_TERMS = 3
"""Latin letters allowed for each ideograph; names of models and of code are long."""
# GB 2312 (the codec of Python: https://docs.python.org/3/library/codecs.html#standard-encodings) has the
# simplified forms of all but rare characters, and only a few traditional ones.
_TRADITIONAL_IN_GB2312 = "後於"
_SIMPLIFIED_BEYOND_IT = "啰囧"
"""Simplified characters in use that GB 2312 does not have."""
_CHATTER = re.compile(
    r"\A[\s*#>]*(?:好的|当然|没问题|明白|收到|以下(?:是|为)|下面是|根据(?:您|你)|作为(?:一个|一名|专业|AI)"
    r"|(?:OK|Sure|Certainly|Here (?:is|are)|As an?)\b)|</?think"
    r"|(?:语言模型|AI 助手|人工智能助手)，?我|我(?:无法|不能|将为|会为)"
    r"|希望(?:这|以上|对您|对你)|如需(?:更多|进一步)",
    re.IGNORECASE,
)
_UNFINISHED = "，、：；,:;（(“‘-"
_ENDS = re.compile(r"[。！？!?.…][”」』’\"）)\]】》*_~`]*\Z")


def form(text: str, prose: str, length: Length, known: str) -> Iterator[Problem]:
    """Problems of form. `prose`: `text` without code spans. `known`: text that it may quote from."""
    ideographs = _IDEOGRAPH.findall(prose)
    if length.is_sentence:
        words = len(ideographs) + len(_WORD.findall(text))
        if len(ideographs) < _LEAST_IDEOGRAPHS or words < _LEAST_WORDS or len(text) > length.most:
            yield Problem(FallbackReason.LENGTH)
        if not _ENDS.search(text.rstrip()):
            yield Problem(FallbackReason.LENGTH, text[-8:])
    elif len(ideographs) < _LEAST_OF_A_LABEL or len(text) > length.most or text[-1:] in _UNFINISHED:
        yield Problem(FallbackReason.LENGTH)
    foreign = sum(len(_LETTER.findall(token)) for token in _foreign(prose, known))
    if (
        foreign > _TERMS * len(ideographs)
        or (_OTHER_SCRIPT.search(prose) and not set(_OTHER_SCRIPT.findall(prose)) <= set(known))
        or any(found[0].strip() not in known for found in _ENGLISH.finditer(prose))
    ):
        yield Problem(FallbackReason.LANGUAGE)
    if any(_is_traditional(sign) and sign not in known for sign in ideographs):
        yield Problem(FallbackReason.TRADITIONAL)
    if chatter := _CHATTER.search(text):
        yield Problem(FallbackReason.CHATTER, chatter[0].strip())


def _foreign(prose: str, known: str) -> Iterator[str]:
    """Latin words that are not terms of the sources, such as a long name of a model would be."""
    lowered = known.casefold()
    for found in _TOKEN.finditer(prose):
        is_term = len(found[0]) >= _SHORTEST_TERM or _NAME_LIKE.search(found[0])
        if not (is_term and found[0].casefold().rstrip(".:") in lowered):
            yield found[0]


def _is_traditional(sign: str) -> bool:
    if sign in _SIMPLIFIED_BEYOND_IT:
        return False
    try:
        sign.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return sign in _TRADITIONAL_IN_GB2312
