"""Links between the threads of a window: reverts, relands, fixes, duplicates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from vllm_digest.facts import LinkKind, Reference, ThreadFacts
from vllm_digest.models import State
from vllm_digest.report import Link

_UNDOING = (LinkKind.REVERTS, LinkKind.RELANDS)


def links(threads: Mapping[int, ThreadFacts]) -> tuple[Link, ...]:
    """The distinct links with both ends among the threads, in the order of their sources.

    The target of a revert or reland need not be among the threads; one that is must have been merged.
    """
    found = (link for thread in threads.values() for link in _links_of(thread))
    return tuple(
        dict.fromkeys(
            _with_outcome(link, threads.get(link.target))
            for link in found
            if link.source != link.target and _is_possible(link, threads.get(link.target))
        )
    )


def _is_possible(link: Link, target: ThreadFacts | None) -> bool:
    if link.kind in _UNDOING:
        # What is reverted is often older than the window; the rows of such threads are not known here.
        return target is None or target.merged_at is not None
    return target is not None


def _with_outcome(link: Link, target: ThreadFacts | None) -> Link:
    """The link; as not done if its target, which it would close, is open at the window's end."""
    is_open = link.kind is LinkKind.CLOSES and target is not None and target.state is State.OPEN
    return replace(link, done=False) if is_open else link


def reverted(threads: Mapping[int, ThreadFacts], joined: Iterable[Link]) -> frozenset[int]:
    """Numbers of the changes that a merged pull request reverted and no later one restored."""
    done: dict[tuple[datetime, int], list[tuple[bool, int]]] = {}
    for link in joined:
        merged_at = threads[link.source].merged_at if link.source in threads else None
        if link.kind in _UNDOING and merged_at is not None:
            done.setdefault((merged_at, link.source), []).append((link.kind is LinkKind.REVERTS, link.target))
    # From the last merge to the first: then it is known whether a revert was itself reverted later. Chains of
    # any length, and cycles in forged texts, take one step per link.
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
    """Whether what the reference says has happened; None if it cannot any more, as the thread was closed."""
    if reference.kind is LinkKind.DUPLICATES:
        # Stated by the author; GitHub's mark is handled in `_links_of`.
        return None if reference.target == thread.duplicate_of else False
    return {State.MERGED: True, State.OPEN: False, State.CLOSED: None}[thread.state]
