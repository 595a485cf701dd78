"""Fixtures for all tests: an isolated environment, and a runner for the command line."""

import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests import branches, jekyll
from tests.sites import Site, published
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime

# A shell lets its background jobs ignore Ctrl-C, and programs started by tests would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Thousands of commands in one process leave many objects, and looking through them takes 7 % of all time.
gc.set_threshold(100_000, 50, 100)
# Each command compiles the same rules again, more expressions than `re` remembers.
vars(re)["_MAXCACHE"] = 10_000

NOW = datetime(2025, 12, 10, 11, 42, 30, tzinfo=UTC)


def _refuse_the_network(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host = arguments[1][0]
        if host not in {"127.0.0.1", "::1", "localhost"}:
            raise RuntimeError(f"a test tried to reach {host}: tests stay on this machine")


sys.addaudithook(_refuse_the_network)


@pytest.fixture(autouse=True)
def _sealed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Hide this machine's proxies, certificates and configuration files from each test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


@dataclass(frozen=True)
class Ran:
    """The exit code and the output of a command, and the seconds that it would have slept."""

    code: int
    out: str
    err: str
    slept: tuple[float, ...]


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """`run("run", "--sample")`: one command in an isolated environment; sleeps are recorded, not slept."""

    def run(*arguments: str, environ: Mapping[str, str] | None = None, now: datetime = NOW) -> Ran:
        slept: list[float] = []
        capsys.readouterr()
        world = Runtime(
            clock=lambda: now,
            environ={"XDG_CACHE_HOME": str(Path.cwd() / "cache"), **(environ or {})},
            sleep=slept.append,
            monotonic=lambda: sum(slept),
        )
        code = run_command(arguments, world)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err, tuple(slept))

    return run


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """A site built from `init` on, shared by all processes of this session."""
    jekyll.need()
    base = tmp_path_factory.getbasetemp()
    return published((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site")


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """A bare repository with nothing in it."""
    path = tmp_path / "remote.git"
    branches.git("init", "--quiet", "--bare", str(path))
    return path
