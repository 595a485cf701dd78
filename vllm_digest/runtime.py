"""What a run takes from outside, as one value that tests replace."""

import os
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from random import random
from urllib.parse import urlsplit

from vllm_digest.errors import UsageError
from vllm_digest.masking import KEY_NAME, TOKEN_NAMES, Secrets
from vllm_digest.processes import run_program

_PUBLIC_API = "api.github.com"


@dataclass(frozen=True)
class Runtime:
    """The clock (aware UTC), the environment, a way to wait some seconds, chance in [0, 1), and a clock in
    seconds that only goes forward."""

    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    sleep: Callable[[float], None] = time.sleep
    chance: Callable[[], float] = random
    monotonic: Callable[[], float] = time.monotonic

    @cached_property
    def secrets(self) -> Secrets:
        """What no message, file or page may hold; a token that `gh` gives is added when it is asked for."""
        return Secrets.of_environment(self.environ)

    @property
    def model_key(self) -> str:
        """The key of the model server, empty without one."""
        return self.environ.get(KEY_NAME, "").strip()

    @property
    def cache_folder(self) -> Path:
        """Where this program may keep what it can make again."""
        folder = self.environ.get("XDG_CACHE_HOME") or Path(self.environ.get("HOME") or Path.home(), ".cache")
        return Path(folder, "vllm-digest")

    def github_token(self, api_url: str) -> str:
        """The token of the environment, else that of GitHub's own program; UsageError without one."""
        for name in TOKEN_NAMES:
            if token := self.environ.get(name, "").strip():
                return _checked(token, name)
        if token := self._token_of_gh(api_url):
            self.secrets.add(token)
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
        host = urlsplit(api_url).hostname or _PUBLIC_API
        command = [program, "auth", "token", "--hostname", "github.com" if host == _PUBLIC_API else host]
        try:
            answer = run_program(command, environ=self.environ, timeout=timedelta(seconds=10))
        except OSError:
            return ""
        return answer.out.decode(errors="replace").strip() if answer.code == 0 else ""


def _checked(token: str, place: str) -> str:
    """A token that fits into a header; the message about one that does not leaves it out."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(f"The token in {place} has characters no token has.", "Copy it again.")
    return token
