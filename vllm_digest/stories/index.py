"""What is read off the stored reports, by thread, in a database that can be made again.

Each report is read once. The rows of a report that changed or went are replaced or go, so the index says
what the archive says; deleting the file costs time only.
"""

import json
import logging
import os
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, TypeVar

from vllm_digest.archive import Archive
from vllm_digest.documents import adapter
from vllm_digest.errors import DocumentError
from vllm_digest.facts import Facts, ThreadFacts, fold
from vllm_digest.judgement import Relevance
from vllm_digest.narrative import Brief, BriefPart
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.report import Report
from vllm_digest.schedule import holes
from vllm_digest.stories.database import opened, remove
from vllm_digest.stories.values import Mention, Story, Told
from vllm_digest.stories.watch import Contribution, Ended, Entry, WatchList, contribution
from vllm_digest.window import TimeWindow

T = TypeVar("T")
log = logging.getLogger(__name__)

_JOINED = "FROM thread JOIN report ON report.id = thread.report WHERE repo = ?"


@dataclass(frozen=True, slots=True)
class ThreadDays:
    """A thread and on how many calendar days (UTC) the reports end that it stands in, roll-ups aside."""

    number: int
    days: int


class StoryIndex:
    """The index of an archive; close it, or use it in a `with` statement."""

    def __init__(self, archive: Archive) -> None:
        """Open the index and bring it up to date."""
        self._archive, self._file = archive, _file(archive)
        try:
            self._database = opened(self._file)
            self._update()
        except (sqlite3.Error, OSError, ValueError) as error:
            self._make_again(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def story(self, repo: str, number: int) -> Story | None:
        """The story of a thread; None where no report of `repo` has it."""
        return next(iter(self.stories(repo, [number])), None)

    def stories(self, repo: str, numbers: Iterable[int]) -> Iterator[Story]:
        """The stories of those of the threads that reports of `repo` have, in the order given."""
        slugs = self._rows("SELECT slug FROM report WHERE repo = ?", repo)
        windows = [TimeWindow.from_slug(slug) for (slug,) in slugs]
        gaps = holes(windows)
        watching = [self.watch_list(repo, series) for series in self.series(repo)]
        for number in numbers:
            rows = self._rows(
                "SELECT series, slug, repo_url, unpacked(facts), unpacked(brief)"
                f" {_JOINED} AND number = ? ORDER BY end, slug",
                *(repo, number),
            )
            if rows:
                story = _story(repo, rows, windows, gaps)
                watched, ended = _watched(watching, number)
                yield Story(**story, watched=watched, ended=ended)

    def threads(self, repo: str) -> tuple[ThreadDays, ...]:
        """Every thread that reports of a repository have, by number."""
        rows = self._rows(
            "SELECT number, COUNT(DISTINCT CASE WHEN rolled THEN NULL ELSE substr(end, 1, 10) END)"
            f" {_JOINED} GROUP BY number ORDER BY number",
            repo,
        )
        return tuple(ThreadDays(number, days) for number, days in rows)

    def series(self, repo: str) -> list[str]:
        """The series that reports of a repository are stored in."""
        return [series for owner, series in self._archive.series() if owner == repo]

    def relevant(self, repo: str) -> frozenset[int]:
        """The threads that some report of a repository judges to be about the focus."""
        rows = self._rows(f"SELECT DISTINCT number {_JOINED} AND relevant", repo)
        return frozenset(number for (number,) in rows)

    def contributions(
        self, repo: str, series: str, before: TimeWindow | None = None
    ) -> Iterator[Contribution]:
        """What the reports of a series bring to the watch list, oldest first.

        With `before`, of those that end by its start.
        """
        until = before.start.isoformat() if before else "9999"
        rows = self._rows(
            "SELECT unpacked(watch) FROM report WHERE repo = ? AND series = ? AND end <= ?"
            " ORDER BY end, slug",
            *(repo, series, until),
        )
        for (content,) in rows:
            yield adapter(Contribution).validate_json(content)

    def watch_list(self, repo: str, series: str) -> WatchList:
        """The watch list of a series after its last report."""
        return WatchList(self.contributions(repo, series))

    def contents(self, repo: str, series: str) -> list[tuple[str, str]]:
        """The slugs of a series' windows with the hashes of their data files, oldest first."""
        query = "SELECT slug, digest FROM report WHERE repo = ? AND series = ? ORDER BY slug"
        return self._rows(query, repo, series)

    def _rows(self, query: str, *values: object) -> list[Any]:
        """What a query finds, in an index that is made again where it is damaged."""
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._make_again(error)
            return self._database.execute(query, values).fetchall()

    def _make_again(self, error: Exception) -> None:
        """Make the index again, in memory where its file cannot be used."""
        log.info("the index of stories is made again: %s", error)
        try:
            if self._file:
                remove(self._file)
            self._database = opened(self._file)
            self._update()
        except (sqlite3.Error, OSError):
            self._database = opened(None)
            self._update()

    def _update(self) -> None:
        """Read what is new or changed, and forget what is gone."""
        key = self._archive.redaction.key
        found = {place: key + _stamp(self._archive.root / place.data) for place in _places(self._archive)}
        known = {
            Place(repo, series, TimeWindow.from_slug(slug)): (key, stamp)
            for key, repo, series, slug, stamp in self._database.execute(
                "SELECT id, repo, series, slug, stamp FROM report"
            )
        }
        stale = [(key,) for place, (key, stamp) in known.items() if found.get(place) != stamp]
        with self._database:
            self._database.executemany("DELETE FROM thread WHERE report = ?", stale)
            self._database.executemany("DELETE FROM report WHERE id = ?", stale)
            for place, stamp in found.items():
                if known.get(place, (0, ""))[1] != stamp:
                    _add(self._archive, self._database, place, stamp)


def _add(archive: Archive, database: sqlite3.Connection, place: Place, stamp: str) -> None:
    try:
        report = archive.load(place)
    except DocumentError as error:
        log.info("%s is left out of the stories: %s", place.data, error.problem)
        return
    content = (archive.root / place.data).read_bytes()
    inserted = database.execute(
        "INSERT INTO report (repo, series, slug, end, stamp, digest, repo_url, watch, rolled)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(place.repo, place.series, place.window.slug, place.window.end.isoformat(), stamp),
            *(
                sha256(content).hexdigest(),
                report.digest.repo_url,
                *(_packed(contribution(report)), place.series in ROLL_UPS),
            ),
        ),
    )
    database.executemany(
        "INSERT INTO thread (report, number, facts, brief, relevant) VALUES (?, ?, ?, ?, ?)",
        ((inserted.lastrowid, *row) for row in _rows(report)),
    )


