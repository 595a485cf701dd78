"""Faults of the local GitHub server, observed with a real client."""

import json
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from github import BadCredentialsException, GithubException, RateLimitExceededException

from tests.servers import faults
from tests.servers.answers import Answer
from tests.servers.asking import ask, client, details_of
from tests.servers.faults import Effect, Exchange
from tests.servers.github import TOKEN, GitHub
from tests.servers.world import Issue, PullRequest, Thread, World
from vllm_digest.sources.github.queries import document

NOON = datetime(2025, 12, 10, 12, 0, tzinfo=UTC)
REPO = 'repository(owner: "vllm-project", name: "vllm")'
DETAILS = document("details")
LATER = NOON + timedelta(minutes=7)
COST = "{ rateLimit { cost } }"
ISSUES = tuple(Issue(number, NOON) for number in range(1, 6))
PULLS = tuple(PullRequest(number, NOON) for number in range(31, 36))
WORLD = World("vllm-project/vllm", (*ISSUES, *PULLS))
SOME = (*ISSUES[:3], *PULLS[:2])


def test_a_wrong_token_is_refused() -> None:
    with GitHub(WORLD, now=NOON) as github, client(github, token="wrong") as hub:  # noqa: S106 opens nothing
        with pytest.raises(BadCredentialsException):
            hub.requester.graphql_query(COST, {})
        with pytest.raises(BadCredentialsException):
            hub.get_repo("vllm-project/vllm")


