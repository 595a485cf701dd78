"""The docs' tables of commands, options and exit codes are those of the program."""

import re
from pathlib import Path

import pytest

from tests.docs import DOCS, all_commands, written


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_the_tables_of_the_docs_follow_from_the_program(page: Path) -> None:
    """`python -m tests.docs` writes them anew."""
    text = page.read_text(encoding="utf-8")
    assert written(text) == text


def test_every_command_has_its_table_in_the_docs() -> None:
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    told = set(re.findall(r"<!-- table: (.+?) -->", text)) - {"exit codes", "shared options"}
    silent = {"doctor", "pull"}  # what they have is in the table of shared options, or in that of `push`
    assert told | silent == {name for name, _ in all_commands()}


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_every_option_named_in_the_docs_is_one(page: Path) -> None:
    from vllm_digest.options.declaring import declared

    known = {flag for _, kind in all_commands() for _, how in declared(kind) for flag in how.flags}
    theirs = {"--source", "--destination", "--model", "--help"}  # of jekyll, vllm and click
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page.read_text(encoding="utf-8")))
    assert named <= known | theirs


@pytest.mark.parametrize("page", sorted(DOCS.glob("*.md")), ids=lambda path: path.name)
def test_links_within_the_docs_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
