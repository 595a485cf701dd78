"""The GraphQL documents: one file per query in this folder, and the fragments they share."""

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

OPTIONAL_FIELDS = frozenset({"issueType"})
"""Fields that older servers do not know. Each is on a separate line that ends with `# optional`."""
_PURPOSES = {
    "Recent": "the lists of threads by last update",
    "Search": "threads that were created, closed or updated since a time",
    "Details": "the found threads with their texts and events",
    "More": "further pages of long lists",
    "Rows": "titles and states of threads by number",
    "Threads": "texts of threads by number",
}
_OPERATION = re.compile(r"^query (\w+)", re.MULTILINE)
_FRAGMENT = re.compile(r"^fragment (\w+) on .*?^}\n", re.MULTILINE | re.DOTALL)
_SPREAD = re.compile(r"\.\.\.(\w+)")


@cache
def document(name: str) -> str:
    """Return the query in the file `NAME.graphql` with the fragments that it uses."""
    return with_fragments(_text(name))


def with_fragments(query: str) -> str:
    """Return a query with the fragments that it uses, directly or through others."""
    return "\n".join((query, *_used(query, set())))


@cache
def without(text: str, fields: frozenset[str]) -> str:
    """Return a document without the optional fields with these names."""
    lines = text.splitlines(keepends=True)
    return "".join(
        line for line in lines if not (line.rstrip().endswith("# optional") and line.split()[0] in fields)
    )


def purpose(text: str) -> str:
    """Return a document's operation and what it asks for, such as `Recent: the lists of …`, for messages."""
    operation = _OPERATION.findall(text)[0]
    return f"{operation}: {_PURPOSES[operation]}"


def _used(text: str, found: set[str]) -> Iterator[str]:
    for name in dict.fromkeys(_SPREAD.findall(text)):
        if name not in found:
            found.add(name)
            fragment = _fragments()[name]
            yield fragment
            yield from _used(fragment, found)


@cache
def _fragments() -> dict[str, str]:
    return {match[1]: match[0] for match in _FRAGMENT.finditer(_text("fragments"))}


def _text(name: str) -> str:
    return (files(__name__) / f"{name}.graphql").read_text(encoding="utf-8")
