"""Repeated `run`: windows join, whatever was missed, doubled, deleted or interrupted."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from tests import archives
from tests.conftest import Run
from tests.servers import faults
from tests.servers.answers import Answer
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import stream
from tests.servers.truth import truth
from tests.simulation import check_truth
from tests.trouble import FAULTS, HANGS
from vllm_digest.archive import lock_series
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime

REPO = "vllm-project/vllm"
SERIES = Path("archive/reports", REPO, "1h")
START = datetime(2025, 12, 10, 10, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORLD = stream(1, START - timedelta(hours=2), hours=12, rate=1, long=0)


class Cron:
    """`vllm-digest run` at a time of the clock, against a GitHub whose clock agrees unless told otherwise."""

    def __init__(self, run: Run, github: GitHub) -> None:
        self._run, self.github = run, github

    def __call__(self, clock: str, *arguments: str, skew: timedelta = timedelta()) -> tuple[int, str]:
        """Run at the time `"11:05"` of the day; the exit code and what was said."""
        now = at(clock)
        self.github.now = now - skew
        environ = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": self.github.url,
            "VLLM_DIGEST_GITHUB_TIMEOUT": "1",
        }
        ran = self._run("run", *arguments, environ=environ, now=now)
        return ran.code, ran.out + ran.err


def at(clock: str) -> datetime:
    return datetime.combine(START, datetime.strptime(clock, "%H:%M").time(), UTC)  # noqa: DTZ007 - it is UTC


def windows() -> list[str]:
    """The stored windows' times of day: `"09:03-10:03"`."""
    stored = archives.stored_windows(Path("archive"), REPO, "1h")
    return [f"{window.start:%H:%M}-{window.end:%H:%M}" for window in stored]


def leave_a_hole(cron: Cron) -> None:
    """Two windows are stored, and a run at 13:05 has two to fetch apart: 10:03-11:03 and 12:03-13:03."""
    cron("10:05")
    cron("12:05", "--exact")


def page(clock: str) -> Path:
    """The page of the window that begins then."""
    return next(SERIES.glob(f"*/*/*T{clock.replace(':', '')}Z-*.md"))


def files() -> list[str]:
    return sorted(path.name for path in Path("archive").rglob("*") if path.is_file())


@pytest.fixture
def cron(run: Run) -> Iterator[Cron]:
    with GitHub(WORLD, now=START) as github:
        yield Cron(run, github)


def test_a_run_begins_where_the_last_one_ended_and_ends_before_the_present(cron: Cron) -> None:
    for clock in ("10:05", "11:05", "12:25", "12:45"):
        assert cron(clock)[0] == 0
    assert windows() == ["09:03-10:03", "10:03-11:03", "11:03-12:23", "12:23-12:43"]


def test_missed_hours_become_windows_of_an_hour_each_printed_when_it_is_done(cron: Cron) -> None:
    cron("10:05")
    code, said = cron("13:30")
    assert (code, windows()[1:]) == (0, ["10:03-11:03", "11:03-12:03", "12:03-13:28"])
    assert [line for line in said.splitlines() if line.endswith(".md")] == [
        str(page(clock)) for clock in ("10:03", "11:03", "12:03")
    ]
    assert "has 3 windows to catch up with" in said


def test_the_sample_s_hour_does_not_pass_for_one_that_was_reported(run: Run, cron: Cron) -> None:
    run("run", "--sample")
    assert cron("10:05")[0] == 0
    assert windows() == ["09:03-10:03"]


def test_who_is_up_to_date_is_told_so(cron: Cron) -> None:
    cron("10:05")
    said = f"vllm-digest: {REPO} is up to date: reported until 2025-12-10 18:03 (UTC+8)\n"
    assert cron("10:05") == (0, said)
    assert windows() == ["09:03-10:03"]


def test_exact_is_the_last_hour_whatever_is_stored(cron: Cron) -> None:
    for clock in ("10:05", "10:35", "14:05"):
        assert cron(clock, "--exact")[0] == 0
    assert windows() == ["09:03-10:03", "09:33-10:33", "13:03-14:03"]
    assert cron("15:05")[0] == 0
    assert windows()[2:] == [*("10:33-11:33", "11:33-12:33", "12:33-13:03"), "13:03-14:03", "14:03-15:03"]


def test_a_named_window_is_exactly_that_one(cron: Cron) -> None:
    cron("10:05")
    assert cron("14:05", "--since", "2025-12-10T12:00Z", "--until", "2025-12-10T13:00Z")[0] == 0
    assert windows() == ["09:03-10:03", "12:00-13:00"]


def test_how_long_a_window_settles_can_be_set(cron: Cron) -> None:
    Path("config.yaml").write_text("report: {settle: 15m}", encoding="utf-8")
    cron("10:05")
    assert windows() == ["08:50-09:50"]


