"""The language packs: templates and fixed words, where they are and how they are read.

`templates/LANGUAGE/` holds what has words in it. Templates without words lie beside these folders, and all
languages share them.
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
"""The keys of a word whose form depends on `count`: CLDR's categories for Chinese and English."""


def folder() -> Path:
    """The folder of the templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    return next(path for path in (package / "templates", package.parent / "templates") if path.is_dir())


def environment(language: str, **options: Any) -> "Environment":
    """What reads the templates of a language and the shared ones. They know its words as `words` and `say`.

    A name that a template does not know is an error.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(  # noqa: S701 - each caller escapes for the place that it writes to
        loader=FileSystemLoader([folder() / language, folder()]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )
    templates.globals |= {"language": language, "words": words(language).tree, "say": words(language).say}
    return templates


class Words:
    """The fixed words of one language: a tree of texts with `{names}` to fill in.

    Words and the values that fill them are plain text; both are escaped where they are printed. A text whose
    form depends on a number is a pair `{one: …, other: …}`, chosen by the value of `{count}`.
    """

    def __init__(self, tree: Mapping[str, Any]) -> None:
        self.tree = tree

    def say(self, key: str, /, **values: object) -> str:
        """The text at a dotted key, filled in. Raises KeyError for an unknown key or a missing value."""
        return self.fill(key, values, own=str, other=str)

    def fill(
        self,
        key: str,
        values: Mapping[str, object],
        *,
        own: Callable[[str], str],
        other: Callable[[object], str],
    ) -> str:
        """The same for a place that needs escaping: `own` writes our words, `other` the values."""
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
    """The words of a language, from `words.yaml` of its pack."""
    text = (folder() / language / "words.yaml").read_text(encoding="utf-8")
    return Words(yaml.load(text, yaml.CSafeLoader))


def prompt(name: str, language: str, **values: Any) -> str:
    """A text for a model, from a language's `prompts/`."""
    return _prompts(language).get_template(f"prompts/{name}.j2").render(values).strip()


@cache
def _prompts(language: str) -> "Environment":
    return environment(language)
