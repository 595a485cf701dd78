"""`init`: what a publishing repository is laid out with, how it is updated, and which program it installs."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from vllm_digest import templating

COMMIT = "a1" * 20
SHA256 = "b2" * 32
PROGRAM = Path("pub/.github/vllm-digest.txt")
WORKFLOW = Path("pub/.github/workflows/digest.yml")


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Record an installation as pip does: a version, and where it came from unless that is an index."""

    def installed(version: str = "0.2.0", record: Any = None) -> None:
        folder = tmp_path / f"place-{len(list(tmp_path.iterdir()))}" / f"vllm_digest-{version}.dist-info"
        folder.mkdir(parents=True)
        metadata = f"Metadata-Version: 2.4\nName: vllm-digest\nVersion: {version}\n"
        folder.joinpath("METADATA").write_text(metadata, "utf-8")
        if record is not None:
            folder.joinpath("direct_url.json").write_text(json.dumps(record), "utf-8")
        monkeypatch.syspath_prepend(folder.parent)

    return installed


def lines() -> list[str]:
    return [line for line in PROGRAM.read_text("utf-8").splitlines() if not line.startswith("#")]


def git(url: str, **more: Any) -> dict[str, Any]:
    return {"url": url, "vcs_info": {"vcs": "git", "commit_id": COMMIT, **more}}


@pytest.mark.parametrize(
    ("version", "record", "line"),
    [
        ("0.2.0", None, "vllm-digest==0.2.0"),
        ("1.0rc1", None, "vllm-digest==1.0rc1"),
        (
            "0.2.0",
            git("https://github.com/o/vllm-digest.git", requested_revision="main"),
            f"vllm-digest @ git+https://github.com/o/vllm-digest.git@{COMMIT}",
        ),
        (
            "0.2.0",
            git("https://user:token@git.example.org:8443/~o/v") | {"subdirectory": "tools/digest"},
            f"vllm-digest @ git+https://git.example.org:8443/~o/v@{COMMIT}#subdirectory=tools/digest",
        ),
        (
            "0.2.0",
            {"url": "https://example.org/v-0.2.0.whl", "archive_info": {"hashes": {"sha256": SHA256}}},
            f"vllm-digest @ https://example.org/v-0.2.0.whl --hash=sha256:{SHA256}",
        ),
    ],
)
def test_what_is_installed_is_pinned(run: Run, installed: Any, version: str, record: Any, line: str) -> None:
    installed(version, record)
    assert run("init", "pub").err == ""
    assert lines() == [line]


@pytest.mark.parametrize(
    ("version", "record"),
    [
        ("0.2.0", {"url": "file:///home/me/vllm-digest", "dir_info": {"editable": True}}),
        ("0.2.0", {"url": "file:///tmp/v-0.2.0.whl", "archive_info": {}}),
        ("0.2.0", {"url": "https://example.org/v-0.2.0.whl", "archive_info": {}}),
        ("0.2.0+local", None),
        ("0.2.0", git("file:///home/me/vllm-digest")),
        ("0.2.0", git("ssh://git@github.com/o/v")),
        ("0.2.0", git("https://github.com/o/v; rm -rf /\n--index-url=https://evil.example")),
        ("0.2.0", git("https://github.com/o/v", commit_id="main")),
        ("0.2.0", git("https://github.com/o/v", vcs="hg")),
        ("0.2.0", {"url": 7, "vcs_info": []}),
        ("0.2.0", ["https://github.com/o/v"]),
        ("0.2.0", {"vcs_info": {"commit_id": COMMIT}}),
    ],
)
def test_what_no_other_machine_can_install_is_told_plainly(
    run: Run, installed: Any, version: str, record: Any
) -> None:
    """And no name is pinned that another person could register on the index."""
    installed(version, record)
    ran = run("init", "pub")
    assert ran.code == 0
    assert "no other machine can install it from there: put a line" in ran.err
    assert str(PROGRAM) in ran.err
    assert lines() == []
    assert "evil" not in PROGRAM.read_text("utf-8")


