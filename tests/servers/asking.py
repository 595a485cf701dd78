"""Asking the local GitHub as the product does: through PyGithub, without its retries and pauses."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from github import Auth, Github

from tests.servers.github import TOKEN, GitHub
from tests.servers.world import Thread


def client(github: GitHub, *, token: str = TOKEN, timeout: int = 5) -> Github:
    """A client; close it, or use it in a `with`. `timeout` is in seconds, for each wait for bytes."""
    return Github(
        base_url=github.url,
        auth=Auth.Token(token),
        retry=None,
        timeout=timeout,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def ask(github: GitHub, text: str, **variables: object) -> dict[str, Any]:
    """The `data` of GraphQL's answer; raises GithubException when it has `errors`."""
    with client(github) as hub:
        data = hub.requester.graphql_query(text, variables)[1]["data"]
    if not isinstance(data, dict):
        raise TypeError(f"The answer is no JSON object: {data!r}")
    return data


def details_of(threads: Iterable[Thread]) -> dict[str, Any]:
    """Variables with which the query for details asks for these threads."""
    ids: dict[str, list[str]] = {"Issue": [], "PullRequest": []}
    for thread in threads:
        ids[type(thread).__name__].append(thread.node_id)
    return {
        "issues": ids["Issue"],
        "pulls": ids["PullRequest"],
        "withIssues": bool(ids["Issue"]),
        "withPulls": bool(ids["PullRequest"]),
        "withFiles": True,
        "comments": 100,
        "reviews": 10,
        "replies": 20,
    }
