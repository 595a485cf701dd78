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
    done: dict[int, list[tuple[datetime, bool, int]]] = {}
    for link in joined:
        merged_at = threads[link.source].merged_at if link.source in threads else None
        if link.kind in _UNDOING and merged_at is not None:
            done.setdefault(link.target, []).append((merged_at, link.kind is LinkKind.REVERTS, link.source))

    def is_undone(number: int, above: frozenset[int]) -> bool:
        """Was the last thing that holds and was done to it a revert? `above` are asked about already."""
        holding = [
            one
            for one in done.get(number, ())
            if one[2] not in above and not is_undone(one[2], above | {number})
        ]
        return bool(holding) and max(holding)[1]

    return frozenset(number for number in done if is_undone(number, frozenset({number})))


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
