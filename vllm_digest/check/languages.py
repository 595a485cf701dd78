"""The table of languages whose prose can be checked."""

from vllm_digest.check.en import ENGLISH
from vllm_digest.check.language import Language
from vllm_digest.check.zh import CHINESE

_ALL = {one.code: one for one in (CHINESE, ENGLISH)}
"""By code; the codes of `vllm_digest.languages.LANGUAGES`, which a test compares."""


def checks_of(code: str) -> Language:
    """The checks of a language by its code. Raises KeyError if there are none."""
    return _ALL[code]


def every_language() -> tuple[Language, ...]:
    """The checks of all languages; a source may be written in any of them."""
    return tuple(_ALL.values())
