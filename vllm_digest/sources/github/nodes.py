"""GitHub's GraphQL nodes, read into our values."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Self

from vllm_digest.errors import SourceError
from vllm_digest.models import (
    GHOST,
    Account,
    EventKind,
    Gap,
    Kind,
    Remark,
    RemarkKind,
    Standing,
    Thread,
    TimelineEvent,
    standing,
)
from vllm_digest.sources.github.client import Answer
from vllm_digest.sources.github.faults import QueryTooLargeError
from vllm_digest.window import TimeWindow

Node = Mapping[str, Any]

_FOR_EVER = datetime.max.replace(tzinfo=UTC)

SHOWN = 30
"""How many of a thread's last comments and reviews search.graphql asks for."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thread that may belong to a window.

    `closings` and `talk` (comments and reviews) are the times GitHub showed where it was found; of what was
    said before `unseen_before` it did not show all.
    """

    id: str
    number: int
    kind: Kind
    created_at: datetime
    closings: tuple[datetime, ...] = ()
    talk: tuple[datetime, ...] = ()
    unseen_before: datetime | None = None

    @classmethod
    def of(cls, node: Node) -> Self:
        """A thread of any of our queries; the fields that a query does not ask for count as empty."""
        closings = [event["createdAt"] for event in _entries(node, "timelineItems")]
        comments = [moment(comment["createdAt"]) for comment in _entries(node, "comments")]
        reviews = [moment(review["submittedAt"]) for review in _entries(node, "reviews")]
        return cls(
            id=node["id"],
            number=node["number"],
            kind=_kind(node),
            created_at=moment(node["createdAt"]),
            closings=tuple({moment(time) for time in (*closings, node["closedAt"]) if time}),
            talk=(*comments, *reviews),
            unseen_before=max(
                (min(said) for said in (comments, reviews) if len(said) >= SHOWN), default=None
            ),
        )

    def is_listed_in(self, window: TimeWindow) -> bool:
        """May it belong to one of the window's five lists?"""
        return any(time in window for time in (self.created_at, *self.closings))

    def may_be_in(self, window: TimeWindow) -> bool:
        """Did anything happen in it then, as far as GitHub showed?"""
        unseen = self.unseen_before is not None and self.unseen_before > window.start
        return unseen or self.is_listed_in(window) or any(time in window for time in self.talk)

    def goes_on_after(self, end: datetime) -> bool:
        """Does anything happen in it at `end` or later, or may it?"""
        return any(time and time >= end for time in (self.unseen_before, *self.closings, *self.talk))


@dataclass(frozen=True, slots=True)
class Discovery:
    """The threads that may belong to a window of `repo` (its present name), and what was not to be had."""

    repo: str
    found: tuple[Candidate, ...]
    gaps: tuple[Gap, ...] = ()


def moment(text: str) -> datetime:
    """A time as GitHub writes it, as UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


def repository(answer: Answer, repo: str) -> Node:
    """The repository of an answer; SourceError when there is none."""
    found: Node | None = answer.data.get("repository")
    if found is None:
        if not answer.not_found:
            raise QueryTooLargeError("no repository in the answer")
        raise SourceError(
            f"GitHub knows no repository {repo}, or the token may not see it.",
            "Check github.repo (OWNER/NAME) and what the token may read.",
        )
    return found


def whole(connection: Node) -> list[Node]:
    """All nodes of a connection's page; QueryTooLargeError when GitHub left one out."""
    nodes: list[Node | None] = connection["nodes"]
    present = [node for node in nodes if node is not None]
    if len(present) < len(nodes):
        raise QueryTooLargeError("GitHub left out an entry of a list")
    return present


def next_cursor(connection: Node) -> str | None:
    info = connection["pageInfo"]
    cursor: str | None = info["endCursor"] if info["hasNextPage"] else None
    return cursor