BREAKAGES: dict[str, tuple[Effect, type[Exception], str | None]] = {
    "bad gateway": (faults.bad_gateway(), GithubException, "502"),
    "gateway timeout": (faults.gateway_timeout(), GithubException, "504"),
    "query timed out": (faults.query_timed_out(), GithubException, "Something went wrong"),
    "query timed out, with 200": (faults.query_timed_out(200), GithubException, "400.*Something went wrong"),
    "any status": (faults.says(500, {"message": "Server Error"}), GithubException, "Server Error"),
    "a page": (faults.html_page(), TypeError, "Unicorn"),
    "nothing": (faults.empty_body(), TypeError, None),
    "cut JSON": (faults.cut_json(), json.JSONDecodeError, None),
    "reset": (faults.reset(), requests.ConnectionError, None),
    "reset in the body": (faults.reset_in_body(), requests.exceptions.ChunkedEncodingError, "reset"),
    "short body": (faults.short_body(), requests.exceptions.ChunkedEncodingError, "IncompleteRead"),
    "token revoked": (faults.bad_credentials(), BadCredentialsException, None),
    "points spent": (faults.rate_limited(), GithubException, "400.*RATE_LIMITED"),
    "requests spent": (faults.rate_limit_exceeded(), RateLimitExceededException, None),
    "too fast": (faults.secondary_limit(), RateLimitExceededException, "secondary"),
    "too fast, 429": (faults.secondary_limit(429), GithubException, "429.*secondary"),
    "too fast, 200": (faults.secondary_limit(200), GithubException, "400.*secondary"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_each_fault_reaches_the_client_once_as_it_would_from_github(name: str) -> None:
    effect, error, match = BREAKAGES[name]
    with GitHub(WORLD, now=NOON) as github:
        github.fault(effect)
        with pytest.raises(error, match=match):
            ask(github, COST)
        assert ask(github, COST) == {"rateLimit": {"cost": 1}}


def post(github: GitHub, timeout: float) -> requests.Response:
    return requests.post(
        f"{github.url}/graphql",
        json={"query": COST},
        headers={"Authorization": f"bearer {TOKEN}"},
        timeout=timeout,
    )


@pytest.mark.parametrize("effect", [faults.hang(), faults.hang_in_body()])
def test_a_silence_lasts_until_the_client_goes_away(effect: Effect) -> None:
    with GitHub(WORLD, now=NOON) as github:
        github.fault(effect)
        with pytest.raises(requests.RequestException, match="timed out"):
            post(github, timeout=0.05)
        assert post(github, timeout=5).ok


def test_a_silence_ends_when_the_server_closes() -> None:
    silent = threading.Event()
    ended: list[requests.RequestException] = []

    def wait(github: GitHub) -> None:
        try:
            post(github, timeout=60)
        except requests.RequestException as error:
            ended.append(error)

    def effect(exchange: Exchange) -> Answer:
        silent.set()
        return faults.hang()(exchange)

    with GitHub(WORLD, now=NOON) as github:
        github.fault(effect)
        waiting = threading.Thread(target=wait, args=(github,))
        waiting.start()
        assert silent.wait(10)
    waiting.join(10)
    assert len(ended) == 1


def test_limits_tell_when_to_come_back() -> None:
    seen = []
    with GitHub(WORLD, now=NOON) as github:
        secondary = (faults.secondary_limit(retry_after=9), faults.secondary_limit(429))
        for effect in (faults.rate_limited(90), *secondary):
            github.fault(effect)
            with pytest.raises(GithubException) as caught:
                ask(github, COST)
            headers = caught.value.headers or {}
            names = ("x-ratelimit-remaining", "x-ratelimit-reset", "retry-after")
            seen.append([headers.get(name) for name in names])
    assert seen[0] == ["0", str(int((NOON + timedelta(seconds=90)).timestamp())), None]
    assert seen[1][2] == "9"
    assert (seen[2][0], seen[2][2]) == ("5000", None)


def details(github: GitHub, threads: Sequence[Thread] = SOME) -> tuple[dict[str, Any], list[Any]]:
    """Data and errors of the product's query for details."""
    try:
        return ask(github, DETAILS, **details_of(threads)), []
    except GithubException as error:
        return error.data["data"], error.data["errors"]


def shown(nodes: list[dict[str, Any] | None]) -> list[int | None]:
    return [node["number"] if node else None for node in nodes]


def test_a_costly_query_may_give_a_part_with_an_error_for_each_hole() -> None:
    with GitHub(WORLD, now=NOON) as github:
        github.fault(faults.resource_limits_exceeded(keep=2))
        data, found = details(github)
        github.fault(faults.resource_limits_exceeded())
        empty, _ = details(github)
    assert (shown(data["issues"]), shown(data["pulls"])) == ([1, 2, None], [31, 32])
    assert found == [
        {
            "type": "RESOURCE_LIMITS_EXCEEDED",
            "path": ["issues", 2],
            "message": "Resource limits for this query exceeded.",
        }
    ]
    assert (empty["issues"], empty["pulls"]) == ([None] * 3, [None] * 2)


def test_nodes_may_be_null_without_a_word() -> None:
    with GitHub(WORLD, now=NOON) as github:
        github.fault(faults.null_nodes(2, 31), times=None)
        data, found = details(github)
        lookup = f"{{ {REPO} {{ a: issueOrPullRequest(number: 2) {{ ... on Issue {{ number }} }} }} }}"
        looked_up = ask(github, lookup)
    assert (shown(data["issues"]), shown(data["pulls"]), found) == ([1, None, 3], [None, 32], [])
    assert looked_up == {"repository": {"a": None}}


def test_one_field_of_one_thread_may_break() -> None:
    with GitHub(WORLD, now=NOON) as github:
        github.fault(faults.broken_field(32, "files"))
        data, [error] = details(github)
    assert [pull["files"] is None for pull in data["pulls"]] == [False, True]
    assert error["path"] == ["pulls", 1, "files"]


def test_a_rule_says_which_calls_it_strikes_and_how_often() -> None:
    def struck(github: GitHub, *calls: Sequence[Thread]) -> list[bool]:
        return [bool(details(github, threads)[1]) for threads in calls]

    no = faults.says(200, {"data": None, "errors": [{"message": "no"}]})
    with GitHub(WORLD, now=NOON) as github:
        github.fault(no, operation="Details", nth=2, times=2)
        assert struck(github, SOME, SOME, SOME, SOME) == [False, True, True, False]
        github.faults.clear()
        github.fault(no, operation="Recent", times=None)
        github.fault(no, when=faults.bigger_than(4), times=None)
        assert struck(github, SOME, SOME[:4], SOME) == [True, False, True]
        github.faults.clear()
        github.fault(no, when=faults.asks_for(5, 33), times=None)
        assert struck(github, ISSUES[:4], ISSUES, PULLS[:3]) == [False, True, True]


def test_the_world_may_move_between_two_calls() -> None:
    with GitHub(WORLD, now=NOON) as github:
        github.fault(faults.meanwhile(lambda server: setattr(server, "now", LATER)), nth=2)
        ask(github, COST)
        assert github.now == NOON
        ask(github, COST)
        assert github.now == LATER


def test_the_log_tells_what_was_asked() -> None:
    with GitHub(WORLD, now=NOON) as github:
        github.fault(faults.bad_gateway(), operation="Details")
        with pytest.raises(GithubException):
            ask(github, DETAILS, **details_of((*ISSUES[:2], *PULLS[:1])))
        ask(github, DETAILS, **details_of(ISSUES[:1]))
    assert [sorted(call.numbers) for call in github.asked("Details")] == [[1, 2, 31], [1]]
    assert [call.variables["withPulls"] for call in github.requests] == [True, False]
    assert github.points == sum(call.cost for call in github.requests) == 2


def test_a_mistake_of_the_server_itself_is_raised_when_it_closes() -> None:
    def mistake(_: Exchange) -> Answer:
        raise ZeroDivisionError

    def lose_an_answer() -> None:
        with GitHub(WORLD, now=NOON) as github:
            github.fault(mistake)
            with pytest.raises(requests.ConnectionError):
                post(github, timeout=5)

    with pytest.raises(ZeroDivisionError):
        lose_an_answer()
