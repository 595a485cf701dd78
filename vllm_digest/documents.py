"""Write values as JSON documents with the name of their form, and read such files, which may be hostile."""

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
"""Bytes of a document by default; callers that read a stranger's files give a lower limit."""
_LONGEST = 2_000_000
"""Bytes of one string in a document; GitHub's bodies have at most 65,536 characters."""
_DIGITS = 20
"""Digits of a 64-bit number; Python refuses over 4,300 digits, and other readers fewer."""


class UnreadableError(DocumentError):
    """The operating system does not let a file be read; its content may be valid."""


def to_json(value: object, form: str) -> bytes:
    """A frozen value as a JSON document in UTF-8; fields with their default value are left out.

    `form`: name and version of the document's form, such as `vllm-digest/report/2`.
    """
    fields = adapter(type(value)).dump_python(value, mode="json", exclude_defaults=True)
    text = _lines({"form": form, **fields}, levels=2) + "\n"
    # JSON from GitHub may contain lone surrogates, which UTF-8 cannot encode; pages leave them out as well.
    return text.encode(errors="ignore")


def _lines(value: Any, levels: int) -> str:
    """JSON with one line per entry of the outer objects, and of their lists of objects.

    One line per thread keeps files small and diffs readable.
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
    """Read a document of `to_json`. Raises DocumentError if it cannot be read or is something else."""
    return value_in(read_document(path, _LARGEST, str(path)), kind, form, str(path))


def read_document(path: Path, most: int, name: str) -> Any:
    """Read the JSON in a regular file of at most `most` bytes. `name`: of the file, in messages.

    Raises DocumentError if the file is not one or does not contain valid JSON.
    """
    return parse_json(read_file(path, most, name), name)


def parse_json(content: bytes, name: str, longest: int = _LONGEST) -> Any:
    """Parse JSON with strings of at most `longest` bytes. `name`: of the document, in messages.

    Raises DocumentError if it is not valid JSON, or exceeds the limits on strings, numbers and depth.
    """

    def integer(digits: str) -> int:
        if len(digits) > _DIGITS:
            raise DocumentError(f"{name} has a number of {len(digits)} digits.")
        return int(digits)

    def number(digits: str) -> float:
        found = float(digits)
        if not math.isfinite(found):
            raise DocumentError(f"{name} has a number that is too large.")
        return found

    try:
        value = json.loads(content, parse_int=integer, parse_float=number, parse_constant=number)
        if b"\\ud" in content.lower():
            # JSON may contain lone surrogates, which UTF-8 cannot encode.
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise DocumentError(f"{name} is nested too deeply.") from None
    except UnicodeEncodeError:
        raise DocumentError(f"{name} has a lone surrogate.") from None
    except ValueError:
        raise DocumentError(f"{name} is not JSON, or is truncated.", "Run its window again.") from None
    # Without escaped quotes, everything between two quotes is a string or what separates strings. Faster than
    # a walk through the parsed value.
    bare = content.replace(rb"\\", b"").replace(rb"\"", b"")
    if max(map(len, bare.split(b'"'))) > longest:
        raise DocumentError(f"{name} has a string of more than {longest} bytes.")
    return value


def read_file(path: Path | str, most: int, name: str) -> bytes:
    """Read a regular file of at most `most` bytes. Raises DocumentError if it is not one.

    Raises UnreadableError if the operating system does not let it be read.
    """
    try:
        # Without O_NONBLOCK opening a pipe would wait for its other end. Checked after opening, so that the
        # file cannot be replaced in between.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor has no path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DocumentError(f"{name} is not a regular file.")
            content = file.read(most + 1)
    except OSError as error:
        raise UnreadableError(f"{name} cannot be read: {error.strerror}.") from None
    if len(content) > most:
        raise DocumentError(f"{name} is larger than {most // 1_000_000} MB, the maximum for such a document.")
    return content


def value_in(document: Any, kind: type[T], form: str, name: str) -> T:
    """The value in a parsed document. Raises DocumentError if the document has another form or is damaged."""
    fields = dict(document) if isinstance(document, dict) else {}
    found = fields.pop("form", None)
    if found != form:
        raise DocumentError(
            f"{name} is not a {form} document" + (f" but {str(found)[:60]!r}." if found else "."),
            "It is another kind of file, or of another version of vllm-digest. For a report in an archive "
            "`vllm-digest status` names the command that makes it again.",
        )
    try:
        value: T = adapter(kind).validate_python(fields)
    except ValidationError as error:
        first = next(problems(error))
        raise DocumentError(
            f"{name} is damaged at {first.place}: {first.words}.", "Run its window again."
        ) from None
    except OverflowError:
        raise DocumentError(f"{name} has a time out of range.", "Run its window again.") from None
    return value


def adapter(kind: type[T]) -> TypeAdapter[T]:
    """The cached pydantic adapter of a type; building one takes longer than using it."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