def signature(index: StoryIndex, repo: str, series: str, span: TimeWindow) -> str:
    """What tells whether a roll-up of a span would come out otherwise: its parts and their contents."""
    parts = [row for row in index.contents(repo, series) if _overlap(TimeWindow.from_slug(row[0]), span)]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16] if parts else ""


def _overlap(one: TimeWindow, other: TimeWindow) -> bool:
    return one.start < other.end and other.start < one.end


def _file(archive: Archive) -> Path | None:
    """The file of an archive's index in the cache folder; None without one."""
    if archive.cache is None:
        return None
    name = sha256(os.fsencode(archive.root.resolve())).hexdigest()[:16]
    return archive.cache / f"{name}.stories.sqlite"


def _places(archive: Archive) -> Iterator[Place]:
    for repo, series in archive.series():
        for window in archive.listing(repo, series).windows:
            yield Place(repo, series, window)


def _stamp(path: Path) -> str:
    status = path.stat()
    return f"{status.st_mtime_ns} {status.st_size}"


def _rows(report: Report) -> Iterator[tuple[int, bytes, bytes | None, bool]]:
    for thread in report.digest.facts.threads:
        brief = report.narrative.brief(thread.number)
        relevant = thread.judgement.relevance is Relevance.YES
        yield thread.number, _packed(thread), _packed(brief) if brief else None, relevant


def _story(
    repo: str,
    rows: Iterable[tuple[str, str, str, bytes, bytes | None]],
    stored: list[TimeWindow],
    gaps: tuple[TimeWindow, ...],
) -> dict[str, Any]:
    mentions, parts, url = [], [], ""
    told: dict[str, Told] = {}
    for series, slug, repo_url, packed, brief in rows:
        window = TimeWindow.from_slug(slug)
        mention = Mention(series, window, str(Place(repo, series, window).path))
        mentions.append(mention)
        thread = adapter(ThreadFacts).validate_json(packed)
        parts.append(Facts(repo, repo_url, window, (thread,)))
        url = f"{repo_url}/{'pull' if thread.is_pull else 'issues'}/{thread.number}"
        for one in _told(brief, mention):
            told.setdefault(str(one.statement.texts), one)
    span = TimeWindow(min(one.window.start for one in mentions), max(one.window.end for one in mentions))
    facts = fold(parts, span).threads[0]
    return {
        "repo": repo,
        "facts": facts,
        "url": url,
        "mentions": tuple(mentions),
        "told": tuple(told.values()),
        "archive_start": min(window.start for window in stored),
        "holes": tuple(gap for gap in gaps if gap.end > facts.created_at),
    }


def _told(brief: bytes | None, mention: Mention) -> Iterator[Told]:
    if brief is not None:
        one = adapter(Brief).validate_json(brief)
        for part in BriefPart:
            for statement in one.of(part):
                yield Told(part, statement, mention)


def _watched(lists: Iterable[WatchList], number: int) -> tuple[Entry | None, tuple[Ended, ...]]:
    """Why a thread is watched, by the first series that does, and how earlier watching ended."""
    for watching in lists:
        ended = tuple(one for one in watching.ended if one.entry.number == number)
        if number in watching.open or ended:
            return watching.open.get(number), ended
    return None, ()


def _packed(value: object) -> bytes:
    return zlib.compress(adapter(type(value)).dump_json(value, exclude_defaults=True), 1)