def thread(node: Node) -> Thread:
    """An issue or pull request of details.graphql, without its remarks and paths."""
    is_pull = _kind(node) is Kind.PULL_REQUEST
    timeline = _timeline(node)
    now = standing(timeline, _FOR_EVER)
    return Thread(
        number=node["number"],
        kind=_kind(node),
        title=node["title"],
        body=node["body"],
        url=node["url"],
        author=account(node["author"]),
        association=node["authorAssociation"],
        created_at=moment(node["createdAt"]),
        updated_at=moment(node["updatedAt"]),
        timeline=timeline,
        draft=node.get("isDraft", False),
        labels=tuple(label["name"] for label in _present(node["labels"])),
        issue_type=(node.get("issueType") or {}).get("name", ""),
        closes=tuple(issue["number"] for issue in _present(node["closingIssuesReferences"]))
        if is_pull
        else (),
        additions=node.get("additions"),
        deletions=node.get("deletions"),
        changed_files=node.get("changedFiles"),
        **{field.name: getattr(now, field.name) for field in fields(Standing)},
    )


_EVENTS = {
    "ClosedEvent": EventKind.CLOSED,
    "ReopenedEvent": EventKind.REOPENED,
    "MergedEvent": EventKind.MERGED,
    "MarkedAsDuplicateEvent": EventKind.DUPLICATE,
    "UnmarkedAsDuplicateEvent": EventKind.NOT_DUPLICATE,
}


def _timeline(node: Node) -> tuple[TimelineEvent, ...]:
    """The events of a thread, oldest first; the state that GitHub names has an event in any case.

    Old threads have closings that their timeline does not list (github/docs: imported repositories).
    """
    events = [_event(event) for event in _present(node["timelineItems"])]
    events.sort(key=lambda event: (event.at, event.kind is EventKind.MERGED))
    for kind, field in ((EventKind.CLOSED, "closedAt"), (EventKind.MERGED, "mergedAt")):
        at = _moment_or_none(node.get(field))
        if at and not any(event.at == at and event.kind is kind for event in events):
            reason = (node.get("stateReason") or "").lower() if kind is EventKind.CLOSED else ""
            events.append(TimelineEvent(f"{kind.value}-{node[field]}", kind, at, reason=reason))
    return tuple(sorted(events, key=lambda event: (event.at, event.kind is EventKind.MERGED)))


def _event(node: Node) -> TimelineEvent:
    return TimelineEvent(
        id=node["id"],
        kind=_EVENTS[node["__typename"]],
        at=moment(node["createdAt"]),
        actor=account(node["actor"]),
        reason=(node.get("stateReason") or "").lower(),
        # A commit that closed an issue has no number.
        pull=(node.get("closer") or {}).get("number"),
        target=(node.get("canonical") or {}).get("number"),
    )


def comment(node: Node) -> Remark:
    return _remark(node, RemarkKind.COMMENT, node["createdAt"])


def review(node: Node) -> Remark:
    """A review without the comments on lines of code that came with it."""
    return _remark(node, RemarkKind.REVIEW, node["submittedAt"], verdict=node["state"])


def review_comment(node: Node) -> Remark:
    return _remark(node, RemarkKind.REVIEW_COMMENT, node["createdAt"], path=node["path"])


def _remark(node: Node, kind: RemarkKind, at: str, *, verdict: str = "", path: str = "") -> Remark:
    return Remark(
        id=node["fullDatabaseId"],
        kind=kind,
        author=account(node["author"]),
        association=node["authorAssociation"],
        at=moment(at),
        url=node["url"],
        body=node["body"],
        verdict=verdict,
        path=path,
        hidden=node["isMinimized"],
    )


def account(actor: Node | None) -> Account:
    """A deleted account has no actor."""
    if actor is None:
        return GHOST
    login: str = actor["login"]
    return Account(login.removesuffix("[bot]"), actor["__typename"] == "Bot" or login.endswith("[bot]"))


def _entries(node: Node, connection: str) -> list[Node]:
    """All nodes of a connection that a query may have asked for."""
    return whole(node[connection]) if connection in node else []


def _present(connection: Node) -> list[Node]:
    return [node for node in connection["nodes"] if node is not None]


def _kind(node: Node) -> Kind:
    return Kind.ISSUE if node["__typename"] == "Issue" else Kind.PULL_REQUEST


def _moment_or_none(text: str | None) -> datetime | None:
    return moment(text) if text else None
