"""The repository inside an archive's folder: made, recognised, and cleared of what killed commands left.

It is used for its objects and refs alone. No command of ours reads or writes its index or its working tree,
so neither can be damaged, and no name on the branch becomes a path here.
"""

import logging
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from vllm_digest.errors import StorageError, UsageError, way_on
from vllm_digest.publish.git import Git, GitError

_log = logging.getLogger(__name__)

_MARK = "vllm-digest.archive"
_OURS = "refs/vllm-digest/"
_INIT = ("init", "--quiet", "--template=")
"""Nothing of a user's templates, such as hooks, is wanted."""


def prepare(git: Git) -> None:
    """Make the folder a repository of ours, whatever a killed command or a power cut left of one.

    Raises UsageError where somebody else's repository is, GitError where git refuses to look.
    """
    folder = git.folder
    own = folder / ".git"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}.", way_on(error)) from None
    if os.path.lexists(own) and (own.is_symlink() or not own.is_dir()):
        raise _foreign(folder)
    is_ours = bool(git.asked("config", "--file", str(own.absolute() / "config"), _MARK))
    if not git.asked("rev-parse", "--git-dir"):
        git.ask(*_INIT)
    elif not is_ours and _is_in_use(git):
        raise _foreign(folder)
    _clear_locks(own)
    if is_ours and not _is_sound(git, own):
        _make_again(git, own)
    git.ask("config", _MARK, "true")


def tree_with(git: Git, commit: str, files: Iterable[tuple[str, str]]) -> str:
    """The id of a tree: that of a commit, empty for none, with files (path and id of the content) added.

    Only the folders on the way to these files are written anew. What else they hold stays as it is, even
    what git would refuse to put into an index; a link or a submodule in the place of a folder gives way.
    """
    tree = f"{commit}^{{tree}}" if commit else ""
    return _tree_with(git, tree, [(path.split("/"), content) for path, content in files])


def _tree_with(git: Git, tree: str, files: Iterable[tuple[Sequence[str], str]]) -> str:
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
    return git.ask("mktree", "-z", "--missing", stdin=stdin)


def _is_in_use(git: Git) -> bool:
    """Has anybody but us committed anything? A repository that was just begun may be one of ours."""
    refs = git.ask("for-each-ref", "--format=%(refname)").split()
    return any(not ref.startswith(_OURS) for ref in refs)


def _is_sound(git: Git, own: Path) -> bool:
    """Is there all that our refs lead to? A power cut leaves files that git named but the disk never got."""
    files = (*own.glob("objects/??/*"), *own.glob("refs/**/*"))
    if any(path.is_file() and path.stat().st_size == 0 for path in files):
        return False
    try:
        git.ask("rev-list", "--objects", "--quiet", "--all")
    except GitError:
        return False
    return True


def _make_again(git: Git, own: Path) -> None:
    if any(own.glob("refs/vllm-digest/base/**/*")):
        _log.warning(
            "%s is damaged and made again; `push` publishes again what was removed from the branch meanwhile",
            own,
        )
    try:
        shutil.rmtree(own)
    except OSError as error:
        problem = f"{own} is damaged and cannot be removed: {error.strerror}."
        raise StorageError(problem, way_on(error)) from None
    git.ask(*_INIT)


def _foreign(folder: Path) -> UsageError:
    return UsageError(
        f"{folder} is a repository that `vllm-digest pull` did not make.",
        "Name a folder of its own for the reports, with --output or report.output.",
    )


def _clear_locks(own: Path) -> None:
    """Remove locks: who holds the archive's folder is the only one who works in its repository."""
    for pattern in ("*.lock", "refs/**/*.lock"):
        for lock in own.glob(pattern):
            with suppress(OSError):
                lock.unlink()
