"""Fill the index of stories from the stored reports; each is read once."""

import json
import logging
import sqlite3
import zlib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from vllm_digest.archive import Archive
from vllm_digest.documents import adapter
from vllm_digest.errors import DocumentError
from vllm_digest.judgement import Relevance
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.report import Report
from vllm_digest.stories.watch import contribution, told_by
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)


def update(database: sqlite3.Connection, archive: Archive) -> None:
    """Read new and changed reports, and delete the rows of removed ones."""
    root, key = archive.root, archive.redaction.key
    found = {place: f"{key} {stamp_of(root / place.data)}" for place in _places(archive)}
    stale: list[tuple[int]] = []
    touched: list[tuple[str, int]] = []
    for row, repo, series, slug, stamp, digest in database.execute(
        "SELECT id, repo, series, slug, stamp, digest FROM report"
    ):
        place = Place(repo, series, TimeWindow.from_slug(slug))
        now = found.get(place)
        if now == stamp:
            del found[place]
        elif now and stamp.startswith(f"{key} ") and file_hash(root / place.data) == digest:
            # A checkout changes the modification time of every file.
            touched.append((now, row))
            del found[place]
        else:
            stale.append((row,))
    # One transaction: a command that is killed leaves the index as it was.
    with database:
        database.executemany("UPDATE report SET stamp = ? WHERE id = ?", touched)
        database.executemany("DELETE FROM thread WHERE report = ?", stale)
        database.executemany("DELETE FROM report WHERE id = ?", stale)
        for place, stamp in found.items():
            _add(archive, database, place, stamp)


def _add(archive: Archive, database: sqlite3.Connection, place: Place, stamp: str) -> None:
    try:
        report = archive.load(place)
    except DocumentError as error:
        log.info("%s is left out of the index: %s", place.data, error.problem)
        return
    inserted = database.execute(
        "INSERT INTO report (repo, series, slug, end, stamp, digest, repo_url, watch, rolled, parts, told)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(place.repo, place.series, place.window.slug, place.window.end.isoformat(), stamp),
            *(
                file_hash(archive.root / place.data),
                report.digest.repo_url,
                *(_packed(contribution(report)), place.series in ROLL_UPS),
                report.provenance.parts,
                json.dumps([(number, at.isoformat()) for number, at in sorted(told_by(report.follow_ups))]),
            ),
        ),
    )
    database.executemany(
        "INSERT INTO thread (report, number, facts, brief, relevant, described) VALUES (?, ?, ?, ?, ?, ?)",
        ((inserted.lastrowid, *row) for row in _rows(report)),
    )


def _places(archive: Archive) -> Iterator[Place]:
    for repo, series in archive.series():
        for window in archive.listing(repo, series).windows:
            yield Place(repo, series, window)


def file_hash(path: Path) -> str:
    """The SHA-256 of a data file, in hexadecimal."""
    return sha256(path.read_bytes()).hexdigest()


def stamp_of(path: Path) -> str:
    """A data file's modification time (ns) and size (bytes), as text."""
    status = path.stat()
    return f"{status.st_mtime_ns} {status.st_size}"


def _rows(report: Report) -> Iterator[tuple[int, bytes, bytes | None, bool, bool]]:
    described = report.digest.described
    for thread in report.digest.facts.threads:
        brief = report.narrative.brief(thread.number)
        relevant = thread.judgement.relevance is Relevance.YES
        packed = _packed(brief) if brief else None
        yield thread.number, _packed(thread), packed, relevant, thread.number in described


def _packed(value: object) -> bytes:
    # The lowest level: most of the gain, at a small part of the time of building the index.
    return zlib.compress(adapter(type(value)).dump_json(value, exclude_defaults=True), 1)
