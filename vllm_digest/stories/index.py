"""An index of the stored reports by thread, in a database that can be rebuilt.

Each report is read once. Rows of changed or removed reports are replaced or deleted, so the index matches the
archive; if its file is deleted, it is rebuilt.
"""

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self, TypeVar

from vllm_digest.archive import Archive
from vllm_digest.documents import adapter
from vllm_digest.facts import Facts, ThreadFacts, fold
from vllm_digest.narrative import Brief, BriefPart
from vllm_digest.place import Place
from vllm_digest.schedule import holes
from vllm_digest.stories.database import index_file, opened, remove
from vllm_digest.stories.filling import update
from vllm_digest.stories.values import Appearance, Story, Told
from vllm_digest.stories.watch import (
    Contribution,
    Ended,
    OutcomeKey,
    WatchEntry,
    WatchList,
)
from vllm_digest.window import TimeWindow

T = TypeVar("T")
log = logging.getLogger(__name__)

_JOINED = "FROM thread JOIN report ON report.id = thread.report WHERE repo = ?"


@dataclass(frozen=True, slots=True)
class ThreadDays:
    """`days`: number of calendar days (UTC) on which reports with the thread end, without roll-ups."""

    number: int
    days: int


class StoryIndex:
    """The index of an archive; a context manager that closes it."""

    def __init__(self, archive: Archive) -> None:
        """Open the index and update it from the archive."""
        self._archive, self._file = archive, index_file(archive.root, archive.cache)
        try:
            self._database = opened(self._file)
            update(self._database, self._archive)
        except (sqlite3.Error, OSError, ValueError) as error:
            self._make_again(error)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def story(self, repo: str, number: int) -> Story | None:
        """The story of a thread; None if no report of `repo` has it."""
        return next(iter(self.stories(repo, [number])), None)

    def stories(self, repo: str, numbers: Iterable[int]) -> Iterator[Story]:
        """The stories of the given threads, in that order; threads that no report of `repo` has are left
        out."""
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
        """All threads in reports of a repository, by number."""
        rows = self._rows(
            "SELECT number, COUNT(DISTINCT CASE WHEN rolled THEN NULL ELSE substr(end, 1, 10) END)"
            f" {_JOINED} GROUP BY number ORDER BY number",
            repo,
        )
        return tuple(ThreadDays(number, days) for number, days in rows)

    def series(self, repo: str) -> list[str]:
        """The series of a repository."""
        return [series for owner, series in self._archive.series() if owner == repo]

    def relevant(self, repo: str) -> frozenset[int]:
        """Numbers of the threads that any report of a repository judges to be about the focus."""
        rows = self._rows(f"SELECT DISTINCT number {_JOINED} AND relevant", repo)
        return frozenset(number for (number,) in rows)

    def contributions(
        self, repo: str, series: str, before: TimeWindow | None = None
    ) -> Iterator[Contribution]:
        """The contributions of a series' reports to the watch list, oldest first.

        `before`: only of reports that end by its start.
        """
        until = before.start.isoformat() if before else "9999"
        rows = self._rows(
            "SELECT unpacked(watch) FROM report WHERE repo = ? AND series = ? AND end <= ?"
            " ORDER BY end, slug",
            *(repo, series, until),
        )
        for (content,) in rows:
            yield adapter(Contribution).validate_json(content)

    def told(self, repo: str, series: str) -> dict[TimeWindow, frozenset[OutcomeKey]]:
        """The outcomes that each report of a series tells; reports without any are left out."""
        query = "SELECT slug, told FROM report WHERE repo = ? AND series = ? AND told <> '[]'"
        rows = self._rows(query, repo, series)
        return {
            TimeWindow.from_slug(slug): frozenset(
                (number, datetime.fromisoformat(at)) for number, at in json.loads(told)
            )
            for slug, told in rows
        }

    def first_told(self, repo: str, series: Iterable[str], until: datetime) -> dict[int, tuple[str, str]]:
        """By thread number: end (ISO 8601, UTC) and place of the first report until `until` that describes
        it."""
        names = tuple(series)
        rows = self._rows(
            "SELECT number, MIN(end || ' ' || series || ' ' || slug)"
            f" {_JOINED} AND described AND end <= ? AND series IN ({', '.join('?' for _ in names)})"
            " GROUP BY number",
            *(repo, until.isoformat(), *names),
        )
        return {number: _end_and_place(repo, *first.split(" ")) for number, first in rows}

    def watch_list(self, repo: str, series: str) -> WatchList:
        """The watch list of a series after its last report."""
        return WatchList(self.contributions(repo, series))

    def _rows(self, query: str, *values: object) -> list[Any]:
        """The rows of a query; a damaged index is rebuilt first."""
        try:
            return self._database.execute(query, values).fetchall()
        except sqlite3.Error as error:
            self._make_again(error)
            return self._database.execute(query, values).fetchall()

    def _make_again(self, error: Exception) -> None:
        """Rebuild the index, in memory if its file cannot be used (full disk, read-only cache folder)."""
        log.info("the index of stories is rebuilt: %s", error)
        try:
            if self._file:
                remove(self._file)
            self._database = opened(self._file)
            update(self._database, self._archive)
        except (sqlite3.Error, OSError):
            self._database = opened(None)
            update(self._database, self._archive)


def _end_and_place(repo: str, end: str, series: str, slug: str) -> tuple[str, str]:
    """From the parts of the text that `first_told` takes the minimum of; none of them contains a space."""
    return end, str(Place(repo, series, TimeWindow.from_slug(slug)).path)


def _story(
    repo: str,
    rows: Iterable[tuple[str, str, str, bytes, bytes | None]],
    stored: list[TimeWindow],
    gaps: tuple[TimeWindow, ...],
) -> dict[str, Any]:
    appearances, parts, url = [], [], ""
    told: dict[str, Told] = {}
    for series, slug, repo_url, packed, brief in rows:
        window = TimeWindow.from_slug(slug)
        appearance = Appearance(series, window, str(Place(repo, series, window).path))
        appearances.append(appearance)
        thread = adapter(ThreadFacts).validate_json(packed)
        parts.append(Facts(repo, repo_url, window, (thread,)))
        url = f"{repo_url}/{'pull' if thread.is_pull else 'issues'}/{thread.number}"
        # The same texts in several reports are one statement, and the first report is its source.
        for one in _told(brief, appearance):
            told.setdefault(str(one.statement.texts), one)
    span = TimeWindow(
        min(one.window.start for one in appearances), max(one.window.end for one in appearances)
    )
    facts = fold(parts, span).threads[0]
    return {
        "repo": repo,
        "facts": facts,
        "url": url,
        "appearances": tuple(appearances),
        "told": tuple(told.values()),
        "archive_start": min(window.start for window in stored),
        "holes": tuple(gap for gap in gaps if gap.end > facts.created_at),
    }


def _told(brief: bytes | None, appearance: Appearance) -> Iterator[Told]:
    if brief is not None:
        one = adapter(Brief).validate_json(brief)
        for part in BriefPart:
            for statement in one.statements_of(part):
                yield Told(part, statement, appearance)


def _watched(lists: Iterable[WatchList], number: int) -> tuple[WatchEntry | None, tuple[Ended, ...]]:
    """The entry of a thread in the first series that has one, None if it has ended, and the ended entries."""
    for watching in lists:
        ended = tuple(one for one in watching.ended if one.entry.number == number)
        if number in watching.open or ended:
            return watching.open.get(number), ended
    return None, ()
