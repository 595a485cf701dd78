"""Git, asked in one way: by nobody in particular, in plain English, and with no secret in what it says."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vllm_digest.errors import StorageError
from vllm_digest.processes import Finished, run_program

_TIMEOUT = timedelta(minutes=10)
_WRITER = "vllm-digest"
_ADDRESS = "noreply@vllm-digest.invalid"
"""Nobody's: GitHub ties commits to people by their addresses."""
_TOKEN_NAMES = ("GITHUB_TOKEN", "GH_TOKEN")
_ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
)
"""What a hook sets, and what would send our commands to another repository."""
_OFFER = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$%s"; }; f'
"""A credential helper; the shell that git starts reads the token, so it is in no argument and no file."""
_ALWAYS = {
    "core.autocrlf": "false",
    "core.hooksPath": "/dev/null",
    "core.quotePath": "false",
}
_MAY_PASS = re.compile(
    r"error: (429|5\d\d)|resolve host|timed out|connect|hung up|early eof|rpc failed"
    r"|\[rejected\]|\[remote rejected\].*(lock|failed to update ref|incorrect old value|already exists)",
    re.IGNORECASE,
)
"""What git says when the network or the server failed, or somebody else pushed first or at this moment."""


class GitError(StorageError):
    """Git failed; `may_pass` when the same may succeed the next time."""

    def __init__(self, problem: str, remedy: str = "", *, may_pass: bool = False) -> None:
        super().__init__(problem, remedy)
        self.may_pass = may_pass


@dataclass(frozen=True)
class Git:
    """Git in one folder; `environ` is the user's, `now` the time that commits get."""

    folder: Path
    environ: Mapping[str, str]
    now: datetime

    def ask(self, *arguments: str, stdin: bytes = b"") -> str:
        """What a git command prints, without the newline at its end; GitError when it fails."""
        ended = self._run(arguments, stdin)
        if ended.code == 0:
            return ended.out.decode(errors="surrogateescape").rstrip("\n")
        # A push says on stdout which branch was refused, and why.
        said = f"{ended.err}\n{ended.out.decode(errors='replace')}"
        raise GitError(
            f"git {arguments[0]} failed in {self.folder}: {self._presentable(said)}",
            may_pass=_MAY_PASS.search(said) is not None,
        )

    def asked(self, *arguments: str) -> str:
        """What a question prints; empty when the answer is none."""
        ended = self._run(arguments, b"")
        return ended.out.decode(errors="surrogateescape").strip() if ended.code == 0 else ""

    def listed(self, *arguments: str, stdin: bytes = b"") -> list[str]:
        """The parts, ended by NUL, that a command with `-z` prints."""
        return self.ask(*arguments, stdin=stdin).split("\0")[:-1]

    def _run(self, arguments: Iterable[str], stdin: bytes) -> Finished:
        command = ["git", *arguments]
        try:
            return run_program(
                command, environ=self._environment(), timeout=_TIMEOUT, folder=self.folder, stdin=stdin
            )
        except TimeoutError:
            raise GitError(f"git {command[1]} took too long in {self.folder}.", may_pass=True) from None
        except OSError as error:
            raise GitError(
                f"git cannot be run in {self.folder}: {error.strerror}.", "Install git, or mend PATH."
            ) from None

    def _environment(self) -> dict[str, str]:
        server = self.environ.get("GITHUB_SERVER_URL", "https://github.com")
        settings = dict(_ALWAYS)
        # After the user's own helpers, which git asks first.
        for name in _TOKEN_NAMES:
            if self.environ.get(name):
                settings[f"credential.{server}.helper"] = _OFFER % name
                break
        environ = {name: value for name, value in self.environ.items() if name not in _ELSEWHERE}
        environ |= {
            "GIT_AUTHOR_NAME": _WRITER,
            "GIT_AUTHOR_EMAIL": _ADDRESS,
            "GIT_AUTHOR_DATE": self.now.isoformat(),
            "GIT_COMMITTER_NAME": _WRITER,
            "GIT_COMMITTER_EMAIL": _ADDRESS,
            "GIT_COMMITTER_DATE": self.now.isoformat(),
            "GIT_TERMINAL_PROMPT": "0",
            "LC_ALL": "C",
        }
        first = int(environ.get("GIT_CONFIG_COUNT") or 0)
        environ["GIT_CONFIG_COUNT"] = str(first + len(settings))
        for position, (key, value) in enumerate(settings.items(), start=first):
            environ |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
        return environ

    def _presentable(self, said: str) -> str:
        """Git's words on one line, without the credentials that addresses and answers may hold."""
        text = " ".join(said.split())
        for name in _TOKEN_NAMES:
            if token := self.environ.get(name):
                text = text.replace(token, "***")
        return re.sub(r"(?<=://)[^\s/]*@", "", text) or "it says nothing."
