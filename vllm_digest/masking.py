"""Mask the secrets of a run in text, in the encodings in which they may appear."""

import base64
import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Self
from urllib.parse import quote, quote_plus, unquote, urlsplit

MASK = "***"
TOKEN_NAMES = ("GITHUB_TOKEN", "GH_TOKEN")
"""Variables with the token for GitHub, in order of precedence."""
KEY_NAME = "OPENAI_API_KEY"
"""Variable with the key of the model's server, as OpenAI's library names it."""
NOTIFY_NAME = "APPRISE_URLS"
"""Variable with the addresses of chat services, as the command `apprise` names it."""

_OTHER_NAMES = ("GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN", "OPENAI_ADMIN_KEY")
"""Variables with secrets that are read by libraries and by programs started from here."""
_PROXY_NAME = re.compile(r"\w+_proxy", re.IGNORECASE)
_PLACEHOLDERS = frozenset(
    {
        *("anything", "dummy", "empty", "fake", "key", "lm-studio", "local", "no-key", "no-key-required"),
        *("none", "not-needed", "null", "ollama", "placeholder", "secret", "sk-no-key-required", "test"),
        *("token", "unused", "vllm", "whatever"),
    }
)
"""Dummy keys for servers without access control. Masking these words would damage ordinary text."""
_SHORTEST = 4
"""Characters of a value that is masked; a shorter one is no protection, and would damage ordinary text."""
_SHORT = 8
"""Shorter values are masked only as separate words."""


class Secrets:
    """The secret values of one run. Values can be added later, such as a token from `gh`."""

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._forms: set[str] = set()
        for value in values:
            self.add(value)

    @classmethod
    def of_environment(cls, environ: Mapping[str, str]) -> Self:
        """The secrets in environment variables: tokens, keys, service addresses, proxy passwords."""
        secrets = cls(environ.get(name, "") for name in (*TOKEN_NAMES, *_OTHER_NAMES, KEY_NAME))
        for address in re.split(r"[\s,]+", environ.get(NOTIFY_NAME, "")):
            secrets._add_all(_parts_of_address(address))
        for name, value in environ.items():
            if _PROXY_NAME.fullmatch(name):
                secrets._add_all(_credentials(value))
        return secrets

    def add(self, value: str) -> None:
        """Add a value, unless it is too short or too common to be a secret."""
        value = value.strip()
        if len(value) >= _SHORTEST and value.casefold() not in _PLACEHOLDERS:
            self._forms.update(_forms(value))

    def mask(self, text: str) -> str:
        """The text with each secret replaced by `***`, verbatim or encoded for URLs, JSON, HTML or base64."""
        # Nearly all texts contain no secret, and whole snapshots are searched: keep that case fast.
        if not (found := [form for form in self._forms if form in text]):
            return text
        return re.sub("|".join(map(_expression, sorted(found, key=len, reverse=True))), MASK, text)

    def _add_all(self, values: Iterable[str]) -> None:
        for value in values:
            self.add(value)


def _expression(form: str) -> str:
    escaped = re.escape(form)
    return rf"(?<![A-Za-z0-9]){escaped}(?![A-Za-z0-9])" if len(form) < _SHORT else escaped


def _forms(value: str) -> Iterator[str]:
    """The value in all encodings in which messages may contain it."""
    yield value
    for encoded in (quote(value, safe=""), quote(value), quote_plus(value)):
        yield encoded
        # RFC 3986, section 2.1: the hexadecimal digits may be in either case.
        yield re.sub(r"%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    yield html.escape(value)
    yield json.dumps(value)[1:-1]
    yield from _base64(value.encode(errors="surrogateescape"))


def _base64(value: bytes) -> Iterator[str]:
    """The value in base64, alone or within other text such as `user:token` of basic auth.

    Base64 encodes three bytes as four letters, so there are three forms, depending on the value's offset.
    Letters that also depend on neighbouring bytes are left out.
    """
    for before in range(3):
        first, last = -(-before * 8 // 6), (before + len(value)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            form = encode(bytes(before) + value).decode()[first:last]
            if len(form) >= _SHORT:
                yield form


def _credentials(address: str) -> Iterator[str]:
    """`user:password` of an address and the password alone, each as written and URL-decoded."""
    credentials, at, _ = address.rpartition("://")[2].partition("/")[0].rpartition("@")
    if at and ":" in credentials:
        password = credentials.partition(":")[2]
        yield from (credentials, unquote(credentials), password, unquote(password))


# Apprise's addresses have their secrets in different parts: https://github.com/caronc/apprise/wiki
def _parts_of_address(address: str) -> Iterator[str]:
    """The secrets in an address of Apprise: the whole address, and each part that looks like a token."""
    yield address
    yield address.partition("://")[2]
    yield from _credentials(address)
    try:
        parts = urlsplit(address)
    except ValueError:
        return
    for part in re.split(r"[/&=?@:#]", f"{parts.netloc}/{parts.path}/{parts.query}"):
        if len(part) >= _SHORT and "." not in part and not (part.isalpha() and part.islower()):
            yield from (part, unquote(part))
