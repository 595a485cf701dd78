"""Untrusted files in the archive: what is not a report is named and left out, and the rest still works."""

import json
import os
import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests import archives
from tests.archives import REPO
from tests.conftest import Ran, Run
from tests.servers.github import TOKEN, GitHub
from tests.servers.world import World
from vllm_digest.cli import run_command
from vllm_digest.render import render
from vllm_digest.runtime import Runtime
from vllm_digest.window import TimeWindow

END = datetime(2025, 12, 10, 11, 3, tzinfo=UTC)
NOW = END + timedelta(minutes=62)
HOUR = timedelta(hours=1)
SERIES = Path("archive/reports", REPO, "1h")
FIRST, SECOND, THIRD = HOURS = archives.hours(END, 3)
NEXT = TimeWindow(END, END + HOUR)


class Folder:
    """A publishing repository with three hours of reports; `data` and `page` are the second one's files."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.data, self.page = self.path(SECOND), self.path(SECOND).with_suffix(".md")

    def path(self, window: TimeWindow) -> Path:
        return SERIES / f"{window.start:%Y/%m}" / f"{window.slug}.json"

    def change(self, **fields: Any) -> None:
        """Change fields of the second report's data: `facts__repo="x"` is that of `facts`."""
        document = json.loads(self.data.read_bytes())
        for name, value in fields.items():
            *outer, last = name.split("__")
            place = document
            for key in outer:
                place = place[int(key) if key.isdecimal() else key]
            place[last] = value(place[last]) if callable(value) else value
        self.data.write_text(json.dumps(document), "utf-8")

    def status(self, *arguments: str, **environ: str) -> Ran:
        return self._run("status", *arguments, environ=environ, now=NOW)

    def command(self, *arguments: str, now: datetime) -> Ran:
        return self._run(*arguments, now=now)

    def site(self) -> Ran:
        return self._run("site", now=NOW)

    def run(self, now: datetime = NOW) -> Ran:
        with GitHub(World(REPO, ()), now=now) as github:
            environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
            return self._run("run", "--no-llm", environ=environ, now=now)

    def windows(self) -> tuple[TimeWindow, ...]:
        return archives.stored_windows(Path("archive"), REPO, "1h")


