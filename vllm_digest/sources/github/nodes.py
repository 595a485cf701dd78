"""Convert GitHub's objects into the values of `models`."""

from collections.abc import Iterable
from dataclasses import fields
from datetime import datetime

from vllm_digest.models import (
    GHOST,
    Account,
    EventKind,
    Kind,
    Remark,
    RemarkKind,
    Thread,
    ThreadState,
    TimelineEvent,
    state_at,
)
from vllm_digest.sources import Row
from vllm_digest.sources.github.answers import (
    Actor,
    Comment,
    Event,
    IssueNode,
    PullNode,
    Review,
    RowNode,
)
from vllm_digest.sources.github.candidates import FOR_EVER

_EVENTS = {
    "ClosedEvent": EventKind.CLOSED,
    "ReopenedEvent": EventKind.REOPENED,
    "MergedEvent": EventKind.MERGED,
    "MarkedAsDuplicateEvent": EventKind.DUPLICATE,
    "UnmarkedAsDuplicateEvent": EventKind.NOT_DUPLICATE,
}


def thread(
    node: IssueNode, events: Iterable[Event], remarks: Iterable[Remark], paths: Iterable[str]
) -> Thread:
    """Return a thread in its current state. `events`, `remarks`, `paths`: of all pages."""
    timeline = _timeline(node, events)
    now = state_at(timeline, FOR_EVER)
    pull = node if isinstance(node, PullNode) else None
    closes = pull.closing_issues_references if pull else None
    return Thread(
        number=node.number,
        kind=kind(node),
        title=node.title,
        body=node.body,
        url=node.url,
        author=account(node.author),
        association=node.author_association,
        created_at=node.created_at,
        timeline=timeline,
        draft=pull is not None and pull.is_draft,
        labels=tuple(label.name for label in node.labels.present) if node.labels else (),
        issue_type=node.issue_type.name if node.issue_type else "",
        closes=tuple(issue.number for issue in closes.present if issue.number) if closes else (),
        paths=tuple(paths),
        additions=pull.additions if pull else None,
        deletions=pull.deletions if pull else None,
        changed_files=pull.changed_files if pull else None,
        remarks=tuple(sorted(remarks, key=lambda remark: (remark.at, remark.id))),
        **{field.name: getattr(now, field.name) for field in fields(ThreadState)},
    )


def row(node: RowNode, events: Iterable[Event], end: datetime) -> Row:
    """Return a thread's row as of `end` (UTC), with the current title. `events`: of all pages."""
    return Row(
        number=node.number,
        kind=kind(node),
        title=node.title,
        url=node.url,
        author=account(node.author),
        created_at=node.created_at,
        thread_state=state_at(_timeline(node, events), end),
    )


def kind(node: RowNode) -> Kind:
    return Kind.ISSUE if node.typename == "Issue" else Kind.PULL_REQUEST


def _timeline(node: RowNode, events: Iterable[Event]) -> tuple[TimelineEvent, ...]:
    """Return the events of a thread, oldest first.

    Adds a closing or merge if the state needs one and the timeline lacks it: threads of imported
    repositories are closed without an event (seen in github/docs).
    """
    timeline = [_event(event) for event in events]
    for ending, at in ((EventKind.CLOSED, node.closed_at), (EventKind.MERGED, node.merged_at)):
        if at and not any(event.at == at and event.kind is ending for event in timeline):
            reason = (node.state_reason or "").lower() if ending is EventKind.CLOSED else ""
            timeline.append(
                TimelineEvent(f"{ending.value}-{at:%Y-%m-%dT%H:%M:%SZ}", ending, at, reason=reason)
            )
    # A merge and its closing have the same second; `models.standing` needs the closing first.
    return tuple(sorted(timeline, key=lambda event: (event.at, event.kind is EventKind.MERGED)))


def _event(node: Event) -> TimelineEvent:
    return TimelineEvent(
        id=node.id,
        kind=_EVENTS[node.typename],
        at=node.created_at,
        actor=account(node.actor),
        reason=(node.state_reason or "").lower(),
        pull=node.closer.number if node.closer else None,
        target=node.canonical.number if node.canonical else None,
    )


def comment(node: Comment) -> Remark:
    return _remark(node, RemarkKind.COMMENT, node.created_at)


def review(node: Review) -> Remark:
    """Return a review without its comments on lines of code."""
    return _remark(node, RemarkKind.REVIEW, node.submitted_at, verdict=node.state)


def review_comment(node: Comment, shown_at: datetime) -> Remark:
    """Return a comment on a line of code, dated not before `shown_at`, when its review was submitted."""
    return _remark(node, RemarkKind.REVIEW_COMMENT, max(node.created_at, shown_at))


def _remark(node: Comment | Review, remark_kind: RemarkKind, at: datetime, *, verdict: str = "") -> Remark:
    return Remark(
        # Some old comments have no numeric id at GitHub; their addresses are unique as well.
        id=str(node.full_database_id or node.url),
        kind=remark_kind,
        author=account(node.author),
        association=node.author_association,
        at=at,
        url=node.url,
        body=node.body,
        verdict=verdict,
        hidden=node.is_minimized,
    )


def account(actor: Actor | None) -> Account:
    """Return the account of an actor; `ghost` for None, which stands for a deleted account."""
    if actor is None:
        return GHOST
    # GraphQL writes a bot's login as `mergify`, REST as `mergify[bot]`.
    login = actor.login
    return Account(login.removesuffix("[bot]"), actor.typename == "Bot" or login.endswith("[bot]"))
