"""Text from outside, made fit for a message: on one line, without effect, without secrets.

What GitHub, a model's server, git or a file says may hold control sequences for the terminal, characters that
change the direction of text, line breaks, and GitHub's workflow commands.
"""

import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar
from unicodedata import category

from vllm_digest.masking import MASK, Secrets

T = TypeVar("T")
_LONGEST = 2_000
"""Characters of one line of a message. What is longer was not written for a person."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Categories of Unicode whose characters act instead of being shown."""
_JOINER = "\u200d"
"""Joins emoji; the only one of them that text needs."""
_COMMAND = re.compile(r"^(\s*)::", re.MULTILINE)
_CONTROL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_CREDENTIALS = re.compile(r"(?<=://)(?:[^\s/@:]*:[^\s/@]+|[^\s/@:]{20,})(?=@)")
"""User and password, or a token alone, in an address; `git@` is neither."""


class _State:
    """What is masked in all that this process prints; like stdout and the log, there is one of it."""

    secrets = Secrets()


def begin(secrets: Secrets) -> None:
    """Mask these values from now on."""
    _State.secrets = secrets


def keep_secret(value: str) -> None:
    """Mask this value as well, which the run has just learnt."""
    _State.secrets.add(value)


def mask_secrets(text: str) -> str:
    """The text with `***` for each secret of the run."""
    return _State.secrets.mask(text)


def mask_in(value: T) -> T:
    """The value with every text in it masked, in dataclasses, tuples and mappings however deep."""
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
    """Text from outside as a part of a message: one line, without effect or secrets, cut after `most`.

    White space is collapsed. Masking comes before cutting, so that no half of a secret is left.
    """
    line = " ".join(without_effect(" ".join(str(text).split())).split())
    line = _CREDENTIALS.sub(MASK, mask_secrets(line))
    return line if len(line) <= most else f"{line[: most - 1]}…"


def clean_lines(text: object) -> str:
    """The same for text of ours in several lines, which stay lines and keep their indentation."""
    lines = str(text).split("\n")
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + clean_line(line) for line in lines)


def without_effect(text: str) -> str:
    """The same lines of text, of which none acts on a terminal or a workflow.

    Control and format characters are removed, a lone surrogate becomes U+FFFD. A workflow command at a line's
    start (`::error::`) or an old one anywhere (`##[error]`) gets a blank that disarms it:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    if not text.isprintable():
        text = "".join(map(_shown, _CONTROL_SEQUENCE.sub("", text)))
    return _COMMAND.sub(r"\1: :", text).replace("##[", "## [")


def is_shown(text: str) -> bool:
    """Does a line of it show every character?"""
    return text.isprintable() or all(map(_is_shown, text))


def is_utf8(text: str) -> bool:
    """Can it be written in UTF-8? A name that is no UTF-8 has lone surrogates in it (PEP 383)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(character: str) -> str:
    if character == "\n" or _is_shown(character):
        return character
    if category(character) == "Cs":
        return "\ufffd"
    return " " if character.isspace() else ""


def _is_shown(character: str) -> bool:
    return category(character) not in _UNSEEN or character == _JOINER
