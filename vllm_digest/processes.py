"""Run other programs: the only user of subprocess."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Finished:
    """The result of a program. `code`: exit code. `out`: stdout. `err`: stderr, decoded."""

    code: int
    out: bytes
    err: str


def run_program(
    command: Sequence[str | Path],
    *,
    environ: Mapping[str, str],
    timeout: timedelta,
    folder: Path | None = None,
    stdin: bytes = b"",
) -> Finished:
    """Run a program and wait for it. `environ`: its complete environment. `folder`: its working directory.

    Raises OSError if it cannot be started; the subclass TimeoutError if it takes longer than `timeout`.
    """
    try:
        ended = subprocess.run(  # noqa: S603 - no shell; callers choose the program
            command,
            env=dict(environ),
            cwd=folder,
            input=stdin,
            capture_output=True,
            timeout=timeout.total_seconds(),
            check=False,
        )
    # The exception has the command line, which may contain an address with a token.
    except subprocess.TimeoutExpired:
        raise TimeoutError from None
    return Finished(ended.returncode, ended.stdout, ended.stderr.decode(errors="replace"))
