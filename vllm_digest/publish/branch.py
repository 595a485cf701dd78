"""An archive's folder, kept level with a branch that reports are only ever added to.

The folder is a repository of its own. Its HEAD is the state that it last shared with the branch, never a
commit that exists only here; whatever differs from it on disk is to be published. So a run that dies at any
point loses nothing: the next one finds the files, and the same HEAD.

Two machines write the same file only when both report on the same window. Then the report that was published
first stays, for readers have it, and the other one is dropped with a warning.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple, TypeVar

from vllm_digest.errors import StorageError, UsageError
from vllm_digest.publish.git import Git, GitError

_log = logging.getLogger(__name__)

_REPORTS = (":(glob)reports/**/*.md", ":(glob)reports/**/*.json")
_TIP = "refs/vllm-digest/tip"
_MARK = "vllm-digest.archive"
_TRIES = 12
_LONGEST_WAIT = 30.0
_NAMED_IN_MESSAGE = 50

T = TypeVar("T")

_Files = dict[str, str]
"""Paths with the ids of their contents; the id is empty where a file is gone."""


class _Level(NamedTuple):
    """The branch's last commit, empty when there is no branch yet, and the files that only stand here."""

    tip: str
    ours: _Files


class Pushed(NamedTuple):
    """The pages that were published, and where those are that were set aside."""

    pages: tuple[Path, ...]
    aside: tuple[Path, ...]


