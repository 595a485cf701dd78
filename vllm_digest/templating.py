"""Read the language packs: templates and fixed words.

`templates/LANGUAGE/` has the files with words in that language. Templates without words are next to these
folders and shared by all languages.
"""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from string import Formatter
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["Environment", "Words", "environment", "folder", "prompt", "words"]

_FORMS = frozenset({"one", "other"})
"""The keys of a text that depends on `count`: CLDR's plural categories of Chinese and English."""


def folder() -> Path:
    """The folder of the templates: in the installed package, or next to it in a checkout."""
    package = Path(__file__).parent
    return next(path for path in (package / "templates", package.parent / "templates") if path.is_dir())


def environment(language: str, **options: Any) -> "Environment":
    """The Jinja environment of a language, with the shared templates. `options`: of Jinja's `Environment`.

    Templates get the language's texts as `words` and `say`. Undefined names are errors.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(  # noqa: S701 - each caller escapes for the place that it writes to
        loader=FileSystemLoader([folder() / language, folder()]),
        # A misspelt name would else print nothing, and the page would lack a value without an error.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    templates.globals |= {"language": language, "words": words(language).tree, "say": words(language).say}
    return templates


class Words:
    """The fixed texts of one language: a tree of texts with `{names}` to fill in.

    Texts and values are plain text and are escaped when printed. A text that depends on a number is a pair
    `{one: …, other: …}`, chosen by the value of `{count}`.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.tree = tree

    def say(self, key: str, /, **values: object) -> str:
        """The text at a dotted key, filled in. Raises KeyError if the key or a value is missing."""
        return self.fill(key, values, own=str, other=str)

    def fill(
        self,
        key: str,
        values: Mapping[str, object],
        *,
        own: Callable[[str], str],
        other: Callable[[object], str],
    ) -> str:
        """As `say`, with escaping: `own` for the text itself, `other` for the values."""
        written = ""
        for text, name, _, _ in Formatter().parse(self._form(key, values)):
            written += own(text) if text else ""
            written += other(values[name]) if name is not None else ""
        return written

    def _form(self, key: str, values: Mapping[str, object]) -> str:
        found: Any = self.tree
        for name in key.split("."):
            found = found[name]
        if isinstance(found, dict) and found.keys() == _FORMS:
            found = found["one" if values["count"] == 1 else "other"]
        if not isinstance(found, str):
            raise KeyError(key)
        return found


@cache
def words(language: str) -> Words:
    """The texts in `words.yaml` of a language."""
    text = (folder() / language / "words.yaml").read_text(encoding="utf-8")
    # libyaml's loader, which is several times faster than the one in Python.
    return Words(yaml.load(text, yaml.CSafeLoader))


def prompt(name: str, language: str, **values: Any) -> str:
    """A prompt for a model, from `prompts/NAME.j2` of a language."""
    return _prompts(language).get_template(f"prompts/{name}.j2").render(values).strip()


@cache
def _prompts(language: str) -> "Environment":
    return environment(language)
