"""The instructions of docs/operating.md: its crontab line runs, its systemd units are valid."""

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.servers.github import TOKEN, GitHub
from tests.servers.world import World

PAGE = Path(__file__).parent.parent.joinpath("docs", "operating.md").read_text(encoding="utf-8")
PROGRAM = Path(sys.executable).with_name("vllm-digest")
FOLDER = "/srv/vllm-digest"


def block(language: str, after: str) -> str:
    """The code block of a language that follows some words."""
    match = re.search(rf"{re.escape(after)}.*?```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert match, after
    return match[1]


def test_the_crontab_line_does_what_it_should(tmp_path: Path) -> None:
    line = block("cron", "## From cron").splitlines()[-1]
    command = line.split(maxsplit=5)[5].replace(FOLDER, str(tmp_path))
    assert "%" not in command, "cron takes a % for the end of the line"
    tmp_path.joinpath(".venv/bin").mkdir(parents=True)
    tmp_path.joinpath(".venv/bin/vllm-digest").symlink_to(PROGRAM)
    # The program uses the real clock here; GitHub's is always ahead of it.
    with GitHub(World("vllm-project/vllm", ()), now=datetime(2099, 1, 1, tzinfo=UTC)) as github:
        secrets = f"GITHUB_TOKEN={TOKEN}\nGITHUB_API_URL={github.url}\n"
        tmp_path.joinpath("secrets.env").write_text(secrets, encoding="utf-8")
        ran = subprocess.run(
            ["/bin/sh", "-c", command],
            env={"PATH": os.defpath, "HOME": "/"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    page = tmp_path / tmp_path.joinpath("pages.log").read_text(encoding="utf-8").strip()
    assert page.read_text(encoding="utf-8").startswith("---\n")


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    """The page's units, with this installation as their program."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("NO systemd-analyze: the units of docs/operating.md are not checked")
    paths = []
    for kind in ("service", "timer"):
        path = tmp_path / f"vllm-digest@.{kind}"
        text = block("ini", f"vllm-digest@.{kind}`:").replace(f"{FOLDER}/.venv/bin/vllm-digest", str(PROGRAM))
        path.write_text(text, encoding="utf-8")
        paths.append(path)
    return paths


def test_systemd_finds_nothing_wrong_with_the_units(units: list[Path]) -> None:
    ran = subprocess.run(
        ["systemd-analyze", "verify", *units],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath},
    )
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")


def test_the_service_is_shut_in(units: list[Path]) -> None:
    ran = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=20", units[0]],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.defpath},
    )
    assert ran.returncode == 0, ran.stdout.splitlines()[-1]
