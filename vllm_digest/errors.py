"""The errors that end a command, one class per exit code; only `cli` turns them into messages."""

import errno
from typing import ClassVar, NamedTuple, Self

from vllm_digest.cleaning import clean_line, clean_lines


class ExitCode(NamedTuple):
    """An exit code, its meaning, and what to do about it; empty if nothing."""

    code: int
    meaning: str
    remedy: str


INTERRUPTED = 130
"""What a shell shows for a program that SIGINT ended: 128 + 2."""
OUTPUT_CLOSED = 141
"""What a shell shows for a program that SIGPIPE ended: 128 + 13."""
EXIT_CODES = (
    ExitCode(0, "success, also for a window without activity", ""),
    ExitCode(1, "`status` only: windows are missing or late", "find out why runs fail or do not start"),
    ExitCode(2, "wrong usage or configuration", "fix what the message names; a retry does not help"),
    ExitCode(
        3,
        "GitHub failed; reports stored before that are kept",
        "usually nothing: the next run catches up. If the token was refused, the message says so",
    ),
    ExitCode(
        4,
        "`--strict` only: published, but rules wrote a part meant for a model",
        "see the reasons in the page's last line, and run `doctor`",
    ),
    ExitCode(
        5,
        "a file or the branch of reports could not be written",
        "free disk space, or make the folder writable",
    ),
    ExitCode(
        6,
        "another run is working on the same series",
        "nothing; `--wait` waits for the other run",
    ),
    ExitCode(
        7,
        "a page failed its own check and was set aside; the others are published",
        "report the bug; the next run tries the page again",
    ),
    ExitCode(8, "`batch collect` only: the batch has no answers yet", "run it again later"),
    ExitCode(INTERRUPTED, "interrupted", "nothing: the next run continues"),
    ExitCode(
        OUTPUT_CLOSED,
        "the reader of stdout ended early, as `head` does; nothing is printed about it",
        "nothing: what was stored before is kept, and the next run continues",
    ),
)
"""All exit codes of the program; the docs' table is made from them."""


_REMEDIES = {
    errno.ENOSPC: "Free space on its disk.",
    errno.EDQUOT: "Free space: the quota of the user that runs this is used up.",
    errno.EROFS: "Its disk can only be read; the system's log may say why.",
    errno.EACCES: "Give its folder to the user that runs this.",
    errno.EPERM: "Give its folder to the user that runs this.",
}


def remedy_for(error: OSError) -> str:
    """What to do about a file or folder that cannot be written."""
    return _REMEDIES.get(error.errno or 0, "Check that path, or name another folder.")


class DigestError(Exception):
    """A failure that a person can act on.

    `problem`: one sentence on what failed and where. `remedy`: what to do, in one line or several, or empty.
    Both are cleaned, so they may quote untrusted text.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = clean_line(problem)
        self.remedy = clean_lines(remedy)
        super().__init__(self.problem)

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


class UsageError(DigestError):
    """The command line, the settings or the environment are wrong."""

    exit_code = 2


class DocumentError(UsageError):
    """A file to be read does not exist, is damaged, or has another form."""


class SourceError(DigestError):
    """The source did not deliver what a complete report needs, so the report was not published."""

    exit_code = 3


class FallbackError(DigestError):
    """Everything is published, but rules wrote parts meant for a model; raised with `--strict` only."""

    exit_code = 4


class StorageError(DigestError):
    """A file could not be written; an earlier version of it is unchanged."""

    exit_code = 5

    @classmethod
    def of(cls, error: OSError) -> Self:
        """The error for a failure of the system that no other code handles, such as a disk that fails while
        it is read, or a full one behind stdout."""
        # `filename` is bytes or a number if the path was given so, and None for stdout.
        place = error.filename if isinstance(error.filename, str) else "A file, or what is printed,"
        why = error.strerror or type(error).__name__
        return cls(f"{place} cannot be read or written: {why}.", remedy_for(error))


class BusyError(DigestError):
    """Another run holds the lock of the series; nothing was done."""

    exit_code = 6


class PageError(DigestError):
    """A page failed the check of pages and was set aside; its data and the other pages are stored."""

    exit_code = 7

    @classmethod
    def of_several(cls, count: int) -> Self:
        """The error at the end of a command that published all but `count` pages."""
        return cls(
            f"{count} of the pages failed their own check and were set aside; the others are published.",
            "Their data is stored: the next run tries the pages again. Please report what they failed on.",
        )


class NotReadyError(DigestError):
    """A batch has no answers yet; nothing was published."""

    exit_code = 8


def counted(count: int, noun: str) -> str:
    """A number with its noun in a message: `1 page`, `1,200 pages`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
