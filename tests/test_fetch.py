"""Fetching through the command line: complete whether GitHub works or fails, or the gap is reported."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import archives
from tests.conftest import Ran, Run
from tests.servers import faults
from tests.servers.faults import Effect
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import Scene, day, hour
from tests.servers.world import (
    Actor,
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
from vllm_digest.report import Digest

LISTS = {
    "new_issues": "new_issues",
    "closed_issues": "closed_issues",
    "new_prs": "new_pulls",
    "merged_prs": "merged_pulls",
    "closed_unmerged_prs": "unmerged_pulls",
}
START = datetime(2025, 12, 10, 10, 42, tzinfo=UTC)
END = START + timedelta(hours=1)
SOON = START + timedelta(minutes=5)
LATER = START + timedelta(minutes=30)
USER = Actor("somebody")


class Asked:
    """The command, run against a local GitHub."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def __call__(self, github: GitHub, start: datetime, end: datetime, *more: str, **environ: str) -> Ran:
        return self._run(
            *("run", "--since", start.isoformat(), "--until", end.isoformat(), "--json", *more),
            environ={"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url, **environ},
            now=github.now,
        )

    def report(self, github: GitHub, start: datetime, end: datetime, *more: str, **environ: str) -> Any:
        ran = self(github, start, end, *more, **environ)
        assert ran.code == 0, ran.err
        return json.loads(ran.out)


@pytest.fixture
def asked(run: Run) -> Asked:
    return Asked(run)


def written() -> list[Path]:
    return [path for path in Path().rglob("*") if path.is_file()]


def lists_of(scene: Scene) -> dict[str, list[int]]:
    return {name: list(getattr(scene.truth, there)) for name, there in LISTS.items()}


def talked_in(report: Any) -> set[int]:
    return {thread.number for thread in stored(report).threads}


def stored(report: Any) -> Digest:
    """The digest of the data file that a line of `--json` names."""
    return archives.load(Path(report["data"])).digest


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_hour_is_complete_and_cheap(asked: Asked, seed: int) -> None:
    scene = hour(seed, listed=10, touched=15)
    with GitHub(scene.world, now=scene.end) as github:
        report = asked.report(github, scene.start, scene.end)
    assert report["lists"] == lists_of(scene)
    assert talked_in(report) == scene.truth.listed | scene.truth.touched
    assert report["github"] == {"requests": len(github.requests), "points": github.points}
    assert report["github"]["requests"] <= 4
    assert report["gaps"] == []


def test_a_day_is_complete_and_within_its_budget(asked: Asked) -> None:
    scene = day(1)
    with GitHub(scene.world, now=scene.end) as github:
        report = asked.report(github, scene.start, scene.end)
    assert report["lists"] == lists_of(scene)
    assert talked_in(report) == scene.truth.listed | scene.truth.touched
    assert report["github"]["requests"] <= 26
    assert report["github"]["points"] <= 130


def test_a_window_just_ended_does_not_rest_on_the_lagging_search_index(asked: Asked) -> None:
    scene = hour(4, listed=10, touched=4)
    with GitHub(scene.world, now=scene.end, index_lag=timedelta(hours=3)) as github:
        assert asked.report(github, scene.start, scene.end)["lists"] == lists_of(scene)


@pytest.mark.parametrize("days", [2, 40])
def test_a_window_long_past_is_complete(asked: Asked, days: int) -> None:
    scene = day(5, listed=60, touched=20)
    with GitHub(scene.world, now=scene.end + timedelta(days=days)) as github:
        report = asked.report(github, scene.start, scene.end)
    assert report["lists"] == lists_of(scene)
    assert talked_in(report) == scene.truth.listed | scene.truth.touched


@pytest.mark.parametrize("days", [0.1, 2, 40])
def test_a_past_window_is_told_as_it_would_have_been_at_its_end(asked: Asked, days: float) -> None:
    scene = day(5, listed=60, touched=20)
    facts = []
    for now in (scene.end, scene.end + timedelta(days=days)):
        with GitHub(scene.world, now=now) as github:
            report = asked.report(github, scene.start, scene.end)
        digest = stored(report)
        dated = ("number", "state", "state_reason", "closed_at", "merged_at", "closed_by", "heat")
        threads = [[getattr(thread, name) for name in dated] for thread in digest.threads]
        facts.append((report["lists"], threads, digest.activity))
    assert facts[0] == facts[1]


@pytest.mark.parametrize("days", [0.1, 2, 400])
def test_what_was_undone_or_done_later_stands_as_it_did_at_the_window_s_end(
    asked: Asked, days: float
) -> None:
    before = START - timedelta(days=70)
    bot = Actor("github-actions", "Bot")
    threads: tuple[Thread, ...] = (
        Issue(1, before, "Closed, reopened later", history=(Closed(SOON, USER), Reopened(END, USER))),
        Issue(
            2,
            before,
            "Closed, reopened later, closed by a bot still later",
            history=(Closed(SOON, USER), Reopened(END, USER), Closed(END + timedelta(hours=1), bot)),
        ),
        Issue(3, before, "Closed and reopened", history=(Closed(SOON, USER), Reopened(LATER, USER))),
        PullRequest(
            4,
            before,
            "Closed, then merged",
            history=(Closed(SOON, USER), Reopened(END, USER), Closed(END, USER, merged=True)),
        ),
        Issue(5, SOON, "Marked later", history=(MarkedDuplicate(END, USER, canonical=1), Closed(END, USER))),
    )
    with GitHub(World("vllm-project/vllm", threads), now=END + timedelta(days=days)) as github:
        report = asked.report(github, START, END)
    assert report["lists"] == {
        "new_issues": [5],
        "closed_issues": [2, 1],
        "new_prs": [],
        "merged_prs": [],
        "closed_unmerged_prs": [4],
    }
    data = stored(report)
    assert data.links == ()
    assert {t.number: t.closed_by.login for t in data.threads if t.closed_by} == {
        4: "somebody",
        2: "somebody",
        1: "somebody",
    }


@pytest.mark.parametrize("said", [1, 70])
def test_an_old_thread_s_words_are_found_under_all_that_was_said_later(asked: Asked, said: int) -> None:
    before = START - timedelta(days=70)
    later = tuple(Comment(END + timedelta(minutes=n), USER, "later") for n in range(said))
    reviews = tuple(Review(END + timedelta(minutes=n), USER) for n in range(said))
    threads = (
        Issue(1, before, comments=(Comment(SOON, USER, "in time"), *later)),
        PullRequest(2, before, reviews=(Review(SOON, USER, "in time"), *reviews)),
        PullRequest(3, before, comments=later, reviews=reviews),
    )
    with GitHub(World("vllm-project/vllm", threads), now=END + timedelta(days=30)) as github:
        assert talked_in(asked.report(github, START, END)) == {1, 2}


def test_a_search_beyond_a_thousand_results_is_split(asked: Asked) -> None:
    issues = tuple(Issue(number, START + timedelta(seconds=number), f"{number}") for number in range(1, 1201))
    with GitHub(World("vllm-project/vllm", issues), now=END + timedelta(days=3)) as github:
        report = asked.report(github, START, END)
    assert report["lists"]["new_issues"] == list(range(1200, 0, -1))


def test_what_happened_after_a_past_window_is_not_in_it(asked: Asked) -> None:
    issue = Issue(
        1,
        SOON,
        "Open at the window's end",
        comments=(Comment(LATER, USER, "in time"), Comment(END, USER, "too late")),
        history=(Closed(END, USER),),
    )
    with GitHub(World("vllm-project/vllm", (issue,)), now=END + timedelta(days=2)) as github:
        report = asked.report(github, START, END)
        page = Path(report["page"]).read_text(encoding="utf-8")
    assert report["lists"]["closed_issues"] == []
    assert "in time" in page
    assert "too late" not in page
    assert "1 条评论，1 人" in page


def test_an_event_on_the_start_belongs_to_the_window_and_one_on_the_end_to_the_next(asked: Asked) -> None:
    world = World("vllm-project/vllm", (Issue(1, START, "first"), Issue(2, END, "next")))
    for now in (END + timedelta(minutes=1), END + timedelta(days=3)):
        with GitHub(world, now=now) as github:
            assert asked.report(github, START, END)["lists"]["new_issues"] == [1]


def test_an_item_closed_reopened_and_closed_again_is_listed_once(asked: Asked) -> None:
    issue = Issue(
        7, SOON, "On and off", history=(Closed(SOON, USER), Reopened(LATER, USER), Closed(LATER, USER))
    )
    with GitHub(World("vllm-project/vllm", (issue,)), now=END) as github:
        report = asked.report(github, START, END)
    assert report["lists"]["new_issues"] == report["lists"]["closed_issues"] == [7]


def test_a_thread_touched_while_the_lists_are_read_is_not_lost(asked: Asked) -> None:
    """It moves to the top of the list during reading; only reading the top again finds it."""
    old = tuple(Issue(n, START + timedelta(seconds=n), f"{n}") for n in range(2, 150))
    moving = Issue(1, START, "Commented on meanwhile", touched=(END + timedelta(seconds=30),))
    with GitHub(World("vllm-project/vllm", (moving, *old)), now=END) as github:
        github.fault(
            faults.meanwhile(lambda server: setattr(server, "now", END + timedelta(minutes=1))),
            operation="Recent",
        )
        report = asked.report(github, START, END)
    assert report["counts"]["new_issues"] == 149


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=2)], ids=["recent", "past"])
def test_pages_of_a_server_of_one_s_own_link_to_it(asked: Asked, age: timedelta) -> None:
    issue = Issue(1, START - timedelta(days=9), history=(Closed(SOON, USER),))
    closing = "Closes https://github.example.org/acme/widget/issues/1"
    pull = PullRequest(2, SOON, "A fix", body=closing, author=Actor("fix_acme"))
    for threads in ((), (issue, pull)):
        world = World("acme/widget", threads, site="https://github.example.org")
        with GitHub(world, now=END + age) as github:
            report = asked.report(github, START, END, "--repo", "acme/widget")
        assert stored(report).repo_url == "https://github.example.org/acme/widget"
        assert "https://github.com/acme" not in Path(report["page"]).read_text(encoding="utf-8")
    assert [(link.source, link.target) for link in stored(report).links] == [(2, 1)]


