"""The languages whose prose can be checked, by code."""

from vllm_digest.check.en import ENGLISH
from vllm_digest.check.language import Language
from vllm_digest.check.zh import CHINESE

_ALL = {one.code: one for one in (CHINESE, ENGLISH)}


def checks_of(code: str) -> Language:
    """The checks of a language. Raises KeyError if there are none for it."""
    return _ALL[code]


def every_language() -> tuple[Language, ...]:
    """All of them: a source may be written in any."""
    return tuple(_ALL.values())
