"""Options: each is declared once, is in `--help`, and matches the setting that it overrides."""

import inspect
import re
from collections.abc import Iterator

import click
import pytest

from tests.conftest import Run
from vllm_digest import errors, options
from vllm_digest.cli import commands
from vllm_digest.config import Settings
from vllm_digest.options.declaring import CommandOptions, declared
from vllm_digest.window import format_length

ALL = [kind for _, kind in inspect.getmembers(options, inspect.isclass) if issubclass(kind, CommandOptions)]


def walk(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from walk(command, (*path, name))
        else:
            yield (*path, name), command


@pytest.mark.parametrize("path", [path for path, _ in walk(commands)], ids=" ".join)
def test_help_tells_every_option_of_every_command(run: Run, path: tuple[str, ...]) -> None:
    command = dict(walk(commands))[path]
    said = run(*path, "--help")
    assert said.code == 0
    text = " ".join(said.out.split())
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert max(parameter.opts, key=len) in text
            assert parameter.help
            assert " ".join(parameter.help.split()) in text


def test_every_option_of_a_name_means_the_same_wherever_it_is_given() -> None:
    """One declaration, or one that says why it differs: windows of a backfill have another default."""
    found: dict[str, set[str]] = {}
    for kind in ALL:
        for _, how in declared(kind):
            for flag in (name for name in how.flags if name.startswith("-")):
                found.setdefault(flag, set()).add(how.help)
    differ = {flag for flag, helps in found.items() if len(helps) > 1}
    assert differ == {"--window", "--dry-run", "--json", "--to"}


@pytest.mark.parametrize("kind", ALL)
def test_defaults_in_help_are_those_of_the_settings(kind: type[CommandOptions]) -> None:
    settings = Settings()
    usual = {
        "report.output": str(settings.report.output),
        "report.window": format_length(settings.report.window),
        "github.repo": settings.github.repo,
        "github.max_wait": format_length(settings.github.max_wait),
    }
    for _, how in declared(kind):
        if how.setting and how.default_text:
            assert how.default_text.endswith(usual[how.setting])


def test_the_codes_of_errors_are_those_of_the_table(run: Run) -> None:
    codes = {code.code for code in errors.EXIT_CODES}
    kinds = [kind for _, kind in inspect.getmembers(errors, inspect.isclass)]
    used = {kind.exit_code for kind in kinds if issubclass(kind, errors.DigestError)}
    assert used | {0, errors.INTERRUPTED, errors.OUTPUT_CLOSED} == codes
    listed = re.findall(r"^ +(\d+) ", run("--help").out, re.MULTILINE)
    assert [int(code) for code in listed] == [code.code for code in errors.EXIT_CODES]
