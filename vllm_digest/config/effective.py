"""The output of `vllm-digest config`: the example file, or the settings that a run would use."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from vllm_digest.config.reading import Loaded
from vllm_digest.masking import KEY_NAME, NOTIFY_NAME, TOKEN_NAMES

_WIDTH = 100
"""Columns of a line before PyYAML wraps it."""


def example() -> str:
    """The text of the example file, in the installed package or at the top of a checkout."""
    package = Path(__file__).parent.parent
    places = (folder / "config.example.yaml" for folder in (package, package.parent))
    return next(path for path in places if path.is_file()).read_text(encoding="utf-8")


def effective(loaded: Loaded, environ: Mapping[str, str]) -> str:
    """Every setting as a run would use it, as valid YAML, with its origin as a comment.

    Of the secrets in `environ` it only states whether they are set.
    """
    return "\n".join(_lines(loaded, environ)) + "\n"


def _lines(loaded: Loaded, environ: Mapping[str, str]) -> Iterator[str]:
    yield "# What a run here would use, and where each value is from."
    for section, values in loaded.settings.model_dump(mode="json").items():
        yield f"\n{section}:"
        for key, value in values.items():
            origins = loaded.origins
            origin = origins.get(f"{section}.{key}") or origins.get(f"{section}.") or "default"
            yield from _setting(key, value, origin)
    yield "\n# Secrets, which come from the environment only:"
    for name in (*TOKEN_NAMES, KEY_NAME, NOTIFY_NAME):
        yield f"# {name} is {'set' if environ.get(name, '').strip() else 'not set'}"


def _setting(key: str, value: Any, origin: str) -> Iterator[str]:
    text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=_WIDTH, sort_keys=False)
    # PyYAML ends a document of one plain scalar with `...`.
    first, *others = text.removesuffix("...\n").splitlines()
    if others:
        yield f"  # {origin}:"
        yield f"  {key}: {first}"
        yield from (f"    {line.strip()}" for line in others)
    else:
        yield f"  {key}: {first}  # {origin}"
