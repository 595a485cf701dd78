"""The SQLite database of the index of stories; its file can be rebuilt at any time."""

import os
import sqlite3
import zlib
from contextlib import closing
from hashlib import sha256
from pathlib import Path

_TIMEOUT = 60
"""Seconds to wait for another process that writes to it."""
_VERSION = 6
"""Version of the tables and their contents; a database of another version is rebuilt. Kept as SQLite's
`user_version`, which is 0 in a new file."""
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
"""`end` is ISO 8601 in UTC, so that comparing texts compares times. `stamp`: see `filling.stamp_of`.
`digest`: SHA-256 of the file. `facts`, `brief` and `watch` are JSON, compressed by zlib."""


def index_file(root: Path, cache: Path | None) -> Path | None:
    """The index file of the archive `root` in the cache folder; None without a cache folder."""
    if cache is None:
        return None
    name = sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    return cache / f"{name}.stories.sqlite"


def known_files(path: Path | None, repo: str, series: str) -> dict[str, tuple[str, str, str]]:
    """The rows of a series in the index, without an update: by slug, stamp, hash and signature of the parts.

    Empty if there is no index, or one of another version, or a damaged one.
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
    """Open the database, in memory if `path` is None; one that is damaged or of another version is replaced.

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
    """Remove a database and the journal of a killed writer, which must not be applied to a new database."""
    for one in (path.with_name(f"{path.name}-journal"), path):
        one.unlink(missing_ok=True)


def _made(path: Path | str) -> sqlite3.Connection:
    database = _connected(path)
    # One transaction, because each one waits for the disk.
    database.executescript(f"BEGIN; {_TABLES}; PRAGMA user_version = {_VERSION}; COMMIT;")
    return database


def _connected(path: Path | str) -> sqlite3.Connection:
    """A connection with the function `unpacked`; zlib's checksum finds damage that SQLite does not."""
    database = sqlite3.connect(path, timeout=_TIMEOUT)
    database.create_function("unpacked", 1, _unpacked, deterministic=True)
    return database


def _unpacked(content: bytes | None) -> bytes | None:
    return None if content is None else zlib.decompress(content)
