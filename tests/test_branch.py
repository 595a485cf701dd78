"""The branch of reports after hostile changes to it and after killed commands."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.branches import FIRST, PERSON, SECOND, SERIES, THIRD, both, commit, git, published, standing, write
from tests.conftest import NOW, Run
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime

DATA = f"{SERIES}/{SECOND}.json"
LINK, EXECUTABLE, SUBMODULE, FOLDER, FILE = "120000", "100755", "160000", "040000", "100644"


def blob(remote: Path, content: bytes) -> str:
    return _plumb(remote, "hash-object", "-w", "--stdin", stdin=content)


def put_on_branch(remote: Path, path: bytes, mode: str, content: str) -> None:
    """Add an entry to the branch's tree that git itself would refuse. `content`: id of an object."""
    *folders, name = path.split(b"/")
    commit_id = git("rev-parse", "reports", folder=remote).strip()
    trees = [f"{commit_id}^{{tree}}"]
    for folder in folders:
        kind = [line for line in _listed(remote, trees[-1]) if line.partition(b"\t")[2] == folder]
        is_tree = kind and kind[0].startswith(FOLDER.encode())
        trees.append(kind[0].split()[2].decode() if is_tree else _plumb(remote, "mktree"))
    for folder in (name, *reversed(folders)):
        kinds = {FOLDER: "tree", SUBMODULE: "commit"}
        entry = f"{mode} {kinds.get(mode, 'blob')} {content}\t".encode() + folder
        others = [line for line in _listed(remote, trees.pop()) if line.partition(b"\t")[2] != folder]
        lines = b"".join(line + b"\0" for line in (*others, entry))
        mode, content = FOLDER, _plumb(remote, "mktree", "-z", "--missing", stdin=lines)
    made = _plumb(remote, *PERSON, "commit-tree", content, "-p", commit_id, "-m", "changed")
    git("update-ref", "refs/heads/reports", made, folder=remote)


def _listed(remote: Path, tree: str) -> list[bytes]:
    command = ["git", "-C", str(remote), "ls-tree", "-z", tree]
    return subprocess.run(command, capture_output=True, check=True).stdout.split(b"\0")[:-1]


def _plumb(remote: Path, *arguments: str, stdin: bytes = b"") -> str:
    command = ["git", "-C", str(remote), *arguments]
    return subprocess.run(command, input=stdin, stdout=subprocess.PIPE, check=True).stdout.decode().strip()


