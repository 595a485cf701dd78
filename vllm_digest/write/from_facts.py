"""Restore a thread from its stored facts, for threads of a roll-up whose texts are not fetched."""

from collections.abc import Iterator

from vllm_digest.digest.voices import remark_url
from vllm_digest.facts import timeline_event
from vllm_digest.models import EventKind, Remark, RemarkKind, Thread
from vllm_digest.report import ThreadRow


def thread_from_facts(row: ThreadRow) -> Thread:
    """The thread with its state, people and events; its remarks have excerpts instead of texts.

    Remarks from before the stored windows, or from a hole of the archive, are missing.
    """
    return Thread(
        number=row.number,
        kind=row.kind,
        title=row.title,
        body=row.excerpt,
        url=row.url,
        author=row.author,
        association=row.association,
        state=row.state,
        created_at=row.created_at,
        closed_at=row.closed_at,
        merged_at=row.merged_at,
        state_reason=row.state_reason,
        closed_by=row.closed_by,
        closed_by_pull=row.closed_by_pull,
        merged_by=row.merged_by,
        duplicate_of=row.duplicate_of,
        timeline=tuple(
            timeline_event(event)
            for event in row.events
            if not event.is_remark and event.kind is not EventKind.OPENED
        ),
        draft=row.draft,
        labels=row.labels,
        closes=row.closes,
        additions=row.additions,
        deletions=row.deletions,
        changed_files=row.changed_files,
        remarks=tuple(_remarks(row)),
    )


def _remarks(row: ThreadRow) -> Iterator[Remark]:
    for event in row.events:
        if event.is_remark:
            yield Remark(
                id=event.id,
                kind=RemarkKind(event.kind.value),
                author=event.actor,
                association=event.association,
                at=event.at,
                url=remark_url(event, row.url),
                body=event.excerpt,
                verdict=event.verdict,
                hidden=event.hidden,
            )