@pytest.fixture(scope="module")
def laid_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A publishing repository with the hours, to copy."""
    home = tmp_path_factory.mktemp("laid-out")
    assert run_command(("init", "--quiet", str(home)), Runtime(lambda: NOW, {}, lambda _: None)) == 0
    for report in archives.reports(HOURS):
        archives.opened(home / "archive").store(report, render(report))
    return home


@pytest.fixture
def folder(run: Run, laid_out: Path) -> Folder:
    shutil.copytree(laid_out, ".", dirs_exist_ok=True)
    return Folder(run)


Damage = Callable[[Folder], object]

CONTENTS: dict[str, Damage] = {
    "nothing": lambda folder: folder.data.write_bytes(b""),
    "a part": lambda folder: folder.data.write_bytes(folder.data.read_bytes()[:500]),
    "no object": lambda folder: folder.data.write_text("[1]"),
    "nested JSON": lambda folder: folder.data.write_text("[" * 100_000 + "]" * 100_000),
    "no UTF-8": lambda folder: folder.data.write_bytes(folder.data.read_bytes().replace(b"vllm", b"\xff", 1)),
    "a number of 5,000 digits": lambda folder: folder.change(provenance__requests=10**400),
    "a number of 25 digits": lambda folder: folder.change(provenance__requests=10**25),
    "infinity": lambda folder: folder.data.write_text(
        re.sub(r'"requests":\s*\d+', '"requests":1e999', folder.data.read_text())
    ),
    "half a character": lambda folder: folder.change(facts__threads__0__title="\ud800"),
    "a text without end": lambda folder: folder.change(facts__threads__0__title="x" * 30_000),
    "too many bytes": lambda folder: os.truncate(folder.data, 40_000_000),
    "an unknown zone": lambda folder: folder.change(timezone="Asia/Nowhere"),
    "a path for a zone": lambda folder: folder.change(timezone="../../../etc/localtime"),
    "a time without a zone": lambda folder: folder.change(
        facts__threads__0__created_at="2025-12-10T10:00:00"
    ),
    "a missing time": lambda folder: folder.change(facts__threads__0__created_at=None),
    "a time at the calendar's end": lambda folder: folder.change(
        provenance__made_at="9999-12-31T23:59:59-10:00"
    ),
    "a closed thread without a time": lambda folder: folder.change(
        facts__threads__0__state="closed", facts__threads__0__closed_at=None
    ),
    "changes counted in part": lambda folder: folder.change(
        facts__threads__0__changed_files=3, facts__threads__0__deletions=None
    ),
    "an event of another shape": lambda folder: folder.change(facts__threads__0__events=[["opened", "1"]]),
    "a thread twice": lambda folder: folder.change(facts__threads=lambda threads: [threads[0], *threads]),
    "a thread that is none": lambda folder: folder.change(facts__threads__0__number=-1),
    "prose on an unknown thread": lambda folder: folder.change(narrative={"briefs": [{"number": 5}]}),
    "prose that rests on nothing": lambda folder: folder.change(
        narrative={"overview": {"findings": {"state": [{"titles": {}, "texts": {}, "statements": ["x"]}]}}}
    ),
    "an unknown formula": lambda folder: folder.change(rules__formula=99),
    "a repository that is a path": lambda folder: folder.change(asked_as="../../../outside"),
    "an address that is a script": lambda folder: folder.change(facts__repo_url="javascript:alert(1)//a/b"),
    "a follow-up elsewhere": lambda folder: folder.change(
        follow_ups=[
            {
                "number": 1,
                "title": "x",
                "is_pull": False,
                "kind": "revert",
                "days": 1,
                "since": "2025-12-10T10:00:00Z",
                "place": "//example.org/reports",
            }
        ]
    ),
    "an earlier telling elsewhere": lambda folder: folder.change(
        told_before=[{"number": 1, "place": "../../outside"}]
    ),
    "another repository's": lambda folder: folder.change(facts__repo="other/repo"),
    "another series'": lambda folder: folder.change(series="2h"),
    "another window's": lambda folder: shutil.copy(folder.path(FIRST), folder.data),
    "an older form's": lambda folder: folder.change(form="vllm-digest/report/1"),
    "a later form's": lambda folder: folder.data.write_text('{"form": "vllm-digest/report/77"}'),
    "of a page alone": lambda folder: folder.data.unlink(),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_data_that_is_no_report_is_named_and_the_rest_goes_on(folder: Folder, name: str) -> None:
    CONTENTS[name](folder)
    named = str(folder.data if folder.data.exists() else folder.page)
    status = folder.status()
    assert (status.code, named in status.out) == (1, True), status.out
    site = folder.site()
    assert (site.code, named in site.err) == (7, True), site.err
    assert {path.stem for path in Path("staging/reports").rglob("*.md")} == {FIRST.slug, THIRD.slug}
    ran = folder.run()
    assert (ran.code, named in ran.err) == (0, True), ran.err
    assert folder.windows() == (*HOURS, NEXT)
    assert folder.status().code == 0
    assert not Path("outside").exists()


def outside(folder: Folder) -> Path:
    """A file outside of the archive with a complete report."""
    target = Path("outside.json").absolute()
    shutil.move(folder.data, target)
    return target


def replaced(by: Callable[[Path], object]) -> Damage:
    """Replaces the second report's data file by something else."""

    def damage(folder: Folder) -> None:
        folder.data.unlink(missing_ok=True)
        by(folder.data)

    return damage


NAMES: dict[str, Damage] = {
    "a link": lambda folder: folder.data.symlink_to(outside(folder)),
    "a link to nothing": replaced(lambda path: path.symlink_to("/nowhere/at-all")),
    "a folder": replaced(lambda path: (path / "inner").mkdir(parents=True)),
    "a repository": replaced(lambda path: (path / ".git").mkdir(parents=True)),
    "a pipe": replaced(os.mkfifo),
}