@pytest.fixture(scope="module")
def pushed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two remotes, made once and copied for each test: `shared.git` has the report of `archive`, and
    `ahead.git` one more of another machine."""
    home = tmp_path_factory.mktemp("pushed")

    def push(folder: str, window: str, remote: str) -> None:
        write(home / folder, window)
        command = ("push", "--quiet", "--remote", str(home / remote), "--output", str(home / folder))
        assert run_command(command, Runtime(lambda: NOW, {}, lambda _: None)) == 0

    git("init", "--quiet", "--bare", str(home / "shared.git"))
    push("archive", FIRST, "shared.git")
    shutil.copytree(home / "shared.git", home / "ahead.git")
    push("other", THIRD, "ahead.git")
    return home


@pytest.fixture
def shared(pushed: Path) -> Path:
    """A repository whose branch has one report, which is also in `archive`."""
    shutil.copytree(pushed / "archive", "archive")
    return Path(shutil.copytree(pushed / "shared.git", "remote.git")).absolute()


@pytest.fixture
def ahead(pushed: Path) -> Path:
    """A repository whose branch has the report of `archive` and another one."""
    shutil.copytree(pushed / "archive", "archive")
    return Path(shutil.copytree(pushed / "ahead.git", "remote.git")).absolute()


def a_tree(remote: Path) -> str:
    return git("rev-parse", "reports^{tree}", folder=remote).strip()


STRANGERS: dict[str, tuple[bytes, str, Callable[[Path], str], str]] = {
    "a link for data": (DATA.encode(), LINK, lambda remote: blob(remote, b"/etc/passwd"), "a symbolic link"),
    "an executable": (DATA.encode(), EXECUTABLE, lambda remote: blob(remote, b"x"), "an executable"),
    "a submodule": (DATA.encode(), SUBMODULE, lambda _: "1" * 40, "a submodule"),
    "a folder for data": (DATA.encode(), FOLDER, a_tree, "a folder"),
    "nothing": (DATA.encode(), FILE, lambda remote: blob(remote, b""), "it is empty"),
    "a link for the series": (
        b"reports/vllm-project/vllm/2h",
        LINK,
        lambda remote: blob(remote, b"../../../.."),
        "a symbolic link in the place of a folder",
    ),
    "a submodule for a month": (
        b"reports/vllm-project/vllm/1h/2025/11",
        SUBMODULE,
        lambda _: "1" * 40,
        "a submodule in the place of a folder",
    ),
    "the year 9999": (
        b"reports/vllm-project/vllm/1h/9999/12/99991231T2203Z-99991231T2303Z.json",
        FILE,
        lambda remote: blob(remote, b"{}"),
        "its window ends in the future",
    ),
    "way up": (b"reports/../../../outside", FILE, lambda remote: blob(remote, b"x"), ""),
    "a repository": (
        b"reports/vllm-project/vllm/.git/hooks/post-checkout",
        EXECUTABLE,
        lambda remote: blob(remote, b"#!/bin/sh\ntouch outside\n"),
        "",
    ),
    "no UTF-8": (b"reports/vllm-project/\xff/1h/2025/12/x.json", FILE, lambda remote: blob(remote, b"x"), ""),
    "a name of two lines": (
        f"{SERIES}/\n{SECOND}.json".encode(),
        FILE,
        lambda remote: blob(remote, b"x"),
        "",
    ),
    "something else's name": (
        b"reports/vllm-project/vllm/1h/2025/12/notes.md",
        FILE,
        lambda remote: blob(remote, b"x"),
        "",
    ),
}


@pytest.mark.parametrize("name", STRANGERS)
def test_only_plain_files_at_our_places_come_from_the_branch(run: Run, ahead: Path, name: str) -> None:
    path, mode, content, told = STRANGERS[name]
    put_on_branch(ahead, path, mode, content(ahead))
    around = set(Path().iterdir())
    ran = run("pull", "--remote", str(ahead))
    assert (ran.code, standing("archive")) == (0, both(FIRST) | both(THIRD)), ran.err
    assert told in ran.err if told else not ran.err
    assert "\x1b" not in ran.err
    write("archive", SECOND)
    assert run("push", "--remote", str(ahead)).code == 0
    assert not any(path.is_symlink() for path in Path("archive").rglob("*"))
    assert set(Path().iterdir()) == around
    # Paths of reports are overwritten, whatever they were; other entries are kept.
    assert git("ls-tree", "reports", DATA, folder=ahead).startswith(FILE)


def test_an_archive_s_folder_whose_git_is_a_link_or_a_file_is_refused(run: Run, shared: Path) -> None:
    own = Path("archive/.git")
    shutil.move(own, "elsewhere")
    own.symlink_to(Path("elsewhere").absolute())
    assert run("pull", "--remote", str(shared)).code == 2
    own.unlink()
    own.write_text("gitdir: ../elsewhere\n", "utf-8")
    ran = run("pull", "--remote", str(shared))
    assert (ran.code, "is a repository that `vllm-digest pull` did not make" in ran.err) == (2, True)


def rewrite(*windows: str) -> Callable[[Path], None]:
    """Replace the branch by a new one with only these reports."""

    def change(remote: Path) -> None:
        def anew(folder: Path) -> None:
            shutil.rmtree(folder / "reports")
            for window in windows:
                write(folder, window)
            git("checkout", "--quiet", "--orphan", "reports-anew", folder=folder)
            git(*PERSON, "commit", "--quiet", "--allow-empty", "--message=x", folder=folder)
            git("branch", "--move", "--force", "reports", folder=folder)

        commit(remote, anew)

    return change


def remove_branch(remote: Path) -> None:
    git("update-ref", "-d", "refs/heads/reports", folder=remote)


@pytest.mark.parametrize(
    ("history", "kept"), [(rewrite(SECOND), (SECOND,)), (rewrite(), ()), (remove_branch, ())]
)
def test_what_a_branch_lost_stays_here_until_it_is_let_go(
    run: Run, remote: Path, history: Callable[[Path], object], kept: tuple[str, ...]
) -> None:
    for window in (FIRST, SECOND, THIRD):
        write("archive", window)
    assert run("push", "--remote", str(remote)).code == 0
    history(remote)
    gone = [window for window in (FIRST, SECOND, THIRD) if window not in kept]
    before = standing("archive")
    for _ in range(2):
        ran = run("pull", "--remote", str(remote))
        assert (ran.code, standing("archive")) == (5, before)
        assert f"The branch reports no longer has {len(gone)} reports that are in archive" in ran.err
        assert all(f"{SERIES}/{window}" in ran.err for window in gone)
        assert "run `vllm-digest pull --accept-removals`" in ran.err
    assert run("pull", "--accept-removals", "--remote", str(remote)).code == 0
    assert standing("archive") == {name: text for window in kept for name, text in both(window).items()}
    assert run("pull", "--remote", str(remote)).code == 0


def test_a_tree_without_end_is_given_up(run: Run, shared: Path) -> None:
    tree = a_tree(shared)
    for count in (1, 12, 100, 100, 100):
        lines = "".join(f"{FOLDER} tree {tree}\tn{number}\n" for number in range(count)).encode()
        tree = _plumb(shared, "mktree", stdin=lines)
    put_on_branch(shared, b"reports", FOLDER, tree)
    ran = run("pull", "--remote", str(shared))
    assert (ran.code, "The branch has more than 10000 folders of reports." in ran.err) == (5, True)
    assert standing("archive") == both(FIRST)


def stand_in(script: str) -> dict[str, str]:
    """An environment whose git runs a script first; `exec_git` runs the real one."""
    folder = Path("programs").absolute()
    folder.mkdir(exist_ok=True)
    real = shutil.which("git")
    path = folder / "git"
    path.write_text(f'#!/bin/sh\nexec_git() {{ exec {real} "$@"; }}\n{script}\nexec_git "$@"\n', "utf-8")
    path.chmod(0o755)
    return {"PATH": f"{folder}:{os.defpath}"}


REFUSING = """
if [ "$1" = push ] && [ $(cat pushes 2>/dev/null | wc -l) -lt 2 ]; then
    echo x >>pushes
    echo "remote: fatal error in commit_refs" >&2
    printf 'To %s\\n!\\tabc:refs/heads/reports\\t[remote rejected] (%s)\\nDone\\n' "$3" "$REASON"
    echo "error: failed to push some refs to '$3'" >&2
    exit 1
