"""Clean untrusted text for messages: one line, no control characters, no secrets.

Text from GitHub, a model server, git or a file may contain terminal control sequences, characters that change
the direction of text, line breaks, and workflow commands of GitHub Actions.
"""

import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar
from unicodedata import category

from vllm_digest.masking import MASK, Secrets

T = TypeVar("T")
_LONGEST = 2_000
"""Characters of one line of a message; longer ones are cut."""
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of control, format, surrogate and separator characters, which are not shown."""
_JOINER = "\u200d"
"""Zero-width joiner of emoji; the only character of these categories that is kept."""
_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
# Git and HTTP libraries quote addresses as they were given, also with credentials that are no known secret.
_CREDENTIALS = re.compile(r"(?<=://)(?:[^\s/@:]*:[^\s/@]+|[^\s/@:]{20,})(?=@)")
"""User and password, or a token alone, in an address; not `git@`."""


class _State:
    """The secrets to mask in all output of the process; global, like stdout and the log."""

    secrets = Secrets()


def set_secrets(secrets: Secrets) -> None:
    """Mask these secrets from now on, instead of earlier ones."""
    _State.secrets = secrets


def add_secret(value: str) -> None:
    """Mask a further value, such as a token that the run has just read."""
    _State.secrets.add(value)


def mask_secrets(text: str) -> str:
    """The text with each secret of the run replaced by `***`."""
    return _State.secrets.mask(text)


def mask_in(value: T) -> T:
    """The value with all texts in it masked, in nested dataclasses, tuples and mappings."""
    masked: Any = value
    if isinstance(value, str) and not isinstance(value, Enum):
        masked = mask_secrets(value)
    elif isinstance(value, tuple):
        masked = tuple(map(mask_in, value))
    elif isinstance(value, dict):
        masked = {mask_in(key): mask_in(one) for key, one in value.items()}
    elif is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: new
            for field in fields(value)
            if field.init and (new := mask_in(old := getattr(value, field.name))) != old
        }
        masked = replace(value, **changed) if changed else value
    return value if masked == value else masked


def clean_line(text: object, most: int = _LONGEST) -> str:
    """Untrusted text as one line of at most `most` characters, without control characters and secrets.

    White space is collapsed. Secrets are masked before the text is cut, so that no part of one is left.
    """
    line = " ".join(without_effect(" ".join(str(text).split())).split())
    line = _CREDENTIALS.sub(MASK, mask_secrets(line))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def clean_lines(text: object) -> str:
    """As `clean_line` for each line of a text; keeps the lines and their indentation."""
    lines = str(text).split("\n")
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + clean_line(line) for line in lines)


def without_effect(text: str) -> str:
    """The text without effect on a terminal or on GitHub Actions; line breaks are kept.

    Control and format characters are removed, lone surrogates replaced by U+FFFD. A space is inserted into
    workflow commands (`::error::` at the start of a line, `##[error]` anywhere) so that they are not run:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    # `str.isprintable` is false for all of `_INVISIBLE`; most texts need no look at each character.
    if not text.isprintable():
        text = "".join(map(_shown, _CONTROL_SEQUENCE.sub("", text)))
    return _COMMAND.sub(r"\1: :", text).replace("##[", "## [")


def is_visible(text: str) -> bool:
    """Whether all characters of a text are visible."""
    return text.isprintable() or all(map(_is_visible, text))


def is_utf8(text: str) -> bool:
    """Whether a text can be encoded in UTF-8; other file names have lone surrogates (PEP 383)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(character: str) -> str:
    if character == "\n" or _is_visible(character):
        return character
    if category(character) == "Cs":
        return "\ufffd"
    return " " if character.isspace() else ""


def _is_visible(character: str) -> bool:
    return category(character) not in _INVISIBLE or character == _JOINER
