"""`backfill` as a user meets it: past days in one go, complete, resumable, and cheap."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran, Run
from tests.servers import faults
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import stream
from tests.servers.truth import truth
from tests.servers.world import World
from tests.test_fetch import LISTS
from vllm_digest.window import TimeWindow

MIDNIGHT = datetime(2025, 12, 7, 16, tzinfo=UTC)
"""Of 2025-12-08 in Shanghai."""
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


def reports(root: str = "site") -> dict[TimeWindow, Any]:
    """What is stored, by window."""
    return {
        TimeWindow.from_slug(path.stem): json.loads(path.read_text(encoding="utf-8"))
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
        lists = report["digest"]["lists"]
        assert {name: lists.get(name, []) for name in LISTS} == {
            name: list(getattr(expected, there)) for name, there in LISTS.items()
        }
        numbers = {thread["number"] for thread in report["digest"]["threads"]}
        assert numbers == expected.listed | expected.touched
    assert sorted(stored)[0].start == MIDNIGHT
    assert sorted(stored)[-1].end == END
    assert all(one.end == other.start for one, other in pairwise(sorted(stored)))


def test_a_day_of_a_backfill_is_the_day_that_a_run_makes(backfill: Backfill) -> None:
    backfill("--from", DAYS[0], "--to", DAYS[2])
    for day in DAYS:
        backfill("--date", day, "--output", "other", command="run")
    assert {window: report["digest"] for window, report in reports().items()} == {
        window: report["digest"] for window, report in reports("other").items()
    }
    assert list(reports()) == days()


def test_a_range_of_hours_costs_github_what_its_days_cost(backfill: Backfill, github: GitHub) -> None:
    costs = []
    for length in ("24h", "2h"):
        before = len(github.requests), github.points
        backfill("--from", DAYS[0], "--to", DAYS[2], "--window", length)
        costs.append((len(github.requests) - before[0], github.points - before[1]))
    assert costs[0] == costs[1]
    told = [report["provenance"] for report in reports().values()]
    assert sum(one.get("requests", 0) for one in told) == 2 * (costs[0][0] - 1)


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
    assert f"{done} of 3 windows are published; the same command goes on with the others." in ran.err
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
    assert f"{days()[1].slug} is left out. GitHub did not give #{lost}" in ran.err
    assert "1 of 3 windows could not be complete and are not published." in ran.err
    github.faults.remove(fault)
    assert backfill("--from", DAYS[0], "--to", DAYS[2]).code == 0
    assert list(reports()) == days()


def ends(window: TimeWindow) -> tuple[datetime, datetime]:
    return window.start, window.end


def test_a_dry_run_says_how_much_it_is_and_asks_once(backfill: Backfill, github: GitHub) -> None:
    ran = backfill("--from", DAYS[0], "--to", DAYS[2], "--dry-run")
    assert ran.code == 0
    assert ran.out.startswith(
        "3 windows of 24h to report on from 2025-12-08 00:00 (UTC+8) to 2025-12-11 00:00 (UTC+8), 0 stored."
    )
    assert len(github.requests) == 1
    assert not Path("site").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ((), "A backfill is of one DATE, or --from one --to another."),
        (("--from", "2025-12-08"), "A backfill is of one DATE"),
        (("2025-12-08", "--from", "2025-12-08"), "A backfill is of one DATE"),
        (("yesterday",), "'yesterday' is not a date"),
        (("2025-02-30",), "'2025-02-30' is not a date"),
        (("--from", "2025-12-08T00:00:30", "--to", "2025-12-09"), "has seconds in it"),
        (("--from", "2025-12-09", "--to", "2025-12-08"), "--to 2025-12-08 is before --from 2025-12-09."),
        (("2025-12-31",), "2025-12-31 is not over: it ends 2026-01-01 00:00 (UTC+8)"),
        (("2030-01-01",), "2030-01-01 is not over"),
        (("9999-12-31",), "9999-12-31"),
        (("0001-01-01",), "0001-01-01"),
        (("2021-12-08",), "vllm-project/vllm was made on 20"),
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
