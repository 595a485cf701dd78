"""Parse YAML for settings: values of YAML 1.2, no duplicate keys, limits on size and depth."""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from vllm_digest.cleaning import is_utf8
from vllm_digest.errors import UsageError

# "A million laughs": few lines with nested aliases can stand for any number of values.
_MOST_BYTES = 1_000_000
_MOST_NODES = 50_000
"""Values in a file, counting repetitions by aliases; the example file has about 600."""
_DEEPEST = 20
"""Levels of nesting, several times those of the settings."""


class _Loader(yaml.SafeLoader):
    """PyYAML's loader without surprising values of YAML 1.1: `no`, `on`, `1:30` and dates are strings."""


_Loader.yaml_implicit_resolvers = {}


# https://yaml.org/spec/1.2.2/#103-core-schema
for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", [*"tTfF"]),
    ("int", r"[-+]?[0-9]{1,30}", [*"-+0123456789"]),
    ("float", r"[-+]?(\.[0-9]+|[0-9]{1,30}(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", [*"-+0123456789."]),
    ("null", r"~|null|Null|NULL|", [*"~nN", ""]),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"^({_pattern})$"), _first)


# PyYAML's own constructor reads 010 as 8.
_Loader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(node.value))


def parse(text: str, place: str) -> Any:
    """The value of a YAML document. `place`: its name in messages. Raises UsageError if it is not valid."""
    remedy = "config.example.yaml shows the form."
    if len(text) > _MOST_BYTES:
        raise UsageError(f"{place} is too large for settings.", remedy)
    loader = None
    try:
        loader = _Loader(text)
        # Checked as nodes, before aliases are copied and duplicate keys are lost in a dict.
        node = loader.get_single_node()
        if node is None:
            return None
        _check(node, place)
        return loader.construct_document(node)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UsageError(f"{place} is not YAML: {_words(error)}", remedy) from None
    finally:
        if loader is not None:
            loader.dispose()


def _words(error: Exception) -> str:
    """The problem and its line, without the excerpts that PyYAML adds."""
    if isinstance(error, RecursionError):
        return "it is nested too deep."
    if isinstance(error, yaml.MarkedYAMLError) and error.problem and error.problem_mark:
        line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
        return f"{error.problem}, line {line}, column {column}."
    return f"{error}."


def _check(root: yaml.Node, place: str) -> None:
    """Raises UsageError for duplicate keys, for text that is not UTF-8, and beyond the limits."""
    for count, (node, path) in enumerate(_walk(root)):
        if count > _MOST_NODES or len(path) > _DEEPEST:
            raise UsageError(
                f"{place} is too large or nested too deep for settings.", "Write it without aliases."
            )
        if isinstance(node, yaml.MappingNode):
            _refuse_repeated(node, path, place)
        if isinstance(node, yaml.ScalarNode) and not is_utf8(node.value):
            raise UsageError(f"{place}: {'.'.join(path)} is not UTF-8.", "Write another text.")


def _refuse_repeated(mapping: yaml.MappingNode, path: tuple[str, ...], place: str) -> None:
    lines: dict[str, int] = {}
    for key, _ in mapping.value:
        name, line = str(key.value), key.start_mark.line + 1
        if name in lines:
            raise UsageError(
                f"{place}: {'.'.join((*path, name))} is given twice, in lines {lines[name]} and {line}.",
                "Keep one of them.",
            )
        lines[name] = line


def _walk(root: yaml.Node) -> Iterator[tuple[yaml.Node, tuple[str, ...]]]:
    """Each node with the path of keys to it; once for each repetition by an alias."""
    waiting: list[tuple[yaml.Node, tuple[str, ...]]] = [(root, ())]
    while waiting:
        node, path = waiting.pop()
        yield node, path
        if isinstance(node, yaml.MappingNode):
            waiting += [(value, (*path, str(key.value))) for key, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            waiting += [(value, (*path, str(at))) for at, value in enumerate(node.value)]
