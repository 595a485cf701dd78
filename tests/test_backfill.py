"""`backfill`: past days in one command, complete, resumable, with few requests."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests import archives
from tests.authors import writes
from tests.conftest import Ran, Run
from tests.servers import faults
from tests.servers.answers import Answer
from tests.servers.github import TOKEN, GitHub
from tests.servers.model import ModelServer
from tests.servers.traffic import day as busy_day
from tests.servers.traffic import stream
from tests.servers.truth import truth
from tests.servers.world import World
from tests.test_fetch import LISTS
from vllm_digest.cli import run_command
from vllm_digest.report import Digest
from vllm_digest.runtime import Runtime as Outside
from vllm_digest.window import TimeWindow

MIDNIGHT = datetime(2025, 12, 7, 16, tzinfo=UTC)
"""The start of 2025-12-08 in Shanghai, in UTC."""
DAYS = ("2025-12-08", "2025-12-09", "2025-12-10")
DAY = timedelta(days=1)
END = MIDNIGHT + 3 * DAY
LATER = END + timedelta(days=20)


@pytest.fixture(scope="module")
def world() -> World:
    return stream(3, MIDNIGHT, days=5, rate=0.6)


@pytest.fixture
def github(world: World) -> Iterator[GitHub]:
    with GitHub(world, now=LATER) as github:
        yield github


class Backfill:
    def __init__(self, run: Run, github: GitHub) -> None:
        self._run = run
        self._github = github

    def __call__(self, *arguments: str, command: str = "backfill", **environ: str) -> Ran:
        return self._run(
            *(command, *arguments),
            environ={"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": self._github.url, **environ},
            now=self._github.now,
        )


@pytest.fixture
def backfill(run: Run, github: GitHub) -> Backfill:
    return Backfill(run, github)


def reports(root: str = "archive") -> dict[TimeWindow, Digest]:
    """What is stored, by window."""
    return {
        TimeWindow.from_slug(path.stem): archives.load(path).digest
        for path in sorted(Path(root).rglob("*.json"))
    }


def days() -> list[TimeWindow]:
    return [TimeWindow(MIDNIGHT + n * DAY, MIDNIGHT + (n + 1) * DAY) for n in range(3)]


@pytest.mark.parametrize("length", ["24h", "2h", "48h"])
def test_every_window_says_what_was_true_at_its_end(backfill: Backfill, world: World, length: str) -> None:
    ran = backfill("--from", DAYS[0], "--to", DAYS[2], "--window", length)
    assert (ran.code, ran.err) == (0, "")
    stored = reports()
    assert [Path(line).stem for line in ran.out.splitlines()] == [window.slug for window in stored]
    for window, report in stored.items():
        expected = truth(world, window.start, window.end)
        lists = report.lists.items()
        assert {name: list(lists[name]) for name in LISTS} == {
            name: list(getattr(expected, there)) for name, there in LISTS.items()
        }
        numbers = {thread.number for thread in report.threads}
        assert numbers == expected.listed | expected.touched
    assert sorted(stored)[0].start == MIDNIGHT
    assert sorted(stored)[-1].end == END
    assert all(one.end == other.start for one, other in pairwise(sorted(stored)))


def test_a_day_of_a_backfill_is_the_day_that_a_run_makes(backfill: Backfill) -> None:
    backfill("--from", DAYS[0], "--to", DAYS[2])
    for day in DAYS:
        backfill("--date", day, "--output", "other", command="run")
    assert reports() == reports("other")
    assert list(reports()) == days()


def test_a_range_of_hours_costs_github_what_its_days_cost(backfill: Backfill, github: GitHub) -> None:
    costs = []
    for length in ("24h", "2h"):
        before = len(github.requests), github.points
        backfill("--from", DAYS[0], "--to", DAYS[2], "--window", length)
        costs.append((len(github.requests) - before[0], github.points - before[1]))
    assert costs[0] == costs[1]
    told = [archives.load(path).provenance for path in sorted(Path("archive").rglob("*.json"))]
    assert sum(one.requests for one in told) == 2 * (costs[0][0] - 1)


def test_no_thread_is_fetched_twice_however_many_days_it_goes_on(backfill: Backfill, github: GitHub) -> None:
    backfill("--from", DAYS[0], "--to", DAYS[2])
    assert len(github.asked("Details")) > 1
    fetched = [number for call in github.asked("Details") for number in call.numbers]
    assert len(fetched) == len(set(fetched))


def test_what_is_stored_is_skipped_and_force_does_it_again(backfill: Backfill, github: GitHub) -> None:
    backfill(DAYS[1])
    first = backfill("--from", DAYS[0], "--to", DAYS[2])
    assert len(first.out.splitlines()) == 2
    asked = len(github.requests)
    again = backfill("--from", DAYS[0], "--to", DAYS[2])
    assert (again.code, again.out, len(github.requests)) == (0, "", asked)
    assert "is stored: nothing to do without --force" in again.err
    forced = backfill("--from", DAYS[0], "--to", DAYS[2], "--force")
    assert len(forced.out.splitlines()) == 3
    assert len(backfill(DAYS[1], "--force").out.splitlines()) == 1
    assert list(reports()) == days()


def test_hours_that_a_scheduler_stored_off_the_hour_are_not_reported_twice(backfill: Backfill) -> None:
    for minutes in (42, 102):
        start = MIDNIGHT + timedelta(minutes=minutes)
        backfill("--since", start.isoformat(), "--window", "1h", command="run")
    for more in ((), ("--force",)):
        assert backfill(DAYS[0], "--window", "1h", *more).code == 0
        stored = sorted(reports())
        assert all(one.end == other.start for one, other in pairwise(stored))
        assert sum((window.length for window in stored), timedelta()) == DAY


def test_moments_name_a_span_of_their_own(backfill: Backfill) -> None:
    ran = backfill("--from", "2025-12-08T10:42+08:00", "--to", "2025-12-08T05:12Z", "--window", "1h")
    assert [window.start.minute for window in reports()] == [42, 42, 42]
    assert [window.length for window in reports()][-1] == timedelta(minutes=30)
    assert ran.code == 0


@pytest.mark.parametrize("nth", [1, 2])
def test_after_a_failure_what_was_published_stays_and_the_same_command_goes_on(
    backfill: Backfill, github: GitHub, nth: int
) -> None:
    github.fault(faults.bad_credentials(), operation="Details", nth=nth)
    ran = backfill("--from", DAYS[0], "--to", DAYS[2])
    assert ran.code == 3
    done = len(ran.out.splitlines())
    assert "refused the token" in ran.err
    assert f"{done} of 3 windows are published; the same command continues with the others." in ran.err
    assert len(reports()) == done
    rest = backfill("--from", DAYS[0], "--to", DAYS[2])
    assert (rest.code, len(rest.out.splitlines())) == (0, 3 - done)
    assert list(reports()) == days()


def test_a_window_that_cannot_be_complete_is_left_out_and_told(
    backfill: Backfill, github: GitHub, world: World
) -> None:
    lost = next(n for n in truth(world, *ends(days()[1])).new_issues)
    fault = github.fault(faults.null_nodes(lost), operation="Details", times=None)
    ran = backfill("--from", DAYS[0], "--to", DAYS[2])
    assert ran.code == 3
    assert (
        f"{DAYS[1]} 00:00 (UTC+8) ~ {DAYS[2]} 00:00 (UTC+8) is left out. GitHub did not give #{lost}"
        in ran.err
    )
    assert "1 of 3 windows could not be fetched completely and are not published." in ran.err
    github.faults.remove(fault)
    assert backfill("--from", DAYS[0], "--to", DAYS[2]).code == 0
    assert list(reports()) == days()


def ends(window: TimeWindow) -> tuple[datetime, datetime]:
    return window.start, window.end


def test_what_a_window_lacks_is_told_on_its_page_alone(
    backfill: Backfill, github: GitHub, world: World
) -> None:
    here = [truth(world, *ends(day)) for day in days()]
    lost = min(here[1].touched - here[0].touched - here[1].listed - here[2].touched - here[2].listed)
    github.fault(faults.null_nodes(lost), operation="Details", times=None)
    assert backfill("--from", DAYS[0], "--to", DAYS[2]).code == 0
    found = [report.gaps for report in reports().values()]
    gaps = [[(gap.code, gap.number) for gap in window] for window in found]
    assert gaps == [[], [("thread_unreadable", lost)], []]


def test_days_just_over_are_read_off_the_lists_and_are_the_same(backfill: Backfill, github: GitHub) -> None:
    backfill("--from", DAYS[0], "--to", DAYS[2])
    github.now, github.index_lag = END + timedelta(hours=1), timedelta(days=9)
    ran = backfill(DAYS[2], "--output", "recent", "--max-wait", "1m")
    assert ran.code == 0
    assert list(reports("recent")) == days()[2:]
    dated = ("number", "state", "closed_at", "merged_at", "closed_by", "heat")
    late, early = (
        [[getattr(thread, name) for name in dated] for thread in stored[days()[2]].threads]
        for stored in (reports(), reports("recent"))
    )
    assert late == early


def test_a_page_fetched_days_later_says_what_is_as_of_then(backfill: Backfill) -> None:
    late = Path(backfill(DAYS[0]).out.strip()).read_text(encoding="utf-8")
    assert "抓取在窗口结束 22 天之后：其后的评论、关闭、重开与合并均不计入，而标题、" in late


def test_a_renamed_repository_is_swept_under_its_old_name(run: Run, world: World) -> None:
    moved = World("new/name", world.threads, former_names=("old/name",))
    with GitHub(moved, now=LATER) as github:
        ran = Backfill(run, github)("--from", DAYS[0], "--to", DAYS[2], "--repo", "old/name")
    assert (ran.code, len(ran.out.splitlines())) == (0, 3)
    assert all("/old/name/" in line for line in ran.out.splitlines())
    assert {report.repo for report in reports().values()} == {"new/name"}


class Hours:
    """A runtime whose clock advances by each sleep."""

    def __init__(self, github: GitHub) -> None:
        self.github = github
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.github.now += timedelta(seconds=seconds)

    def run(self, *arguments: str) -> int:
        environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": self.github.url}
        return run_command(arguments, Outside(lambda: self.github.now, environ, self.sleep))


def test_it_leaves_a_tenth_of_the_points_to_others(world: World) -> None:
    with GitHub(world, now=LATER, limit=1000) as github:
        github.budget.spend(890, LATER)
        hours = Hours(github)
        assert hours.run("backfill", DAYS[0], "--max-wait", "12h") == 0
    assert hours.slept == [3601]


def test_it_waits_for_the_next_hours_points(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with GitHub(world, now=LATER, limit=30) as github:
        hours = Hours(github)
        span = ("--from", DAYS[0], "--to", DAYS[2])
        assert hours.run("backfill", *span, "--dry-run") == 0
        assert "of it waiting for the next hours' points" in capsys.readouterr().out
        assert hours.run("backfill", *span, "--max-wait", "12h") == 0
        said = capsys.readouterr()
    assert list(reports()) == days()
    assert hours.slept
    assert all(3000 < seconds <= 3601 for seconds in hours.slept)
    assert "of it waiting for the next hours' points" in said.err
    assert "GitHub asks for a pause of" in said.err


def test_without_patience_it_says_until_when_and_goes_on_later(backfill: Backfill, github: GitHub) -> None:
    github.fault(faults.rate_limited(3000), operation="Details", nth=2)
    ran = backfill("--from", DAYS[0], "--to", DAYS[2])
    assert (ran.code, ran.slept) == (3, ())
    assert "rate limit is used up until 2025-12-31 00:50 (UTC+8)" in ran.err
    assert "1 of 3 windows are published; the same command continues with the others." in ran.err
    assert len(backfill("--from", DAYS[0], "--to", DAYS[2]).out.splitlines()) == 2


def program(github: GitHub, *arguments: str) -> tuple[list[str], dict[str, str]]:
    path = Path(sys.executable).with_name("vllm-digest")
    environ = {"PATH": os.defpath, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
    return [str(path), "backfill", "--now", github.now.isoformat(), *arguments], environ


def test_ctrl_c_keeps_what_is_done_and_the_next_time_the_rest_is_made(
    backfill: Backfill, github: GitHub
) -> None:
    command, environ = program(github, "--from", DAYS[0], "--to", DAYS[2])

    def interrupt(exchange: faults.Exchange) -> Answer:
        process.send_signal(signal.SIGINT)
        return faults.hang()(exchange)

    github.fault(interrupt, operation="Details", nth=2)
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        out, said = process.communicate()
    assert process.returncode == 130
    assert said.strip() == "vllm-digest: interrupted; nothing half-done was left behind."
    assert [Path(line).stem for line in out.splitlines()] == [days()[0].slug]
    assert list(reports()) == days()[:1]
    assert len(backfill("--from", DAYS[0], "--to", DAYS[2]).out.splitlines()) == 2


def test_a_person_who_watches_sees_how_far_it_is_and_how_long_it_takes(github: GitHub) -> None:
    command, environ = program(github, "--from", DAYS[0], "--to", DAYS[2])
    ours, theirs = os.openpty()
    ran = subprocess.run(command, env=environ, stdout=subprocess.PIPE, stderr=theirs, check=True, text=True)
    os.close(theirs)
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "\r\x1b[K0 of 3 windows, 1 threads, about " in seen
    assert "1 of 3 windows, " in seen
    assert seen.rpartition("\r\x1b[K")[2].startswith("next: `vllm-digest status` tells what is stored")
    assert len(ran.stdout.splitlines()) == 3


def test_a_dry_run_says_how_much_it_is_and_asks_once(backfill: Backfill, github: GitHub) -> None:
    ran = backfill("--from", DAYS[0], "--to", DAYS[2], "--dry-run")
    first, *lines = ran.out.splitlines()
    assert ran.code == 0
    assert first == (
        "3 windows of 24h to report on from 2025-12-08 00:00 (UTC+8) to 2025-12-11 00:00 (UTC+8), 0 stored."
    )
    assert [line.partition(":")[0] for line in lines] == ["GitHub", "Model", "Time"]
    assert "Model: none." in lines
    assert len(github.requests) == 1
    assert reports() == {}


def test_a_dry_run_is_near_what_it_will_be(run: Run) -> None:
    scene = busy_day(4, listed=150, touched=30)
    with GitHub(scene.world, now=scene.end + timedelta(days=9)) as github:
        backfill = Backfill(run, github)
        with ModelServer(writes) as model:
            told = json.loads(backfill("2025-12-10", "--dry-run", "--json", **model.environ).out)
            ran = json.loads(backfill("2025-12-10", "--json", **model.environ).out)
            many = {**model.environ, "VLLM_DIGEST_REPORT_LANGUAGES": "[zh, en]"}
            bilingual = json.loads(backfill("2025-12-11", "--dry-run", "--json", **many).out)
            alone = json.loads(backfill("2025-12-11", "--dry-run", "--json", **model.environ).out)
    rows = sum(ran["counts"].values())
    assert (told["windows"], told["stored"], told["waits"]) == (1, 0, 0)
    assert 0.9 <= told["rows"] / rows <= 1.1
    assert 0.5 <= told["requests"] / ran["github"]["requests"] <= 2
    assert 0.5 <= told["points"] / ran["github"]["points"] <= 2
    assert told["calls"] == ran["llm"]["calls"]
    assert 0.5 <= told["tokens"] / (ran["llm"]["prompt_tokens"] + ran["llm"]["completion_tokens"]) <= 2
    assert bilingual["calls"] == alone["calls"]
    assert bilingual["tokens"] > alone["tokens"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "A backfill needs a DATE, or --from and --to."),
        (("--from", "2025-12-08"), "A backfill needs a DATE"),
        (("2025-12-08", "--from", "2025-12-08"), "A backfill needs a DATE"),
        (("last week",), "'last week' is not a date"),
        (("2025-02-30",), "'2025-02-30' is not a date"),
        (("--from", "2025-12-08T00:00:30", "--to", "2025-12-09"), "has seconds."),
        (("--from", "2025-12-09", "--to", "2025-12-08"), "--to 2025-12-08 is before --from 2025-12-09."),
        (("2025-12-31",), "2025-12-31 has not ended: it ends 2026-01-01 00:00 (UTC+8)"),
        (("2030-01-01",), "2030-01-01 has not ended"),
        (("9999-12-31",), "9999-12-31"),
        (("0001-01-01",), "0001-01-01"),
        (("2021-12-08",), "vllm-project/vllm was created on 20"),
        (("--from", "2009-01-01", "--to", "2025-12-08", "--window", "1h"), "more than 20000 windows of 1h"),
        (("2025-12-08", "--window", "5h"), "Days do not divide into windows of 5h."),
        (("2025-12-08", "--window", "36h"), "Days do not divide into windows of 36h."),
        (("2025-12-08", "--window", "0h"), "is not a length of time"),
        (("2025-12-08", "--max-wait", "long"), "'long' is not a length of time"),
    ],
)
def test_wrong_usage_is_code_2_and_a_sentence(
    backfill: Backfill, arguments: tuple[str, ...], complaint: str
) -> None:
    ran = backfill(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert complaint in ran.err
    assert reports() == {}
