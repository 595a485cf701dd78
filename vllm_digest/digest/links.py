"""Which threads of a window belong together, and what that means for them: reverts, fixes, duplicates."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from vllm_digest.facts import LinkKind, Reference, ThreadFacts
from vllm_digest.models import State
from vllm_digest.report import Link

_UNDOING = (LinkKind.REVERTS, LinkKind.RELANDS)


def links(threads: Mapping[int, ThreadFacts]) -> tuple[Link, ...]:
    """The links whose two ends are both among the threads, each once, in the order of their sources.

    What a revert or a reland is of counts whether or not it is among them.
    """
    found = (link for thread in threads.values() for link in _links_of(thread))
    return tuple(
        dict.fromkeys(
            link
            for link in found
            if link.source != link.target and (link.target in threads or link.kind in _UNDOING)
        )
    )


def reverted(threads: Mapping[int, ThreadFacts], joined: Iterable[Link]) -> frozenset[int]:
    """The numbers of the changes that a merged pull request took back and no later one brought back."""
    done: dict[tuple[datetime, int], list[tuple[bool, int]]] = {}
    for link in joined:
        merged_at = threads[link.source].merged_at if link.source in threads else None
        if link.kind in _UNDOING and merged_at is not None:
            done.setdefault((merged_at, link.source), []).append((link.kind is LinkKind.REVERTS, link.target))
    # From the last merge to the first: what was done to a pull request later is known when its turn comes, so
    # that chains of any length, and rings, which only a forged text has, take one step for each link.
    is_undone: dict[int, bool] = {}
    for moment in sorted(done, reverse=True):
        if not is_undone.get(moment[1], False):
            for is_revert, target in sorted(done[moment], reverse=True):
                is_undone.setdefault(target, is_revert)
    return frozenset(number for number, undone in is_undone.items() if undone)


def _links_of(thread: ThreadFacts) -> Iterator[Link]:
    number = thread.number
    if thread.closed_by_pull is not None:
        yield Link(LinkKind.CLOSES, thread.closed_by_pull, number)
    if thread.duplicate_of is not None:
        yield Link(LinkKind.DUPLICATES, number, thread.duplicate_of)
    for reference in thread.references:
        if reference.kind is LinkKind.FOLLOWS:
            yield Link(reference.kind, number, reference.target)
        elif (done := _is_done(thread, reference)) is not None:
            yield Link(reference.kind, number, reference.target, done=done)


def _is_done(thread: ThreadFacts, reference: Reference) -> bool | None:
    """Has what the reference says happened? None where it will not: the pull request was abandoned."""
    if reference.kind is LinkKind.DUPLICATES:
        # Its author says so; GitHub's own mark is told above.
        return None if reference.target == thread.duplicate_of else False
    return {State.MERGED: True, State.OPEN: False, State.CLOSED: None}[thread.state]
