"""The environment of a run: clock, variables, randomness, and what the variables provide."""

import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import random
from urllib.parse import urlsplit

from platformdirs import user_cache_path

from vllm_digest.cleaning import add_secret
from vllm_digest.errors import UsageError
from vllm_digest.masking import KEY_NAME, TOKEN_NAMES
from vllm_digest.processes import run_program

_NAME = "vllm-digest"
_PUBLIC_API = "api.github.com"
_RESIDENT = ".ghe.com"
"""Domain of Enterprise Cloud with data residency: https://docs.github.com/enterprise-cloud@latest/admin/data-residency"""


@dataclass(frozen=True)
class Runtime:
    """The environment of a run as one value, which tests replace.

    `clock`: returns the current time, aware UTC. `environ`: environment variables.
    `sleep`: waits for a number of seconds. `random_fraction`: returns a random number in [0, 1).
    `monotonic`: a monotonic clock in seconds.
    """

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    # A copy: programs started later and libraries that change variables must not change the settings.
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sleep: Callable[[float], None] = time.sleep
    random_fraction: Callable[[], float] = random
    monotonic: Callable[[], float] = time.monotonic

    @property
    def is_colored(self) -> bool:
        """Whether stdout is a terminal and NO_COLOR is not set (https://no-color.org)."""
        is_wanted = not self.environ.get("NO_COLOR") and self.environ.get("TERM") != "dumb"
        return is_wanted and sys.stdout.isatty()

    @property
    def model_key(self) -> str:
        """The API key of the model server; empty without one."""
        return self.environ.get(KEY_NAME, "").strip()

    @property
    def cache_folder(self) -> Path | None:
        """The user's cache folder for this program; None without a home folder.

        Below `~/.cache` on Linux, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows; XDG_CACHE_HOME
        takes precedence on each.
        """
        if folder := self.environ.get("XDG_CACHE_HOME"):
            return Path(folder, _NAME)
        try:
            path = user_cache_path(_NAME, appauthor=False)
        except RuntimeError:
            return None  # a container may run as a user without an entry in /etc/passwd
        return path if path.is_absolute() else None

    def github_token(self, api_url: str) -> str:
        """The token in the environment, else that of `gh`. Raises UsageError without one."""
        for name in TOKEN_NAMES:
            if token := self.environ.get(name, "").strip():
                return _checked(token, name)
        if token := self._token_of_gh(api_url):
            add_secret(token)
            return _checked(token, "gh auth token")
        raise UsageError(
            "There is no GitHub token.",
            "Put one into GITHUB_TOKEN or GH_TOKEN, or log in with `gh auth login`; "
            "public repositories need no permissions on it.\n"
            "To see a page without a token, run `vllm-digest run --sample`.",
        )

    def _token_of_gh(self, api_url: str) -> str:
        program = shutil.which("gh", path=self.environ.get("PATH", ""))
        if program is None:
            return ""
        command = [program, "auth", "token", "--hostname", _gh_host(api_url)]
        try:
            # `gh` reads a file or the system's keyring, which may wait for a password that nobody enters.
            answer = run_program(command, environ=self.environ, timeout=timedelta(seconds=10))
        except OSError:
            return ""
        return answer.out.decode(errors="replace").strip() if answer.code == 0 else ""


def _gh_host(api_url: str) -> str:
    """The host name by which `gh` knows the server of an API address.

    Enterprise Cloud with data residency has its API at api.NAME.ghe.com, an Enterprise Server at its host.
    """
    host = urlsplit(api_url).hostname or _PUBLIC_API
    return host.removeprefix("api.") if host == _PUBLIC_API or host.endswith(_RESIDENT) else host


def _checked(token: str, place: str) -> str:
    """The token if it can be sent in a header. Raises UsageError, without the token in it, otherwise."""
    # A line break or another control character could end the header, and text beyond Latin-1 cannot be sent.
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"The token in {place} has characters that no token has.", "Copy it again.")
    return token