def test_a_copy_that_cannot_be_installed_elsewhere_replaces_no_pin(run: Run, installed: Any) -> None:
    """A repository that worked before would end with a workflow that installs nothing."""
    installed("0.2.0")
    run("init", "pub")
    installed("0.3.0", {"url": "file:///home/me/vllm-digest", "dir_info": {"editable": True}})
    updated = run("init", "--update", "pub")
    assert f"{PROGRAM} is left as it is, and the workflow installs the version that it names" in updated.err
    assert lines() == ["vllm-digest==0.2.0"]
    installed("0.4.0")
    assert str(PROGRAM) in run("init", "--update", "pub").out
    assert lines() == ["vllm-digest==0.4.0"]


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Lay out `pub` as an earlier version did, whose workflow was another."""
    real = templating.folder()

    def earlier(run: Run) -> None:
        old = tmp_path / "old/site/.github/workflows"
        old.mkdir(parents=True)
        old.joinpath("digest.yml").write_text("name: Older\n", "utf-8")
        with monkeypatch.context() as patched:
            patched.setattr(templating, "folder", lambda: tmp_path / "old")
            assert run("init", "pub").code == 0
        assert WORKFLOW.read_text("utf-8") == "name: Older\n"
        assert templating.folder() == real

    return earlier


def current() -> str:
    return (templating.folder() / "site/.github/workflows/digest.yml").read_text("utf-8")


def test_update_replaces_what_nobody_has_changed(run: Run, installed: Any, earlier: Any) -> None:
    installed("0.2.0")
    earlier(run)
    installed("0.3.0")
    left = run("init", "pub")
    assert f"{WORKFLOW} is left as version 0.2.0 laid it out" in left.err
    assert "`vllm-digest init --update pub` replaces it" in left.err
    assert WORKFLOW.read_text("utf-8") == "name: Older\n"
    assert lines() == ["vllm-digest==0.2.0"]
    updated = run("init", "--update", "pub")
    assert (updated.code, updated.err) == (0, "")
    assert updated.out.split() == [str(PROGRAM), str(WORKFLOW), "pub/.github/vllm-digest.json"]
    assert WORKFLOW.read_text("utf-8") == current()
    assert lines() == ["vllm-digest==0.3.0"]
    assert run("init", "--update", "pub").out == ""


def test_update_leaves_what_somebody_has_changed(run: Run, installed: Any, earlier: Any) -> None:
    installed("0.2.0")
    earlier(run)
    WORKFLOW.write_text("name: Mine\n", "utf-8")
    config = Path("pub/config.yaml")
    run("init", "pub")
    config.write_text("github: {repo: a/b}\n", "utf-8")
    updated = run("init", "--update", "pub")
    assert updated.out == ""
    for path in (WORKFLOW, config):
        assert f"{path} is left as it is; it differs from what this version lays out" in updated.err
    assert WORKFLOW.read_text("utf-8") == "name: Mine\n"


@pytest.mark.parametrize("record", ["", "{", "[]", '{"files": 7}', '{"files": {"a": 1}}', "[" * 100_000])
def test_a_damaged_record_makes_files_count_as_changed(
    run: Run, installed: Any, earlier: Any, record: str
) -> None:
    installed("0.2.0")
    earlier(run)
    Path("pub/.github/vllm-digest.json").write_text(record, "utf-8")
    updated = run("init", "--update", "pub")
    assert updated.code == 0
    assert "vllm-digest.json cannot be read" in updated.err
    assert WORKFLOW.read_text("utf-8") == "name: Older\n"


def test_doctor_names_an_outdated_workflow(
    run: Run, installed: Any, earlier: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed("0.2.0")
    earlier(run)
    monkeypatch.chdir("pub")
    told = run("doctor").out
    assert "FAIL  workflow: .github/workflows/digest.yml is outdated: it is as version 0.2.0 laid it" in told
    assert "`vllm-digest init --update .` replaces it." in told
    run("init", "--update", ".")
    assert "ok    workflow: .github/workflows/digest.yml is this version's\n" in run("doctor").out
    Path(".github/workflows/digest.yml").write_text("name: Mine\n", "utf-8")
    assert "digest.yml was edited" in run("doctor").out
    Path(".github/vllm-digest.txt").write_text("# nothing\n", "utf-8")
    assert "FAIL  workflow: .github/vllm-digest.txt does not say which version" in run("doctor").out


def test_what_is_in_the_way_of_a_file_is_told(run: Run) -> None:
    Path("pub/config.yaml").mkdir(parents=True)
    ran = run("init", "pub")
    assert ran.code == 5
    assert re.search(r"pub/config\.yaml cannot be read: Is a directory", ran.err)
