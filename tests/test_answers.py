"""Answers of GitHub with a field of another type, null or missing: an error names it, without a traceback.

`VLLM_DIGEST_FUZZ=5000` tries so many answers instead of a few.
"""

import copy
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import examples
from tests.conftest import Run
from tests.servers.answers import Answer
from tests.servers.faults import Effect, Exchange
from tests.servers.github import TOKEN, GitHub
from tests.servers.world import (
    Closed,
    Comment,
    Issue,
    MarkedDuplicate,
    PullRequest,
    Reopened,
    Review,
    Thread,
    World,
)
from tests.test_fetch import END, LATER, SOON, START, USER, Asked, asked, written

__all__ = ["asked"]

BEFORE = START - timedelta(days=9)
LONG = tuple(Comment(SOON + timedelta(seconds=n), USER) for n in range(101))
THREADS: tuple[Thread, ...] = (
    Issue(
        1, SOON, history=(Closed(LATER, USER, closer=3),), comments=LONG, labels=("bug",), issue_type="Bug"
    ),
    Issue(
        2, BEFORE, history=(Closed(BEFORE, None), Reopened(SOON, None), MarkedDuplicate(SOON, canonical=1))
    ),
    PullRequest(
        3,
        BEFORE,
        history=(Closed(LATER, USER, merged=True),),
        reviews=tuple(Review(SOON, USER, comments=(Comment(SOON, USER, path="a.py"),)) for _ in range(21)),
        closes=(1,),
    ),
    PullRequest(4, BEFORE, comments=(Comment(SOON, USER),)),
)
WORLD = World("vllm-project/vllm", THREADS)
WRONG: tuple[Any, ...] = (
    None,
    0,
    -1,
    10**30,
    1e300,
    True,
    "",
    "x",
    "9999-12-31T23:59:59-23:00",
    [],
    {},
    [None],
)
OPERATIONS = ("Recent", "Search", "Details", "More")


class Place(NamedTuple):
    """A value in an answer: what holds it, and by which key or place."""

    holder: Any
    key: str | int

    @property
    def name(self) -> str | int:
        return self.key


def places(value: Any) -> Iterator[Place]:
    """Every value in an answer, but for the answer itself."""
    inner: Iterator[tuple[str | int, Any]] = iter(())
    if isinstance(value, dict):
        inner = iter(value.items())
    elif isinstance(value, list):
        inner = iter(enumerate(value))
    for key, there in inner:
        yield Place(value, key)
        yield from places(there)


class Mutation:
    """Changes one value of an answer, the `place`th of them in turn; `name` is what a message calls it."""

    def __init__(self, place: int, wrong: Any) -> None:
        self.place = place
        self.wrong = wrong
        self.name: str | int = ""

    def __call__(self, exchange: Exchange) -> Answer:
        real = exchange.real()
        payload = copy.deepcopy(real.payload)
        found = list(places(payload))
        holder, key = found[self.place % len(found)]
        self.name = key
        if self.wrong == "missing" and isinstance(holder, dict):
            del holder[key]
        else:
            holder[key] = self.wrong
        return replace(real, payload=payload)


@settings(
    max_examples=examples(40),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    operation=st.sampled_from(OPERATIONS),
    place=st.integers(0, 3_000),
    wrong=st.sampled_from((*WRONG, "missing")),
)
def test_a_value_that_is_wrong_never_ends_in_a_traceback(
    asked: Asked, operation: str, place: int, wrong: Any
) -> None:
    age = timedelta(days=9) if operation == "Search" else timedelta()
    with GitHub(WORLD, now=END + age) as github:
        github.fault(Mutation(place, wrong), operation=operation, times=None)
        ran = asked(github, START, END, "--no-llm")
    assert ran.code in {0, 3}, ran.err
    assert "Traceback" not in ran.err