def test_a_gap_that_is_too_long_is_told_with_the_command_that_fills_it(cron: Cron) -> None:
    Path("config.yaml").write_text("report: {catch_up: 2h}", encoding="utf-8")
    cron("08:05")
    code, said = cron("15:05")
    assert (code, windows()) == (0, ["07:03-08:03", "14:03-15:03"])
    command = f"--repo {REPO} --from 2025-12-10T16:03+08:00 --to 2025-12-10T22:03+08:00 --window 1h"
    assert f"vllm-digest backfill {command}" in said
    assert cron("16:05")[1] == f"{page('15:03')}\n"


def test_a_window_whose_files_were_deleted_is_due_again(cron: Cron) -> None:
    for clock in ("10:05", "11:05", "12:05", "13:05"):
        cron(clock)
    before = page("10:03").read_text(encoding="utf-8")
    for clock in ("10:03", "12:03"):
        page(clock).with_suffix(".json").unlink()
        page(clock).unlink()
    assert cron("13:05")[0] == 0
    assert windows() == ["09:03-10:03", "10:03-11:03", "11:03-12:03", "12:03-13:03"]
    again = page("10:03").read_text(encoding="utf-8")
    assert again.splitlines()[:11] == before.splitlines()[:11]


def test_where_one_window_fails_those_before_it_stay_and_the_next_run_goes_on(cron: Cron) -> None:
    leave_a_hole(cron)
    cron.github.fault(faults.bad_credentials(), operation="Recent", nth=2, times=None)
    code, said = cron("14:05")
    assert (code, windows()[1:]) == (3, ["10:03-11:03", "11:03-12:03"])
    assert "GitHub refused the token" in said
    cron.github.faults.clear()
    assert cron("14:05")[0] == 0
    assert windows()[3:] == ["12:03-13:03", "13:03-14:03"]


def test_a_window_that_cannot_be_complete_holds_up_no_other(cron: Cron) -> None:
    leave_a_hole(cron)
    listed = truth(WORLD, at("10:03"), at("11:03")).listed
    cron.github.fault(faults.null_nodes(*listed), operation="Details", times=None)
    code, said = cron("13:05")
    assert (code, windows()[1:]) == (3, ["11:03-12:03", "12:03-13:03"])
    assert "1 of 2 windows could not be fetched completely" in said
    cron.github.faults.clear()
    assert cron("13:05")[0] == 0
    assert windows()[1] == "10:03-11:03"


def test_a_day_s_catching_up_asks_github_for_little_more_than_one_window_does(cron: Cron) -> None:
    cron("02:05")
    before = len(cron.github.requests)
    assert cron("23:05")[0] == 0
    assert len(windows()) == 22
    assert len(cron.github.requests) - before <= 6


@pytest.mark.parametrize("name", [*FAULTS, *HANGS])
def test_no_fault_of_github_loses_or_doubles_anything(cron: Cron, name: str) -> None:
    """It strikes in the second window of two, and if it can for good; hangs, which take time, once."""
    leave_a_hole(cron)
    effect, times = (HANGS[name](), 1) if name in HANGS else (FAULTS[name](), None)
    cron.github.fault(effect, nth=4, times=times)
    code, said = cron("13:05")
    assert code in {0, 3}
    assert windows()[1] == "10:03-11:03"
    assert (code == 3) == (len(windows()) < 4), said
    cron.github.faults.clear()
    assert cron("14:05")[0] == 0
    hours = ["09:03", "10:03", "11:03", "12:03", "13:03", "14:03"]
    assert windows() == [f"{start}-{end}" for start, end in pairwise(hours)]
    for data in sorted(SERIES.glob("*/*/*.json")):
        check_truth(WORLD, archives.load(data))


def test_a_clock_that_is_ahead_of_github_s_loses_nothing(cron: Cron) -> None:
    assert cron("10:05", skew=timedelta(minutes=1))[0] == 0
    code, said = cron("11:05", skew=timedelta(minutes=3))
    assert code == 3
    assert "By GitHub's clock it is 2025-12-10 19:02 (UTC+8), and the window is not over before" in said
    assert "before 2025-12-10 19:03 (UTC+8)." in said
    assert cron("11:05", skew=-timedelta(minutes=30))[0] == 0
    assert windows() == ["09:03-10:03", "10:03-11:03"]


def test_a_dry_run_prints_what_is_due_and_writes_nothing(cron: Cron) -> None:
    cron("10:05")
    _, said = cron("12:05", "--dry-run")
    assert said.count("> 时间窗口") == 2
    assert windows() == ["09:03-10:03"]


def test_with_json_there_is_a_line_for_each_window(cron: Cron) -> None:
    cron("10:05")
    _, said = cron("12:05", "--json", "-q")
    assert [json.loads(line)["window"]["start"][11:16] for line in said.splitlines()] == ["10:03", "11:03"]


