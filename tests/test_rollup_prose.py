"""A roll-up's prose: what was told before is used again, the other threads' texts are fetched by number."""

import json
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.authors import question, writes
from tests.conftest import Ran, Run
from tests.servers import faults
from tests.servers.github import TOKEN, GitHub
from tests.servers.model import ModelServer
from tests.servers.traffic import Scene, day
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime

DAY = ("rollup", "--day", "2025-12-10")
LATER = timedelta(hours=5)
"""Events continue for this long after the day; its roll-up must not contain them."""


@pytest.fixture(scope="module")
def scene() -> Scene:
    return day(7, listed=40, touched=15)


@pytest.fixture(scope="module")
def hours(scene: Scene, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of the day's hours, written by a model."""
    folder = tmp_path_factory.mktemp("hours")
    with GitHub(scene.world, now=scene.end + LATER) as github, ModelServer(writes) as server:
        world = Runtime(
            clock=lambda: github.now,
            environ={
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_API_URL": github.url,
                "XDG_CACHE_HOME": str(folder / "cache"),
                "VLLM_DIGEST_REPORT_OUTPUT": str(folder / "archive"),
                **server.environ,
            },
        )
        assert run_command(("backfill", "2025-12-10", "--window", "1h", "--quiet"), world) == 0
    return folder / "archive"


@pytest.fixture
def archive(hours: Path) -> Path:
    return Path(shutil.copytree(hours, "archive"))


@pytest.fixture
def github(scene: Scene) -> Iterator[GitHub]:
    with GitHub(scene.world, now=scene.end + LATER) as github:
        yield github


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer(writes) as server:
        yield server


class Command:
    """Commands with a token and a model, unless told otherwise."""

    def __init__(self, run: Run, github: GitHub, server: ModelServer) -> None:
        self._run, self._github, self._server = run, github, server

    def __call__(self, *arguments: str, token: str = TOKEN, **environ: str) -> Ran:
        known = {"GITHUB_API_URL": self._github.url, **({"GITHUB_TOKEN": token} if token else {})}
        given = {"PATH": "", **known, **self._server.environ, **environ}
        return self._run(*arguments, environ=given, now=self._github.now)


@pytest.fixture
def command(run: Run, github: GitHub, server: ModelServer) -> Command:
    return Command(run, github, server)


def stored(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    data: dict[str, Any] = json.loads(Path(ran.out.strip()).with_suffix(".json").read_text("utf-8"))
    return data


def told(report: dict[str, Any]) -> set[int]:
    return {brief["number"] for brief in report["narrative"]["briefs"]}


def lost(report: dict[str, Any]) -> set[str]:
    return {one["reason"] for one in report["narrative"].get("fallbacks", ())}


def materials(server: ModelServer) -> list[list[dict[str, Any]]]:
    """The lines of all prompts so far."""
    return [[json.loads(line) for line in question(asked).splitlines()] for asked in server.calls]


def briefed(server: ModelServer) -> set[int]:
    """The threads that a writer was asked about."""
    prompts = [lines for lines in materials(server) if "repo" not in lines[0] and "claim" not in lines[-1]]
    return {lines[0]["facts"]["number"] for lines in prompts}


@pytest.mark.usefixtures("archive")
def test_a_day_is_told_from_what_hours_told_and_from_two_requests(
    command: Command, scene: Scene, github: GitHub, server: ModelServer
) -> None:
    plan = json.loads(command(*DAY, "--dry-run", "--json").out)
    assert not github.requests
    assert not server.calls
    report = stored(command(*DAY, "--strict"))
    asked = briefed(server)
    assert 0 < len(asked) == plan["texts"]
    assert [call.operation for call in github.requests if call.operation != "Rows"] == ["Threads"]
    assert len(github.requests) <= plan["requests"] == 2
    assert len(server.calls) == plan["calls"]
    assert report["provenance"]["requests"] == len(github.requests)
    page = next(Path("archive/reports/vllm-project/vllm/day").rglob("*.md")).read_text("utf-8")
    assert f"部分条目的原文另用 {len(github.requests)} 次请求取得" in page
    assert asked < told(report)
    assert report["narrative"]["overview"]["findings"]
    said = [line["at"] for lines in materials(server) for line in lines if "at" in line]
    assert said
    assert max(said) < f"{scene.end:%Y-%m-%dT%H:%MZ}"


@pytest.mark.usefixtures("archive")
def test_a_longer_roll_up_uses_what_a_shorter_one_told(command: Command, server: ModelServer) -> None:
    day_told = told(stored(command(*DAY)))
    server.calls.clear()
    both = stored(command("rollup", "--from", "2025-12-09", "--to", "2025-12-10"))
    assert len(briefed(server)) < len(told(both) & day_told)


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize("why", ["no token", "GitHub refuses", "no model", "no model wanted"])
def test_what_cannot_be_asked_for_is_told_by_rules(
    command: Command, github: GitHub, server: ModelServer, why: str
) -> None:
    github.fault(faults.cut_json(), operation="Threads", times=None)
    given = {
        "no token": {"token": ""},
        "no model": {"OPENAI_BASE_URL": ""},
    }.get(why, {})
    ran = command(*DAY, *(["--no-llm"] if why == "no model wanted" else []), **given)
    report = stored(ran)
    assert told(report)
    assert briefed(server) == set()
    reasons = {"no model": {"no-model"}, "no model wanted": set()}
    assert lost(report) == reasons.get(why, {"no-text"})
    assert bool(github.requests) == (why == "GitHub refuses")
    assert bool(server.calls) == (why in ("no token", "GitHub refuses"))
    assert ("the texts of" in ran.err) == (why == "GitHub refuses")


@pytest.mark.usefixtures("archive")
def test_a_run_has_the_roll_ups_that_are_due_told_as_well(
    command: Command, scene: Scene, github: GitHub, server: ModelServer
) -> None:
    github.now = scene.end + timedelta(minutes=2)
    ran = command("run", VLLM_DIGEST_REPORT_ROLLUPS="[day]")
    assert Path(ran.out.strip()).parts[-4] == "day"
    assert briefed(server) <= told(stored(ran))
    assert [call.operation for call in github.requests if call.operation != "Rows"] == ["Threads"]
