"""`vllm-digest export`: the archive as tables for programs."""

import csv
import json
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TextIO

from vllm_digest.errors import StorageError, UsageError, remedy_for
from vllm_digest.options import ExportOptions
from vllm_digest.printing import print_product
from vllm_digest.runtime import Runtime, resolve
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.tables import COLUMNS, Row, write_tables

_FORMATS = ("jsonl", "csv")
_FORMULA = tuple("=+-@\t\r")
"""First characters of cells that a spreadsheet would run as a formula:
https://owasp.org/www-community/attacks/CSV_Injection"""


def export(runtime: Runtime, options: ExportOptions) -> None:
    """Write one file for each table into a folder, atomically, and print their paths."""
    setup = resolve(runtime, options)
    if options.format not in _FORMATS:
        raise UsageError(f"{options.format!r} is not a format.", f"Take {' or '.join(_FORMATS)}.")
    folder = Path(options.folder)
    paths = {table: folder / f"{table}.{options.format}" for table in COLUMNS}
    drafts = {table: path.with_name(f".{path.name}.tmp") for table, path in paths.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            index = stack.enter_context(StoryIndex(setup.archive))
            # `csv` writes line ends itself, so `newline` must be empty: else Windows gets an empty line each.
            writers = {
                table: _writer(
                    stack.enter_context(draft.open("w", encoding="utf-8", newline="")), table, options.format
                )
                for table, draft in drafts.items()
            }
            write_tables(setup.archive, index, setup.settings.github.repo, writers)
        for table, path in paths.items():
            drafts[table].replace(path)
    except OSError as error:
        raise StorageError(
            f"{error.filename or folder} cannot be written: {error.strerror}.", remedy_for(error)
        ) from None
    finally:
        # A failure here must not hide the first one.
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
    for path in paths.values():
        print_product(f"{path}\n")


def _writer(file: TextIO, table: str, form: str) -> Callable[[Row], None]:
    columns = COLUMNS[table]
    if form == "jsonl":
        return lambda row: _write_line(file, {name: row.get(name) for name in columns})
    rows = csv.writer(file)
    rows.writerow(columns)
    return lambda row: rows.writerow([_cell(row.get(name)) for name in columns])


def _write_line(file: TextIO, row: Row) -> None:
    # JSON from GitHub may contain lone surrogates, which UTF-8 cannot encode.
    file.write(json.dumps(row, ensure_ascii=False).encode(errors="ignore").decode() + "\n")


def _cell(value: object) -> str:
    """A value as a cell; an apostrophe is put before text that a spreadsheet would run."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list():
            text = ";".join(map(str, value))
        case _:
            text = str(value)
    text = text.encode(errors="ignore").decode()
    # A negative number begins with `-` as well, and is no formula.
    return f"'{text}" if text.startswith(_FORMULA) and not isinstance(value, int) else text
