"""Values as JSON files, and writes that happen whole or not at all."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from vllm_digest.errors import DocumentError, StorageError
from vllm_digest.validation import problems

T = TypeVar("T")
_ADAPTERS: dict[type[Any], TypeAdapter[Any]] = {}


def to_json(value: object, form: str) -> bytes:
    """A frozen value as a JSON document that says its `form`; fields at their defaults are left out."""
    fields = _adapter(type(value)).dump_python(value, mode="json", exclude_defaults=True)
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
    try:
        document: Any = json.loads(path.read_bytes())
    except OSError as error:
        raise DocumentError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise DocumentError(
            f"{path} holds no JSON, or only a part of one.", "Run its window again."
        ) from None
    found = document.pop("form", None) if isinstance(document, dict) else None
    if found != form:
        raise DocumentError(
            f"{path} is no {form} document" + (f" but {found!r}." if found else "."),
            "It may come from another version of vllm-digest, or be another kind of file.",
        )
    try:
        value: T = _adapter(kind).validate_python(document)
    except ValidationError as error:
        first = next(problems(error))
        raise DocumentError(f"{path}: {first.place}: {first.words}.", "Run its window again.") from None
    return value


def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    """Building one takes longer than using it, so each is built once."""
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write files so that each is whole, and where the last of them stands, all belong together.

    They appear in the order given; when old ones are replaced, the last one is gone while that lasts.
    StorageError names the file that could not be written; then all are as they were.
    """
    drafts: dict[Path, Path] = {}
    path = Path()
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            drafts[path] = path.with_name(f".{path.name}.tmp")
            _write_through(drafts[path], content)
        path.unlink(missing_ok=True)
        for path, draft in drafts.items():
            draft.replace(path)
            _sync_folder(path.parent)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror}.",
            "Nothing was changed; mend it and run the window again.",
        ) from None
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def probe(folder: Path) -> None:
    """Try to write below a folder that is there or is to be made; StorageError when that fails."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest) as file:
            file.write(b"probe")
    except OSError as error:
        raise StorageError(
            f"{folder} cannot be written: {error.strerror}.",
            "Name another folder, or mend its rights.",
        ) from None


def _write_through(path: Path, content: bytes) -> None:
    """Write and wait until the disk has it, so that the name never points to less than all."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
