"""Sync the folder with the branch: decide what to do with each report, by a three-way comparison.

Compared are the folder, the branch and the base, which is the state that both had after the last sync.
"""

import logging
from collections.abc import Container, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vllm_digest.archive import Archive, put, why_no_report
from vllm_digest.place import Place
from vllm_digest.publish.git import Git
from vllm_digest.publish.local import local_reports
from vllm_digest.publish.tree import Pair, Pairs, Tree, batches, read_blobs

_log = logging.getLogger(__name__)


class Action(StrEnum):
    """What to do about the report of one window."""

    NOTHING = "nothing"
    PUBLISH = "publish"
    """It is new or changed in the folder."""
    TAKE = "take"
    """It is new or changed on the branch."""
    REPLACE = "replace"
    """Folder and branch both have a new version. The published one replaces the local one, because readers
    may have seen it."""
    REMOVED = "removed"
    """It was removed from the branch and is unchanged in the folder."""


@dataclass(slots=True)
class SyncState:
    """The state after the folder has received what is new on the branch.

    `tip`: id of the branch's last commit, empty without a branch. `there`: the reports on the branch.
    `ours`: reports to publish. `removed`: reports that were removed from the branch and are still in the
    folder.
    """

    tip: str
    there: Tree
    ours: dict[Place, Pair] = field(default_factory=dict)
    removed: dict[Place, Pair] = field(default_factory=dict)


def action(base: Pair | None, here: Pair | None, there: Pair | None, *, is_damaged: bool = False) -> Action:
    """The action for one window's report. None means that there is no report.

    `base`: the report after the last sync; `here`: in the folder; `there`: on the branch.
    `is_damaged`: the folder has files of this window that are not a report; they may be overwritten.
    """
    if here == there:
        return Action.NOTHING
    if here is None:
        # A report removed from the folder is to be made again; it stays published until then.
        return Action.NOTHING if there == base and not is_damaged else Action.TAKE
    if there is None:
        return Action.REMOVED if here == base else Action.PUBLISH
    return Action.TAKE if here == base else _action_of_two(here, there, is_new_here=there == base)


def _action_of_two(here: Pair, there: Pair, *, is_new_here: bool) -> Action:
    if not here.page and there.page:
        # With equal data the local page was lost; otherwise the local page is not made yet.
        return Action.TAKE if here.data == there.data else Action.NOTHING
    if is_new_here:
        return Action.PUBLISH
    # One equal file: a pull was killed after it wrote one of the two.
    return Action.TAKE if here.data == there.data or here.page == there.page else Action.REPLACE


def sync(archive: Archive, git: Git, tip: str, there: Tree, base: Pairs) -> SyncState:
    """Write what is new on the branch into the folder; return what is left to publish or remove."""
    here = local_reports(archive)
    state = SyncState(tip, there)
    taken: dict[Place, Pair] = {}
    for place in sorted({*base, *here.pairs, *there.pairs}):
        ours, theirs = here.pairs.get(place), there.pairs.get(place)
        match action(base.get(place), ours, theirs, is_damaged=place in here.damaged):
            case Action.PUBLISH if ours:
                state.ours[place] = ours
            case Action.REMOVED if ours:
                state.removed[place] = ours
            case Action.TAKE if theirs:
                taken[place] = theirs
            case Action.REPLACE if theirs:
                _log.warning(
                    "%s: another run published its report of this window first; it replaces the local one. "
                    "Run the window again to publish a new one.",
                    archive.root / place.path,
                )
                taken[place] = theirs
    take(archive, git, there, taken, here.pairs)
    return state


def take(
    archive: Archive, git: Git, there: Tree, taken: Mapping[Place, Pair], existing: Container[Place]
) -> None:
    """Write reports as they are on the branch.

    Files of the windows in `existing` are overwritten only if the branch has a valid report.
    """
    for batch in batches(taken, there.sizes):
        contents = read_blobs(git, [one for pair in batch.values() for one in pair.ids])
        for place, pair in batch.items():
            data, page = (contents.get(one, b"") for one in pair)
            why = why_no_report(data, place) if place in existing else ""
            if why:
                _log.warning("%s on the branch is skipped, and the local file kept: %s.", place.data, why)
            else:
                put(archive.root, place, data, page)