@pytest.mark.parametrize("name", NAMES)
def test_what_stands_in_the_place_of_a_file_stops_nothing_and_makes_way(folder: Folder, name: str) -> None:
    NAMES[name](folder)
    status, site = folder.status(), folder.site()
    assert (status.code, f"{folder.data} is set aside: it is " in status.out) == (1, True)
    assert (site.code, f"{folder.data} is set aside: it is " in site.err) == (7, True)
    ran = folder.run()
    assert (ran.code, folder.windows()) == (0, (*HOURS, NEXT)), ran.err
    assert f"{folder.data} is no file; it was moved to archive/set-aside/{folder.data.name}" in ran.err
    assert folder.data.is_file()
    assert not folder.data.is_symlink()
    assert folder.status().code == 0


@pytest.mark.parametrize("level", range(1, 6))
def test_nothing_is_read_or_written_through_a_link_above(folder: Folder, level: int) -> None:
    link = folder.data.parents[level - 1]
    target = Path("outside").absolute()
    shutil.move(link, target)
    link.symlink_to(target)
    before = sorted(target.rglob("*"))
    status, site = folder.status(), folder.site()
    assert (status.code, f"{link} is set aside: it is a symbolic link" in status.out) == (1, True)
    assert (site.code, list(Path("staging/reports").rglob("*.md"))) == (7, [])
    ran = folder.run()
    assert (ran.code, f"{link} is not a folder but a symbolic link" in ran.err) == (5, True)
    assert sorted(target.rglob("*")) == before


def test_the_archive_s_own_folder_may_be_a_link(folder: Folder) -> None:
    shutil.move("archive", "disk")
    Path("archive").symlink_to("disk")
    assert folder.run().code == folder.status().code == folder.site().code == 0


@pytest.mark.parametrize(
    ("month", "slug", "why"),
    [
        ("2025/12", "20251210T1203Z-20991210T1303Z", "its window is "),
        ("2099/12", "20991210T1203Z-20991210T1303Z", "its window ends in the future"),
        ("2025/12", "20251211T1203Z-20251211T1303Z", "its window ends in the future"),
        ("9999/12", "99991231T2203Z-99991231T2303Z", "its window ends in the future"),
        ("1000/01", "10000101T0003Z-10000101T0103Z", "its window is before 1970"),
        ("2025/12", "20250230T1203Z-20251210T1303Z", "day is out of range"),
        ("2025/12", "20251210T1303Z-20251210T1203Z", "ends after it starts"),
        ("2025/11", "20251210T0603Z-20251210T0703Z", "it is in the folder of another month"),
    ],
)
def test_windows_that_cannot_be_are_no_reports(folder: Folder, month: str, slug: str, why: str) -> None:
    for path in (folder.data, folder.page):
        target = SERIES / month / f"{slug}{path.suffix}"
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    said = f"{SERIES}/{month}/{slug}.json is set aside: "
    for ran, code in ((folder.status(), 1), (folder.site(), 7), (folder.run(), 0)):
        assert (ran.code, said in ran.out + ran.err, why in ran.out + ran.err) == (code, True, True)
    assert folder.windows() == (*HOURS, NEXT)
    for hours in (2, 24):
        later = NOW + timedelta(hours=hours)
        assert folder.run(later).code == 0
        assert max(window.end for window in folder.windows()) == later - timedelta(minutes=2)
    assert "99" not in "".join(path.name for path in Path("staging/archive").iterdir())


def test_what_is_not_named_like_a_report_is_somebody_else_s(folder: Folder) -> None:
    month = folder.data.parent
    reports = Path("archive/reports")
    strange = [month / "notes.md", month / "x.json", SERIES / "README.md", reports / ".git/config"]
    strange += [Path(os.fsdecode(bytes(month) + b"/\xff.json")), reports / "a b/c/1h/2025/12/x.md"]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine", "utf-8")
    assert folder.status().code == folder.site().code == folder.run().code == 0
    assert all(path.read_text("utf-8") == "mine" for path in strange)


