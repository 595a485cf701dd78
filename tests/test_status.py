"""`status`: its output for people, and its exit code for monitoring."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import archives
from tests.conftest import Ran, Run
from tests.servers.github import TOKEN, GitHub
from tests.servers.world import World
from vllm_digest.window import TimeWindow

REPO = "vllm-project/vllm"
DAY = datetime(2025, 12, 10, tzinfo=UTC)
EMPTY = World(REPO, ())


def at(hours: float) -> datetime:
    return DAY + timedelta(hours=hours, minutes=2)


@pytest.fixture
def report_on(run: Run) -> Callable[..., None]:
    """`report_on(10, 11)`: an hour's report with its page, from 10 o'clock to 11."""

    def report_on(start: float, end: float, *options: str) -> None:
        span = [(DAY + timedelta(hours=hours)).isoformat() for hours in (start, end)]
        with GitHub(EMPTY, now=at(end)) as github:
            environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
            ran = run("run", "--since", span[0], "--until", span[1], *options, environ=environ, now=at(end))
        assert ran.code == 0, ran.err

    return report_on


@pytest.fixture
def status(run: Run) -> Callable[..., Ran]:
    """`status(12.5)`: the command at half past twelve."""
    return lambda hours, *options: run("status", *options, now=at(hours))


def as_json(ran: Ran) -> Any:
    return json.loads(ran.out)


def hours(spans: list[dict[str, str]]) -> list[str]:
    return [f"{span['start'][8:16]}~{span['end'][8:16]}" for span in spans]


def test_a_series_that_goes_on_is_well(report_on: Callable[..., None], status: Callable[..., Ran]) -> None:
    for start in (8, 9, 10):
        report_on(start, start + 1)
    ran = status(12.4)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "vllm-project/vllm 1h\n"
        "  stored    3 windows, 2025-12-10 16:00 (UTC+8) ~ 2025-12-10 19:00 (UTC+8)\n"
        "  last run  2025-12-10 19:02 (UTC+8)\n"
        "  next run  1 window, 2025-12-10 19:00 (UTC+8) ~ 2025-12-10 20:24 (UTC+8)\n"
    )


def test_what_is_missing_overlaps_or_is_late_is_shown_and_alarms(
    report_on: Callable[..., None], status: Callable[..., Ran]
) -> None:
    for start in (6, 8, 8.5):
        report_on(start, start + 1)
    ran = status(11.5)
    assert ran.code == 1
    assert ran.out == (
        "vllm-project/vllm 1h: NOT WELL\n"
        "  stored    3 windows, 2025-12-10 14:00 (UTC+8) ~ 2025-12-10 17:30 (UTC+8)\n"
        "  last run  2025-12-10 17:32 (UTC+8), LATE\n"
        "  missing   2025-12-10 15:00 (UTC+8) ~ 2025-12-10 16:00 (UTC+8)\n"
        "  overlaps  2025-12-10 16:30 (UTC+8) ~ 2025-12-10 17:00 (UTC+8)\n"
        "  next run  3 windows, 2025-12-10 15:00 (UTC+8) ~ 2025-12-10 19:30 (UTC+8)\n"
    )


def test_one_line_of_json_says_the_same(report_on: Callable[..., None], status: Callable[..., Ran]) -> None:
    for start in (6, 8):
        report_on(start, start + 1)
    said = as_json(status(10.5, "--json"))
    (series,) = said["series"]
    assert list(series) == [
        *("repo", "series", "ok", "windows", "first", "last", "made_at", "late", "unfinished", "missing"),
        *("holes", "overlaps", "again", "next"),
    ]
    assert (said["ok"], series["ok"], series["late"], series["windows"]) == (False, False, True, 2)
    assert (series["first"], series["last"]) == ("2025-12-10T06:00:00+00:00", "2025-12-10T09:00:00+00:00")
    assert series["made_at"] == "2025-12-10T09:02:00+00:00"
    assert hours(series["missing"]) == hours(series["holes"]) == ["10T07:00~10T08:00"]
    assert hours(series["next"]) == ["10T07:00~10T08:00", "10T09:00~10T10:00", "10T10:00~10T10:30"]


@pytest.mark.parametrize(("late", "code"), [(1.4, 0), (1.5, 1), (30, 1)])
def test_a_series_is_late_when_more_than_one_window_is_due(
    report_on: Callable[..., None], status: Callable[..., Ran], late: float, code: int
) -> None:
    report_on(9, 10)
    assert status(10 + late).code == code


def test_an_archive_with_nothing_in_it_is_not_well(status: Callable[..., Ran]) -> None:
    ran = status(10)
    assert (ran.code, ran.out.splitlines()[1]) == (1, "  stored    nothing")
    assert not Path("archive").exists()


def test_the_configured_series_is_judged_and_the_others_are_shown(
    report_on: Callable[..., None], status: Callable[..., Ran], run: Run
) -> None:
    run("run", "--sample")
    report_on(9, 10)
    report_on(4, 6)
    report_on(0, 5, "--repo", "VLLM-project/vllm")
    ran = status(11)
    assert ran.code == 0
    heads = [line for line in ran.out.splitlines() if line and not line.startswith(" ")]
    assert heads == [
        f"{REPO} 1h",
        "VLLM-project/vllm 5h",
        f"{REPO} 2h: NOT WELL",
        f"{REPO} sample",
    ]
    assert status(11, "--window", "2h").code == 1
    assert status(11, "--repo", "other/one").code == 1


def test_a_hole_alarms_as_long_as_runs_look_back(
    report_on: Callable[..., None], status: Callable[..., Ran]
) -> None:
    Path("config.yaml").write_text("report: {catch_up: 24h}", encoding="utf-8")
    for start in (0, 30, 31):
        report_on(start, start + 1)
    ran = status(33)
    assert ran.code == 1
    assert "missing   2025-12-10 09:00 (UTC+8) ~ 2025-12-11 14:00 (UTC+8)" in ran.out
    assert hours(as_json(status(33, "--json"))["series"][0]["next"]) == ["11T08:00~11T09:00"]
    report_on(56, 57)
    assert "old holes 2025-12-10 09:00" in status(57.5).out


def test_a_gap_that_the_next_run_leaves_out_is_told(
    report_on: Callable[..., None], status: Callable[..., Ran]
) -> None:
    report_on(0, 1)
    assert (
        "  next run  1 window, 2025-12-18 09:00 (UTC+8) ~ 2025-12-18 10:00 (UTC+8)\n"
        "  left out  2025-12-10 09:00 (UTC+8) ~ 2025-12-18 09:00 (UTC+8): only `backfill` reports it\n"
    ) in status(8 * 24 + 2).out


def test_a_report_whose_page_is_missing_is_told(
    report_on: Callable[..., None], status: Callable[..., Ran]
) -> None:
    for start in (8, 9):
        report_on(start, start + 1)
    next(Path("archive").rglob("*T0900Z-*.md")).unlink()
    ran = status(10.5)
    assert ran.code == 1
    assert "no page   2025-12-10 17:00 (UTC+8) ~ 2025-12-10 18:00 (UTC+8)" in ran.out
    next(Path("archive").rglob("*T0800Z-*.json")).write_text("{", encoding="utf-8")
    assert "last run" not in status(10.5).out


def test_of_many_holes_the_latest_are_shown(status: Callable[..., Ran]) -> None:
    for hour in range(0, 40, 2):
        start, end = (DAY + timedelta(hours=hour + more) for more in (0, 1))
        report = archives.report(TimeWindow(start, end), [])
        archives.opened(Path("archive")).store(report, "page")
    lines = status(39).out.splitlines()
    assert "  missing   19 of them, the last 10:" in lines
    assert sum(line.startswith("  missing   2025") for line in lines) == 10
