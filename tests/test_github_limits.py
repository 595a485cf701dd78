"""Costs, limits and pages of the local GitHub server, observed with a real client."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from github import GithubException

from tests.servers.asking import ask, details_of
from tests.servers.github import GitHub
from tests.servers.world import Comment, Issue, PullRequest, Review, Thread, World
from vllm_digest.sources.github.queries import document

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
REPO = 'repository(owner: "vllm-project", name: "vllm")'
DETAILS = document("details")


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


ISSUES = tuple(Issue(number, at(-number)) for number in range(1, 31))
PULLS = tuple(PullRequest(number, at(-number), reviews=(Review(at(0)),)) for number in range(31, 61))
WORLD = World("vllm-project/vllm", (*ISSUES, *PULLS))


def errors(github: GitHub, text: str, **variables: object) -> list[dict[str, Any]]:
    """The `errors` of an answer that must have some."""
    with pytest.raises(GithubException) as caught:
        ask(github, text, **variables)
    found: list[dict[str, Any]] = caught.value.data["errors"]
    return found


# Prices.


def test_a_query_costs_what_githubs_own_example_says() -> None:
    """The documented one: 100 + 100 x 50 + 100 x 50 x 60 nodes, 1 + 100 + 5,000 requests, 51 points."""
    text = """{ rateLimit { cost nodeCount remaining used } %s {
      pullRequests(first: 100) { nodes { reviews(first: 50) { nodes { comments(first: 60) {
        nodes { body } } } } } } } }"""
    with GitHub(WORLD, now=NOON) as github:
        rate = ask(github, text % REPO)["rateLimit"]
        assert rate == {"cost": 51, "nodeCount": 305_100, "remaining": 4_949, "used": 51}
        assert (github.requests[0].cost, github.requests[0].nodes, github.points) == (51, 305_100, 51)


@pytest.mark.parametrize(
    ("threads", "lists", "cost"),
    [
        # Per issue labels, comments, timeline; per pull request also reviews, their
        # ten lists of remarks, the issues it closes, and the files.
        ((*ISSUES[:25], *PULLS[:25]), 25 * 3 + 25 * (3 + 1 + 10 + 1 + 1), 5),
        (PULLS[:9], 9 * 16, 1),
        (ISSUES[:25], 75, 1),
        (ISSUES[:1], 3, 1),
    ],
)
def test_a_batch_of_details_costs_what_a_hand_reckons(
    threads: tuple[Thread, ...], lists: int, cost: int
) -> None:
    with GitHub(WORLD, now=NOON) as github:
        assert ask(github, DETAILS, **details_of(threads))["rateLimit"] == {"cost": cost}
    assert cost == max(1, round(lists / 100))


@pytest.mark.parametrize(
    ("fields", "kind", "path"),
    [
        ("issues(first: 101) { nodes { number } }", "EXCESSIVE_PAGINATION", ["repository", "issues"]),
        ("issues(last: 0) { nodes { number } }", "INVALID_PAGINATION_BOUNDARIES", ["repository", "issues"]),
        ("issues { nodes { number } }", "MISSING_PAGINATION_BOUNDARIES", ["repository", "issues"]),
        ('issues(first: 9, after: "x") { totalCount }', "INVALID_CURSOR_ARGUMENTS", ["repository", "issues"]),
        ("issue(number: 31) { number }", "NOT_FOUND", ["repository", "issue"]),
        (
            """pullRequests(first: 100) { nodes { reviews(first: 100) { nodes {
            comments(first: 100) { nodes { body } } } } } }""",
            "MAX_NODE_LIMIT_EXCEEDED",
            None,
        ),
    ],
)
def test_github_refuses_what_it_does_not_serve(fields: str, kind: str, path: list[str] | None) -> None:
    with GitHub(WORLD, now=NOON) as github:
        [error] = errors(github, f"{{ {REPO} {{ {fields} }} }}")
    assert (error["type"], error.get("path")) == (kind, path)


def test_a_bare_count_needs_no_page_and_a_hundred_ids_are_the_most() -> None:
    with GitHub(WORLD, now=NOON) as github:
        count = ask(github, f"{{ {REPO} {{ issues {{ totalCount }} }} }}")
        assert count == {"repository": {"issues": {"totalCount": 30}}}
        text = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
        [error] = errors(github, text, ids=[ISSUES[0].node_id] * 101)
    assert error["type"] == "ARGUMENT_LIMIT"


@pytest.mark.parametrize("text", ["{ nonsense }", "{ rateLimit {", "query($x: Int!) { rateLimit { cost } }"])
def test_a_wrong_query_is_refused_with_extensions(text: str) -> None:
    with GitHub(WORLD, now=NOON) as github:
        assert all("extensions" in error for error in errors(github, text))


def test_spent_points_come_back_after_an_hour() -> None:
    with GitHub(WORLD, now=NOON, limit=2) as github:
        text = "{ rateLimit { remaining resetAt } }"
        first = ask(github, text)["rateLimit"]
        ask(github, text)
        github.now = at(20)
        with pytest.raises(GithubException) as caught:
            ask(github, text)
        github.now = at(60)
        later = ask(github, text)["rateLimit"]
    assert first == {"remaining": 1, "resetAt": "2025-12-10T13:00:00Z"}
    assert caught.value.data["errors"][0]["type"] == "RATE_LIMITED"
    headers = caught.value.headers or {}
    assert headers["x-ratelimit-remaining"] == "0"
    assert headers["x-ratelimit-reset"] == str(int(at(60).timestamp()))
    assert headers["date"] == "Wed, 10 Dec 2025 12:20:00 GMT"
    assert later == {"remaining": 1, "resetAt": "2025-12-10T14:00:00Z"}


# Pages.


def test_a_cursor_keeps_its_place_while_threads_move() -> None:
    """A thread that is updated between two pages moves to the first, and no other is lost or doubled."""
    moving = Issue(5, at(-5), comments=(Comment(at(1)),))
    world = World("vllm-project/vllm", (*(i for i in ISSUES if i.number != 5), moving))
    text = f"""query($after: String) {{ {REPO} {{
      issues(first: 10, after: $after, orderBy: {{ field: UPDATED_AT, direction: DESC }}) {{
        pageInfo {{ hasNextPage endCursor }} nodes {{ number }}
      }} }} }}"""
    with GitHub(world, now=NOON) as github:
        first = ask(github, text)["repository"]["issues"]
        github.now = at(2)
        second = ask(github, text, after=first["pageInfo"]["endCursor"])["repository"]["issues"]
        third = ask(github, text, after=second["pageInfo"]["endCursor"])["repository"]["issues"]
        again = ask(github, text)["repository"]["issues"]
    pages = [[node["number"] for node in page["nodes"]] for page in (first, second, third, again)]
    assert pages == [[*range(1, 11)], [*range(11, 21)], [*range(21, 31)], [5, 1, 2, 3, 4, *range(6, 11)]]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second, third)] == [True, True, False]


def test_pages_of_comments_from_either_end_make_up_the_whole() -> None:
    talk = Issue(1, at(-9), comments=tuple(Comment(at(n // 3), body=str(n)) for n in range(25)))
    text = """query($id: ID!, $after: String) { node(id: $id) { ... on Issue {
      head: comments(first: 10, after: $after) { pageInfo { hasNextPage endCursor } nodes { body } }
      tail: comments(last: 4) { totalCount pageInfo { hasPreviousPage } nodes { body } }
    } } }"""
    seen: list[str] = []
    after, more = None, True
    with GitHub(World("vllm-project/vllm", (talk,)), now=at(60)) as github:
        while more:
            node = ask(github, text, id=talk.node_id, after=after)["node"]
            seen += [comment["body"] for comment in node["head"]["nodes"]]
            after, more = node["head"]["pageInfo"]["endCursor"], node["head"]["pageInfo"]["hasNextPage"]
    assert seen == [str(n) for n in range(25)]
    assert node["tail"] == {
        "totalCount": 25,
        "pageInfo": {"hasPreviousPage": True},
        "nodes": [{"body": str(n)} for n in range(21, 25)],
    }