def test_a_quiet_window_is_a_report_like_any_other(asked: Asked) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=END) as github:
        report = asked.report(github, START, END)
        page = Path(report["page"]).read_text(encoding="utf-8")
    assert set(report["counts"].values()) == {0}
    assert "没有新增、关闭或合并任何 Issue 与 PR" in page
    assert report["github"]["requests"] == 1


def test_odd_threads_are_threads(asked: Asked) -> None:
    bot = Actor("dependabot", "Bot")
    threads: tuple[Thread, ...] = (
        Issue(1, SOON, "", body="", author=None, comments=(Comment(LATER, None, ""),)),
        Issue(2, SOON, "[Usage]: 大家一般怎么使用？", author=Actor("some-org", "Organization")),
        PullRequest(3, SOON, "Bump something", author=bot, history=(Closed(LATER, bot, merged=True),)),
        PullRequest(4, SOON, "Reviewed", reviews=(Review(None, None, "never sent", begun_at=SOON),)),
    )
    with GitHub(World("vllm-project/vllm", threads), now=END) as github:
        report = asked.report(github, START, END)
        page = Path(report["page"]).read_text(encoding="utf-8")
    assert report["counts"]["new_issues"] == report["counts"]["new_prs"] == 2
    assert "（无标题） — 无标签 — by ghost" in page
    assert "by dependabot (合并于" in page
    assert "never sent" not in page