def test_files_of_another_form_are_told_in_one_message_with_the_command_that_helps(folder: Folder) -> None:
    for window in (FIRST, SECOND):
        path = folder.path(window)
        path.write_text(path.read_text().replace("report/2", "report/1"))
    said = folder.status().out
    assert said.count("another format") == 1
    assert "2 files are of another format (vllm-digest/report/1)" in said
    span = "--from 2025-12-10T16:03+08:00 --to 2025-12-10T18:03+08:00"
    assert f"vllm-digest backfill --repo vllm-project/vllm {span} --window 1h" in said


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("day", "rollup --repo vllm-project/vllm --day 2025-12-10"),
        ("week", "rollup --repo vllm-project/vllm --week 2025-W50"),
        ("month", "rollup --repo vllm-project/vllm --month 2025-12"),
        (
            "range",
            "rollup --repo vllm-project/vllm --from 2025-12-08T00:00+08:00 --to 2025-12-11T00:00+08:00",
        ),
        ("sample", "run --sample"),
    ],
)
def test_a_roll_up_of_another_form_is_made_again_by_the_command_that_made_it(
    folder: Folder, name: str, command: str
) -> None:
    """The command is run as the message names it."""
    later = datetime(2026, 1, 1, tzinfo=UTC)
    made = command.removeprefix("rollup ").split() if name != "sample" else []
    ran = folder.command("rollup" if made else "run", *(made or ["--sample"]), "--no-llm", now=later)
    assert ran.code == 0, ran.err
    data = Path(ran.out.strip()).with_suffix(".json")
    data.write_text(data.read_text().replace("report/2", "report/1"))
    assert f"\nvllm-digest {command}\n" in folder.command("status", now=later).out
    assert folder.command(*command.split(), "--no-llm", now=later).out == ran.out
    assert "another format" not in folder.command("status", now=later).out


def test_roll_ups_of_another_form_are_named_whole_though_others_overlap_them(folder: Folder) -> None:
    later = datetime(2026, 1, 1, tzinfo=UTC)
    spans = (("16:03", "18:03"), ("17:03", "19:03"), ("17:33", "18:33"))
    made = []
    for start, end in spans:
        span = ("--from", f"2025-12-10T{start}", "--to", f"2025-12-10T{end}")
        made.append(Path(folder.command("rollup", *span, "--no-llm", now=later).out.strip()))
    for page in made[:2]:
        data = page.with_suffix(".json")
        data.write_text(data.read_text().replace("report/2", "report/1"))
    said = folder.command("status", now=later).out
    for start, end in spans[:2]:
        assert f"--from 2025-12-10T{start}+08:00 --to 2025-12-10T{end}+08:00\n" in said
    assert said.count("vllm-digest rollup ") == 2


def test_a_damaged_file_beside_reports_of_its_window_may_be_removed(folder: Folder) -> None:
    stem = folder.data.with_name("20251210T0903Z-20251210T0933Z")
    for suffix in (".json", ".md"):
        stem.with_suffix(suffix).write_text("x")
    ran = folder.status()
    assert ran.code == 1
    assert f"{stem}.json is set aside: it is not JSON, or is truncated. Other reports cover" in ran.out


def test_what_was_read_once_is_read_again_when_it_changed(folder: Folder) -> None:
    assert folder.status().code == 0
    known = folder.data.stat()
    folder.data.write_bytes(b"x" * known.st_size)
    os.utime(folder.data, ns=(known.st_atime_ns, known.st_mtime_ns + 1))
    assert folder.status().code == 1


def test_an_archive_too_large_to_be_read_at_once_is_read_newest_first(folder: Folder) -> None:
    hour = timedelta(hours=1)
    for number in range(600):
        path = folder.path(TimeWindow.last(hour, FIRST.start - number * hour))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text('{"form": "vllm-digest/report/2"}')
    refused = []
    for unread in (len(HOURS) + 300, len(HOURS), 0):
        # Due roll-ups depend on every report.
        ran = folder.status("--json", VLLM_DIGEST_REPORT_ROLLUPS="[]")
        told = json.loads(ran.out)
        assert (ran.code, told["unread"]) == (1, unread)
        refused.append({one["path"] for one in told["refused"]})
    assert [len(paths) for paths in refused] == [300 - len(HOURS), 600 - len(HOURS), 600]
    assert min(refused[1]) > str(path), "the oldest is read last"
