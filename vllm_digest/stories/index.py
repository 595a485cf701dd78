"""What is read off the stored reports, by thread, in a database that can be made again.

Each report is read once. The rows of a report that changed or went are replaced or go, so the index says
what the archive says; deleting the file costs time only.
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
    """A thread and on how many calendar days (UTC) the reports end that it stands in, roll-ups aside."""

    number: int
    days: int


class StoryIndex:
    """The index of an archive; close it, or use it in a `with` statement."""

    def __init__(self, archive: Archive) -> None:
        """Open the index and bring it up to date."""
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

    def told(self, repo: str, series: str) -> dict[TimeWindow, frozenset[OutcomeKey]]:
        """The outcomes that each report of a series tells, of those that tell any."""
        query = "SELECT slug, told FROM report WHERE repo = ? AND series = ? AND told <> '[]'"
        rows = self._rows(query, repo, series)
        return {
            TimeWindow.from_slug(slug): frozenset(
                (number, datetime.fromisoformat(at)) for number, at in json.loads(told)
            )
            for slug, told in rows
        }

    def first_told(self, repo: str, series: Iterable[str], until: datetime) -> dict[int, tuple[str, str]]:
        """By number, end (ISO 8601, UTC) and place of the first report that describes a thread by a time."""
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
            update(self._database, self._archive)
        except (sqlite3.Error, OSError):
            self._database = opened(None)
            update(self._database, self._archive)


def _end_and_place(repo: str, end: str, series: str, slug: str) -> tuple[str, str]:
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
            for statement in one.of(part):
                yield Told(part, statement, appearance)


def _watched(lists: Iterable[WatchList], number: int) -> tuple[WatchEntry | None, tuple[Ended, ...]]:
    """Why a thread is watched, by the first series that does, and how earlier watching ended."""
    for watching in lists:
        ended = tuple(one for one in watching.ended if one.entry.number == number)
        if number in watching.open or ended:
            return watching.open.get(number), ended
    return None, ()
