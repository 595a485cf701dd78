"""Values as JSON documents that say their form, and reads that a damaged or hostile file cannot upset."""

import json
import math
import os
import stat
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from vllm_digest.errors import DocumentError
from vllm_digest.validation import problems

T = TypeVar("T")
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}
_LARGEST = 1_000_000_000
"""Bytes of a document, unless its reader knows better."""


_LONGEST = 2_000_000
"""Bytes of one text in a document; GitHub's bodies have 65,536 characters at most."""
_DIGITS = 20
"""Of the largest number of 64 bits; Python refuses 4,301 digits, and others fewer."""


class UnreadableError(DocumentError):
    """The system does not let a file be read; its content may be sound."""


def to_json(value: object, form: str) -> bytes:
    """A frozen value as a JSON document that says its `form`; fields at their defaults are left out."""
    fields = adapter(type(value)).dump_python(value, mode="json", exclude_defaults=True)
    text = _lines({"form": form, **fields}, levels=2) + "\n"
    # A lone surrogate, which JSON from GitHub may hold, is no text; pages leave it out, too.
    return text.encode(errors="ignore")


def _lines(value: Any, levels: int) -> str:
    """JSON with one entry of the outer objects and of their lists of objects on a line.

    A line a thread keeps files small and their differences readable.
    """
    match value:
        case dict() if value and levels:
            entries = (f"{json.dumps(key)}: {_lines(item, levels - 1)}" for key, item in value.items())
            return "{\n" + ",\n".join(entries) + "\n}"
        case [dict(), *_]:
            return "[\n" + ",\n".join(_lines(item, 0) for item in value) + "\n]"
        case _:
            return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def from_json(path: Path, kind: type[T], form: str) -> T:
    """The value in a document of `to_json`; DocumentError when it cannot be read or is something else."""
    return value_in(read_document(path, _LARGEST, str(path)), kind, form, str(path))


def read_document(path: Path, most: int, name: str) -> Any:
    """The JSON of a regular file of `most` bytes at most.

    Raises DocumentError, which calls the file `name`, where there is none.
    """
    return parse_json(read_file(path, most, name), name)


def parse_json(content: bytes, name: str, longest: int = _LONGEST) -> Any:
    """The value of a JSON text whose texts have `longest` bytes at most.

    Raises DocumentError, which calls it `name`, where there is none, or one beyond all measure.
    """

    def integer(digits: str) -> int:
        if len(digits) > _DIGITS:
            raise DocumentError(f"{name} holds a number of {len(digits)} digits.")
        return int(digits)

    def number(digits: str) -> float:
        found = float(digits)
        if not math.isfinite(found):
            raise DocumentError(f"{name} holds a number beyond all measure.")
        return found

    try:
        value = json.loads(content, parse_int=integer, parse_float=number, parse_constant=number)
        if b"\\ud" in content.lower():
            # Half of a pair of surrogates is no text; JSON may hold it, a file may not.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise DocumentError(f"{name} is nested too deep.") from None
    except UnicodeEncodeError:
        raise DocumentError(f"{name} holds half of a character.") from None
    except ValueError:
        raise DocumentError(
            f"{name} holds no JSON, or only a part of one.", "Run its window again."
        ) from None
    # Without escaped quotes, what stands between two quotes is a text or what separates texts.
    bare = content.replace(rb"\\", b"").replace(rb"\"", b"")
    if max(map(len, bare.split(b'"'))) > longest:
        raise DocumentError(f"{name} holds a text of more than {longest} bytes.")
    return value


def read_file(path: Path | str, most: int, name: str) -> bytes:
    """The content of a regular file of `most` bytes at most; DocumentError for anything else."""
    try:
        # Opening a pipe would wait for its other end.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DocumentError(f"{name} is not a regular file.")
            content = file.read(most + 1)
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}.") from None
    if len(content) > most:
        raise DocumentError(f"{name} is larger than {most // 1_000_000} MB, which no document of ours is.")
    return content


def value_in(document: Any, kind: type[T], form: str, name: str) -> T:
    """The value that a document of this form holds; DocumentError when it is of another form or damaged."""
    fields = dict(document) if isinstance(document, dict) else {}
    found = fields.pop("form", None)
    if found != form:
        raise DocumentError(
            f"{name} is no {form} document" + (f" but {str(found)[:60]!r}." if found else "."),
            "It may come from another version of vllm-digest, or be another kind of file.",
        )
    try:
        value: T = adapter(kind).validate_python(fields)
    except ValidationError as error:
        first = next(problems(error))
        raise DocumentError(f"{name}: {first.place}: {first.words}.", "Run its window again.") from None
    except OverflowError:
        raise DocumentError(f"{name} holds a time beyond the calendar.", "Run its window again.") from None
    return value


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """What reads and writes values of a type as JSON; building one takes longer than using it."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
