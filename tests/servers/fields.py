"""Tables of the plain fields of GitHub's types: GraphQL's name, and its source in `world`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.servers import lists
from tests.servers.errors import RefusedError
from tests.servers.ids import node_id
from tests.servers.index import seconds
from tests.servers.views import Happened, Info, Said, iso
from tests.servers.world import Closed, Comment, MarkedDuplicate, Review, Seen, Thread, World

Resolver = Callable[..., Any]
Fields = dict[str, Resolver]


def _look(read: Callable[[Seen], object]) -> Resolver:
    return lambda thread, info: read(info.context.look(thread))


def _updated(thread: Thread, info: Info) -> str:
    second = info.context.world.index.updated_second(thread.number, seconds(info.context.now))
    return datetime.fromtimestamp(second, UTC).isoformat()[:19] + "Z"


def _address(said: Said[Any], info: Info) -> str:
    return f"{_home(info.context.world)}/{said.thread.path}#{said.anchor}{said.what.id}"


def _home(world: World) -> str:
    return f"{world.site}/{world.repo}"


def _state_reason(thread: Thread, info: Info, **given: bool) -> str | None:
    reason = info.context.look(thread).reason
    return "NOT_PLANNED" if reason == "DUPLICATE" and not given.get("enableDuplicate") else reason


def _edited(said: Said[Comment], info: Info) -> str | None:
    edited = said.what.edited_at
    return iso(edited) if edited and edited <= info.context.now else None


def _submitted(said: Said[Review], info: Info) -> str | None:
    at = said.what.at
    return iso(at) if at and at <= info.context.now else None


def _closer(happened: Happened, info: Info) -> object:
    closer = happened.event.closer if isinstance(happened.event, Closed) else None
    return info.context.thread(closer) if isinstance(closer, int) else closer


def _canonical(happened: Happened, info: Info) -> object:
    event = happened.event
    return info.context.thread(event.canonical) if isinstance(event, MarkedDuplicate) else None


def _by_number(*kinds: str) -> Resolver:
    what = {"Issue": "an Issue", "PullRequest": "a PullRequest"}.get(
        "".join(kinds), "an issue or pull request"
    )

    def resolve(_: World, info: Info, number: int) -> Thread:
        thread = info.context.thread(number)
        if thread is None or type(thread).__name__ not in kinds:
            raise RefusedError("NOT_FOUND", f"Could not resolve to {what} with the number of {number}.")
        return thread

    return resolve


THREAD: Fields = {
    "author": lambda thread, _: thread.author,
    "authorAssociation": lambda thread, _: thread.association,
    "body": lambda thread, _: thread.body,
    "closed": _look(lambda look: look.state != "OPEN"),
    "closedAt": _look(lambda look: iso(look.closed_at)),
    "comments": lists.comments,
    "createdAt": lambda thread, _: iso(thread.created_at),
    "id": lambda thread, _: thread.node_id,
    "labels": lists.labels,
    "number": lambda thread, _: thread.number,
    "state": _look(lambda look: look.state),
    "timelineItems": lists.timeline,
    "title": _look(lambda look: look.title),
    "updatedAt": _updated,
    "url": lambda thread, info: f"{_home(info.context.world)}/{thread.path}",
}
SAID: Fields = {
    "author": lambda said, _: said.what.author,
    "authorAssociation": lambda said, _: said.what.association,
    "body": lambda said, _: said.what.body,
    "fullDatabaseId": lambda said, _: str(said.what.id),
    "isMinimized": lambda said, _: said.what.minimized,
    "url": _address,
}
COMMENT: Fields = SAID | {
    "createdAt": lambda said, _: iso(said.what.at),
    "lastEditedAt": _edited,
    "updatedAt": lambda said, info: _edited(said, info) or iso(said.what.at),
}
EVENT: Fields = {
    "actor": lambda happened, _: happened.event.actor,
    "createdAt": lambda happened, _: iso(happened.event.at),
    "id": lambda happened, _: node_id(happened.kind, happened.thread.number, happened.place),
}
CONNECTION: Fields = {
    "nodes": lambda page, _: page.nodes,
    "pageInfo": lambda page, _: page,
    "totalCount": lambda page, _: page.total(),
}

FIELDS: dict[str, Fields] = {
    "Repository": {
        "createdAt": lambda world, _: iso(world.began_at),
        "id": lambda _world, _: node_id("Repository", 1),
        "nameWithOwner": lambda world, _: world.repo,
        "url": lambda world, _: _home(world),
        "issue": _by_number("Issue"),
        "issueOrPullRequest": _by_number("Issue", "PullRequest"),
        "pullRequest": _by_number("PullRequest"),
        "issues": lists.threads("Issue"),
        "pullRequests": lists.threads("PullRequest"),
    },
    "Issue": THREAD | {"issueType": lambda issue, _: issue.issue_type or None, "stateReason": _state_reason},
    "PullRequest": THREAD
    | {
        "additions": lambda pull, _: pull.additions,
        "changedFiles": lambda pull, _: len(pull.files),
        "closingIssuesReferences": lists.closing_issues,
        "deletions": lambda pull, _: pull.deletions,
        "files": lists.files,
        "isDraft": lambda pull, _: pull.draft,
        "merged": _look(lambda look: look.state == "MERGED"),
        "mergedAt": _look(lambda look: iso(look.merged_at)),
        "reviews": lists.reviews,
    },
    "IssueComment": COMMENT,
    "PullRequestReviewComment": COMMENT | {"path": lambda said, _: said.what.path},
    "PullRequestReview": SAID
    | {
        "comments": lists.remarks,
        "createdAt": lambda said, _: iso(said.what.begun),
        "id": lambda said, _: node_id("PullRequestReview", said.thread.number, said.what.id),
        "state": lambda said, info: said.what.state(info.context.now),
        "submittedAt": _submitted,
    },
    "IssueType": {"name": lambda name, _: name},
    "Label": {"name": lambda name, _: name},
    "PullRequestChangedFile": {"path": lambda path, _: path},
    "Commit": {"oid": lambda oid, _: oid},
    "ClosedEvent": EVENT | {"closer": _closer, "stateReason": lambda happened, _: happened.event.reason},
    "MergedEvent": EVENT,
    "ReopenedEvent": EVENT,
    "UnmarkedAsDuplicateEvent": EVENT,
    "MarkedAsDuplicateEvent": EVENT | {"canonical": _canonical},
    "PageInfo": {
        "endCursor": lambda page, _: page.end_cursor,
        "hasNextPage": lambda page, _: page.has_next,
        "hasPreviousPage": lambda page, _: page.has_previous,
        "startCursor": lambda page, _: page.start_cursor,
    },
} | {kind: {"login": lambda actor, _: actor.login} for kind in ("User", "Bot", "Organization", "Mannequin")}


def type_of(value: object) -> str:
    """The GraphQL type of a value behind an interface or a union."""
    if isinstance(value, Said):
        return value.kind
    if isinstance(value, Happened):
        return value.kind
    if isinstance(value, World | str):
        return "Repository" if isinstance(value, World) else "Commit"
    return str(getattr(value, "kind", type(value).__name__))
