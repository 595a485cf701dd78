"""GitHub refuses: each refusal is named at once with what to do, and a refused field is a gap."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.servers import faults
from tests.servers.answers import Answer
from tests.servers.faults import Effect, Exchange
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import hour
from tests.servers.world import Closed, Comment, Issue, PullRequest, Review, Thread, World
from tests.test_fetch import END, LATER, SOON, START, USER, Asked, asked, lists_of, stored, written

__all__ = ["asked"]

CONFIGURE_SSO = "choose Configure SSO"
SAML = (
    "Resource protected by organization SAML enforcement. "
    "You must grant your Personal Access token access to this organization."
)
IP_LIST = (
    "Although you appear to have the correct authorization credentials, the `acme` organization has an IP "
    "allow list enabled, and your IP address is not permitted to access this resource."
)
CLASSIC = (
    "`acme` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, or a "
    "personal access token with fine-grained permissions."
)
LIFETIME = (
    "The 'acme' organization forbids access via a fine-grained personal access tokens if the token's "
    "lifetime is greater than 366 days."
)
LIFETIME_CLASSIC = (
    "The 'acme' organization forbids access via a personal access token (classic) if the token's lifetime is "
    "greater than 90 days."
)
SCOPES = (
    "Your token has not been granted the required scopes to execute this query. The 'issues' field requires "
    "one of the following scopes: ['repo'], but your token has only been granted the: [''] scopes."
)


def refuses(message: str, path: list[str | int], kind: str = "FORBIDDEN", **data: Any) -> Effect:
    """GraphQL's refusal of one field: null there, and the error beside it."""

    def effect(exchange: Exchange) -> Answer:
        payload: dict[str, Any] = dict(exchange.real().payload)
        there = payload["data"]
        for step in path[:-1]:
            there = there[step]
        there[path[-1]] = None
        error = {
            "type": kind,
            "path": path,
            "extensions": {"saml_failure": message == SAML},
            "locations": [{"line": 4, "column": 3}],
            "message": message,
        }
        return Answer(payload={**payload, **data, "errors": [error]})

    return effect


WHOLE: dict[str, tuple[Effect, str]] = {
    "SAML": (refuses(SAML, ["repository"]), CONFIGURE_SSO),
    "an IP allow list": (refuses(IP_LIST, ["repository"]), "from an address on it"),
    "a classic token": (refuses(CLASSIC, ["repository"]), "Make a fine-grained one"),
    "a token that lives too long": (refuses(LIFETIME, ["repository"]), "valid for so long"),
    "a classic token that lives too long": (
        faults.says(403, {"message": LIFETIME_CLASSIC}),
        "valid for so long",
    ),
    "a proxy's login": (faults.says(407, text="<html>Log in</html>"), "the proxy's address"),
    "a scope that is missing": (
        refuses(SCOPES, ["repository"], "INSUFFICIENT_SCOPES"),
        "Give the classic token the scope",
    ),
    "an app's permissions": (
        refuses("Resource not accessible by integration", ["repository"]),
        "permissions: issues: read",
    ),
    "words nobody knows": (refuses("No.", ["repository"]), "Give the token read access"),
    "SAML by status": (faults.says(403, {"message": SAML}), CONFIGURE_SSO),
    "an IP list by status": (faults.says(403, {"message": IP_LIST}), "from an address on it"),
    "no data at all": (
        faults.says(200, {"data": None, "errors": [{"type": "FORBIDDEN", "message": SAML}]}),
        CONFIGURE_SSO,
    ),
    "a suspended account": (
        faults.says(403, {"message": "Sorry. Your account was suspended."}),
        "token of another account",
    ),
    "a blocked repository": (
        faults.says(451, {"message": "Repository access blocked"}),
        "blocked the repository",
    ),
    "no such address": (faults.says(404, {"message": "Not Found"}), "Check github.api_url"),
    "another server's page": (faults.says(404, text="<html>nothing</html>"), "Check github.api_url"),
    "another server's refusal": (faults.says(422, text="<html>Oh no</html>"), "Check github.api_url"),
}


@pytest.mark.parametrize("age", [0.0, 2], ids=["recent", "past"])
@pytest.mark.parametrize("name", WHOLE)
def test_a_refusal_of_the_repository_stops_at_once_and_says_what_to_do(
    asked: Asked, name: str, age: float
) -> None:
    effect, remedy = WHOLE[name]
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end + timedelta(days=age)) as github:
        github.fault(effect, times=None)
        ran = asked(github, scene.start, scene.end)
        assert len(github.requests) == 1
    assert (ran.code, ran.out, ran.slept, written()) == (3, "", (), [])
    assert remedy in ran.err


FINE_GRAINED = "Resource not accessible by personal access token"


@pytest.mark.parametrize("field", ["issues", "pullRequests"])
def test_a_list_that_a_fine_grained_token_may_not_read_is_no_quiet_hour(asked: Asked, field: str) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(refuses(FINE_GRAINED, ["repository", field]), times=None)
        ran = asked(github, scene.start, scene.end)
        assert len(github.requests) == 1
    assert (ran.code, written()) == (3, [])
    assert "Issues: read and Pull requests: read" in ran.err


