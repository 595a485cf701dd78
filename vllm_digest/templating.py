"""The templates: where they are, and how they are read."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

__all__ = ["Environment", "environment", "folder", "prompt"]


def folder() -> Path:
    """The folder of the templates: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parent
    return next(path for path in (package / "templates", package.parent / "templates") if path.is_dir())


def environment(**options: Any) -> Environment:
    """What reads them: a name that a template does not know is an error."""
    return Environment(  # noqa: S701 - nothing here is HTML; `render` escapes for Markdown
        loader=FileSystemLoader(folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        **options,
    )


def prompt(name: str, language: str, **values: Any) -> str:
    """A text for a model, from a language's `prompts/`."""
    return _prompts().get_template(f"{language}/prompts/{name}.j2").render(values).strip()


@cache
def _prompts() -> Environment:
    return environment()
