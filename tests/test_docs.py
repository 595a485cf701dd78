"""The docs are true to the program: tables, commands, options, links, and what runs when it is followed."""

import json
import re
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import archives
from tests.conftest import NOW, Run
from tests.docs import DOCS, all_commands, written
from tests.servers.github import TOKEN, GitHub
from tests.servers.world import World
from vllm_digest.archive import Archive
from vllm_digest.render import render
from vllm_digest.window import TimeWindow

ROOT = DOCS.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]
BLOCK = re.compile(r"^(<!-- not run: .+? -->\n\n)?```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)
THEIRS = {
    "--source",
    "--destination",
    "--model",
    "--help",
    "--version",
    "--from",
    "--judge",
    "--orphan",
}
"""Options of jekyll, vllm, click, uvx and the benchmarks."""
MOVED = {"--batch", "--collect"}
"""Options whose new names the changelog tells."""
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)


def blocks(page: Path, language: str) -> list[str]:
    """The blocks of a language that are to be run."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [text for unrun, name, text in found if name == language and not unrun]


def shell_lines(page: Path) -> list[list[str]]:
    """The words of each line of the page's shell blocks that calls the program, without comments."""
    lines = BLOCK.findall(page.read_text(encoding="utf-8"))
    calls = (line for _, name, text in lines if name == "console" for line in text.splitlines())
    words = (shlex.split(line.removeprefix("$ "), comments=True) for line in calls if line.startswith("$ "))
    return [line for line in words if line[0] == "vllm-digest"]


@each_page
def test_the_tables_of_the_docs_follow_from_the_program(page: Path) -> None:
    """`python -m tests.docs` writes them anew."""
    text = page.read_text(encoding="utf-8")
    assert written(text) == text


def test_every_command_has_its_table_in_the_docs() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    told = set(re.findall(r"<!-- table: (.+?) -->", text)) - {"exit codes", "shared options"}
    silent = {"doctor"}  # what it has is in the table of shared options
    assert told | silent == {name for name, _ in all_commands()}


@each_page
def test_every_option_named_in_the_docs_is_one(page: Path) -> None:
    from vllm_digest.options.declaring import declared

    known = {flag for _, kind in all_commands() for _, how in declared(kind) for flag in how.flags}
    named = set(re.findall(r"(?<![\w<!-])--[a-z][a-z-]+", page.read_text(encoding="utf-8")))
    assert named <= known | THEIRS | (MOVED if page.name == "CHANGELOG.md" else set())


@each_page
def test_every_command_line_in_the_docs_is_understood(page: Path) -> None:
    """Each names a command and options that it has; what it does is tried elsewhere."""
    from vllm_digest.options.declaring import declared

    kinds = dict(all_commands())
    for words in shell_lines(page):
        name = " ".join(words[1:3]) if words[1] == "batch" else words[1]
        flags = {flag for _, how in declared(kinds[name]) for flag in how.flags}
        assert {word for word in words if word.startswith("-")} <= flags, words


@each_page
def test_links_lead_to_files_and_headings(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?://)([^)\s]+)\)", text) + re.findall(
        r'(?:src|srcset)="([^"]+)"', text
    )
    for target in targets:
        path, _, anchor = target.partition("#")
        file = page.parent / path if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives to a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_reached_from_the_readme() -> None:
    found, left = set(), [ROOT / "README.md"]
    while left:
        page = left.pop()
        found.add(page)
        targets = re.findall(r"\]\((?!https?://)([^)#]+\.md)", page.read_text(encoding="utf-8"))
        left += {(page.parent / target).resolve() for target in targets} - found
    assert set(PAGES) <= found


def test_the_readme_is_two_screens() -> None:
    assert (ROOT / "README.md").stat().st_size < 8192


@each_page
def test_settings_in_the_docs_are_accepted(page: Path, run: Run) -> None:
    for text in blocks(page, "yaml"):
        if isinstance(yaml.safe_load(text), dict):
            Path("config.yaml").write_text(text, encoding="utf-8")
            ran = run("config", "--effective")
            assert (ran.code, ran.err) == (0, ""), text


def test_getting_started_works_when_it_is_followed(run: Run) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=NOW + timedelta(minutes=5)) as github:
        environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
        lines = [
            shlex.split(line.removeprefix("$ "), comments=True)
            for text in blocks(DOCS / "getting-started.md", "console")
            for line in text.splitlines()
        ]
        assert len(lines) >= 9
        for words in lines:
            ran = run(*words[1:], environ=environ)
            assert ran.code == 0, (words, ran.err)
            assert ran.out, words


