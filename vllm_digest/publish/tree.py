"""Read the reports of a commit, as untrusted input: only regular files whose paths are those of reports."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import NamedTuple

from vllm_digest.archive.folder import why_no_size, why_not_yet
from vllm_digest.errors import StorageError
from vllm_digest.place import DEPTH, Place, is_folder_name, is_report_file
from vllm_digest.publish.git import Git, GitError

_MOST_FOLDERS = 10_000
"""Folders of reports, mostly one a month. A crafted tree can repeat subtrees so that reading it never
ends."""
_AT_ONCE = 16_000_000
"""Bytes that are read from git by one process; a limit, because they are in memory together."""
_FILE = "100644"
_KINDS = {
    "040000": "a folder",
    "100755": "an executable",
    "120000": "a symbolic link",
    "160000": "a submodule",
}
"""Modes of tree entries that are not plain files: https://git-scm.com/docs/git-fast-import#_filemodify"""


class Pair(NamedTuple):
    """The git blob ids of a report's two files; empty where a file is missing."""

    data: str = ""
    page: str = ""

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(one for one in self if one)


Pairs = Mapping[Place, Pair]


@dataclass(slots=True)
class Tree:
    """The reports of a commit.

    `pairs`: the reports. `sizes`: bytes by blob id. `refused`: paths of entries that are not reports, and
    why.
    """

    pairs: dict[Place, Pair] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    refused: list[tuple[str, str]] = field(default_factory=list)


class _Entry(NamedTuple):
    mode: str
    id: str
    size: int
    name: str


def read_tree(git: Git, commit: str, now: datetime) -> Tree:
    """The reports in a commit or tree; none for an empty id.

    Raises StorageError if it has more than `_MOST_FOLDERS` folders.
    """
    found = Tree()
    folders = [(PurePosixPath(), f"{commit}^{{tree}}")] if commit else []
    for folder, tree in folders:
        if len(folders) > _MOST_FOLDERS:
            raise StorageError(
                f"The branch has more than {_MOST_FOLDERS} folders of reports.", "Check what it contains."
            )
        level = len(folder.parts)
        for entry in _entries(git, tree):
            if level < DEPTH:
                if _is_folder(entry, level, folder, found):
                    folders.append((folder / entry.name, entry.id))
            elif is_report_file(entry.name):
                _add(entry, f"{folder}/{entry.name}", now, found)
    return found


def batches(pairs: Pairs, sizes: Mapping[str, int]) -> Iterator[dict[Place, Pair]]:
    """The reports in batches of about `_AT_ONCE` bytes."""
    batch: dict[Place, Pair] = {}
    size = 0
    for place, pair in pairs.items():
        batch[place] = pair
        size += sum(sizes[one] for one in pair.ids)
        if size > _AT_ONCE:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


def read_blobs(git: Git, ids: list[str]) -> dict[str, bytes]:
    """The contents of blobs by id. Raises GitError if one is missing.

    For each id `cat-file --batch` prints `ID blob SIZE`, a newline, the content and a newline.
    """
    said = git.run_bytes("cat-file", "--batch", stdin="".join(f"{one}\n" for one in ids).encode())
    contents: dict[str, bytes] = {}
    start = 0
    for one in ids:
        end = said.index(b"\n", start)
        _, kind, *rest = said[start:end].split()
        if kind != b"blob":
            raise GitError(
                f"git does not have the content {one} in {git.folder}.", f"Remove {git.folder / '.git'}."
            )
        size = int(rest[0])
        contents[one] = said[end + 1 : end + 1 + size]
        start = end + size + 2
    return contents


def files_of(pairs: Pairs) -> Iterator[tuple[str, str]]:
    """The path and the id of each file of reports."""
    for place, pair in pairs.items():
        for suffix, content in zip((".json", ".md"), pair, strict=True):
            if content:
                yield f"{place.stem}{suffix}", content


def _is_folder(entry: _Entry, level: int, folder: PurePosixPath, found: Tree) -> bool:
    if not is_folder_name(level, entry.name):
        return False
    if entry.mode != "040000":
        what = _KINDS.get(entry.mode, "a file")
        found.refused.append((f"{folder / entry.name}", f"it is {what} in the place of a folder"))
        return False
    return True


def _add(entry: _Entry, path: str, now: datetime, found: Tree) -> None:
    try:
        place = Place.of(path)
    except ValueError as error:
        found.refused.append((path, str(error)))
        return
    why = f"it is {_KINDS.get(entry.mode, 'something special')} and no file" if entry.mode != _FILE else ""
    if why := why or why_not_yet(place, now) or why_no_size(entry.size):
        found.refused.append((path, why))
        return
    pair = found.pairs.get(place, Pair())
    is_data = path.endswith(".json")
    found.pairs[place] = pair._replace(data=entry.id) if is_data else pair._replace(page=entry.id)
    found.sizes[entry.id] = entry.size


def _entries(git: Git, tree: str) -> Iterator[_Entry]:
    """`ls-tree -z -l` prints `MODE TYPE ID SIZE`, a tab and the name for each entry, each ended by NUL."""
    for line in git.listed("ls-tree", "-z", "--long", tree):
        known, _, name = line.partition("\t")
        mode, _, name_of_content, size = known.split()
        yield _Entry(mode, name_of_content, int(size) if size.isdecimal() else 0, name)
