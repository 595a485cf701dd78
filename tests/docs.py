"""Generate the tables in docs/ and the stored pages of the recorded hour from the program.

`python -m tests.docs` writes them.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from tests import sample_author
from tests.authors import question
from tests.servers.model import ModelServer
from tests.values import digest
from vllm_digest.cli import DECLARED, commands
from vllm_digest.config import Settings
from vllm_digest.digest.heat import hot_from
from vllm_digest.errors import EXIT_CODES
from vllm_digest.options import TimedOptions
from vllm_digest.options.declaring import CommandOptions, Option, declared
from vllm_digest.sections import SECTIONS, Section
from vllm_digest.stories.tables import COLUMNS

DOCS = Path(__file__).parent.parent / "docs"
_MARKED = re.compile(r"(<!-- table: (.+?) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_SHARED = [field.name for field, _ in declared(TimedOptions)]
"""The options that many commands have; they are in a separate table."""


def all_commands(
    group: click.Group = commands, before: str = ""
) -> Iterator[tuple[str, type[CommandOptions]]]:
    """Each command's name, with its group's before it, and the class that declares its options."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from all_commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", DECLARED[command]


def written(text: str) -> str:
    """A page of the docs with up-to-date tables."""
    return _MARKED.sub(lambda match: f"{match[1]}\n{_table(match[2])}\n{match[4]}", text)


def _table(name: str) -> str:
    if name == "exit codes":
        codes = ((str(one.code), one.meaning, one.remedy) for one in EXIT_CODES)
        return _lines(("code", "meaning", "what to do about it"), codes)
    if name == "columns":
        columns = ((f"`{table}`", ", ".join(f"`{one}`" for one in names)) for table, names in COLUMNS.items())
        return _lines(("table", "columns"), columns)
    if name == "hot from":
        threshold = Settings().heat.threshold
        hours = {"up to 1h": 1, "6h": 6, "24h": 24, "7d": 168, "30d": 720}
        scores = ((told, str(hot_from(threshold, timedelta(hours=some)))) for told, some in hours.items())
        return _lines(("window", "hot from"), scores)
    if name == "sections":
        head = ("key", "heading, zh", "heading, en", "written by a model")
        return _lines(head, (_section_row(one) for one in SECTIONS))
    if name == "shared options":
        return _lines(("option", "meaning", "default", "commands"), _shared_rows())
    kind = dict(all_commands())[name]
    rows = (
        (_given(how), how.help, how.default_text)
        for field, how in declared(kind)
        if field.name not in _SHARED
    )
    return _lines(("option", "meaning", "default"), rows)


def _section_row(section: Section) -> tuple[str, ...]:
    parts = ", ".join(f"`{part}`" for part in section.parts)
    shown = [f"overview `{section.overview}`"] if section.overview else []
    shown += [f"of each thread {parts}"] if parts else []
    headings = (section.heading(digest(), language) for language in ("zh", "en"))
    return f"`{section.key}`", *headings, "; ".join(shown)


def _shared_rows() -> Iterator[tuple[str, ...]]:
    for field, how in declared(TimedOptions):
        users = [
            name for name, kind in all_commands() if field.name in {one.name for one, _ in declared(kind)}
        ]
        everyone = len(users) == len(list(all_commands()))
        yield _given(how), how.help, how.default_text, "all" if everyone else ", ".join(sorted(users))


def _given(how: Option) -> str:
    """How an option or argument is written."""
    if not how.flags:
        return f"`{how.metavar}`"
    flags = [flag for flag in how.flags if flag.startswith("-")]
    return ", ".join(f"`{flag} {how.metavar}`" if how.metavar else f"`{flag}`" for flag in flags)


def _lines(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    every = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in every)


def _samples() -> Iterator[tuple[str, str]]:
    """The stored pages of the recorded hour, by name: by rules, in English, by a model."""
    yield "sample", _sampled({})
    yield "sample_en", _sampled({}, "--language", "en")
    with ModelServer(lambda asked: sample_author.answer(question(asked))) as server:
        yield "sample_by_model", _sampled(server.environ)


def _sampled(environ: Mapping[str, str], *render: str) -> str:
    module = (sys.executable, "-m", "vllm_digest")
    with TemporaryDirectory() as folder:

        def run(*arguments: str) -> str:
            ran = subprocess.run(
                (*module, *arguments),
                env={"PATH": os.environ["PATH"], "PYTHONPATH": str(DOCS.parent), "HOME": folder, **environ},
                cwd=folder,
                stdout=subprocess.PIPE,
                check=True,
            )
            return ran.stdout.decode()

        page = Path(folder, run("run", "--sample", "--now", "2025-12-10T20:00").strip())
        return run("render", str(page.with_suffix(".json")), *render)


if __name__ == "__main__":
    for page in DOCS.glob("*.md"):
        page.write_text(written(page.read_text(encoding="utf-8")), encoding="utf-8")
    for name, page_of_hour in _samples():
        (DOCS.parent / f"tests/{name}.md").write_text(page_of_hour, encoding="utf-8")
