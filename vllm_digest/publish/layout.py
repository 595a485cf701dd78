"""The files of a publishing repository: what this version lays out, and what an earlier one did.

`.github/vllm-digest.json` in the repository records which version laid out each file, and its SHA-256, so
that edited files can be distinguished from outdated ones.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from vllm_digest import templating
from vllm_digest.errors import StorageError
from vllm_digest.installation import Installation

log = logging.getLogger(__name__)

RECORD = PurePosixPath(".github/vllm-digest.json")
PROGRAM = PurePosixPath(".github/vllm-digest.txt")
WORKFLOW = PurePosixPath(".github/workflows/digest.yml")


class FileStatus(Enum):
    """How a file of the repository compares with what this version lays out."""

    MISSING = "missing"
    CURRENT = "current"
    OUTDATED = "outdated"
    """It is unchanged since an earlier version laid it out."""
    CHANGED = "changed"
    """It was edited since it was laid out."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """One file. `place`: its path in the repository. `wanted`: the content that this version lays out.

    `by`: the version that laid it out, empty if unknown.
    """

    place: PurePosixPath
    wanted: bytes
    status: FileStatus
    by: str = ""


def compare(folder: Path, installed: Installation) -> tuple[LaidOut, ...]:
    """Every file that this version lays out, sorted by path, with its status in `folder`.

    Raises StorageError if one cannot be read.
    """
    record = _read_record(folder / RECORD)
    return tuple(_compared(folder, place, wanted, record) for place, wanted in sorted(_files(installed)))


def new_record(folder: Path, files: tuple[LaidOut, ...], installed: Installation) -> bytes:
    """The record once all of `files` that are missing or current are laid out by this version."""
    known = dict(_read_record(folder / RECORD))
    for one in files:
        if one.status in {FileStatus.MISSING, FileStatus.CURRENT}:
            sha256 = _hash(one.wanted)
            if known.get(str(one.place), ("", ""))[1] != sha256:
                known[str(one.place)] = (installed.label, sha256)
    entries = {name: {"version": by, "sha256": sha256} for name, (by, sha256) in sorted(known.items())}
    return (json.dumps({"files": entries}, indent=1) + "\n").encode()


def is_pinned(folder: Path) -> bool:
    """Whether the repository names the version of the program that its workflow installs."""
    try:
        lines = (folder / PROGRAM).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return False
    return any(line.strip() and not line.startswith("#") for line in lines)


def _files(installed: Installation) -> Iterator[tuple[PurePosixPath, bytes]]:
    source = templating.folder() / "site"
    for path in source.rglob("*"):
        if path.is_file():
            yield PurePosixPath(path.relative_to(source).as_posix()), path.read_bytes()
    yield PROGRAM, _program(installed)


def _program(installed: Installation) -> bytes:
    """The requirements file that pins the program; the workflow installs it with the locked dependencies."""
    text = "# The program itself; `vllm-digest init --update .` writes what is installed where it is run.\n"
    if installed.requirement:
        text += f"{installed.requirement}\n"
    else:
        text += (
            f"# It was laid out by a copy from {installed.origin}, which no other machine can install.\n"
            "# Put one line here, of its repository or of an index that has it:\n"
            "#   vllm-digest @ git+https://HOST/OWNER/NAME@COMMIT\n"
            "#   vllm-digest==VERSION\n"
        )
    return text.encode()


def _compared(
    folder: Path, place: PurePosixPath, wanted: bytes, record: Mapping[str, tuple[str, str]]
) -> LaidOut:
    path = folder / place
    if not path.exists() and not path.is_symlink():
        return LaidOut(place, wanted, FileStatus.MISSING)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}.") from None
    by, sha256 = record.get(str(place), ("", ""))
    if content == wanted:
        return LaidOut(place, wanted, FileStatus.CURRENT, by)
    status = FileStatus.OUTDATED if _hash(content) == sha256 else FileStatus.CHANGED
    return LaidOut(place, wanted, status, by)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read_record(path: Path) -> dict[str, tuple[str, str]]:
    """By path: version and SHA-256 of the file as laid out; empty if there is no valid record."""
    try:
        entries = json.loads(path.read_bytes())["files"]
        return {str(name): (str(one["version"]), str(one["sha256"])) for name, one in entries.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        log.warning("%s cannot be read; files that differ are treated as edited", path)
        return {}
