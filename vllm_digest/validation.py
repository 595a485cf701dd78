"""Convert pydantic's validation errors into messages for the person who wrote the value."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

_WORDS: Mapping[str, str] = {
    "bool": "it must be true or false",
    "date": "it must be a date",
    "datetime": "it must be a time with its zone",
    "dict": "it must hold keys with values",
    "enum": "it must be {expected}",
    "extra_forbidden": "it is not known",
    "finite_number": "it must be a number",
    "float": "it must be a number",
    "frozen_set": "it must be a list, such as [one, two]",
    "greater_than": "it must be more than {gt}",
    "greater_than_equal": "it must be {ge} at least",
    "int": "it must be a whole number",
    "less_than": "it must be less than {lt}",
    "less_than_equal": "it must be {le} at most",
    "list": "it must be a list, such as [one, two]",
    "literal_error": "it must be {expected}",
    "mapping": "it must hold keys with values",
    "missing": "it is missing",
    "model": "it must hold keys with values",
    "path": "it must be the path of a file or folder",
    "set": "it must be a list, such as [one, two]",
    "string_pattern_mismatch": "it must match {pattern}",
    "string_too_long": "it must have {max_length} characters at most",
    "string_too_short": "it must have {min_length} characters at least",
    "string": "it must be text",
    "time_delta": "it must be a number and a unit: 90m, 1h, 7d",
    "too_long": "it must have {max_length} entries at most",
    "too_short": "it must have {min_length} entries at least",
    "tuple": "it must be a list, such as [one, two]",
}
"""By the type of pydantic's error, or a prefix of it:
https://docs.pydantic.dev/latest/errors/validation_errors/"""


class Problem(NamedTuple):
    """One validation error.

    `path`: keys and indexes of the value. `kind`: pydantic's type of the error.
    `words`: a clause without a full stop (`it must be text`), or a whole sentence from a custom validator.
    """

    path: tuple[str | int, ...]
    kind: str
    words: str

    @property
    def place(self) -> str:
        """The path joined with dots, for messages."""
        return ".".join(str(part) for part in self.path)


def problems(error: ValidationError) -> Iterator[Problem]:
    """All problems, in pydantic's order."""
    for detail in error.errors(include_url=False):
        kind = detail["type"]
        yield Problem(detail["loc"], kind, _words(kind, detail.get("input"), detail))


def _words(kind: str, value: object, detail: Any) -> str:
    context = detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if value is None:
        return "it has no value"
    # Such as `int_parsing_size` and `int_type`: the prefix says which type it must be.
    for name in (kind, kind.rpartition("_")[0], kind.partition("_")[0]):
        if name in _WORDS:
            return _WORDS[name].format_map(_Known(context))
    return "it cannot be read"


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "something else"
