"""The database of the index of stories: its tables, and a file that can be made again."""

import os
import sqlite3
import zlib
from contextlib import closing
from hashlib import sha256
from pathlib import Path

_TIMEOUT = 60
"""Seconds to wait for another process that writes it."""
_VERSION = 6
"""Of the tables and of what is read into them; a database of another version is made anew."""
_TABLES = """
CREATE TABLE report (
    id INTEGER PRIMARY KEY, repo TEXT, series TEXT, slug TEXT, end TEXT, stamp TEXT, digest TEXT,
    repo_url TEXT, watch BLOB, rolled INTEGER, parts TEXT, told TEXT, UNIQUE (repo, series, slug)
);
CREATE TABLE thread (report INTEGER, number INTEGER, facts BLOB, brief BLOB, relevant INTEGER,
    described INTEGER);
CREATE INDEX thread_by_number ON thread (number);
CREATE INDEX thread_by_report ON thread (report);
CREATE INDEX thread_described ON thread (report, number) WHERE described;
"""


def index_file(root: Path, cache: Path | None) -> Path | None:
    """The file of the index of the archive `root` in the cache folder; None without one."""
    if cache is None:
        return None
    name = sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return cache / f"{name}.stories.sqlite"


def known_files(path: Path | None, repo: str, series: str) -> dict[str, tuple[str, str, str]]:
    """What the index knows of the reports of a series, as it stands: by slug, stamp, digest and parts.

    Empty where there is no index, or one of another version or that is damaged.
    """
    if path is None or not path.exists():
        return {}
    with closing(_connected(path)) as database:
        try:
            if database.execute("PRAGMA user_version").fetchone() != (_VERSION,):
                return {}
            query = "SELECT slug, stamp, digest, parts FROM report WHERE repo = ? AND series = ?"
            return {slug: (*rest,) for slug, *rest in database.execute(query, (repo, series))}
        except sqlite3.DatabaseError:
            return {}


def opened(path: Path | None) -> sqlite3.Connection:
    """The database in a file, made anew where it is damaged or of another version; in memory for None.

    Raises sqlite3.Error or OSError if the file cannot be written.
    """
    if path is None:
        return _made(":memory:")
    path.parent.mkdir(parents=True, exist_ok=True)
    database = _connected(path)
    try:
        (version,) = database.execute("PRAGMA user_version").fetchone()
    except sqlite3.DatabaseError:
        version = None
    if version == _VERSION:
        return database
    database.close()
    remove(path)
    return _made(path)


def remove(path: Path) -> None:
    """Remove a database with what a killed writer of it left, which must not be applied to another one."""
    for one in (path.with_name(f"{path.name}-journal"), path):
        one.unlink(missing_ok=True)


def _made(path: Path | str) -> sqlite3.Connection:
    database = _connected(path)
    # One transaction: each one by itself would wait for the disk.
    database.executescript(f"BEGIN; {_TABLES}; PRAGMA user_version = {_VERSION}; COMMIT;")
    return database


def _connected(path: Path | str) -> sqlite3.Connection:
    """A connection that knows `unpacked`, whose checksum finds damage that the database does not see."""
    database = sqlite3.connect(path, timeout=_TIMEOUT)
    database.create_function("unpacked", 1, _unpacked, deterministic=True)
    return database


def _unpacked(content: bytes | None) -> bytes | None:
    return None if content is None else zlib.decompress(content)
