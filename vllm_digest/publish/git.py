"""Run git in one folder: with a fixed identity, English messages, and no secrets in its errors."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from vllm_digest.errors import StorageError
from vllm_digest.processes import Finished, run_program

_TIMEOUT = timedelta(minutes=10)
"""Of one git command; the longest ones are the first fetch and the first push of a large archive."""
_WRITER = "vllm-digest"
_ADDRESS = "noreply@vllm-digest.invalid"
"""A reserved domain: GitHub attributes commits to users by their addresses."""
_TOKEN_NAMES = ("GITHUB_TOKEN", "GH_TOKEN")
_ELSEWHERE = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
)
"""Variables that hooks set and that would direct our commands to another repository."""
_OFFER = '!f() { test "$1" = get && echo username=x-access-token && echo "password=$%s"; }; f'
"""A credential helper; the shell that git starts reads the token, so it is in no argument and no file."""
_ALWAYS = {
    "core.autocrlf": "false",
    # These two run programs that the user's settings or the folder name.
    "core.fsmonitor": "false",
    "core.hooksPath": os.devnull,
    # Names that are not ASCII are printed as they are, not as octal escapes.
    "core.quotePath": "false",
    "fetch.recurseSubmodules": "false",
    # Background maintenance would conflict with the next command.
    "gc.autoDetach": "false",
    "maintenance.autoDetach": "false",
    "push.recurseSubmodules": "no",
}
_FIXED = {
    "GIT_AUTHOR_NAME": _WRITER,
    "GIT_AUTHOR_EMAIL": _ADDRESS,
    "GIT_COMMITTER_NAME": _WRITER,
    "GIT_COMMITTER_EMAIL": _ADDRESS,
    # `local` computes the ids of files with it.
    "GIT_DEFAULT_HASH": "sha1",
    # Without a token git would wait for a password.
    "GIT_TERMINAL_PROMPT": "0",
    # `_MAY_PASS` and `_FOR_GOOD` match English messages.
    "LC_ALL": "C",
}
"""Variables of each git command; the dates of commits are added."""
_MAY_PASS = re.compile(
    r"error: (429|5\d\d)|HTTP 5\d\d|resolve host|name resolution|timed out|timeout|connect|hung up|early eof"
    r"|rpc failed|TLS|SSL|unexpected disconnect|couldn't find remote ref|Internal Server Error|\[rejected\]",
    re.IGNORECASE,
)
"""Messages of git when the network or the server failed, or another push was first."""
_REFUSED = re.compile(r"\[remote rejected\][^\n]*\(([^\n]*)\)")
_FOR_GOOD = re.compile(
    r"declin|den(y|ied)|protect|prohibit|not allowed|not permitted|permission|refus|archived|disabled|hook"
    r"|read.only|large|size|quota|exceed",
    re.IGNORECASE,
)
"""A server's reasons that are permanent. Others are temporary: `failure`, `cannot lock ref`, and errors of
the server itself (`Internal Server Error`)."""
_NO_REPOSITORY = "not a git repository"


_FATAL = 128
"""Git's exit code for a failed command; other nonzero codes are a negative answer."""


class GitError(StorageError):
    """Git failed. `may_pass`: the same command may succeed later."""

    def __init__(self, problem: str, remedy: str = "", *, may_pass: bool = False) -> None:
        super().__init__(problem, remedy)
        self.may_pass = may_pass


def may_pass(said: str) -> bool:
    """Whether the same command may succeed later. `said`: what git printed when it failed."""
    reasons = _REFUSED.findall(said)
    if reasons:
        return not any(_FOR_GOOD.search(reason) for reason in reasons)
    return _MAY_PASS.search(said) is not None and "certificate" not in said


@dataclass(frozen=True)
class Git:
    """Git in one folder.

    `environ`: the user's environment variables. `now`: the time of new commits, with a time zone.
    `searches_parents`: the repository may also be in a parent folder.
    """

    folder: Path
    environ: Mapping[str, str]
    now: datetime
    searches_parents: bool = False

    def run(self, *arguments: str, stdin: bytes = b"") -> str:
        """Run a git command; return its output without trailing newlines. Raises GitError if it fails."""
        said = self.run_bytes(*arguments, stdin=stdin)
        return said.decode(errors="surrogateescape").rstrip("\n")

    def run_bytes(self, *arguments: str, stdin: bytes = b"") -> bytes:
        """Run a git command; return its whole output as bytes. Raises GitError if it fails."""
        ended = self._execute(arguments, stdin)
        if ended.code:
            raise self._error(arguments[0], ended)
        return ended.out

    def query(self, *arguments: str) -> str:
        """The output of a git command; empty if it exits with a negative answer or there is no repository.

        Raises GitError if git fails otherwise.
        """
        ended = self._execute(arguments, b"")
        if ended.code == _FATAL and _NO_REPOSITORY not in ended.err:
            raise self._error(arguments[0], ended)
        return "" if ended.code else ended.out.decode(errors="surrogateescape").strip()

    def listed(self, *arguments: str, stdin: bytes = b"") -> list[str]:
        """The output of a command with `-z`, split at NUL. Raises GitError if it fails."""
        return self.run(*arguments, stdin=stdin).split("\0")[:-1]

    def _error(self, command: str, ended: Finished) -> GitError:
        # A push prints on stdout which branch was refused, and why.
        said = f"{ended.err}\n{ended.out.decode(errors='replace')}"
        return GitError(
            f"git {command} failed in {self.folder}: {self._presentable(said)}", may_pass=may_pass(said)
        )

    def _execute(self, arguments: Sequence[str], stdin: bytes) -> Finished:
        command = ["git", *arguments]
        try:
            return run_program(
                command, environ=self._environment(), timeout=_TIMEOUT, folder=self.folder, stdin=stdin
            )
        except TimeoutError:
            raise GitError(f"git {command[1]} took too long in {self.folder}.", may_pass=True) from None
        except OSError as error:
            raise GitError(
                f"git cannot be run in {self.folder}: {error.strerror}.", "Install git, or correct PATH."
            ) from None

    def _environment(self) -> dict[str, str]:
        server = self.environ.get("GITHUB_SERVER_URL", "https://github.com")
        settings = dict(_ALWAYS)
        # Git tries the user's own credential helpers first.
        for name in _TOKEN_NAMES:
            if self.environ.get(name):
                settings[f"credential.{server}.helper"] = _OFFER % name
                break
        environ = {name: value for name, value in self.environ.items() if name not in _ELSEWHERE}
        now = self.now.isoformat()
        environ |= {**_FIXED, "GIT_AUTHOR_DATE": now, "GIT_COMMITTER_DATE": now}
        # Else an archive inside of a checkout would be taken for a part of that repository.
        if not self.searches_parents:
            environ["GIT_CEILING_DIRECTORIES"] = str(self.folder.resolve().parent)
        # The user's environment may have such settings already; ours follow them.
        count = environ.get("GIT_CONFIG_COUNT", "")
        first = int(count) if count.isdecimal() else 0
        environ["GIT_CONFIG_COUNT"] = str(first + len(settings))
        for position, (key, value) in enumerate(settings.items(), start=first):
            environ |= {f"GIT_CONFIG_KEY_{position}": key, f"GIT_CONFIG_VALUE_{position}": value}
        return environ

    def _presentable(self, said: str) -> str:
        """Git's output on one line, without credentials."""
        text = " ".join(said.split())
        for name in _TOKEN_NAMES:
            if token := self.environ.get(name):
                text = text.replace(token, "***")
        return re.sub(r"(?<=://)[^\s/]*@", "", text) or "no message."