def test_a_search_that_a_token_may_not_do_is_no_quiet_hour(asked: Asked) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=END + timedelta(days=9)) as github:
        github.fault(refuses(FINE_GRAINED, ["search0"]), times=None)
        ran = asked(github, START, END)
    assert (ran.code, written()) == (3, [])
    assert "Issues: read and Pull requests: read" in ran.err


THREADS: tuple[Thread, ...] = (
    PullRequest(1, SOON, history=(Closed(LATER, USER, merged=True),), reviews=(Review(LATER, USER),)),
    Issue(2, SOON, history=(Closed(LATER, USER, closer=1),), comments=(Comment(LATER, USER),)),
)
FIELDS: dict[str, tuple[int, list[str | int]]] = {
    "closer": (2, ["issues", 0, "timelineItems", "nodes", 0, "closer"]),
    "actor": (2, ["issues", 0, "timelineItems", "nodes", 0, "actor"]),
    "author": (2, ["issues", 0, "author"]),
    "labels": (2, ["issues", 0, "labels"]),
    "reviews": (1, ["pulls", 0, "reviews"]),
    "closingIssuesReferences": (1, ["pulls", 0, "closingIssuesReferences"]),
    "files": (1, ["pulls", 0, "files"]),
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_the_token_may_not_read_is_a_gap_and_the_rest_stands(asked: Asked, name: str) -> None:
    number, path = FIELDS[name]
    with GitHub(World("vllm-project/vllm", THREADS), now=END) as github:
        github.fault(refuses(SAML, path), operation="Details", times=None)
        report = asked.report(github, START, END)
        assert len(github.requests) == 2
    assert report["lists"]["closed_issues"] == [2]
    assert report["lists"]["merged_prs"] == [1]
    assert report["gaps"] == [{"code": "field_refused", "number": number, "detail": name}]
    assert f"#{number}" in Path(report["page"]).read_text(encoding="utf-8")


def test_an_entry_that_the_token_may_not_read_is_one_gap(asked: Asked) -> None:
    with GitHub(World("vllm-project/vllm", THREADS), now=END) as github:
        github.fault(refuses(SAML, ["issues", 0, "comments", "nodes", 0]), operation="Details", times=None)
        report = asked.report(github, START, END)
    assert report["gaps"] == [{"code": "field_refused", "number": 2, "detail": "comments"}]


def test_a_further_page_that_the_token_may_not_read_is_a_gap(asked: Asked) -> None:
    talk = tuple(Comment(SOON + timedelta(seconds=n), USER) for n in range(150))
    world = World("vllm-project/vllm", (Issue(2, SOON, comments=talk), Issue(3, SOON, comments=talk)))
    with GitHub(world, now=END) as github:
        github.fault(refuses(SAML, ["page0", "comments"]), operation="More", times=None)
        report = asked.report(github, START, END)
        assert len(github.requests) == 3
    assert [gap["code"] for gap in report["gaps"]] == ["field_refused"]
    remarks = [sum(event.is_remark for event in thread.events) for thread in stored(report).threads]
    assert sorted(remarks) == [100, 150]


def test_a_listed_thread_that_the_token_may_not_read_stops_with_the_reason(asked: Asked) -> None:
    with GitHub(World("vllm-project/vllm", THREADS), now=END) as github:
        github.fault(refuses(SAML, ["issues", 0]), operation="Details", times=None)
        ran = asked(github, START, END)
        assert len(github.requests) == 2
    assert (ran.code, ran.slept, written()) == (3, (), [])
    assert "#2 cannot be read" in ran.err
    assert CONFIGURE_SSO in ran.err


ABUSE: Mapping[str, str] = {
    "abuse": "You have triggered an abuse detection mechanism. Please wait a few minutes and try again.",
    "abuse, in short": "You have triggered an abuse detection mechanism and have been temporarily blocked.",
    "wait": "Please wait a few minutes before you try again.",
}


@pytest.mark.parametrize("name", ABUSE)
def test_a_403_that_speaks_of_abuse_waits_as_a_secondary_limit_does(asked: Asked, name: str) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.says(403, {"message": ABUSE[name]}), times=2)
        ran = asked(github, scene.start, scene.end)
    assert (ran.code, ran.slept) == (0, (60, 120))


def test_an_older_server_that_does_not_know_issue_types_is_asked_without_them(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end, unknown=("Issue", "issueType")) as github:
        report = asked.report(github, scene.start, scene.end)
        assert len(github.requests) == 3
    assert report["lists"] == lists_of(scene)


def test_a_server_that_does_not_know_what_a_report_needs_is_named(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end, unknown=("Issue", "isMinimized")) as github:
        ran = asked(github, scene.start, scene.end)
    assert ran.code == 3
    assert "does not know the field isMinimized" in ran.err
    assert TOKEN not in ran.err
