"""The forms of single values in the settings."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer

from vllm_digest.cleaning import is_utf8, is_visible
from vllm_digest.errors import UsageError
from vllm_digest.window import format_length, parse_length, parse_zone

_OWNER_AND_NAME = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)/([A-Za-z0-9._-]+)")
"""Logins of enterprise-managed users have a `_`: https://docs.github.com/enterprise-cloud@latest/admin"""
_AROUND_A_REPO = re.compile(
    r"(?:git\+)?(?:(?:https?|ssh|git)://)?(?:[\w.-]+@)?(?:[\w-]+(?:\.[\w-]+)+|localhost)(?::\d+)?[/:]"
    r"(?P<path>[^/?#]+/[^/?#]+)(?:[/?#].*)?"
)
"""The address of a repository, in the forms of browsers and git."""
_ADDRESS = re.compile(r"https?://[^\s/?#@]+(?:/[^\s?#]*)?", re.IGNORECASE)
_BARE_HOST = re.compile(
    r"(?P<host>[\w-]+(?:\.[\w-]+)*|\[[0-9a-fA-F:]+\])?(?::(?P<port>\d{1,5}))?(?P<path>/[^\s?#]*)?"
)
_THREAD = re.compile(
    r"(?:(?P<repo>[^#]+?)(?:#|/issues/|/pull/))?#?(?P<number>[0-9]{1,15})(?:[/?#].*)?", re.ASCII
)
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_LOCAL = re.compile(r"localhost|[\d.]+|\[.*\]|.*\.(?:local|internal|lan)")


def _read_by(parse: Callable[[str], Any]) -> BeforeValidator:
    """A validator for a value that is written as text and read by `parse`."""

    def read(value: object) -> object:
        if isinstance(value, bool | int | float):
            value = str(value)
        if not isinstance(value, str):
            return value
        try:
            return parse(value)
        except UsageError as error:
            raise ValueError(f"{error.problem} {error.remedy}") from None

    return BeforeValidator(read)


def within(shortest: timedelta, longest: timedelta) -> AfterValidator:
    """A validator for lengths of time from `shortest` to `longest`."""

    def check(value: timedelta) -> timedelta:
        if not shortest <= value <= longest:
            raise ValueError(f"it must be between {format_length(shortest)} and {format_length(longest)}.")
        return value

    return AfterValidator(check)


def parse_repo(text: str) -> str:
    """OWNER/NAME, also from the repository's address. Raises UsageError for anything else."""
    written = text.strip()
    around = _AROUND_A_REPO.fullmatch(written)
    name = around["path"].removesuffix(".git") if around else written
    match = _OWNER_AND_NAME.fullmatch(name)
    if match is None or match[2] in {".", ".."}:
        raise UsageError(f"{text!r} is not of the form OWNER/NAME.", "Its address is taken as well.")
    return name


def _parse_thread(text: str) -> str:
    """`123`, or `OWNER/NAME#123`, also from a thread's address. Raises UsageError for anything else."""
    match = _THREAD.fullmatch(text.strip())
    # Readers of JSON agree on integers below 2**53 only (RFC 8259, section 6).
    if match is None or not 0 < int(match["number"]) < 2**53:
        raise UsageError(f"{text!r} names no thread.", "Write its number, OWNER/NAME#123 or its address.")
    return f"{parse_repo(match['repo'])}#{match['number']}" if match["repo"] else match["number"]


def split_thread(name: str, repo: str) -> tuple[str, int]:
    """The repository (`repo` if `name` has none) and the number of a thread."""
    named, _, number = name.rpartition("#")
    return named or repo, int(number)


def _parse_login(text: str) -> str:
    login = text.strip().removeprefix("@").removesuffix("[bot]")
    if _LOGIN.fullmatch(login) is None:
        raise UsageError(f"{text!r} is not a login.", "Write it as GitHub does, with or without @.")
    return login


def _parse_url(text: str) -> str:
    """An address that starts with https:// or http://, or an empty text. Raises UsageError otherwise."""
    written = text.strip()
    if not written:
        return written
    if _ADDRESS.fullmatch(written) is None:
        raise UsageError(f"{text!r} is not of the form https://HOST/PATH.", _proposal(written))
    # `port` raises ValueError above 65535; 0 is not a port that can be connected to.
    try:
        port = urlsplit(written).port
    except ValueError:
        port = 0
    if port == 0:
        raise UsageError(f"{text!r} has an impossible port.", "Ports go from 1 to 65535.")
    return written


def _proposal(written: str) -> str:
    """A hint for an address without its scheme."""
    match = _BARE_HOST.fullmatch(written)
    if match is None or not (match["host"] or match["port"]):
        return "Write it with its start, and without user, password, ? and #."
    host = match["host"] or "localhost"
    # Servers of one's own rarely have certificates; public hosts without a port nearly always do.
    scheme = "http" if match["port"] or _LOCAL.fullmatch(host) or "." not in host else "https"
    port = f":{match['port']}" if match["port"] else ""
    return f"Did you mean {scheme}://{host}{port}{(match['path'] or '').rstrip('/') or '/v1'}?"


def _check_path(text: str) -> str:
    """A path that pages, logs and git can contain: UTF-8, on one line. Raises UsageError otherwise."""
    if not is_utf8(text):
        raise UsageError(f"{text!r} is not UTF-8.", "Give the folder a name in UTF-8.")
    if not is_visible(text):
        raise UsageError(f"{text!r} has invisible characters.", "Give the folder another name.")
    return text


class Section(BaseModel):
    """One section of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


Length = Annotated[timedelta, _read_by(parse_length), PlainSerializer(format_length)]
Zone = Annotated[ZoneInfo, _read_by(parse_zone), PlainSerializer(lambda zone: zone.key)]
RepoName = Annotated[str, _read_by(parse_repo)]
Url = Annotated[str, _read_by(_parse_url)]
FolderPath = Annotated[Path, _read_by(_check_path)]
ThreadName = Annotated[str, _read_by(_parse_thread)]
Login = Annotated[str, _read_by(_parse_login)]
