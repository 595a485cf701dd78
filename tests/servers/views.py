"""What GraphQL resolvers share: the request, the moment, and wrappers that know their thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from graphql import FieldNode, GraphQLResolveInfo

from tests.servers.connections import Bounds
from tests.servers.world import Comment, Event, Review, Seen, Thread, World, seen

T = TypeVar("T", bound=Comment | Review)
Info: TypeAlias = "GraphQLResolveInfo[Request]"


@dataclass
class Request:
    """The `world` of one request, and the moment as of which it is shown."""

    world: World
    now: datetime
    lag: timedelta
    """The delay of the search index."""
    rate: Mapping[str, Any]
    """The fields of RateLimit."""
    _looks: dict[int, Seen] = field(default_factory=dict)

    def look(self, thread: Thread) -> Seen:
        if thread.number not in self._looks:
            self._looks[thread.number] = seen(thread, self.now)
        return self._looks[thread.number]

    def thread(self, number: int | None) -> Thread | None:
        """The thread, if it exists now."""
        thread = None if number is None else self.world.by_number.get(number)
        return thread if thread and thread.visible(self.now) else None


@dataclass(frozen=True, slots=True)
class Said(Generic[T]):
    """A comment, a review or a remark on code, with the thread it stands in."""

    kind: str
    """Its GraphQL type."""
    anchor: str
    """What its address has after the `#`, without the id."""
    thread: Thread
    what: T


class Happened(NamedTuple):
    """An event of a thread's timeline."""

    thread: Thread
    event: Event
    kind: str
    """Its GraphQL type."""
    place: int
    """Its place in the thread's history."""


def in_conversation(thread: Thread, comment: Comment) -> Said[Comment]:
    return Said("IssueComment", "issuecomment-", thread, comment)


def on_code(thread: Thread, remark: Comment) -> Said[Comment]:
    return Said("PullRequestReviewComment", "discussion_r", thread, remark)


def reviewed(thread: Thread, review: Review) -> Said[Review]:
    return Said("PullRequestReview", "pullrequestreview-", thread, review)


def iso(at: datetime | None) -> str | None:
    """A time as GitHub writes it."""
    return at.astimezone(UTC).isoformat()[:19] + "Z" if at else None


def bounds(info: Info, given: Mapping[str, Any]) -> Bounds:
    """The client's page, checked as GitHub checks it."""
    cut = Bounds(info.field_name, given.get("first"), given.get("last"), given.get("after"))
    cut.check(lambda: _reads_nodes(info))
    return cut


def _reads_nodes(info: Info) -> bool:
    """Whether the connection's nodes are asked for; a fragment is taken to ask for them."""
    return any(
        not isinstance(selection, FieldNode) or selection.name.value == "nodes"
        for node in info.field_nodes
        for selection in (node.selection_set.selections if node.selection_set else ())
    )
