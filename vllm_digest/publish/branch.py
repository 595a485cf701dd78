"""An archive's folder, kept state with a branch that reports are only ever added to.

What folder and branch had in common the last time is kept as a commit or tree of its own (`base`); whatever
differs from it on disk is to be published. A command that dies at any point loses nothing: the next one finds
the files and the same base.

What stands on the branch is a stranger's: see `tree`. Two machines write the same report only when both
report on the same window. Then the one that was published first stays, for readers have it, and the other one
is dropped with a warning.
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
_NAMED = 50
"""Windows that a commit message or a warning names."""

T = TypeVar("T")


class Pushed(NamedTuple):
    """The pages that were published, and where those are that were set aside."""

    pages: tuple[Path, ...]
    aside: tuple[Path, ...]


@dataclass(frozen=True)
class DataBranch:
    """The branch of a repository (`remote` is its address) that keeps an archive's reports.

    `find_problem`: why a page of a report may not be published; empty where it may. `sleep` waits some
    seconds, `chance` gives a number in [0, 1), so that two who pushed at once wait for different times.
    """

    archive: Archive
    git: Git
    remote: str
    branch: str
    find_problem: Callable[[Report, str], str]
    sleep: Callable[[float], None]
    chance: Callable[[], float]

    def pull(self, *, accepts_removals: bool) -> None:
        """Bring what is published; what stands here and not there is kept.

        Raises StorageError if that fails, and where reports that stand here were taken away from the branch,
        unless that is accepted: then they are removed here, too.
        """
        removed = self._persist(lambda: self._pull(accepts_removals=accepts_removals))
        if removed:
            raise StorageError(
                f"The branch {self.branch} no longer has {_count(removed)} that stand in "
                f"{self.git.folder}: {_named(removed)}.",
                "They are kept here. To remove them here, too, run `vllm-digest pull --accept-removals`.",
            )

    def push(self) -> Pushed:
        """Publish the reports that only stand here.

        A page that may not be published is set aside, and its data published without it, for a later run to
        try again. Raises StorageError if the branch cannot be written; the reports are kept.
        """
        aside: list[Path] = []
        return Pushed(self._persist(lambda: self._push(aside)), tuple(aside))

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
            f"The reports are kept in {self.git.folder}; run the same command again.",
        )

    def _pull(self, *, accepts_removals: bool) -> tuple[Place, ...]:
        state = self._sync(makes_anew=False)
        if accepts_removals:
            for place in state.removed:
                remove(self.archive.root, place)
            state.removed.clear()
        self._keep_base(state.tip, state.removed)
        return tuple(state.removed)

    def _push(self, aside: list[Path]) -> tuple[Path, ...]:
        state = self._sync(makes_anew=True)
        ours = {place: pair for place in state.ours if (pair := _checked(self, place, state, aside))}
        tip = state.tip
        if ours:
            tip = _commit(self.git, tip, ours)
            self.git.ask("push", "--porcelain", self.remote, f"{tip}:refs/heads/{self.branch}")
        if state.removed:
            _log.warning(
                "the branch %s no longer has %s; they are not put there again: %s",
                *(self.branch, _count(state.removed), _named(state.removed)),
            )
        self._keep_base(tip, state.removed)
        return tuple(self.archive.root / place.page for place, pair in ours.items() if pair.page)

    def _sync(self, *, makes_anew: bool) -> SyncState:
        """Fetch the branch and take what is new there.

        `makes_anew`: a branch that is gone has removed nothing, but is to be made again.
        """
        prepare(self.git)
        ref = f"refs/heads/{self.branch}"
        if self.git.asked("check-ref-format", "--normalize", ref) != ref:
            raise UsageError(f"{self.branch!r} cannot be the name of a branch.", "Give another to --branch.")
        tip, now = self._fetch(), self.archive.now
        there = read_tree(self.git, tip, now)
        for path, why in there.refused[:_NAMED]:
            _log.warning("%s on the branch %s is passed over: %s.", path, self.branch, why)
        known = self.git.asked("rev-parse", "--verify", "--quiet", self._base)
        base = {} if makes_anew and not tip else read_tree(self.git, known, now).pairs
        return sync(self.archive, self.git, tip, there, base)

    def _fetch(self) -> str:
        """The branch's last commit; empty when there is no such branch."""
        branch = f"refs/heads/{self.branch}"
        found = self.git.ask("ls-remote", self.remote, branch).splitlines()
        if not any(line.partition("\t")[2] == branch for line in found):
            return ""
        # One commit is enough: files are compared, not histories.
        self.git.ask("fetch", "--quiet", "--no-tags", "--depth=1", self.remote, f"+{branch}:{_TIP}")
        return self.git.ask("rev-parse", _TIP)

    def _keep_base(self, tip: str, removed: Pairs) -> None:
        """Remember what folder and branch have in common: its reports, and those removed there alone."""
        if removed:
            self.git.ask("update-ref", self._base, tree_with(self.git, tip, files_of(removed)))
        elif tip:
            self.git.ask("update-ref", self._base, tip)
        else:
            self.git.ask("update-ref", "-d", self._base)

    @property
    def _base(self) -> str:
        return f"refs/vllm-digest/base/{self.branch}"


def _checked(branch: DataBranch, place: Place, state: SyncState, aside: list[Path]) -> Pair | None:
    """What of a report may be published: both files, its data, or nothing."""
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
    _log.warning("%s is set aside at %s, for it failed its check: %s", place.page, aside[-1], problem)
    if published and published.page:
        # The page that is published stays, and so does the data that it was made of.
        take(branch.archive, branch.git, state.there, {place: published}, ())
        return None
    return Pair(pair.data)


def _commit(git: Git, tip: str, ours: Pairs) -> str:
    """A commit with these reports on top of another one; its id."""
    paths = [path for path, _ in files_of(ours)]
    lines = "".join(f"{path}\n" for path in paths).encode()
    ids = git.ask("hash-object", "-w", "--no-filters", "--stdin-paths", stdin=lines).split()
    tree = tree_with(git, tip, zip(paths, ids, strict=True))
    parents = ("-p", tip) if tip else ()
    return git.ask("commit-tree", tree, *parents, "-F", "-", stdin=_message(ours).encode())


def _message(ours: Pairs) -> str:
    """Windows by their file names: a title in a commit message could call people and link threads."""
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