fi
"""


@pytest.mark.parametrize(
    ("reason", "tries"),
    [
        ("failure", 2),
        ("Internal Server Error", 2),
        ("cannot lock ref 'refs/heads/reports': is at 1 but expected 2", 2),
        ("pre-receive hook declined", 0),
        ("protected branch hook declined", 0),
        ("shallow update not allowed", 0),
    ],
)
def test_what_may_pass_is_pushed_again(run: Run, remote: Path, reason: str, tries: int) -> None:
    write("archive", FIRST)
    ran = run("push", "--remote", str(remote), environ={**stand_in(REFUSING), "REASON": reason})
    assert (ran.code, len(ran.slept)) == (0 if tries else 5, tries)
    if tries:
        assert published(remote) == both(FIRST)
    else:
        assert f"({reason})" in ran.err


def test_git_s_own_words_are_shown_where_it_refuses(run: Run, shared: Path) -> None:
    ran = run("pull", "--remote", str(shared), environ={"GIT_TEST_ASSUME_DIFFERENT_OWNER": "1"})
    assert (ran.code, "detected dubious ownership in repository at" in ran.err) == (5, True)
    assert "git config --global --add safe.directory" in ran.err
    assert standing("archive") == both(FIRST)


def emptied(*patterns: str) -> Callable[[Path], None]:
    """A power cut: git's files have names, but their content was not written."""

    def empty(own: Path) -> None:
        for path in [path for pattern in patterns for path in own.glob(pattern) if path.is_file()]:
            path.chmod(0o644)
            path.write_bytes(b"")

    return empty


def lost(*patterns: str) -> Callable[[Path], None]:
    def lose(own: Path) -> None:
        for path in [path for pattern in patterns for path in own.glob(pattern)]:
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    return lose


def locked(own: Path) -> None:
    for path in [own / "index", *own.glob("*"), *own.glob("refs/vllm-digest/**/*")]:
        path.with_name(f"{path.name}.lock").touch()


LEFT: dict[str, Callable[[Path], object]] = {
    "locks": locked,
    "an empty index": lambda own: (own / "index").write_bytes(b""),
    "a damaged index": lambda own: (own / "index").write_bytes(b"DIRC\0\0"),
    "no mark": lambda own: git("config", "--unset", "vllm-digest.archive", folder=own),
    "a folder and nothing in it": lost("*"),
    "an `init` that was killed": lost("[!o]*"),
    "half a HEAD": emptied("HEAD"),
    "no settings": emptied("config"),
    "an empty tip": emptied("refs/vllm-digest/tip"),
    "an empty base": emptied("refs/vllm-digest/base/*"),
    "empty objects": emptied("objects/??/*"),
    "no objects": lost("objects/??/*"),
    "a pack that never came": lambda own: (own / "objects/pack/tmp_pack_x").write_bytes(b"PACK"),
}


@pytest.mark.parametrize("name", LEFT)
def test_the_next_command_copes_with_what_killed_ones_left(run: Run, ahead: Path, name: str) -> None:
    LEFT[name](Path("archive/.git"))
    ran = run("pull", "--remote", str(ahead))
    assert (ran.code, standing("archive")) == (0, both(FIRST) | both(THIRD)), ran.err
    write("archive", SECOND)
    ran = run("push", "--remote", str(ahead))
    assert (ran.code, published(ahead)) == (0, both(FIRST) | both(SECOND) | both(THIRD)), ran.err
    assert run("pull", "--remote", str(ahead)).err == ""


@pytest.mark.parametrize("name", ["no objects", "half a HEAD"])
def test_a_repository_of_somebody_else_s_is_never_made_again(run: Run, shared: Path, name: str) -> None:
    git("init", "--quiet", "own")
    git(*PERSON, "commit", "--quiet", "--allow-empty", "--message=mine", folder="own")
    own = Path("own/.git")
    LEFT[name](own)
    (own / "mine").touch()
    assert run("pull", "--remote", str(shared), "--output", "own").code in {2, 5}
    assert (own / "mine").exists()
