"""Disks that are full, read-only, lose power or lack features, at any step of any command.

Functions of `os` and `fcntl` are replaced where no disk of this machine can be made to fail in that way.
"""

import errno
import fcntl
import os
import shutil
import stat
import subprocess
import sys
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import NoReturn

import pytest

from tests.branches import FIRST, SECOND, git, standing, write
from tests.conftest import Run
from tests.disk import Disk, Trouble
from tests.sites import command
from vllm_digest.archive import lock_series, lock_whole

COMMANDS = {
    "run": ("run", "--sample"),
    "site": ("site",),
    "export": ("export", "tables"),
    "pull": ("pull", "--remote", "remote.git"),
    "push": ("push", "--remote", "remote.git"),
}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publishing repository with two reports, one of them on its branch alone; to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    archive, remote = folder / "archive", folder / "remote.git"
    git("init", "--quiet", "--bare", str(remote))
    write(archive, FIRST)
    command("push", "--remote", str(remote), "--output", str(archive), environ={"PATH": os.defpath})
    shutil.rmtree(archive)
    write(archive, SECOND)
    command("init", str(folder))
    return folder


def files(folder: Path) -> dict[str, bytes]:
    """The contents of a folder, without git's own files and the user's cache."""
    inner = {path: path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {
        str(name): path.read_bytes()
        for path, name in inner.items()
        if name.parts[0] not in {"cache", "remote.git"} and ".git" not in name.parts
    }


@pytest.mark.parametrize(("name", "trouble"), [*product(COMMANDS, Trouble)])
def test_a_disk_that_fails_at_any_step_is_named_and_the_next_run_completes_all(
    run: Run, prepared: Path, monkeypatch: pytest.MonkeyPatch, name: str, trouble: Trouble
) -> None:
    around = Path().absolute()
    folder = around / "work"
    disk = Disk(folder)

    def anew() -> None:
        monkeypatch.chdir(around)
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(prepared, folder)
        monkeypatch.chdir(folder)

    anew()
    with disk.watched():
        assert run(*COMMANDS[name]).code == 0
    complete, steps = files(folder), disk.steps
    # The others run once; these alternate.
    for step in (steps // 4 + trouble.value % 3, steps * 3 // 4 + trouble.value % 3):
        anew()
        with disk.watched(step, trouble):
            ran = run(*COMMANDS[name])
        if trouble is not Trouble.POWER_CUT:
            assert ran.code in {0, 5}, (step, ran)
            assert ran.code == 0 or os.strerror(trouble.value) in ran.err, (step, ran)
        assert run(*COMMANDS[name]).code == 0, step
        assert files(folder) == complete, step


def test_what_a_command_printed_and_nobody_could_keep_is_an_error_with_a_code() -> None:
    environ = {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[1])}
    program = [sys.executable, "-m", "vllm_digest", "config"]
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, env=environ, check=False)
    assert (ran.returncode, b"Traceback" in ran.stderr) == (5, False)
    assert b"No space left on device" in ran.stderr


def test_a_message_speaks_of_the_report_that_failed_not_of_those_before_it(
    run: Run, prepared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "work"
    shutil.copytree(prepared, folder)
    monkeypatch.chdir(folder)
    run("push", "--remote", "remote.git")
    shutil.rmtree("archive")
    disk = Disk(folder)
    with disk.watched():
        run("pull", "--remote", "remote.git")
    shutil.rmtree("archive")
    with disk.watched(disk.steps - 9):
        ran = run("pull", "--remote", "remote.git")
    assert (ran.code, len(standing("archive"))) == (5, 2)
    assert f"{SECOND}.json cannot be written: No space left on device." in ran.err
    assert "Nothing was written. Free space on its disk." in ran.err


@pytest.mark.parametrize("code", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_folders_that_cannot_be_synced_are_no_failure(
    run: Run, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    assert run("run", "--sample").code == 0


def test_a_disk_that_breaks_while_it_is_synced_is_a_failure(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> NoReturn:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    ran = run("run", "--sample")
    assert (ran.code, "Input/output error" in ran.err) == (5, True)
    assert not list(Path("archive").rglob("2025*Z*"))


@pytest.mark.parametrize("code", [0, errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL])
def test_runs_and_the_branch_wait_for_each_other_with_locks_and_without(
    run: Run, prepared: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """`code`: what a file system without locks answers."""

    def flock(*_: object) -> NoReturn:
        raise OSError(code, os.strerror(code))

    if code:
        monkeypatch.setattr(fcntl, "flock", flock)
    root, pull = Path("archive"), ("pull", "--remote", str(prepared / "remote.git"), "--wait", "1m")
    shutil.copytree(prepared / "archive", root)
    sample, wait = ("run", "--sample"), timedelta()
    with lock_series(root, "vllm-project/vllm", "sample", wait=wait, sleep=lambda _: None):
        assert run(*sample).code == 6
        ran = run(*pull)
        assert (ran.code, sum(ran.slept)) == (6, 60)
        assert "A run is at work in archive/reports/vllm-project/vllm/sample." in ran.err
    with lock_whole(root, wait=wait, sleep=lambda _: None):
        ran = run(*sample)
        assert (ran.code, sum(ran.slept)) == (6, 900)
        assert "`pull` or `push` is at work in archive." in ran.err
        assert run(*pull).code == 6
    assert run(*sample).code == run(*pull).code == 0
    assert not [path for path in root.rglob(".lock*") if ".git" not in path.parts]
