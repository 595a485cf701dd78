"""Sync an archive's folder with a branch. Reports are only added to the branch, never removed.

The state after the last sync is kept as a commit or tree (`base`); what differs from it on disk is to be
published. A command that is killed at any point loses nothing: the next one finds the files and the same
base. Pushes are not forced: if another machine was first, git rejects the push, and the folder is synced
again.

The branch is untrusted input: see `tree`. Two machines write the same report only when both report on the
same window. Then the one published first is kept, because readers may have seen it, and the other one is
dropped with a warning.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, TypeVar

from vllm_digest.archive import Archive, move_page_aside, remove
from vllm_digest.errors import DocumentError, StorageError, UsageError
from vllm_digest.place import Place
from vllm_digest.publish.git import Git, GitError
from vllm_digest.publish.repository import prepare, tree_with
from vllm_digest.publish.sync import SyncState, sync, take
from vllm_digest.publish.tree import Pair, Pairs, files_of, read_tree
from vllm_digest.report import Report

_log = logging.getLogger(__name__)

_TIP = "refs/vllm-digest/tip"
_TRIES = 12
_LONGEST_WAIT = 30.0
"""Seconds. Twelve tries with pauses up to that wait two minutes on average and four at most. Each whole pause
is random, because machines that were rejected together would collide again."""
_NAMED = 50
"""Windows that a commit message or a warning lists at most."""

T = TypeVar("T")


class Pushed(NamedTuple):
    """`pages`: paths of the published pages. `aside`: paths of the pages that were set aside."""

    pages: tuple[Path, ...]
    aside: tuple[Path, ...]


@dataclass(frozen=True)
class DataBranch:
    """The branch of a repository that stores an archive's reports.

    `git`: git in the archive's folder. `remote`: the repository's URL or path.
    `find_problem`: returns why a report's page may not be published, empty if it may.
    `sleep`: waits for seconds. `random_fraction`: a random number in [0, 1) that spreads retries of machines.
    """

    archive: Archive
    git: Git
    remote: str
    branch: str
    find_problem: Callable[[Report, str], str]
    sleep: Callable[[float], None]
    random_fraction: Callable[[], float]

    def pull(self, *, accepts_removals: bool) -> None:
        """Write the published reports into the folder; keep reports that only the folder has.

        `accepts_removals`: also remove local reports that were removed from the branch.
        Raises StorageError if that fails, or if there are removals that are not accepted.
        """
        removed = self._retry(lambda: self._pull(accepts_removals=accepts_removals))
        if removed:
            raise StorageError(
                f"The branch {self.branch} no longer has {_count(removed)} that are in "
                f"{self.git.folder}: {_named(removed)}.",
                "They are kept here. To remove them here, too, run `vllm-digest pull --accept-removals`.",
            )

    def push(self) -> Pushed:
        """Publish the reports that only the folder has.

        A page that may not be published is set aside, and its data published without it, so that a later run
        renders it again. Raises StorageError if the branch cannot be written; the reports are kept.
        """
        aside: list[Path] = []
        return Pushed(self._retry(lambda: self._push(aside)), tuple(aside))

    def _retry(self, act: Callable[[], T]) -> T:
        """Call `act` until it succeeds. Raises StorageError after `_TRIES` tries or a permanent failure."""
        said = ""
        for attempt in range(_TRIES):
            if attempt:
                self.sleep(self.random_fraction() * min(2.0**attempt, _LONGEST_WAIT))
            try:
                return act()
            except GitError as error:
                if not error.may_pass:
                    raise
                said = error.problem
                _log.info("%s Trying again.", said)
        raise StorageError(
            f"The branch {self.branch} was not reached in {_TRIES} tries. The last error: {said}",
            f"The reports are kept in {self.git.folder}; run the same command again.",
        )

    def _pull(self, *, accepts_removals: bool) -> tuple[Place, ...]:
        state = self._sync(recreates=False)
        if accepts_removals:
            for place in state.removed:
                remove(self.archive.root, place)
            state.removed.clear()
        self._keep_base(state.tip, state.removed)
        return tuple(state.removed)

    def _push(self, aside: list[Path]) -> tuple[Path, ...]:
        state = self._sync(recreates=True)
        ours = {place: pair for place in state.ours if (pair := _checked(self, place, state, aside))}
        tip = state.tip
        if ours:
            tip = _commit(self.git, tip, ours)
            self.git.run("push", "--porcelain", self.remote, f"{tip}:refs/heads/{self.branch}")
        if state.removed:
            _log.warning(
                "the branch %s no longer has %s; they are not published again: %s",
                *(self.branch, _count(state.removed), _named(state.removed)),
            )
        self._keep_base(tip, state.removed)
        return tuple(self.archive.root / place.page for place, pair in ours.items() if pair.page)

    def _sync(self, *, recreates: bool) -> SyncState:
        """Fetch the branch and sync the folder. `recreates`: a missing branch is to be created, not empty."""
        prepare(self.git)
        ref = f"refs/heads/{self.branch}"
        if self.git.query("check-ref-format", "--normalize", ref) != ref:
            raise UsageError(f"{self.branch!r} is not a valid branch name.", "Give another to --branch.")
        tip, now = self._fetch(), self.archive.now
        there = read_tree(self.git, tip, now)
        for path, why in there.refused[:_NAMED]:
            _log.warning("%s on the branch %s is skipped: %s.", path, self.branch, why)
        known = self.git.query("rev-parse", "--verify", "--quiet", self._base)
        if known == tip:
            base = there.pairs
        else:
            base = {} if recreates and not tip else read_tree(self.git, known, now).pairs
        return sync(self.archive, self.git, tip, there, base)

    def _fetch(self) -> str:
        """The id of the branch's last commit; empty if there is no such branch, where `fetch` would fail."""
        branch = f"refs/heads/{self.branch}"
        found = self.git.run("ls-remote", self.remote, branch).splitlines()
        if not any(line.partition("\t")[2] == branch for line in found):  # some only end with the name
            return ""
        # Depth 1 suffices: files are compared, not histories. The + allows a rewritten history.
        self.git.run("fetch", "--quiet", "--no-tags", "--depth=1", self.remote, f"+{branch}:{_TIP}")
        return self.git.run("rev-parse", _TIP)

    def _keep_base(self, tip: str, removed: Pairs) -> None:
        """Store the base of the next sync: the branch's reports, and the local ones that it no longer has."""
        if removed:
            self.git.run("update-ref", self._base, tree_with(self.git, tip, files_of(removed)))
        elif tip:
            self.git.run("update-ref", self._base, tip)
        else:
            self.git.run("update-ref", "-d", self._base)

    @property
    def _base(self) -> str:
        return f"refs/vllm-digest/base/{self.branch}"