def test_other_lengths_and_repositories_are_series_of_their_own(cron: Cron) -> None:
    cron("10:05")
    cron("11:05", "--window", "2h")
    assert windows() == ["09:03-10:03"]
    assert archives.opened(Path("archive")).series() == ((REPO, "1h"), (REPO, "2h"))


def test_a_second_run_leaves_with_a_code_of_its_own(cron: Cron) -> None:
    with lock_series(Path("archive"), REPO, "1h", wait=timedelta(), sleep=lambda _: None):
        code, said = cron("10:05")
        assert (code, windows()) == (6, [])
        assert f"Another run is at work in {SERIES}" in said
        assert cron("10:05", "--window", "2h")[0] == 0
    assert cron("10:05")[0] == 0
    assert not SERIES.joinpath(".lock").exists()


def test_a_second_run_waits_when_it_is_told_to(cron: Cron, capsys: pytest.CaptureFixture[str]) -> None:
    first = lock_series(Path("archive"), REPO, "1h", wait=timedelta(), sleep=lambda _: None)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) == 90:
            first.__exit__(None, None, None)

    environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": cron.github.url}
    first.__enter__()
    world = Runtime(lambda: START, environ, sleep)
    assert run_command(["run", "--wait", "1m"], world) == 6
    assert sum(slept) == 60
    assert run_command(["run", "--wait", "10m"], world) == 0
    assert sum(slept) == 90
    assert windows() == ["09:03-10:03"]
    capsys.readouterr()


def test_what_is_none_of_ours_in_the_archive_is_passed_over(cron: Cron) -> None:
    cron("10:05")
    strange = [SERIES / "README.md", *(page("09:03").with_name(name) for name in ("notes.md", "x.json"))]
    for path in strange:
        path.write_text("mine", encoding="utf-8")
    cron("11:05")
    assert windows() == ["09:03-10:03", "10:03-11:03"]
    assert all(path.read_text(encoding="utf-8") == "mine" for path in strange)


# What a killed run leaves.

KILL = """
import os, signal, sys
from vllm_digest.cli import main
steps = iter(range({step}))
def fsync(descriptor):
    if next(steps, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
os.fsync = fsync
main()
"""


@pytest.mark.parametrize("step", range(4))
def test_a_run_killed_while_it_writes_is_completed_by_the_next(run: Run, step: int) -> None:
    """Steps: a draft of the data, one of the page, the data in its place, the page in its place."""
    program = [sys.executable, "-c", KILL.format(step=step), "run", "--sample"]
    killed = subprocess.run(program, env={"PATH": os.defpath}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert ".lock" in files()
    ran = run("run", "--sample")
    assert ran.code == 0
    assert files() == ["20251210T1042Z-20251210T1142Z.json", "20251210T1042Z-20251210T1142Z.md"]


def test_a_run_killed_while_it_fetches_leaves_nothing_behind(cron: Cron) -> None:
    leave_a_hole(cron)

    def kill(exchange: faults.Exchange) -> Answer:
        process.kill()
        return faults.hang()(exchange)

    cron.github.now = at("13:05")
    cron.github.fault(kill, operation="Recent", nth=2)
    environ = {"PATH": os.defpath, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": cron.github.url}
    program = [sys.executable, "-m", "vllm_digest", "run", "--now", "2025-12-10T13:05Z"]
    with subprocess.Popen(program, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.communicate()
    assert windows() == ["09:03-10:03", "10:03-11:03", "11:03-12:03"]
    assert cron("13:05")[0] == 0
    assert windows()[3:] == ["12:03-13:03"]
    assert ".lock" not in files()


def test_a_page_that_was_never_written_is_made_from_its_data(cron: Cron) -> None:
    cron("10:05")
    cron("11:05")
    whole = page("10:03").read_text(encoding="utf-8")
    page("10:03").unlink()
    asked = len(cron.github.requests)
    code, said = cron("11:05")
    assert code == 0
    assert said.splitlines()[0] == str(page("10:03"))
    assert page("10:03").read_text(encoding="utf-8") == whole
    assert len(cron.github.requests) == asked


def test_data_that_is_damaged_is_named_and_its_window_reported_again(cron: Cron) -> None:
    cron("10:05")
    cron("11:05")
    data = page("10:03").with_suffix(".json")
    page("10:03").unlink()
    data.write_text(data.read_text(encoding="utf-8")[:100], encoding="utf-8")
    code, said = cron("11:25")
    assert (code, windows()) == (0, ["09:03-10:03", "10:03-11:23"])
    assert f"{data} is set aside: it is not JSON" in said
    assert "Other reports cover its window; remove it." in cron("11:45")[1]


def test_an_archive_that_was_moved_goes_on_where_it_was(cron: Cron) -> None:
    cron("10:05")
    shutil.move("archive", "elsewhere")
    assert cron("11:05", "--output", "elsewhere")[0] == 0
    assert [path.name[9:14] for path in sorted(Path("elsewhere").rglob("*.md"))] == ["0903Z", "1003Z"]