@dataclass(frozen=True)
class DataBranch:
    """The branch of a repository (`remote` is its address) that the folder of `git` belongs to.

    `complaint` says why a page may not be published, and nothing where it may. `sleep` waits some seconds and
    `chance` gives a number in [0, 1): who met once must not meet again.
    """

    git: Git
    remote: str
    branch: str
    complaint: Callable[[str], str]
    sleep: Callable[[float], None]
    chance: Callable[[], float]

    def pull(self) -> None:
        """Bring what is published; what stands here and not there is kept. StorageError if that fails."""
        self._persist(self._level)

    def push(self) -> Pushed:
        """Publish the reports that only stand here.

        A page that may not be published is set aside, and its data published without it, for a later run to
        try again. StorageError when the branch cannot be written; the reports are kept for the next time.
        """
        aside: list[Path] = []
        return Pushed(self._persist(lambda: self._publish(aside)), tuple(aside))

    def _persist(self, act: Callable[[], T]) -> T:
        """Act until it succeeds, as long as what failed may pass."""
        said = ""
        for attempt in range(_TRIES):
            if attempt:
                self.sleep(self.chance() * min(2.0**attempt, _LONGEST_WAIT))
            try:
                return act()
            except GitError as error:
                if not error.may_pass:
                    raise
                said = error.problem
                _log.info("%s Trying again.", said)
        raise StorageError(
            f"The branch {self.branch} was not reached in {_TRIES} tries. The last time {said}",
            f"The reports are kept in {self.git.folder}; run `vllm-digest push` again.",
        )

    def _publish(self, aside: list[Path]) -> tuple[Path, ...]:
        level = self._level()
        ours = dict(level.ours)
        for page in [path for path in ours if path.endswith(".md")]:
            if why := self.complaint(self._text(page)):
                aside.append(self._set_aside(page, why))
                del ours[page]
                if level.tip and self.git.ask("ls-tree", level.tip, "--", page):
                    # The page that is published stays, and so does the data that it was made of.
                    data = f"{_stem(page)}.json"
                    self._take(level.tip, {page, data})
                    ours.pop(data, None)
        if ours:
            self.git.ask("read-tree", "-m", level.tip or self._empty())
            self._stage(ours)
            parents = ("-p", level.tip) if level.tip else ()
            tree = self.git.ask("write-tree")
            commit = self.git.ask("commit-tree", tree, *parents, "-F", "-", stdin=_message(ours).encode())
            self.git.ask("push", "--porcelain", self.remote, f"{commit}:refs/heads/{self.branch}")
            self.git.ask("update-ref", "HEAD", commit)
        return tuple(self.git.folder / path for path in sorted(ours) if path.endswith(".md"))

    def _text(self, page: str) -> str:
        return (self.git.folder / page).read_text(encoding="utf-8", errors="replace")

    def _set_aside(self, page: str, why: str) -> Path:
        """Move a page to where no site takes it from; its new place."""
        place = self.git.folder / "set-aside" / page
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            (self.git.folder / page).replace(place)
        except OSError as error:
            raise StorageError(f"{place} cannot be written: {error.strerror}.") from None
        _log.warning("%s is set aside at %s, for it failed its check: %s", page, place, why)
        return place

    def _level(self) -> _Level:
        """Fetch the branch and bring the folder to it, all but the files that only stand here."""
        self._prepare()
        tip = self._fetch()
        if not tip:
            self.git.ask("update-ref", "-d", "HEAD")
        base = self.git.asked("rev-parse", "--verify", "--quiet", "HEAD") or self._empty()
        ours = self._changed_here(base)
        if not tip or tip == base:
            return _Level(tip, ours)
        theirs = _changes(
            self.git.listed("diff-tree", "-r", "--raw", "-z", "--no-renames", base, tip, "--", "reports")
        )
        second = {_stem(path) for path in ours if theirs.get(path) and theirs[path] != ours[path]}
        for stem in sorted(second):
            _log.warning(
                "%s: another run published its report of this window first; that one stays, here too. "
                "Run the window again to replace it.",
                self.git.folder / stem,
            )
        kept = {path: ours[path] for path in ours if _stem(path) not in second and not theirs.get(path)}
        self._take(tip, {path for path in {*theirs, *ours} if path not in kept})
        return _Level(tip, kept)

    def _prepare(self) -> None:
        """Make the folder a repository of our own, on this branch."""
        folder = self.git.folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(f"{folder} cannot be made: {error.strerror}.") from None
        if not (folder / ".git").exists():
            self.git.ask("init", "--quiet")
            self.git.ask("config", _MARK, "true")
        elif not self.git.asked("config", "--local", _MARK):
            raise UsageError(
                f"{folder} is a repository that `vllm-digest pull` did not make.",
                "Name a folder of its own for the reports, with --output or report.output.",
            )
        if not self.git.asked("check-ref-format", "--branch", self.branch):
            raise UsageError(f"{self.branch!r} cannot be the name of a branch.", "Give another to --branch.")
        self.git.ask("symbolic-ref", "HEAD", f"refs/heads/{self.branch}")

    def _fetch(self) -> str:
        """The branch's last commit; empty when there is no such branch."""
        branch = f"refs/heads/{self.branch}"
        if not self.git.ask("ls-remote", self.remote, branch):
            return ""
        # One commit is enough: files are compared, not histories.
        self.git.ask("fetch", "--quiet", "--no-tags", "--depth=1", self.remote, f"+{branch}:{_TIP}")
        return self.git.ask("rev-parse", _TIP)

    def _changed_here(self, base: str) -> _Files:
        self.git.ask("read-tree", "-m", base)
        found = self.git.listed("ls-files", "--others", "--modified", "-z", "--", *_REPORTS)
        # A file that is missing here is not to be missing there.
        self._stage(path for path in found if (self.git.folder / path).is_file())
        return _changes(
            self.git.listed("diff-index", "--cached", "--raw", "-z", "--no-renames", "--no-abbrev", base)
        )

    def _take(self, tip: str, paths: set[str]) -> None:
        """Have these files as they are in a commit, and then that commit as HEAD."""
        self.git.ask("read-tree", "-m", tip)
        there = set(self.git.listed("ls-files", "-z", "--", "reports")) & paths
        self.git.ask("checkout-index", "--force", "--index", "-z", "--stdin", stdin=_lines(sorted(there)))
        for path in paths - there:
            (self.git.folder / path).unlink(missing_ok=True)
        self.git.ask("update-ref", "HEAD", tip)

    def _empty(self) -> str:
        """The tree without files."""
        return self.git.ask("hash-object", "-w", "-t", "tree", "--stdin")

    def _stage(self, paths: Iterable[str]) -> None:
        self.git.ask("update-index", "--add", "-z", "--stdin", stdin=_lines(paths))


def _changes(raw: list[str]) -> _Files:
    """What `diff --raw -z` tells: `:MODE MODE ID ID STATUS` and the path, by turns."""
    files = zip(raw[::2], raw[1::2], strict=True)
    return {path: "" if meta.endswith(" D") else meta.split()[3] for meta, path in files}


def _stem(path: str) -> str:
    """What the page and the data of a report have in common."""
    return str(PurePosixPath(path).with_suffix(""))


def _lines(paths: Iterable[str]) -> bytes:
    return b"".join(path.encode(errors="surrogateescape") + b"\0" for path in paths)


def _message(paths: Iterable[str]) -> str:
    """Windows by their file names: a title in a commit message could call people and link threads."""
    pages = [path for path in sorted(paths) if path.endswith(".md")]
    named = pages[:_NAMED_IN_MESSAGE]
    rest = len(pages) - len(named)
    count = "one report" if len(pages) == 1 else f"{len(pages)} reports"
    return "\n".join([f"Publish {count}", "", *named, *([f"and {rest} more"] if rest else [])])
