"""`pull` and `push` with a bare repository: nothing is lost when others write at the same time."""

import os
import shutil
import threading
from pathlib import Path

import pytest

from tests.branches import (
    FIRST,
    FOURTH,
    PERSON,
    SECOND,
    SERIES,
    THIRD,
    both,
    commit,
    git,
    published,
    standing,
    withdraw,
    write,
)
from tests.conftest import NOW, Run
from tests.servers.git import GitServer
from vllm_digest.cli import run_command
from vllm_digest.runtime import Runtime


def test_the_first_push_makes_the_branch_from_nothing(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    ran = run("push", "--remote", str(remote))
    assert (ran.code, ran.out, ran.err) == (0, f"archive/{SERIES}/{FIRST}.md\n", "")
    assert published(remote) == both(FIRST)
    assert git("rev-list", "--count", "reports", folder=remote) == "1\n"


def test_a_push_adds_one_commit_to_what_is_there(run: Run, remote: Path) -> None:
    for window in (FIRST, SECOND):
        write("archive", window)
        run("push", "--remote", str(remote))
    assert published(remote) == both(FIRST) | both(SECOND)
    assert git("rev-list", "--count", "reports", folder=remote) == "2\n"


def test_with_nothing_new_nothing_is_pushed(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    run("push", "--remote", str(remote))
    assert run("push", "--remote", str(remote)).out == ""
    assert git("rev-list", "--count", "reports", folder=remote) == "1\n"
    Path("empty").mkdir()
    assert run("push", "--remote", str(remote), "--output", "empty").out == ""


def test_a_pull_brings_what_is_published_and_keeps_what_is_not(run: Run, remote: Path) -> None:
    assert run("pull", "--remote", str(remote)).code == 0
    write("archive", FIRST)
    run("push", "--remote", str(remote))
    write("elsewhere", SECOND)
    ran = run("pull", "--remote", str(remote), "--output", "elsewhere")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert standing("elsewhere") == both(FIRST) | both(SECOND)
    assert published(remote) == both(FIRST)


def test_five_writers_at_once_lose_nothing(remote: Path, tmp_path: Path) -> None:
    start = threading.Barrier(5)
    codes: list[int] = []

    def writer(number: int) -> None:
        folder = tmp_path / f"writer-{number}"
        write(folder, f"20251201T0{number}00Z-20251201T0{number + 1}00Z")
        start.wait()
        arguments = ("push", "--quiet", "--remote", str(remote), "--output", str(folder))
        codes.append(run_command(arguments, Runtime(lambda: NOW, {}, lambda _: None)))

    threads = [threading.Thread(target=writer, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [0] * 5
    assert len(published(remote)) == 5 * 2
    assert git("rev-list", "--count", "reports", folder=remote) == "5\n"


def test_who_is_overtaken_waits_by_chance_and_pushes_on_top(run: Run, remote: Path, tmp_path: Path) -> None:
    # A hook of the remote makes another push succeed in between, twice.
    write("archive", FIRST)
    run("push", "--remote", str(remote))
    other = tmp_path / "other"
    git("clone", "--quiet", "--branch", "reports", str(remote), str(other))
    hook = remote / "hooks" / "pre-receive"
    hook.write_text(
        f"""#!/bin/sh
unset $(git rev-parse --local-env-vars) GIT_QUARANTINE_PATH
cd {other}
n=$(ls | wc -l)
[ $n -lt 3 ] || exit 0
echo x >$n
git add .
git -c user.name=other -c user.email=other@example.invalid commit --quiet --message=other
mv {hook} {hook}.off
git push --quiet
mv {hook}.off {hook}
""",
        encoding="utf-8",
    )
    hook.chmod(0o755)
    write("archive", SECOND)
    ran = run("push", "--remote", str(remote), environ={"HOME": str(tmp_path), "PATH": os.defpath})
    assert (ran.code, ran.out) == (0, f"archive/{SERIES}/{SECOND}.md\n")
    assert len(ran.slept) == 2
    assert published(remote) == both(FIRST) | both(SECOND) | {"1": "x\n", "2": "x\n"}


def test_of_two_reports_of_one_window_the_one_published_first_stays(run: Run, remote: Path) -> None:
    for folder, text in (("one", "first"), ("two", "second")):
        write(folder, FIRST, text)
    write("two", SECOND)
    run("push", "--remote", str(remote), "--output", "one")
    ran = run("push", "--remote", str(remote), "--output", "two")
    assert (ran.code, ran.out) == (0, f"two/{SERIES}/{SECOND}.md\n")
    assert f"two/{SERIES}/{FIRST}: another run published its report of this window first" in ran.err
    assert published(remote) == standing("two") == both(FIRST) | both(SECOND)


def test_the_same_report_from_two_machines_is_no_quarrel(run: Run, remote: Path) -> None:
    for folder in ("one", "two"):
        write(folder, FIRST)
        ran = run("push", "--remote", str(remote), "--output", folder)
        assert (ran.code, ran.err) == (0, "")
    assert git("rev-list", "--count", "reports", folder=remote) == "1\n"


def test_a_window_run_again_replaces_its_report(run: Run, remote: Path) -> None:
    for text in ("first", "repaired"):
        write("archive", FIRST, text)
        assert run("push", "--remote", str(remote)).out == f"archive/{SERIES}/{FIRST}.md\n"
    assert published(remote) == both(FIRST, "repaired")


def test_a_page_and_its_data_never_come_from_different_runs(run: Run, remote: Path) -> None:
    for folder in ("one", "two"):
        write("one", FIRST)
        run("push", "--remote", str(remote), "--output", "one")
        run("pull", "--remote", str(remote), "--output", folder)
    page = Path("one", SERIES, f"{FIRST}.md")
    page.write_text(page.read_text("utf-8").replace("first", "by hand"), "utf-8")
    run("push", "--remote", str(remote), "--output", "one")
    write("two", FIRST, "again")
    assert (
        "published its report of this window first"
        in run("push", "--remote", str(remote), "--output", "two").err
    )
    assert published(remote) == standing("two") == standing("one")


def test_a_page_that_would_break_the_site_is_set_aside_and_the_rest_is_pushed(run: Run, remote: Path) -> None:
    write("archive", FIRST, broken="{% include secrets %}")
    write("archive", SECOND)
    ran = run("push", "--remote", str(remote))
    assert (ran.code, ran.out) == (7, f"archive/{SERIES}/{SECOND}.md\n")
    assert "Liquid would run in it" in ran.err
    broken = both(FIRST, broken="{% include secrets %}")
    data, page = f"{SERIES}/{FIRST}.json", f"{SERIES}/{FIRST}.md"
    assert published(remote) == standing("archive") == both(SECOND) | {data: broken[data]}
    assert Path("archive/set-aside", page).read_text(encoding="utf-8") == broken[page]
    assert run("push", "--remote", str(remote)).code == 0


def test_a_published_page_stays_where_a_new_one_would_break_the_site(run: Run, remote: Path) -> None:
    for text, broken, code in (("first", "", 0), ("second", "{{ page.secrets }}", 7)):
        write("archive", FIRST, text, broken=broken)
        assert run("push", "--remote", str(remote)).code == code
    assert published(remote) == standing("archive") == both(FIRST)


def test_a_page_set_aside_is_told_though_another_push_came_first(run: Run, remote: Path) -> None:
    write("archive", FIRST, broken="{% include secrets %}")
    write("archive", SECOND)
    with GitServer(remote, failures=1, at="/git-receive-pack") as server:
        ran = run("push", "--remote", server.url)
    assert (ran.code, len(ran.slept)) == (7, 1)


def test_what_is_missing_here_is_not_taken_away_there(run: Run, remote: Path) -> None:
    for window in (FIRST, SECOND):
        write("archive", window)
    run("push", "--remote", str(remote))
    for suffix in (".md", ".json"):
        Path("archive", SERIES, FIRST + suffix).unlink()
    write("archive", THIRD)
    run("push", "--remote", str(remote))
    assert published(remote) == both(FIRST) | both(SECOND) | both(THIRD)


def test_what_was_taken_away_there_is_not_brought_back_and_stays_here(run: Run, remote: Path) -> None:
    for window in (FIRST, SECOND):
        write("archive", window)
    run("push", "--remote", str(remote))
    commit(remote, lambda other: withdraw(other, FIRST))
    for window in (THIRD, FOURTH):
        write("archive", window)
        ran = run("push", "--remote", str(remote))
        assert ran.code == 0
        assert f"no longer has one report; they are not published again: {SERIES}/{FIRST}" in ran.err
    assert published(remote) == both(SECOND) | both(THIRD) | both(FOURTH)
    assert standing("archive") == published(remote) | both(FIRST)


@pytest.mark.parametrize("branch", ["main", "data/reports"])
def test_any_branch_can_hold_the_reports_beside_other_files(run: Run, remote: Path, branch: str) -> None:
    git("init", "--quiet", "--initial-branch", branch, "other")
    Path("other/README.md").write_text("A site.\n", encoding="utf-8")
    git("add", ".", folder="other")
    git(*PERSON, "commit", "--quiet", "--message=begin", folder="other")
    git("push", "--quiet", str(remote), branch, folder="other")
    for window in (FIRST, SECOND):
        write("archive", window)
        assert run("push", "--remote", str(remote), "--branch", branch).code == 0
    assert published(remote, branch) == {"README.md": "A site.\n"} | both(FIRST) | both(SECOND)
    assert not Path("archive/README.md").exists()


def test_only_reports_are_pushed(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    for name in (f"{SERIES}/.{FIRST}.md.tmp", "index.html", "reports/.lock", "notes.md"):
        Path("archive", name).write_text("mine", encoding="utf-8")
    run("push", "--remote", str(remote))
    assert published(remote) == both(FIRST)


def test_the_repository_is_the_one_of_the_folder_one_stands_in(run: Run, remote: Path) -> None:
    git("init", "--quiet", ".")
    git("remote", "add", "origin", str(remote))
    write("archive", FIRST)
    assert run("push").code == 0
    assert published(remote) == both(FIRST)


def test_a_commit_names_windows_nobody_and_nothing_else(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    run("push", "--remote", str(remote))
    shown = git("log", "--format=%an <%ae>%n%cn <%ce>%n%aI%n%B", "reports", folder=remote)
    person = "vllm-digest <noreply@vllm-digest.invalid>"
    assert shown.splitlines() == [
        *(person, person, "2025-12-10T11:42:30+00:00"),
        *("Publish one report", "", f"{SERIES}/{FIRST}.md"),
    ]


def test_a_run_that_died_after_its_push_finds_its_place_again(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    run("push", "--remote", str(remote))
    base = "refs/vllm-digest/base/reports"
    before = git("rev-parse", base, folder="archive").strip()
    write("archive", SECOND)
    run("push", "--remote", str(remote))
    git("update-ref", base, before, folder="archive")
    write("archive", THIRD)
    ran = run("push", "--remote", str(remote))
    assert (ran.code, ran.err) == (0, "")
    assert published(remote) == both(FIRST) | both(SECOND) | both(THIRD)


def test_a_branch_that_was_removed_is_made_again(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    run("push", "--remote", str(remote))
    git("update-ref", "-d", "refs/heads/reports", folder=remote)
    write("archive", SECOND)
    assert run("push", "--remote", str(remote)).code == 0
    assert published(remote) == both(FIRST) | both(SECOND)


def test_a_branch_that_refuses_is_told_at_once_and_the_reports_are_kept(run: Run, remote: Path) -> None:
    hook = remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho This branch is protected. >&2\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    write("archive", FIRST)
    ran = run("push", "--remote", str(remote))
    assert (ran.code, ran.out, ran.slept) == (5, "", ())
    assert "This branch is protected." in ran.err
    assert standing("archive") == both(FIRST)
    hook.unlink()
    assert run("push", "--remote", str(remote)).code == 0
    assert published(remote) == both(FIRST)


def test_a_branch_that_is_never_reached_is_given_up(run: Run) -> None:
    write("archive", FIRST)
    ran = run("push", "--remote", "http://127.0.0.1:9/nowhere.git")
    assert ran.code == 5
    assert len(ran.slept) == 11
    assert all(wait <= 30 for wait in ran.slept)
    assert "The branch reports was not reached in 12 tries." in ran.err
    assert "run the same command again" in ran.err
    assert standing("archive") == both(FIRST)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("push",), "There is no repository to keep the reports in."),
        (("pull", "--remote", "x", "--branch", "a..b"), "'a..b' is not a valid branch name."),
        (("push", "--remote", "x", "--output", "own"), "own is a repository that `vllm-digest pull` did not"),
    ],
)
def test_what_cannot_be_meant_is_refused(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    git("init", "--quiet", "own")
    git(*PERSON, "commit", "--quiet", "--allow-empty", "--message=mine", folder="own")
    ran = run(*arguments)
    assert ran.code == 2
    assert complaint in ran.err


def test_the_token_of_the_environment_opens_the_server_and_shows_nowhere(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    with GitServer(remote, key="sesame") as server:
        arguments = ("push", "-v", "--remote", server.url)
        environ = {"GITHUB_SERVER_URL": server.host}
        for token, code in ({}, 5), ({"GITHUB_TOKEN": "wrong-token"}, 5), ({"GITHUB_TOKEN": "sesame"}, 0):
            ran = run(*arguments, environ=environ | token)
            assert (ran.code, ran.slept) == (code, ())
            assert not any(secret in ran.err for secret in token.values())
        leaky = server.url.replace("://", "://x-access-token:open-secret@")
        refused = run("push", "--remote", leaky, environ=environ)
    assert refused.code == 5
    assert "open-secret" not in refused.err
    assert published(remote) == both(FIRST)
    stored = Path("archive/.git/config").read_text(encoding="utf-8")
    assert "sesame" not in stored
    assert server.url not in stored


def test_a_token_is_for_its_own_server_only(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    with GitServer(remote, key="sesame") as server:
        assert run("push", "--remote", server.url, environ={"GITHUB_TOKEN": "sesame"}).code == 5
    assert server.shown == set()


def test_a_server_that_is_down_for_a_moment_is_asked_again(run: Run, remote: Path) -> None:
    write("archive", FIRST)
    with GitServer(remote, failures=2) as server:
        ran = run("push", "--remote", server.url)
    assert (ran.code, len(ran.slept)) == (0, 2)
    assert published(remote) == both(FIRST)


def test_without_git_the_message_says_so(run: Run, remote: Path) -> None:
    ran = run("push", "--remote", str(remote), environ={"PATH": "/nowhere"})
    assert ran.code == 5
    assert "git cannot be run" in ran.err
    assert shutil.which("git")
