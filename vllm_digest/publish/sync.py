"""What is to be done about each report that differs between the folder, the branch and what both last had."""

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
    """It only stands here, or was made again here."""
    TAKE = "take"
    """It only stands there, or was made again there."""
    REPLACE = "replace"
    """Both made one. The one that was published first stays, for readers have it."""
    REMOVED = "removed"
    """It was taken away there and stands here as it was."""


@dataclass(slots=True)
class SyncState:
    """How things stand once the folder has what is new on the branch.

    `tip`: the branch's last commit, empty without a branch. `there`: its reports.
    `ours`: what only stands here. `removed`: what was taken away there and stands here.
    """

    tip: str
    there: Tree
    ours: dict[Place, Pair] = field(default_factory=dict)
    removed: dict[Place, Pair] = field(default_factory=dict)


def action(base: Pair | None, here: Pair | None, there: Pair | None, *, is_damaged: bool = False) -> Action:
    """The action for one window, by what stands where; None where nothing does.

    `base`: what folder and branch had in common the last time. `is_damaged`: files stand here that are no
    report, so that what is published may take their place.
    """
    if here == there:
        return Action.NOTHING
    if here is None:
        # Who removed a report here wants it made again, and does not take it away from readers.
        return Action.NOTHING if there == base and not is_damaged else Action.TAKE
    if there is None:
        return Action.REMOVED if here == base else Action.PUBLISH
    return Action.TAKE if here == base else _action_of_two(here, there, is_new_here=there == base)


def _action_of_two(here: Pair, there: Pair, *, is_new_here: bool) -> Action:
    if not here.page and there.page:
        # A page was lost here; or data was made again whose page is still to come.
        return Action.TAKE if here.data == there.data else Action.NOTHING
    if is_new_here:
        return Action.PUBLISH
    # A pull that was killed has taken one of the two files.
    return Action.TAKE if here.data == there.data or here.page == there.page else Action.REPLACE


def sync(archive: Archive, git: Git, tip: str, there: Tree, base: Pairs) -> SyncState:
    """Take what is new on the branch; say what remains to be done."""
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
                    "%s: another run published its report of this window first; that one stays, here, too. "
                    "Run the window again to replace it.",
                    archive.root / place.path,
                )
                taken[place] = theirs
    take(archive, git, there, taken, here.pairs)
    return state


def take(
    archive: Archive, git: Git, there: Tree, taken: Mapping[Place, Pair], existing: Container[Place]
) -> None:
    """Write reports as they are on the branch; what stands here gives way to a report only."""
    for batch in batches(taken, there.sizes):
        contents = read_blobs(git, [one for pair in batch.values() for one in pair.ids])
        for place, pair in batch.items():
            data, page = (contents.get(one, b"") for one in pair)
            why = why_no_report(data, place) if place in existing else ""
            if why:
                _log.warning("%s on the branch is passed over, and ours kept: %s.", place.data, why)
            else:
                put(archive.root, place, data, page)
