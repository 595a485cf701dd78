"""The local GitHub server, where a mistake would make other tests pass wrongly."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from github import GithubException

from tests.servers.asking import ask
from tests.servers.github import GitHub
from tests.servers.world import (
    Actor,
    Closed,
    Comment,
    Issue,
    Label,
    MarkedDuplicate,
    PullRequest,
    Reopened,
    Review,
    Thread,
    World,
)

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
BOT = Actor("mergify", "Bot")


def at(minutes: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=minutes)


def world(*threads: Thread, former: str = "") -> World:
    return World("vllm-project/vllm", threads, (former,) if former else ())


def search(github: GitHub, query: str, first: int = 100, after: str | None = None) -> dict[str, Any]:
    text = """query($q: String!, $first: Int!, $after: String) {
      search(type: ISSUE, query: $q, first: $first, after: $after) {
        issueCount pageInfo { hasNextPage endCursor }
        nodes { ... on Issue { number } ... on PullRequest { number } }
      }
    }"""
    found: dict[str, Any] = ask(github, text, q=query, first=first, after=after)["search"]
    return found


def numbers(github: GitHub, query: str) -> list[int]:
    return [
        node["number"] for node in search(github, f"repo:vllm-project/vllm {query} sort:created-asc")["nodes"]
    ]


# The clock.

STORY = Issue(
    1,
    at(-60),
    "First title",
    retitled=((at(10), "Second title"),),
    labels=("bug", Label("stale", at(20), removed_at=at(40))),
    history=(
        Closed(at(30), BOT, reason="NOT_PLANNED"),
        Reopened(at(40)),
        MarkedDuplicate(at(50), canonical=2),
        Closed(at(51), reason="DUPLICATE", closer=2),
    ),
    comments=(Comment(at(25), None, "Me too."), Comment(at(35), BOT, "Bump.")),
)
LOOK = """query($id: ID!) { node(id: $id) { ... on Issue {
  title state stateReason(enableDuplicate: true) closedAt updatedAt labels(first: 9) { nodes { name } }
  comments(first: 9) { totalCount } timelineItems(last: 9) { totalCount }
} } }"""


@pytest.mark.parametrize(
    ("minute", "expected"),
    [
        (0, ("First title", "OPEN", None, None, -60, ["bug"], 0, 0)),
        (10, ("Second title", "OPEN", None, None, 10, ["bug"], 0, 0)),
        (29, ("Second title", "OPEN", None, None, 25, ["bug", "stale"], 1, 0)),
        (30, ("Second title", "CLOSED", "NOT_PLANNED", 30, 30, ["bug", "stale"], 1, 1)),
        (40, ("Second title", "OPEN", "REOPENED", None, 40, ["bug"], 2, 2)),
        (99, ("Second title", "CLOSED", "DUPLICATE", 51, 51, ["bug"], 2, 4)),
    ],
)
def test_a_thread_looks_as_it_did_at_the_simulated_time(minute: float, expected: tuple[Any, ...]) -> None:
    with GitHub(world(STORY, PullRequest(2, at(-5))), now=at(minute)) as github:
        node = ask(github, LOOK, id=STORY.node_id)["node"]
    title, state, reason, closed, updated, labels, comments, events = expected
    assert node == {
        "title": title,
        "state": state,
        "stateReason": reason,
        "closedAt": closed and f"{at(closed):%Y-%m-%dT%H:%M:%SZ}",
        "updatedAt": f"{at(updated):%Y-%m-%dT%H:%M:%SZ}",
        "labels": {"nodes": [{"name": name} for name in labels]},
        "comments": {"totalCount": comments},
        "timelineItems": {"totalCount": events},
    }


def test_a_thread_that_does_not_exist_yet_or_no_longer_is_null_with_an_error() -> None:
    gone, coming, there = Issue(1, at(-9), deleted_at=at(-1)), Issue(2, at(1)), Issue(3, at(-9))
    ids = [*(thread.node_id for thread in (gone, coming, there)), "I_what"]
    text = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Issue { number } } }"
    with GitHub(world(gone, coming, there), now=NOON) as github, pytest.raises(GithubException) as caught:
        ask(github, text, ids=ids)
    assert caught.value.data["data"] == {"nodes": [None, None, {"number": 3}, None]}
    assert [(e["type"], e["path"]) for e in caught.value.data["errors"]] == [
        ("NOT_FOUND", ["nodes", place]) for place in (0, 1, 3)
    ]


def test_a_pending_review_is_there_without_a_time_and_keeps_its_place_when_handed_in() -> None:
    slow = Review(at(30), begun_at=at(-30), comments=(Comment(at(-5), path="a.py"),))
    pull = PullRequest(7, at(-60), reviews=(Review(at(-10), BOT, verdict="COMMENTED"), slow))
    text = """query($id: ID!, $states: [PullRequestReviewState!]) { node(id: $id) { ... on PullRequest {
      updatedAt reviews(first: 9, states: $states) {
        nodes { state submittedAt comments(first: 9) { totalCount } }
      }
    } } }"""
    with GitHub(world(pull), now=NOON) as github:
        before = ask(github, text, id=pull.node_id)["node"]
        submitted = ask(github, text, id=pull.node_id, states=["APPROVED", "COMMENTED"])["node"]
        github.now = at(30)
        after = ask(github, text, id=pull.node_id)["node"]
    commented = {"state": "COMMENTED", "submittedAt": "2025-12-10T11:50:00Z", "comments": {"totalCount": 0}}
    pending = {"state": "PENDING", "submittedAt": None, "comments": {"totalCount": 1}}
    approved = {"state": "APPROVED", "submittedAt": "2025-12-10T12:30:00Z", "comments": {"totalCount": 1}}
    assert before == {"updatedAt": "2025-12-10T11:50:00Z", "reviews": {"nodes": [pending, commented]}}
    assert submitted["reviews"]["nodes"] == [commented]
    assert after == {"updatedAt": "2025-12-10T12:30:00Z", "reviews": {"nodes": [approved, commented]}}


def test_accounts_have_the_names_that_graphql_gives_them() -> None:
    issue = Issue(1, at(-9), author=BOT, comments=(Comment(at(-8), None), Comment(at(-7), BOT)))
    text = """query($id: ID!) { node(id: $id) { ... on Issue {
      author { __typename login } comments(first: 9) { nodes { author { login } } }
    } } }"""
    with GitHub(world(issue), now=NOON) as github:
        node = ask(github, text, id=issue.node_id)["node"]
    assert node["author"] == {"__typename": "Bot", "login": "mergify"}
    assert node["comments"]["nodes"] == [{"author": None}, {"author": {"login": "mergify"}}]


# Search.

FOUND = world(
    Issue(1, at(-120)),
    Issue(2, at(-60), history=(Closed(at(-30)),)),
    PullRequest(3, at(-60), history=(Closed(at(-20), merged=True),)),
    PullRequest(4, at(-30), history=(Closed(at(-10)),)),
    Issue(5, at(-30), history=(Closed(at(-20)), Reopened(at(-15))), comments=(Comment(at(-5)),)),
    Issue(6, at(-1500), "Rare words", history=(Closed(at(-1400)), Reopened(at(-1300)), Closed(at(-25)))),
    Issue(7, at(5)),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("is:issue", [6, 1, 2, 5]),
        ("is:pr is:merged", [3]),
        ("is:pr is:closed", [3, 4]),
        ("is:pr is:unmerged", [4]),
        ("is:issue is:open", [1, 5]),
        ("created:2025-12-10T11:00:00Z..2025-12-10T11:30:00Z", [2, 3, 4, 5]),
        ("created:2025-12-10T11:00:01Z..2025-12-10T11:29:59Z", []),
        ("created:>=2025-12-10T11:30:00Z", [4, 5]),
        ("created:>2025-12-10T11:00:00Z", [4, 5]),
        ("created:<2025-12-10T11:00:00Z", [6, 1]),
        ("created:<=2025-12-10T11:00:00Z", [6, 1, 2, 3]),
        ("created:*..2025-12-10T10:00:00Z", [6, 1]),
        ("created:2025-12-09", [6]),
        ("created:2025-12-09..2025-12-10", [6, 1, 2, 3, 4, 5]),
        ("created:>2025-12-09", [1, 2, 3, 4, 5]),
        ("closed:2025-12-10T11:30:00Z..2025-12-10T11:40:00Z", [6, 2, 3]),
        ("closed:2025-12-09", []),
        ("is:pr merged:2025-12-10T11:40:00Z..2025-12-10T11:50:00Z", [3]),
        ("updated:>=2025-12-10T11:50:00Z", [4, 5]),
        ("updated:2025-12-10T11:45:00Z..2025-12-10T11:45:00Z", []),
        ("is:issue created:2025-12-10T19:00:00%2B08:00..2025-12-10T19:30:00%2B08:00".replace("%2B", "+"), []),
        ("rare", [6]),
    ],
)
def test_search_takes_both_ends_and_reads_the_present_state(query: str, expected: list[int]) -> None:
    with GitHub(FOUND, now=NOON) as github:
        assert numbers(github, query) == expected


@pytest.mark.parametrize("query", ["label:bug", "created:yesterday", "sort:comments-desc", "-is:open"])
def test_search_says_what_it_does_not_know_instead_of_finding_nothing(query: str) -> None:
    with GitHub(FOUND, now=NOON) as github, pytest.raises(GithubException, match="does not know"):
        search(github, f"repo:vllm-project/vllm {query}")


def test_search_gives_a_thousand_results_and_counts_them_all() -> None:
    many = world(*(Issue(number, at(-number)) for number in range(1, 1_051)))
    query = "repo:vllm-project/vllm is:issue sort:created-desc"
    seen: list[int] = []
    after = None
    with GitHub(many, now=NOON) as github:
        while True:
            page = search(github, query, after=after)
            assert page["issueCount"] == 1_050
            seen += [node["number"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
            if not page["pageInfo"]["hasNextPage"]:
                break
        beyond = search(github, query, after=after)
    assert seen == list(range(1, 1_001))
    assert beyond["nodes"] == []
    assert beyond["pageInfo"]["hasNextPage"] is False


def test_only_search_lags_behind() -> None:
    text = """{ repository(owner: "vllm-project", name: "vllm") {
      issues(last: 3) { pageInfo { hasPreviousPage } nodes { number state } } } }"""
    with GitHub(FOUND, now=NOON, index_lag=timedelta(minutes=31)) as github:
        assert numbers(github, "is:issue is:open") == [6, 1, 2]
        listed = ask(github, text)["repository"]["issues"]
    assert [(node["number"], node["state"]) for node in listed["nodes"]] == [
        (1, "OPEN"),
        (2, "CLOSED"),
        (5, "OPEN"),
    ]
    assert listed["pageInfo"] == {"hasPreviousPage": True}


def test_only_the_repository_itself_follows_a_rename() -> None:
    text = """query($owner: String!, $name: String!) {
      repository(owner: $owner, name: $name) { nameWithOwner }
    }"""
    with GitHub(world(Issue(1, at(-5)), former="WoosukKwon/vllm"), now=NOON) as github:
        assert ask(github, text, owner="woosukkwon", name="vllm") == {
            "repository": {"nameWithOwner": "vllm-project/vllm"}
        }
        assert search(github, "repo:WoosukKwon/vllm is:issue")["issueCount"] == 0
        with pytest.raises(GithubException, match="'vllm-project/vlm'"):
            ask(github, text, owner="vllm-project", name="vlm")
