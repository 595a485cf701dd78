"""What can go wrong, one class per exit code; the command line alone turns them into messages."""

from typing import ClassVar, Self

from vllm_digest.cleaning import clean_line, clean_lines


class DigestError(Exception):
    """A failure a person can act on.

    `problem` names what failed and where in one sentence; `remedy`, when there is one, the way on, in one
    line or several. Both are cleaned, so that they may quote text from outside.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = clean_line(problem)
        self.remedy = clean_lines(remedy)
        super().__init__(self.problem)

    def __str__(self) -> str:
        return f"{self.problem}\n{self.remedy}" if self.remedy else self.problem


class UsageError(DigestError):
    """The command line, the configuration or the environment asks for something impossible."""

    exit_code = 2


class DocumentError(UsageError):
    """A file given to read is not there, is damaged, or holds something else."""


class SourceError(DigestError):
    """GitHub did not give what a complete report needs, so nothing was published."""

    exit_code = 3


class FallbackError(DigestError):
    """All is published, but rules wrote what a model was to write; told with `--strict` only."""

    exit_code = 4


class StorageError(DigestError):
    """A file could not be written; what stood there before still does."""

    exit_code = 5


class BusyError(DigestError):
    """Another run holds the archive; nothing was done."""

    exit_code = 6


class PageError(DigestError):
    """A page failed its own check and was set aside; its data is stored, and other windows go on."""

    exit_code = 7

    @classmethod
    def of_several(cls, count: int) -> Self:
        """What a command ends with that published all but so many pages."""
        return cls(
            f"{count} of the pages failed their own check and were set aside; the others are published.",
            "Their data is stored: the next run tries the pages again. Please report what they failed on.",
        )


class NotReadyError(DigestError):
    """A batch has no answers yet; nothing was published."""

    exit_code = 8
