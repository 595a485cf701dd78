"""The connections of GitHub's schema: what is in each list at the moment, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

from tests.servers.connections import Page, page, page_in_place, page_of_threads
from tests.servers.index import Kind, number_of, seconds
from tests.servers.views import Happened, Info, Said, bounds, in_conversation, on_code, reviewed
from tests.servers.world import Closed, Comment, MarkedDuplicate, PullRequest, Reopened, Review, Thread, World

Resolver = Callable[..., Page]


def threads(kind: Kind) -> Resolver:
    """The resolver of `repository.issues` or `repository.pullRequests`."""

    def resolve(world: World, info: Info, **given: Any) -> Page:
        request = info.context
        order = given.get("orderBy") or {"field": "CREATED_AT", "direction": "ASC"}
        since = (given.get("filterBy") or {}).get("since")
        earliest = seconds(datetime.fromisoformat(since)) if since else None
        now = seconds(request.now)

        def wanted(key: int) -> bool:
            thread = world[number_of(key)]
            return (
                thread.visible(request.now)
                and (not given.get("states") or request.look(thread).state in given["states"])
                and (earliest is None or world.index.updated_second(thread.number, now) >= earliest)
            )

        found = page_of_threads(
            world.index,
            kind,
            now,
            bounds(info, given),
            by="updated" if order["field"] == "UPDATED_AT" else "created",
            newest_first=order["direction"] == "DESC",
            wanted=wanted,
        )
        return replace(found, nodes=[world[number_of(key)] for key in found.nodes])

    return resolve


def comments(thread: Thread, info: Info, **given: Any) -> Page:
    now = info.context.now
    said = [in_conversation(thread, comment) for comment in thread.comments if comment.at <= now]
    return page(said, _written, bounds(info, given))


def remarks(review: Said[Review], info: Info, **given: Any) -> Page:
    now = info.context.now
    said = [on_code(review.thread, remark) for remark in review.what.comments if remark.at <= now]
    return page(sorted(said, key=_written), _written, bounds(info, given))


def _written(said: Said[Comment]) -> tuple[int, int]:
    return int(said.what.at.timestamp()), said.what.id


def reviews(pull: PullRequest, info: Info, **given: Any) -> Page:
    """Ordered by when they were begun, so one that was pending for long comes before later ones."""
    now, states = info.context.now, given.get("states")
    said = [
        reviewed(pull, review)
        for review in pull.reviews
        if review.begun <= now and (not states or review.state(now) in states)
    ]
    return page(sorted(said, key=_begun), _begun, bounds(info, given))


def _begun(said: Said[Review]) -> tuple[int, int]:
    return int(said.what.begun.timestamp()), said.what.id


def timeline(thread: Thread, info: Info, **given: Any) -> Page:
    now, wanted = info.context.now, given.get("itemTypes")
    happened = [
        Happened(thread, event, kind, place)
        for place, event in enumerate(thread.history)
        for kind, item_type in _event_types(event)
        if event.at <= now and (not wanted or item_type in wanted)
    ]
    return page_in_place(happened, bounds(info, given))


def _event_types(event: object) -> list[tuple[str, str]]:
    """The GraphQL types of an event with the names that queries ask for; a merge is a closing as well."""
    match event:
        case Closed(merged=True):
            return [("MergedEvent", "MERGED_EVENT"), ("ClosedEvent", "CLOSED_EVENT")]
        case Closed():
            return [("ClosedEvent", "CLOSED_EVENT")]
        case Reopened():
            return [("ReopenedEvent", "REOPENED_EVENT")]
        case MarkedDuplicate():
            return [("MarkedAsDuplicateEvent", "MARKED_AS_DUPLICATE_EVENT")]
        case _:
            return [("UnmarkedAsDuplicateEvent", "UNMARKED_AS_DUPLICATE_EVENT")]


def labels(thread: Thread, info: Info, **given: Any) -> Page:
    return page_in_place(info.context.look(thread).labels, bounds(info, given))


def closing_issues(pull: PullRequest, info: Info, **given: Any) -> Page:
    request = info.context
    return page_in_place(
        [issue for number in pull.closes if (issue := request.thread(number))], bounds(info, given)
    )


def files(pull: PullRequest, info: Info, **given: Any) -> Page:
    return page_in_place(pull.files, bounds(info, given))