@pytest.mark.parametrize("age", [timedelta(minutes=1), timedelta(days=2)])
def test_a_renamed_repository_is_found_by_its_old_name_and_shown_by_its_new_one_where_it_always_stood(
    asked: Asked, age: timedelta
) -> None:
    issue = Issue(1, SOON, "Here", comments=(Comment(LATER, USER, "still here"),))
    world = World(
        "new/name", (issue, Issue(2, START - timedelta(days=1), "Old", comments=(Comment(SOON, USER),)))
    )
    world = World(world.repo, world.threads, former_names=("old/name",))
    with GitHub(world, now=END + age) as github:
        report = asked.report(github, START, END, "--repo", "old/name")
    assert report["repo"] == "new/name"
    assert report["lists"]["new_issues"] == [1]
    assert talked_in(report) == {1, 2}
    assert "/old/name/" in report["page"]


def test_when_the_clock_lies_about_a_window_long_past_github_s_own_clock_decides(asked: Asked) -> None:
    scene = hour(6, listed=6, touched=3)
    with GitHub(scene.world, now=scene.end + timedelta(days=60)) as github:
        report = asked.report(github, scene.start, scene.end, "--now", scene.end.isoformat())
        assert len(github.asked("Recent")) == 1
        assert github.asked("Search")
    assert report["lists"] == lists_of(scene)


