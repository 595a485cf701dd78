"""The reports that roll-ups are made from, identified by hashes of their files."""

import json
from bisect import bisect_left
from datetime import timedelta
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from vllm_digest.archive import Archive
from vllm_digest.place import Place
from vllm_digest.stories.database import index_file, known_files
from vllm_digest.stories.filling import file_hash, stamp_of
from vllm_digest.window import TimeWindow


class Parts:
    """The stored reports of a series. Files are hashed on demand, and only if the index has no hash of
    them."""

    def __init__(self, archive: Archive, repo: str, series: str) -> None:
        self._archive, self._repo, self._series = archive, repo, series
        self.windows = archive.listing(repo, series).windows
        self._known_files = known_files(index_file(archive.root, archive.cache), repo, series)
        self._file_hashes: dict[TimeWindow, str] = {}

    def within(self, span: TimeWindow) -> tuple[TimeWindow, ...]:
        """The windows that overlap a span, oldest first."""
        # Sorted by start: a window that overlaps the span starts at most the longest length before it.
        first, last = (
            bisect_left(self.windows, moment, key=lambda one: one.start)
            for moment in (span.start - self._longest, span.end)
        )
        return tuple(one for one in self.windows[first:last] if span.start < one.end)

    def signature(self, span: TimeWindow) -> str:
        """A signature of the parts of a span and their contents; a roll-up is outdated if it changes.

        It begins with the name of the series; empty if no report overlaps the span.
        """
        # By content and not by time: a checkout gives each file another modification time.
        parts = [(one.slug, self._file_hash(one)) for one in self.within(span)]
        return f"{self._series} {sha256(json.dumps(parts).encode()).hexdigest()[:16]}" if parts else ""

    def made_from(self, window: TimeWindow) -> str:
        """The signature of the parts that a stored roll-up of this series was made from; empty if unknown."""
        place = Place(self._repo, self._series, window)
        _, parts = self._known(window)
        return self._archive.parts_of(place) if parts is None else parts

    @cached_property
    def _longest(self) -> timedelta:
        return max((window.length for window in self.windows), default=timedelta())

    def _file_hash(self, window: TimeWindow) -> str:
        if window not in self._file_hashes:
            digest, _ = self._known(window)
            self._file_hashes[window] = digest or file_hash(self._path(window))
        return self._file_hashes[window]

    def _known(self, window: TimeWindow) -> tuple[str | None, str | None]:
        """The hash and signature in the index for a file that has not changed since; None for both
        otherwise."""
        stamp, digest, parts = self._known_files.get(window.slug, ("", "", ""))
        # The stamp in the index is prefixed with the key of the redaction.
        if stamp and stamp.partition(" ")[2] == stamp_of(self._path(window)):
            return digest, parts
        return None, None

    def _path(self, window: TimeWindow) -> Path:
        return self._archive.root / Place(self._repo, self._series, window).data
