"""A local imitation of what GitHub provides to the workflow of a publishing repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from tests import jekyll
from tests.actions import Job, Outputs, Runner
from tests.servers.github import TOKEN, GitHub

PROJECT = Path(__file__).parent.parent
WORKFLOW = PROJECT / ".github/workflows/digest.yml"
ADDRESS = "https://example.github.io/digest/"


class Forge:
    """A publishing repository as `init` lays it out, machines to run its workflow on, and its Pages site.

    `github` is what is reported on, and its time is the time of the machines. `deployed` is the site.
    """

    def __init__(self, home: Path, github: GitHub) -> None:
        self.home = home
        self.github = github
        self.remote = home / "remote.git"
        self.deployed = home / "deployed"
        self.cache = home / "cache"
        self.variables: dict[str, str] = {}
        self.secrets: dict[str, str] = {}
        self.environ: dict[str, str] = {}
        """Environment variables of the machines, in addition to the usual ones."""
        self._runs = 0
        self._lay_out()

    def later(self, *, hours: int) -> None:
        """Let time pass."""
        self.github.now += timedelta(hours=hours)

    def run(self, *, until: str = "", inputs: Mapping[str, Any] | None = None) -> dict[str, Job]:
        """One run of the workflow, all jobs or up to one, on machines that have nothing yet.

        By hand with `inputs`, without any on schedule.
        """
        self._runs += 1
        event = "schedule" if inputs is None else "workflow_dispatch"
        runner = Runner(
            home=self.home / f"run-{self._runs}",
            environ={
                "PATH": f"{self._programs()}:{os.defpath}",
                "OURS": _SLEEPLESS,
                "LANG": "C.UTF-8",
                "GITHUB_API_URL": self.github.url,
                "HOME": str(self.home / f"run-{self._runs}" / "home"),
                **self.environ,
            },
            stand_ins={
                "actions/cache": self._keep,
                "actions/checkout": self._check_out,
                "actions/setup-python": lambda _given, _workspace: {},
                "actions/jekyll-build-pages": _build,
                "actions/upload-pages-artifact": self._upload,
                "actions/deploy-pages": self._deploy,
            },
            contexts={
                "github": {"token": TOKEN, "event_name": event},
                "inputs": inputs or {},
                "secrets": self.secrets,
                "vars": self.variables,
            },
        )
        return runner.run(WORKFLOW, until=until)

    def reports(self) -> list[str]:
        """The files of the branch."""
        ran = subprocess.run(
            ["git", "-C", self.remote, "ls-tree", "-r", "--name-only", "reports"],
            capture_output=True,
            text=True,
            check=False,
        )
        return ran.stdout.splitlines()

    def page(self, address: str) -> str:
        """A page of the site, by its address there."""
        return (self.deployed / address / "index.html").read_text("utf-8")

    def _programs(self) -> Path:
        """Programs for the machines: `vllm-digest` with our clock and no sleeping, and a `pip` that only
        prints."""
        folder = self.home / "bin"
        folder.mkdir(exist_ok=True)
        now = self.github.now.isoformat()
        at_our_time = f'case $1 in run|backfill|status) set "$@" --now {now};; esac'
        scripts = {
            "vllm-digest": f'{at_our_time}\nexec {sys.executable} -c "$OURS" "$@"',
            "pip": 'for file; do :; done; grep -v "^ *#\\|--hash" "$file"',
        }
        for name, script in scripts.items():
            path = folder / name
            path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
            path.chmod(0o755)
        return folder

    def _lay_out(self) -> None:
        laid_out = self.home / "laid-out"
        init = [str(Path(sys.executable).with_name("vllm-digest")), "init", "--quiet", str(laid_out)]
        subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
        # This copy is installed from a folder, so the test writes the repository and commit itself.
        program = "vllm-digest @ git+https://example.invalid/o/vllm-digest@" + "0" * 40
        (laid_out / ".github/vllm-digest.txt").write_text(f"{program}\n", "utf-8")
        git = ("git", "-c", "user.name=somebody", "-c", "user.email=somebody@example.invalid")
        for command in (
            ("init", "--quiet", "--bare", str(self.remote)),
            ("init", "--quiet", "--initial-branch=main", str(laid_out)),
            ("-C", str(laid_out), "add", "."),
            ("-C", str(laid_out), "commit", "--quiet", "--message=Lay out the site"),
            ("-C", str(laid_out), "push", "--quiet", str(self.remote), "main"),
        ):
            subprocess.run([*git, *command], check=True)

    def _check_out(self, given: Mapping[str, str], workspace: Path) -> Outputs:
        assert given == {"persist-credentials": "false"}
        clone = ["git", "clone", "--quiet", "--branch=main", str(self.remote), str(workspace)]
        subprocess.run(clone, check=True)
        return {}

    def _keep(self, given: Mapping[str, str], workspace: Path) -> Outputs:
        """The cache of the machines, shared as if each one saved it at its end."""
        self.cache.mkdir(exist_ok=True)
        place = workspace.parents[1] / "home" / given["path"].removeprefix("~/")
        if not place.is_symlink():
            place.parent.mkdir(parents=True)
            place.symlink_to(self.cache, target_is_directory=True)
        return {}

    def _upload(self, given: Mapping[str, str], workspace: Path) -> Outputs:
        shutil.rmtree(self.home / "artifact", ignore_errors=True)
        shutil.copytree(workspace / given["path"], self.home / "artifact")
        return {}

    def _deploy(self, _given: Mapping[str, str], _workspace: Path) -> Outputs:
        shutil.rmtree(self.deployed, ignore_errors=True)
        shutil.copytree(self.home / "artifact", self.deployed)
        return {"page_url": ADDRESS}


def _build(given: Mapping[str, str], workspace: Path) -> Outputs:
    jekyll.need()
    places = ("--source", given["source"], "--destination", given["destination"])
    build = ["jekyll", "build", "--safe", "--quiet", *places]
    subprocess.run(build, check=True, cwd=workspace, env={"PATH": os.defpath, "LANG": "C.UTF-8"})
    return {}


_SLEEPLESS = """
import sys
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime
sys.exit(run_command(sys.argv[1:], Runtime(sleep=lambda seconds: None)))
"""