PASSING: dict[str, Effect] = {
    "502": faults.bad_gateway(),
    "504": faults.gateway_timeout(),
    "500": faults.says(500, {"message": "Server Error"}),
    "503 in HTML": faults.says(503, text="<html>Unicorn</html>"),
    "a timeout told by GraphQL": faults.query_timed_out(200),
    "HTML": faults.html_page(),
    "nothing": faults.empty_body(),
    "cut JSON": faults.cut_json(),
    "a reset": faults.reset(),
    "a reset in the body": faults.reset_in_body(),
    "a short body": faults.short_body(),
    "points spent": faults.rate_limited(60),
    "requests spent": faults.rate_limit_exceeded(60),
    "a secondary limit, 403": faults.secondary_limit(403),
    "a secondary limit, 403 with a time": faults.secondary_limit(403, retry_after=30),
    "a secondary limit, 429": faults.secondary_limit(429),
    "a secondary limit, 429 with a time": faults.secondary_limit(429, retry_after=30),
    "a secondary limit, 200": faults.secondary_limit(200),
    "limits of one query": faults.resource_limits_exceeded(keep=1),
}


@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=2)], ids=["recent", "past"])
@pytest.mark.parametrize("name", PASSING)
def test_after_a_passing_fault_anywhere_the_report_is_complete(
    asked: Asked, name: str, age: timedelta
) -> None:
    scene = hour(8, listed=8, touched=4, long=1)
    with GitHub(scene.world, now=scene.end + age) as github:
        for operation in ("Recent", "Search", "Details", "More"):
            github.fault(PASSING[name], operation=operation)
        report = asked.report(github, scene.start, scene.end)
    assert report["lists"] == lists_of(scene)
    assert talked_in(report) == scene.truth.listed | scene.truth.touched
    assert report["gaps"] == []


def test_a_batch_too_large_for_github_is_halved_and_stays_so(asked: Asked) -> None:
    scene = day(9, listed=80, touched=0)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.bad_gateway(), operation="Details", when=faults.bigger_than(12), times=None)
        report = asked.report(github, scene.start, scene.end)
        sizes = [len(call.numbers) for call in github.asked("Details")]
    assert report["lists"] == lists_of(scene)
    assert sum(size > 12 for size in sizes) <= 3


LASTING: dict[str, tuple[Effect, str]] = {
    # First, because these take seconds: at the end of a run other processes would wait for them.
    "a hang": (faults.hang(), "gave no usable answer 3 times: no answer in time"),
    "a hang in the body": (faults.hang_in_body(), "gave no usable answer 3 times: no answer in time"),
    "502": (faults.bad_gateway(), "could not list the threads"),
    "500": (faults.says(500, {"message": "Server Error"}), "gave no usable answer 3 times: Server Error"),
    "HTML": (faults.html_page(), "gave no usable answer 3 times"),
    "nothing": (faults.empty_body(), "gave no usable answer 3 times: an empty or unreadable answer"),
    "cut JSON": (faults.cut_json(), "gave no usable answer 3 times"),
    "a reset": (faults.reset(), "gave no usable answer 3 times: the connection failed"),
    "too long a query": (faults.gateway_timeout(), "in time. Sorry about that.\n"),
    "points spent": (faults.rate_limited(3600), " (UTC+8), and runs wait 15m at most."),
    "requests spent": (faults.rate_limit_exceeded(3600), "rate limit is used up until"),
    "a secondary limit": (faults.secondary_limit(403), "rate limit is used up"),
    "a bad token": (faults.bad_credentials(), "refused the token (401 Bad credentials)"),
    "no permission": (
        faults.says(403, {"message": "Resource not accessible by integration"}),
        "does not allow this (403 Resource not accessible by integration)",
    ),
    "a redirect": (faults.says(301, {}, location="https://elsewhere.example/"), "gave no usable answer"),
}


