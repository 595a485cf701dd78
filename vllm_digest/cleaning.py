"""Text from outside, made fit for a message: on one line, without effect, without secrets.

What GitHub, a model's server, git or a file says may hold control sequences for the terminal, letters that
turn the direction of writing, line breaks, and GitHub's workflow commands.
"""

import re
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar

from vllm_digest.masking import MASK, Secrets

T = TypeVar("T")
_LONGEST = 2_000
"""Signs of one line of a message. What is longer was not written for a person."""
_JOINER = "\u200d"
"""Joins emoji; the only sign without a shape of its own that text needs."""
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
    """Text from outside as a part of a message: on one line, masked, of `most` signs at most.

    White space becomes a blank, a lone surrogate U+FFFD; control and format characters go. A workflow
    command at the start (`::error::`) or an old one anywhere (`##[error]`) gets a blank that disarms it:
    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    Masking comes before cutting, so that no half of a secret is left.
    """
    line = str(text)
    if not line.isprintable():
        line = "".join(map(_shown, _CONTROL_SEQUENCE.sub("", line)))
    line = _CREDENTIALS.sub(MASK, mask_secrets(" ".join(line.split()))).replace("##[", "## [")
    if line.startswith("::"):
        line = f": {line[1:]}"
    return line if len(line) <= most else f"{line[: most - 1]}…"


def is_utf8(text: str) -> bool:
    """Can it be written in UTF-8? A name that is no UTF-8 has lone surrogates in it (PEP 383)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def clean_lines(text: object) -> str:
    """The same for text of ours in several lines, which stay lines; blanks before them stay, too."""
    lines = str(text).split("\n")
    return "\n".join(" " * (len(line) - len(line.lstrip(" "))) + clean_line(line) for line in lines)


def _shown(sign: str) -> str:
    if sign.isprintable() or sign == _JOINER:
        return sign
    if "\ud800" <= sign <= "\udfff":
        return "\ufffd"
    return " " if sign.isspace() else ""