def _checked(branch: DataBranch, place: Place, state: SyncState, aside: list[Path]) -> Pair | None:
    """What may be published of a report: both files, its data, or nothing (None)."""
    pair, published = state.ours[place], state.there.pairs.get(place)
    try:
        report = branch.archive.load(place)
    except DocumentError as error:
        _log.warning("%s It is not published.", error.problem)
        if published:
            take(branch.archive, branch.git, state.there, {place: published}, ())
        return None
    page = (branch.archive.root / place.page).read_text("utf-8", "replace") if pair.page else ""
    if not page or not (problem := branch.find_problem(report, page)):
        return pair
    aside.append(move_page_aside(branch.archive.root, place))
    _log.warning("%s failed its check and is set aside at %s: %s", place.page, aside[-1], problem)
    if published and published.page:
        # Keep the published page, together with the data that it was made from.
        take(branch.archive, branch.git, state.there, {place: published}, ())
        return None
    return Pair(pair.data)


def _commit(git: Git, tip: str, ours: Pairs) -> str:
    """Commit these reports with `tip` as parent; return the commit's id."""
    paths = [path for path, _ in files_of(ours)]
    lines = "".join(f"{path}\n" for path in paths).encode()
    ids = git.run("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=lines).split()
    tree = tree_with(git, tip, zip(paths, ids, strict=True))
    parents = ("-p", tip) if tip else ()
    return git.run("commit-tree", tree, *parents, "-F", "-", stdin=_message(ours).encode())


def _message(ours: Pairs) -> str:
    """The commit message, with file names only: titles could mention people and link threads on GitHub."""
    pages = [str(place.page) for place, pair in ours.items() if pair.page]
    rest = len(pages) - _NAMED
    more = [f"and {rest} more"] if rest > 0 else []
    return "\n".join([f"Publish {_count(pages)}", "", *pages[:_NAMED], *more])


def _count(reports: Collection[object]) -> str:
    return "one report" if len(reports) == 1 else f"{len(reports)} reports"


def _named(places: Collection[Place]) -> str:
    shown = [str(place.path) for place in list(places)[:_NAMED]]
    rest = len(places) - len(shown)
    return ", ".join([*shown, *([f"and {rest} more"] if rest else [])])