@pytest.mark.parametrize("name", LASTING)
def test_a_lasting_fault_ends_with_a_message_and_nothing_written(asked: Asked, name: str) -> None:
    effect, message = LASTING[name]
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(effect, times=None)
        ran = asked(github, scene.start, scene.end, VLLM_DIGEST_GITHUB_TIMEOUT="1")
        assert len(github.requests) <= 12
    assert ran.code == 3
    assert message in ran.err
    assert ran.out == ""
    assert TOKEN not in ran.err
    assert written() == []
    assert sum(ran.slept) <= 15 * 60


def test_a_token_revoked_in_the_middle_ends_the_run(asked: Asked) -> None:
    scene = day(9, listed=80, touched=0)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.bad_credentials(), operation="Details", nth=2)
        ran = asked(github, scene.start, scene.end)
    assert (ran.code, written()) == (3, [])
    assert "refused the token" in ran.err


def test_a_repository_that_is_not_there_is_named(asked: Asked) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=END) as github:
        ran = asked(github, START, END, "--repo", "nobody/nothing")
    assert ran.code == 3
    assert "GitHub knows no repository nobody/nothing" in ran.err


def test_a_server_that_is_not_there_is_named(run: Run) -> None:
    environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": "http://127.0.0.1:9"}
    ran = run("run", environ=environ)
    assert ran.code == 3
    assert "GitHub at http://127.0.0.1:9 gave no usable answer 3 times" in ran.err


def test_waits_are_as_long_as_github_asks_by_its_own_clock(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.rate_limited(90))
        github.fault(faults.secondary_limit(403, retry_after=40), operation="Details")
        ran = asked(github, scene.start, scene.end, "--now", (scene.end + timedelta(hours=5)).isoformat())
    assert ran.code == 0
    assert ran.slept == (91, 40)


def test_waits_of_unknown_length_are_a_minute_and_then_longer(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.secondary_limit(403), times=3)
        ran = asked(github, scene.start, scene.end)
    assert (ran.code, ran.slept) == (0, (60, 120, 240))


def test_a_listed_thread_that_cannot_be_had_fails_the_run(asked: Asked) -> None:
    scene = hour(8, listed=8, touched=4)
    lost = min(scene.truth.listed)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.null_nodes(lost), operation="Details", times=None)
        ran = asked(github, scene.start, scene.end)
    assert (ran.code, written()) == (3, [])
    assert f"GitHub did not give #{lost}" in ran.err


def test_a_touched_thread_that_cannot_be_had_is_a_gap_on_the_page(asked: Asked) -> None:
    scene = hour(8, listed=8, touched=4)
    lost = min(scene.truth.touched - scene.truth.listed)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.null_nodes(lost), operation="Details", times=None)
        report = asked.report(github, scene.start, scene.end)
        page = Path(report["page"]).read_text(encoding="utf-8")
    assert report["lists"] == lists_of(scene)
    assert report["gaps"] == [{"code": "thread_unreadable", "number": lost, "detail": ""}]
    assert f"未能取得：#{lost}（GitHub 未能给出其内容）" in page


def test_files_that_cannot_be_had_are_a_gap_and_the_rest_stands(asked: Asked) -> None:
    scene = hour(8, listed=8, touched=4)
    pull = scene.truth.new_pulls[0]
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.broken_field(pull, "files"), operation="Details", times=None)
        report = asked.report(github, scene.start, scene.end)
    assert report["lists"] == lists_of(scene)
    assert report["gaps"] == [{"code": "files_missing", "number": pull, "detail": ""}]


def test_a_thread_deleted_while_it_is_fetched_is_a_gap(asked: Asked) -> None:
    gone = Issue(1, SOON, "Deleted", deleted_at=END + timedelta(seconds=1))
    world = World("vllm-project/vllm", (gone, Issue(2, SOON, "Here")))
    with GitHub(world, now=END) as github:
        github.fault(
            faults.meanwhile(lambda server: setattr(server, "now", END + timedelta(minutes=1))),
            operation="Details",
        )
        report = asked.report(github, START, END)
    assert report["lists"]["new_issues"] == [2]
    assert report["gaps"] == [{"code": "thread_deleted", "number": 1, "detail": ""}]