REQUIRED: dict[str, tuple[str, tuple[str | int, ...]]] = {
    "createdAt": ("Details", ("data", "issues", 0, "createdAt")),
    "number": ("Details", ("data", "issues", 0, "number")),
    "title": ("Details", ("data", "issues", 0, "title")),
    "state": ("Details", ("data", "issues", 0, "state")),
    "login": ("Details", ("data", "issues", 0, "author", "login")),
    "nodes": ("Details", ("data", "issues", 0, "comments", "nodes")),
    "body": ("Details", ("data", "issues", 0, "comments", "nodes", 3, "body")),
    "hasNextPage": ("Details", ("data", "issues", 0, "comments", "pageInfo", "hasNextPage")),
    "url": ("Details", ("data", "issues", 0, "url")),
    "isDraft": ("Details", ("data", "pulls", 0, "isDraft")),
    "additions": ("Details", ("data", "pulls", 0, "additions")),
    "submittedAt": ("Details", ("data", "pulls", 0, "reviews", "nodes", 0, "submittedAt")),
    "__typename": ("Recent", ("data", "repository", "issues", "nodes", 0, "__typename")),
    "updatedAt": ("Recent", ("data", "repository", "issues", "nodes", 0, "updatedAt")),
    "nameWithOwner": ("Recent", ("data", "repository", "nameWithOwner")),
    "cost": ("Recent", ("data", "rateLimit", "cost")),
    "issueCount": ("Search", ("data", "search0", "issueCount")),
}


def changed(path: tuple[str | int, ...], value: Any) -> Effect:
    """The real answer with another value at this path, or without it."""

    def effect(exchange: Exchange) -> Answer:
        real = exchange.real()
        payload = copy.deepcopy(real.payload)
        there = payload
        for step in path[:-1]:
            there = there[step]
        there[path[-1]] = value
        return replace(real, payload=payload)

    return effect


@pytest.mark.parametrize("name", REQUIRED)
def test_a_field_of_a_wrong_type_is_named(asked: Asked, name: str) -> None:
    operation, path = REQUIRED[name]
    with GitHub(WORLD, now=END + timedelta(days=9 if operation == "Search" else 0)) as github:
        github.fault(changed(path, {"a": 1}), operation=operation, times=None)
        ran = asked(github, START, END)
        assert len(github.asked(operation)) == 3
    assert (ran.code, written()) == (3, [])
    assert name in ran.err
    assert "gave no usable answer 3 times" in ran.err


@pytest.mark.parametrize("name", REQUIRED)
def test_a_field_that_is_null_is_named(asked: Asked, name: str) -> None:
    operation, path = REQUIRED[name]
    with GitHub(WORLD, now=END + timedelta(days=9 if operation == "Search" else 0)) as github:
        github.fault(changed(path, None), operation=operation, times=None)
        ran = asked(github, START, END)
    assert (ran.code, written()) == (3, [])
    assert name in ran.err


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("data", "pulls", 0, "mergedAt"), "mergedAt is null, though state is MERGED"),
        (("data", "issues", 0, "closedAt"), "closedAt is null, though state is CLOSED"),
        (("data", "issues", 0, "comments", "pageInfo", "endCursor"), "endCursor is null, though hasNextPage"),
    ],
)
def test_fields_that_contradict_each_other_are_named(
    asked: Asked, path: tuple[str | int, ...], message: str
) -> None:
    with GitHub(WORLD, now=END) as github:
        github.fault(changed(path, None), operation="Details", times=None)
        ran = asked(github, START, END)
    assert (ran.code, written()) == (3, [])
    assert message in ran.err


def test_half_a_pair_of_surrogates_is_a_question_mark(asked: Asked) -> None:
    with GitHub(WORLD, now=END) as github:
        github.fault(changed(("data", "issues", 0, "title"), "half \ud83d"), operation="Details")
        report = asked.report(github, START, END)
    assert "half ?" in Path(report["page"]).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "body",
    [
        "[]",
        "null",
        "5",
        '"text"',
        "[" * 5_000,
        "{" * 5_000,
        '{"data": ' + "9" * 5_000 + "}",
        '{"data": []}',
        "{}",
    ],
    ids=lambda body: body[:12],
)
def test_a_body_that_is_no_answer_is_told(run: Run, body: str) -> None:
    with GitHub(WORLD, now=END) as github:
        github.fault(lambda _: Answer(text=body), times=None)
        ran = run("run", environ={"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url})
        assert len(github.requests) == 3
    assert ran.code == 3
    assert "gave no usable answer 3 times" in ran.err
