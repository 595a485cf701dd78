"""Declare options as fields of a dataclass; derive click's parameters and overrides of settings from them."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from inspect import get_annotations
from typing import Any

import click

from vllm_digest.cleaning import is_utf8
from vllm_digest.errors import UsageError


@dataclass(frozen=True, slots=True)
class Option:
    """The declaration of an option or argument.

    flags: `("--wait",)`; empty for an argument. metavar: name of its value in help; empty for a switch.
    setting: the setting that it overrides, such as `report.window`; empty without one.
    default_text: its default in help; empty without one, or if `help` states it.
    counts: whether it may be repeated and is counted (`-vv`). several: whether it takes several values.
    """

    flags: tuple[str, ...]
    help: str
    metavar: str = ""
    setting: str = ""
    default_text: str = ""
    counts: bool = False
    several: bool = False

    @property
    def described(self) -> str:
        """The help, followed by the default."""
        return f"{self.help}  [default: {self.default_text}]" if self.default_text else self.help


def option(*flags: str, help: str, default: Any = None, **more: Any) -> Any:  # noqa: A002 - click's word
    """A dataclass field for an option; without `metavar` and `counts` it is a switch."""
    declared = Option(flags, help, **more)
    if not (declared.metavar or declared.counts):
        default = False
    return field(default=0 if declared.counts else default, metadata={"option": declared})


def argument(metavar: str, help: str, *, default: Any = MISSING, several: bool = False) -> Any:  # noqa: A002
    """A dataclass field for an argument; required without `default`. `help` is only shown in the docs."""
    declared = Option((), help, metavar=metavar, several=several)
    return field(default=() if several else default, metadata={"option": declared})


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CommandOptions:
    """Options of every command."""

    quiet: bool = option("-q", "--quiet", help="Print only errors to stderr.")
    verbose: int = option(
        "-v", "--verbose", counts=True, help="Print each request and its reason; -vv prints more detail."
    )


def declared(options: type[CommandOptions]) -> Iterator[tuple[Field[Any], Option]]:
    """The fields of a command in the order of its help: its own first, shared ones last."""
    known = {one.name: one for one in fields(options)}
    for kind in options.__mro__:
        for name in get_annotations(kind):
            if name in known:
                one = known.pop(name)
                yield one, one.metadata["option"]


def parameters(options: type[CommandOptions]) -> list[click.Parameter]:
    """The parameters of a click command."""
    return [_parameter(one, how) for one, how in declared(options)]


def _parameter(one: Field[Any], how: Option) -> click.Parameter:
    if how.flags:
        names = how.flags if one.name in how.flags else (*how.flags, one.name)
        return click.Option(
            names,
            default=one.default,
            help=how.described,
            metavar=how.metavar or None,
            is_flag=not (how.metavar or how.counts),
            count=how.counts,
            multiple=how.several,
        )
    if how.several:
        return click.Argument([one.name], metavar=how.metavar, required=False, nargs=-1)
    if one.default is MISSING:
        return click.Argument([one.name], metavar=how.metavar)
    return click.Argument([one.name], metavar=how.metavar, required=False, default=one.default)


def check_encoding(options: CommandOptions) -> None:
    """Raises UsageError if an option or argument is not UTF-8: no page, log or JSON could contain it."""
    for one, how in declared(type(options)):
        value = getattr(options, one.name)
        for text in value if isinstance(value, tuple) else (value,):
            if isinstance(text, str) and not is_utf8(text):
                name = how.flags[0] if how.flags else how.metavar
                raise UsageError(f"{name}: {text!r} is not UTF-8.", "Give the file or folder another name.")


def overrides(options: CommandOptions) -> Mapping[str, Mapping[str, Any]]:
    """The settings that the given options override, by section and key."""
    found: dict[str, dict[str, Any]] = {}
    for one, how in declared(type(options)):
        if how.setting:
            section, key = how.setting.split(".")
            found.setdefault(section, {})[key] = getattr(options, one.name)
    return found
