"""The git repository inside an archive's folder: create, recognise and repair it.

Only its objects and refs are used. The program never reads or writes its index or working tree, so neither
can be damaged, and no name on the branch becomes a local path.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from vllm_digest.errors import StorageError, UsageError, remedy_for
from vllm_digest.publish.git import Git, GitError

_log = logging.getLogger(__name__)

_MARK = "vllm-digest.archive"
_OURS = "refs/vllm-digest/"
_INIT = ("init", "--quiet", "--template=")
"""Without a template, so that hooks of the user's templates are not copied."""


def prepare(git: Git) -> None:
    """Make the folder a repository of this program, or repair the one that is there.

    Raises UsageError if the folder is a repository that this program did not make, StorageError if the folder
    cannot be created, and GitError if git fails.
    """
    folder = git.folder
    own = folder / ".git"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.", remedy_for(error)) from None
    if os.path.lexists(own) and (own.is_symlink() or not own.is_dir()):
        raise _foreign(folder)
    is_ours = bool(git.query("config", "--file", str(own.absolute() / "config"), _MARK))
    if not git.query("rev-parse", "--git-dir"):
        git.run(*_INIT)
    elif not is_ours and _is_in_use(git):
        raise _foreign(folder)
    _clear_locks(own)
    if is_ours and not _is_sound(git, own):
        _make_again(git, own)
    git.run("config", _MARK, "true")


def tree_with(git: Git, commit: str, files: Iterable[tuple[str, str]]) -> str:
    """The id of a new tree: the tree of `commit` (empty for no commit) plus `files` (path and blob id).

    Only the folders above these files are rewritten. Their other entries are kept, even those that git would
    not accept in an index; a link or a submodule with the name of a needed folder is replaced.
    """
    tree = f"{commit}^{{tree}}" if commit else ""
    return _tree_with(git, tree, [(path.split("/"), content) for path, content in files])


def _tree_with(git: Git, tree: str, files: Iterable[tuple[Sequence[str], str]]) -> str:
    # Git's index would be simpler, but rejects names such as `..` that a crafted tree can contain.
    lines = git.listed("ls-tree", "-z", tree) if tree else []
    entries = {line.partition("\t")[2]: line for line in lines}
    below: dict[str, list[tuple[Sequence[str], str]]] = {}
    for (name, *rest), content in files:
        if rest:
            below.setdefault(name, []).append((rest, content))
        else:
            entries[name] = f"100644 blob {content}\t{name}"
    for name, inner in below.items():
        mode, _, known, *_ = entries.get(name, "none - -").split()
        made = _tree_with(git, known if mode == "040000" else "", inner)
        entries[name] = f"040000 tree {made}\t{name}"
    stdin = "".join(f"{line}\0" for line in entries.values()).encode(errors="surrogateescape")
    return git.run("mktree", "-z", "--missing", stdin=stdin)


def _is_in_use(git: Git) -> bool:
    """Whether the repository has refs that this program did not make. A new one without refs may be ours."""
    refs = git.run("for-each-ref", "--format=%(refname)").split()
    return any(not ref.startswith(_OURS) for ref in refs)


def _is_sound(git: Git, own: Path) -> bool:
    """Whether all objects that our refs reach are there. A power cut can leave empty object files."""
    files = (*own.glob("objects/??/*"), *own.glob("refs/**/*"))
    if any(path.is_file() and path.stat().st_size == 0 for path in files):
        return False
    try:
        git.run("rev-list", "--objects", "--quiet", "--all")
    except GitError:
        return False
    return True


def _make_again(git: Git, own: Path) -> None:
    if any(own.glob("refs/vllm-digest/base/**/*")):
        _log.warning(
            "%s is damaged and made again; `push` may publish reports that were removed from the branch",
            own,
        )
    try:
        shutil.rmtree(own)
    except OSError as error:
        problem = f"{own} is damaged and cannot be removed: {error.strerror}."
        raise StorageError(problem, remedy_for(error)) from None
    git.run(*_INIT)


def _foreign(folder: Path) -> UsageError:
    return UsageError(
        f"{folder} is a repository that `vllm-digest pull` did not make.",
        "Name a folder of its own for the reports, with --output or report.output.",
    )


def _clear_locks(own: Path) -> None:
    """Remove git's lock files; they are stale, because the caller holds the lock of the archive's folder."""
    for pattern in ("*.lock", "refs/**/*.lock"):
        for lock in own.glob(pattern):
            with suppress(OSError):
                lock.unlink()
