"""The languages of pages, and texts in the settings that may differ by language."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from vllm_digest.errors import UsageError

# Chinese first: it is the default of `report.languages`.
LANGUAGES = ("zh", "en")
"""Codes of the supported languages. Each has a folder in `templates/` and one in `check/`."""


def root_of(language: str, languages: Sequence[str]) -> str:
    """The path prefix of a language's pages on a site: empty for the first of `languages`, else `/en`."""
    return "" if language == languages[0] else f"/{language}"


def language_of(asked: str | None, languages: Sequence[str]) -> str:
    """The language code `asked`, else the first of `languages`. Raises UsageError if it is not supported."""
    if asked is not None and asked not in LANGUAGES:
        raise UsageError(f"{asked!r} is not a supported language.", f"There are {', '.join(LANGUAGES)}.")
    return asked or languages[0]


@dataclass(frozen=True, slots=True)
class LocalText:
    """A text for all languages, or one text per language.

    `texts`: pairs of language code and text, in the given order; the code is empty for a text for all.
    In YAML and JSON it is a string, or an object such as `{zh: …, en: Quantization}`.
    """

    texts: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, value: object) -> Self:
        """From a string, or a mapping by language code. Raises ValueError for anything else."""
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
        """The text for a language; the first text if there is none for it."""
        texts = dict(self.texts)
        return texts.get(language, self.texts[0][1])

    def dump(self) -> str | dict[str, str]:
        """The form in YAML and JSON."""
        if len(self.texts) == 1 and not self.texts[0][0]:
            return self.texts[0][1]
        return dict(self.texts)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls.of, serialization=core_schema.plain_serializer_function_ser_schema(lambda text: text.dump())
        )