DAY = TimeWindow(datetime(2025, 12, 9, 16, tzinfo=UTC), datetime(2025, 12, 10, 16, tzinfo=UTC))


@pytest.fixture
def tables(run: Run) -> dict[str, list[dict[str, Any]]]:
    """The rows of an export of a generated day, which is in `tables/`."""
    archive = Archive(Path("archive"), DAY.end)
    for window in DAY.split(timedelta(hours=1)):
        report = archives.report(window, archives.with_earlier_ones(window))
        archive.store(report, render(report))
    paths = run("export", "tables", now=DAY.end).out.splitlines()
    return {
        Path(path).stem: [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]
        for path in paths
    }


def test_questions_in_sql_are_answered_from_an_export(tables: dict[str, list[dict[str, Any]]]) -> None:
    duckdb = pytest.importorskip("duckdb", reason="NO duckdb: the questions of docs/archive.md are not asked")
    waits, merges, reviewers, unanswered, gains, ages = (
        duckdb.sql(question).fetchall() for question in blocks(DOCS / "archive.md", "sql")
    )
    first = min(row["start"] for row in tables["reports"])
    threads = tables["threads"]
    new = [row for row in threads if row["created_at"] >= first]
    labels = {label for row in new if row["kind"] == "issue" for label in row["labels"]}
    assert {row[0] for row in waits} == labels
    about = [row for row in threads if row["relevance"] == "yes" and row["merged_at"]]
    assert sum(row[1] for row in merges) == len(about)
    assert {row[0] for row in reviewers} <= {row["login"] for row in tables["events"]}
    open_bugs = [
        row for row in new if row["is_bug"] and row["state"] == "open" and not row["first_answer_at"]
    ]
    assert {row[0] for row in unanswered} == {row["number"] for row in open_bugs}
    assert {row[1] for row in gains} == {row["number"] for row in tables["gains"] if row["hardware"]}
    assert sum(row[1] for row in ages) == sum(bool(row["merged_at"]) for row in threads)


def test_questions_in_sql_name_tables_that_an_export_has(tables: dict[str, list[dict[str, Any]]]) -> None:
    questions = blocks(DOCS / "archive.md", "sql")
    assert len(questions) == 6
    assert set(re.findall(r"tables/(\w+)\.jsonl", "".join(questions))) <= set(tables)


def test_the_architecture_page_has_every_package_and_test_that_it_names() -> None:
    from tests.test_architecture import DEPENDENCIES

    text = (DOCS / "architecture.md").read_text(encoding="utf-8")
    table = text.split("| packages |")[1].split("\n\n")[0]
    named = {name for row in table.splitlines() for name in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert named == set(DEPENDENCIES)
    suite = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("test_*.py"))
    for name in re.findall(r"`(test_\w+)`", text):
        assert f"def {name}(" in suite, name
    for path in re.findall(r"`(tests/\w+\.py)`", text):
        assert (ROOT / path).is_file(), path


def test_the_recipes_name_files_that_there_are() -> None:
    """Those with NAME, KEY or LANGUAGE in them are yet to be made."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"((?:vllm_digest|tests|templates|docs)/[\w./]*\w|CHANGELOG\.md|\.ci/[\w-]+)", text)
    made = [path for path in named if not re.search("[A-Z]{3}", path.replace("CHANGELOG", ""))]
    assert len(made) > 15
    for path in made:
        assert (ROOT / path).exists(), path


def test_every_version_of_the_heat_formula_is_told() -> None:
    from vllm_digest.digest.heat import FORMULA

    assert f"Formula {FORMULA}, the version" in (DOCS / "page.md").read_text(encoding="utf-8")


def test_every_key_of_the_json_of_a_run_is_told(run: Run) -> None:
    told = (
        (DOCS / "commands.md")
        .read_text(encoding="utf-8")
        .partition("`--json` prints one object per window")[2]
    )
    summary = json.loads(run("run", "--sample", "--dry-run", "--json").out)
    for key in (*summary, *summary["window"], *summary["counts"], *summary["github"], *summary["llm"]):
        assert f"`{key}`" in told.partition("\n## ")[0], key


def test_every_door_names_tests_that_there_are() -> None:
    rows = [line.split("|")[1:-1] for line in (DOCS / "security.md").read_text("utf-8").splitlines()]
    doors = [row for row in rows if len(row) == 4][2:]
    assert len(doors) > 15
    for name, *_, tests in doors:
        files = re.findall(r"`(tests/\w+\.py)`", tests)
        assert files, name
        assert all((ROOT / file).is_file() for file in files), name
    assert (ROOT / "SECURITY.md").is_file()
