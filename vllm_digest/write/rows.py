"""GitHub's fields of a thread as a model sees them: JSON objects without empty values."""

import json
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.facts import LinkKind
from vllm_digest.judgement import Relevance
from vllm_digest.models import Account, Thread, ThreadState
from vllm_digest.report import Digest
from vllm_digest.sources import Fetched, Row

FetchRows = Callable[[Collection[int], datetime], Fetched[Row]]
"""Takes thread numbers and a moment (UTC), returns rows as of that moment; raises SourceError if it fails."""

# A prompt has many rows, so they name only as much as a sentence could.
_FOLDERS = 5
_FILES = 6
"""Files up to which they are named; of a larger change the folders are."""
MOST_OTHERS = 100
"""Threads outside the window that are fetched: as many as one request to GitHub can return."""


def facts_row(evidence: ThreadEvidence, thread: Thread, digest: Digest, roles: Collection[str]) -> str:
    """The JSON line of a thread to brief; `comments`, `reviews` and `people` count those in the window."""
    relevance = evidence.facts.judgement.relevance
    row = {
        **_known(evidence, thread, digest),
        "focus": relevance.value if relevance is not Relevance.NONE else "",
        "hardware": list(evidence.facts.judgement.hardware),
        "folders": [] if _files(thread) else list(evidence.facts.areas[:_FOLDERS]),
        "roles": sorted(roles),
    }
    return line({"facts": _filled(row)})


def judge_row(evidence: ThreadEvidence, thread: Thread, digest: Digest) -> str:
    """The JSON line of a thread whose statements are judged: `facts_row` without what only a writer needs."""
    return line({"facts": _filled(_known(evidence, thread, digest))})


def _known(evidence: ThreadEvidence, thread: Thread, digest: Digest) -> dict[str, Any]:
    facts = evidence.facts
    return {
        **short_row(thread, digest),
        "labels": list(facts.labels),
        "comments": facts.heat.comments,
        "reviews": facts.heat.reviews,
        "people": len(facts.heat.participants),
        "size": [facts.changed_files, facts.additions, facts.deletions] if facts.is_pull else None,
        "files": _files(thread),
    }


def _files(thread: Thread) -> list[str]:
    """The changed files if they are few and all of them are known."""
    known = len(thread.paths) == thread.changed_files and len(thread.paths) <= _FILES
    return list(thread.paths) if known else []


def short_row(thread: Thread | Row, digest: Digest) -> dict[str, Any]:
    """The row of a thread that is only mentioned: number, kind, title, author, state."""
    # The names of the keys are explained in the instructions (`templates/LANGUAGE/prompts`).
    row = {
        "number": thread.number,
        "kind": thread.kind.value,
        "title": thread.title,
        "author": thread.author.login,
        "created_at": minute(thread.created_at),
        **_state_keys(_state_of(thread)),
        **_undoing(thread.number, digest),
    }
    if isinstance(thread, Thread):
        row |= {"closes": list(thread.closes), "draft": thread.draft}
    return _filled(row)


def unknown_row(number: int) -> dict[str, Any]:
    """The row of a thread that could not be fetched."""
    return {"number": number, "state": "unknown"}


def linked_numbers(evidence: ThreadEvidence) -> list[int]:
    """Numbers of the threads that are linked with a thread, sorted."""
    return sorted(evidence.linked - {evidence.number})


def named_numbers(evidence: ThreadEvidence) -> list[int]:
    """Numbers of the threads that are linked with a thread or named in it, the linked ones first."""
    named = (*linked_numbers(evidence), *sorted(evidence.numbers, reverse=True))
    return [number for number in dict.fromkeys(named) if number != evidence.number]


def line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _state_of(thread: Thread | Row) -> ThreadState:
    if not isinstance(thread, Thread):
        return thread.thread_state
    return ThreadState(
        state=thread.state,
        closed_at=thread.closed_at,
        merged_at=thread.merged_at,
        state_reason=thread.state_reason,
        closed_by=thread.closed_by,
        closed_by_pull=thread.closed_by_pull,
        merged_by=thread.merged_by,
        duplicate_of=thread.duplicate_of,
    )


def _state_keys(now: ThreadState) -> dict[str, Any]:
    """The keys for a state, who changed it, and when (UTC)."""
    merged = now.merged_at is not None
    return {
        "state": now.state.value,
        "state_reason": now.state_reason,
        "closed_at": "" if merged else minute(now.closed_at),
        "closed_by": "" if merged else _login(now.closed_by),
        "merged_at": minute(now.merged_at),
        "merged_by": _login(now.merged_by),
        "closed_by_pull": now.closed_by_pull,
        "duplicate_of": now.duplicate_of,
    }


def _undoing(number: int, digest: Digest) -> dict[str, Any]:
    """The keys for pull requests that revert the thread or propose to."""
    reverts = [link for link in digest.links if link.kind is LinkKind.REVERTS and link.target == number]
    return {
        "reverted_by": [link.source for link in reverts if link.done],
        "revert_proposed_by": [link.source for link in reverts if not link.done],
    }


def _filled(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value}


def minute(moment: datetime | None) -> str:
    """A moment (UTC) as GitHub writes it, without seconds; empty for none."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if moment else ""


def _login(account: Account | None) -> str:
    if account is None:
        return ""
    return f"{account.login} (bot)" if account.is_bot else account.login
