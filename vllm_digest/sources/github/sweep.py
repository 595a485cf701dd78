"""Fetch many windows: their threads are found and fetched in chunks of consecutive windows.

The cost grows with the number of threads, not of windows. A thread is fetched once, with all its events up to
now, and kept while later windows of the sweep need it. Memory holds the threads of one chunk, and the kept
ones in compressed form.
"""

import logging
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice

from vllm_digest.errors import SourceError
from vllm_digest.models import Gap, Snapshot, Thread
from vllm_digest.sources import OnIncomplete, OnProgress
from vllm_digest.sources.github.candidates import Candidate, Discovery
from vllm_digest.sources.github.client import BatchSize, Client
from vllm_digest.sources.github.details import LostThreadError, fetch_details
from vllm_digest.sources.github.historical import HistoricalSearch
from vllm_digest.sources.github.kept import KeptThreads
from vllm_digest.sources.github.lists import by_lists
from vllm_digest.window import TimeWindow, local_minute

log = logging.getLogger(__name__)

_SEARCH_AFTER = timedelta(days=1)
"""Windows that ended longer ago are searched for; GitHub's search index is up to date by then."""
_PAGE = 100
"""Threads per page of a list; GitHub's maximum."""
_THREADS = 1500
"""Target number of threads in a chunk; bounds memory."""
_FIRST, _LONGEST = timedelta(days=1), timedelta(days=31)
"""Length of the first chunk, when nothing is known of the number of threads per day, and of the longest."""


@dataclass(slots=True)
class Sweep:
    """Fetches windows of a repository, oldest first. `repo`: OWNER/NAME. `clock`: current time (UTC).

    `on_progress`: called per chunk, see `sources.OnProgress`.
    `on_incomplete`: called with a window that is skipped as incomplete; may raise the error.
    """

    client: Client
    repo: str
    clock: Callable[[], datetime]
    on_progress: OnProgress
    on_incomplete: OnIncomplete
    _past: HistoricalSearch | None = field(default=None, init=False)
    _kept: KeptThreads = field(default_factory=KeptThreads, init=False)

    def snapshots(self, windows: Iterable[TimeWindow]) -> Iterator[Snapshot]:
        """Yield the snapshot of each window as of its end."""
        waiting = deque(windows)
        length = _FIRST
        while waiting:
            requests, points = self.client.requests, self.client.points
            chunk = _beginning(waiting, length)
            discovery = self._discover(_span(chunk))
            _check_clock(self.client, _span(chunk))
            # The windows that are cut off are searched for again, so a chunk may exceed the target somewhat.
            if len(discovery.found) > 2 * _THREADS:
                chunk = chunk[: max(1, len(chunk) * _THREADS // len(discovery.found))]
            span = _span(chunk)
            found = tuple(one for one in discovery.found if one.may_be_in(span))
            log.info("%d threads may belong to %s", len(found), span.slug)
            try:
                threads, gaps = self._fetch(found, span)
            except LostThreadError as error:
                # Halve the chunk until the thread's window is alone, so that only that window is skipped.
                length = span.length / 2
                if len(chunk) == 1:
                    self.on_incomplete(waiting.popleft(), error)
                continue
            self.repo = discovery.repo
            snapshot = Snapshot(
                repo=discovery.repo,
                window=span,
                fetched_at=self.clock(),
                threads=tuple(sorted(threads, key=lambda thread: thread.number, reverse=True)),
                gaps=(*discovery.gaps, *gaps),
                requests=self.client.requests - requests,
                points=self.client.points - points,
                repo_url=discovery.repo_url,
            )
            for _ in chunk:
                waiting.popleft()
            yield from _apart(snapshot, chunk, found)
            # After a quiet chunk the target alone would make the next one far too long.
            length = min(_LONGEST, span.length * 4, span.length * _THREADS / max(1, len(found)))

    def _fetch(self, found: Sequence[Candidate], span: TimeWindow) -> tuple[list[Thread], tuple[Gap, ...]]:
        """Return the candidates' threads, fetched or kept from earlier windows, and the gaps."""
        new = [one for one in found if one.number not in self._kept]
        details = fetch_details(self.client, new, span, self.on_progress)
        if self._past is not None:
            self._past.passed(span, new, details)
        kept = [self._kept[one.number] for one in found if one.number in self._kept]
        for thread in kept:
            if not _goes_on(thread, span.end):
                self._kept.drop(thread.number)
        for thread in details.threads:
            # A thread with a gap is fetched again for the next window, which may get all of it.
            if _goes_on(thread, span.end) and thread.number not in details.partial:
                self._kept.keep(thread)
        return [*details.threads, *kept], details.gaps

    def _discover(self, span: TimeWindow) -> Discovery:
        """The threads that may belong to the span: from lists if it ended within a day, else by search."""
        if self.clock() - span.end <= _SEARCH_AFTER:
            recent = by_lists(self.client, self.repo, span, BatchSize(_PAGE), _SEARCH_AFTER)
            if recent is not None:
                self._past = None
                return recent
            log.info("By GitHub's clock the window ended more than a day ago: searching instead")
        if self._past is None or self._past.end != span.start:
            self._past = HistoricalSearch(self.client, self.repo, span.start)
        return self._past.find(span)


def _goes_on(thread: Thread, end: datetime) -> bool:
    return any(at >= end for at in thread.moments)


def _check_clock(client: Client, window: TimeWindow) -> None:
    """Raises SourceError if the window had not ended by GitHub's clock at the first request."""
    if client.first_time is not None and client.first_time < window.end:
        raise SourceError(
            f"By GitHub's clock it is {local_minute(client.first_time, client.zone)}, "
            f"and the window is not over before {local_minute(window.end, client.zone)}.",
            "This machine's clock is ahead; set it, or have windows end earlier with report.settle.",
        )


def _beginning(windows: Sequence[TimeWindow], length: timedelta) -> list[TimeWindow]:
    """The first window and those that follow it without a gap, `length` in total at most."""
    chunk = [windows[0]]
    for window in islice(windows, 1, None):
        if window.start != chunk[-1].end or window.end - chunk[0].start > length:
            break
        chunk.append(window)
    return chunk


def _span(windows: Sequence[TimeWindow]) -> TimeWindow:
    return TimeWindow(windows[0].start, windows[-1].end)


def _apart(
    snapshot: Snapshot, windows: Sequence[TimeWindow], found: Iterable[Candidate]
) -> Iterator[Snapshot]:
    """Split the snapshot of a chunk into those of its windows; requests and points are divided among them."""
    starts = [window.start for window in windows]
    parts: list[list[Thread]] = [[] for _ in windows]
    for thread in snapshot:
        for place in {bisect_right(starts, at) - 1 for at in thread.moments if at in snapshot.window}:
            parts[place].append(thread)
    by_number = {one.number: one for one in found}
    for place, (window, threads) in enumerate(zip(windows, parts, strict=True)):
        yield replace(
            snapshot,
            threads=tuple(threads),
            gaps=tuple(
                gap for gap in snapshot.gaps if gap.number is None or by_number[gap.number].may_be_in(window)
            ),
            requests=_share(snapshot.requests, place, len(windows)),
            points=_share(snapshot.points, place, len(windows)),
        ).within(window)


def _share(total: int, place: int, count: int) -> int:
    """Number `place` (from 0) of `count` whole numbers that sum to `total` and differ by 1 at most."""
    return total * (place + 1) // count - total * place // count
