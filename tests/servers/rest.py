"""The one list the product reads by REST: a repository's comments, of issues and pull requests."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from tests.servers.answers import Answer
from tests.servers.index import seconds
from tests.servers.views import iso
from tests.servers.world import Actor, Comment, Thread, World

DOCS = "https://docs.github.com/rest"
NOT_FOUND = Answer(404, {"message": "Not Found", "documentation_url": DOCS, "status": "404"})
REPOSITORY_ID = 599_547_518
DEEPEST = 40_000
"""GitHub answers 422 to pages beyond so many comments: singer-io/tap-github#61."""


@dataclass(frozen=True, slots=True)
class Address:
    """A REST address, taken apart."""

    repo: str
    """`owner/name`, or the repository's number."""
    what: str
    """`comments`, `repository` or `unknown`."""


def read_address(path: str) -> Address:
    match = re.fullmatch(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))(/issues/comments)?", path)
    if match is None:
        return Address("", "unknown")
    return Address(match[1] or match[2], "comments" if match[3] else "repository")


def answer(world: World, now: datetime, url: str, path: str, parameters: Mapping[str, str]) -> Answer:
    """Answers a GET; `url` is the server's, for links, and `path` what follows it."""
    address = read_address(path)
    if address.repo.casefold() in {name.casefold() for name in world.former_names}:
        rest = path.removeprefix(f"/repos/{address.repo}")
        query = f"?{urlencode(parameters)}" if parameters else ""
        location = f"{url}/repositories/{REPOSITORY_ID}{rest}{query}"
        return Answer(
            301,
            {"message": "Moved Permanently", "url": location, "documentation_url": DOCS},
            headers={"location": location},
        )
    if address.repo.casefold() not in {world.repo.casefold(), str(REPOSITORY_ID)}:
        return NOT_FOUND
    if address.what == "repository":
        return Answer(payload=_repository(world, url))
    return _comments(world, now, f"{url}{path}", url, parameters)


def _repository(world: World, url: str) -> dict[str, Any]:
    owner, name = world.repo.split("/")
    return {
        "id": REPOSITORY_ID,
        "name": name,
        "full_name": world.repo,
        "owner": _user(Actor(owner, "Organization")),
        "html_url": f"https://github.com/{world.repo}",
        "url": f"{url}/repos/{world.repo}",
        "private": False,
        "has_issues": True,
    }


def _comments(world: World, now: datetime, page_url: str, url: str, parameters: Mapping[str, str]) -> Answer:
    since = parameters.get("since")
    try:
        size = min(int(parameters.get("per_page", "30")), 100) or 30
        number = max(int(parameters.get("page", "1")), 1)
        earliest = seconds(_read_time(since)) if since else None
    except ValueError as error:
        return Answer(422, {"message": f"Validation Failed: {error}", "documentation_url": DOCS})
    if size * number > DEEPEST:
        text = "In order to keep the API fast for everyone, pagination is limited for this resource."
        return Answer(422, {"message": text, "documentation_url": f"{DOCS}#pagination", "status": "422"})
    places = _places(world, seconds(now), earliest)
    if not world.index.conversation.lasting:
        places = [place for place in places if _place_visible(world, place, now)]
    if parameters.get("sort") and parameters.get("direction", "desc") == "desc":
        places = places[::-1]
    if parameters.get("sort") == "updated":
        places = sorted(
            places, key=lambda place: _updated(world, place, now), reverse=_newest_first(parameters)
        )
    entries = world.index.conversation.entries
    shown = [entries[place] for place in places[size * (number - 1) : size * number]]
    last = max(1, -(-min(len(places), DEEPEST) // size))
    return Answer(
        payload=[_comment(world, url, now, thread, comment) for thread, comment in shown],
        headers=_links(page_url, parameters, number, last),
    )


def _newest_first(parameters: Mapping[str, str]) -> bool:
    return parameters.get("direction", "desc") == "desc"


def _read_time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _places(world: World, now: int, earliest: int | None) -> Sequence[int]:
    """Places, oldest first, of the comments written by now and written or edited since `earliest`."""
    conversation = world.index.conversation
    end = bisect_right(conversation.moments, now)
    if earliest is None:
        return range(end)
    start = bisect_left(conversation.moments, earliest)
    edited = [
        place
        for place in conversation.edited
        if place < min(start, end) and _edited_since(world, place, earliest, now)
    ]
    return [*edited, *range(start, end)] if edited else range(start, end)


def _place_visible(world: World, place: int, now: datetime) -> bool:
    return world.index.conversation.entries[place][0].visible(now)


def _edited_since(world: World, place: int, earliest: int, now: int) -> bool:
    edited = world.index.conversation.entries[place][1].edited_at
    return edited is not None and earliest <= seconds(edited) <= now


def _updated(world: World, place: int, now: datetime) -> datetime:
    comment = world.index.conversation.entries[place][1]
    return comment.edited_at if comment.edited_at and comment.edited_at <= now else comment.at


def _comment(world: World, url: str, now: datetime, thread: Thread, comment: Comment) -> dict[str, Any]:
    edited = comment.edited_at if comment.edited_at and comment.edited_at <= now else None
    return {
        "url": f"{url}/repos/{world.repo}/issues/comments/{comment.id}",
        "html_url": f"https://github.com/{world.repo}/{thread.path}#issuecomment-{comment.id}",
        "issue_url": f"{url}/repos/{world.repo}/issues/{thread.number}",
        "id": comment.id,
        "user": _user(comment.author),
        "created_at": iso(comment.at),
        "updated_at": iso(edited or comment.at),
        "body": comment.body,
        "author_association": comment.association,
    }


def _user(actor: Actor | None) -> dict[str, Any]:
    """Unlike GraphQL, REST writes `[bot]` and shows deleted accounts as `ghost`."""
    if actor is None:
        return {"login": "ghost", "id": 10137, "type": "User"}
    login = f"{actor.login}[bot]" if actor.kind == "Bot" else actor.login
    return {"login": login, "id": sum(map(ord, login)), "type": actor.kind}


def _links(page_url: str, parameters: Mapping[str, str], number: int, last: int) -> dict[str, str]:
    pages = {"prev": number - 1, "next": number + 1, "last": last, "first": 1}
    if number >= last:
        del pages["next"], pages["last"]
    if number == 1:
        del pages["prev"], pages["first"]
    links = [
        f'<{page_url}?{urlencode({**parameters, "page": page})}>; rel="{name}"'
        for name, page in pages.items()
    ]
    return {"link": ", ".join(links)} if links else {}
