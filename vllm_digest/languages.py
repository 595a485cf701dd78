"""The languages that pages come in, and texts of the settings that may differ between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from vllm_digest.errors import UsageError

LANGUAGES = ("zh", "en")
"""Each has a pack in `templates/` and checks of its prose in `check/`."""


def root_of(language: str, languages: Sequence[str]) -> str:
    """The path below which a language's pages stand on a site: empty for the first, else such as `/en`."""
    return "" if language == languages[0] else f"/{language}"


def language_of(asked: str | None, languages: Sequence[str]) -> str:
    """The language that was asked for, else the first one. Raises UsageError if it has no pack."""
    if asked is not None and asked not in LANGUAGES:
        raise UsageError(f"{asked!r} is no language of pages.", f"There are {', '.join(LANGUAGES)}.")
    return asked or languages[0]


@dataclass(frozen=True, slots=True)
class LocalText:
    """One text for every language, or one a language.

    `texts`: pairs of a language and a text, in the order they were given; the language is empty for a text
    that serves all. In YAML and JSON it is a string, or an object such as `{zh: …, en: Quantization}`.
    """

    texts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, value: object) -> Self:
        """The text that a string or a mapping stands for. Raises ValueError for anything else."""
        match value:
            case LocalText(texts=texts):
                return cls(texts)
            case str():
                return cls((("", value),))
            case Mapping() if value:
                for language, text in value.items():
                    if language not in LANGUAGES or not isinstance(text, str):
                        raise ValueError(f"it must be a text, or one for each of {', '.join(LANGUAGES)}.")
                return cls(tuple(value.items()))
        raise ValueError(f"it must be a text, or one for each of {', '.join(LANGUAGES)}.")

    def get(self, language: str) -> str:
        """The text for a language; the first one where it has none of its own."""
        texts = dict(self.texts)
        return texts.get(language, self.texts[0][1])

    def dump(self) -> str | dict[str, str]:
        """The form it has in YAML and JSON."""
        if len(self.texts) == 1 and not self.texts[0][0]:
            return self.texts[0][1]
        return dict(self.texts)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(lambda text: text.dump())
        )
