"""Find the threads of windows that ended more than a day ago.

Threads created or closed in a window are found by search. GitHub cannot list other events by time, but every
event changes the time of a thread's last update. So threads that are older than the first window and were
updated since its start are inspected once: their latest comments, reviews and events show the windows they
belong to. Younger threads are fetched whole in the window of their creation, with all later events.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from vllm_digest.models import EventKind, Gap, Thread
from vllm_digest.sources.github.candidates import FOR_EVER, Candidate, Discovery
from vllm_digest.sources.github.client import Client
from vllm_digest.sources.github.details import Details
from vllm_digest.sources.github.search import Search, lists_of, search
from vllm_digest.window import TimeWindow

_AGES = {"pr": (timedelta(days=30), timedelta(days=180)), "issue": (timedelta(days=90),)}
"""The search for older threads is split at these ages before the start, by kind: most of them are recent, and
one search returns at most a thousand results."""
_GITHUB_BEGAN = datetime(2008, 1, 1, tzinfo=UTC)
"""Start of the search for the oldest threads; GitHub opened in April 2008."""


class HistoricalSearch:
    """Finds the threads of consecutive windows from `start` (UTC) on.

    Memory holds only threads to which something happens after the current window.
    """

    def __init__(self, client: Client, repo: str, start: datetime) -> None:
        self.repo = repo
        self.end = start
        self._client = client
        self._start = start
        self._known: dict[int, Candidate] | None = None
        self._gaps: list[Gap] = []

    def find(self, window: TimeWindow) -> Discovery:
        """Return the threads that may belong to the window, which must start at `end` of the previous one."""
        older = () if self._known is not None else _touched_since(self._start)
        results = search(self._client, self.repo, [*lists_of(window), *older])
        self.repo = results.repo
        if self._known is None:
            self._known = {one.number: one for one in results.touched.threads}
            self._gaps = results.touched.gaps
        going_on = (one for one in self._known.values() if one.may_be_in(window))
        # A thread that was read whole has more events than its search result.
        found = {one.number: one for one in (*results.listed.threads, *going_on)}
        gaps = (*self._gaps, *results.listed.gaps)
        return Discovery(self.repo, results.repo_url, tuple(found.values()), gaps)

    def passed(self, window: TimeWindow, found: Iterable[Candidate], details: Details) -> None:
        """Advance past the window, keeping the later events of the threads that were fetched for it.

        `found`: the candidates that were fetched. `details`: the result of fetching them.
        """
        self.end = window.end
        known = dict(self._known or {})
        candidates = {one.number: one for one in found}
        for thread in details.threads:
            read = _as_read(candidates[thread.number], thread, window.end)
            partial = thread.number in details.partial
            known[thread.number] = replace(read, unseen_before=FOR_EVER) if partial else read
        self._known = {number: one for number, one in known.items() if one.goes_on_after(window.end)}


def _touched_since(start: datetime) -> Iterator[Search]:
    """Yield searches for the threads created before `start` and updated since."""
    for kind, ages in _AGES.items():
        cuts = sorted({_GITHUB_BEGAN, *(start - age for age in ages), start})
        for first, last in pairwise(cut for cut in cuts if _GITHUB_BEGAN <= cut <= start):
            yield Search(kind, "created", first, last, touched_since=start)


def _as_read(found: Candidate, thread: Thread, end: datetime) -> Candidate:
    """The candidate with the events from `end` on of the thread as it was fetched."""
    return replace(
        found,
        closings=tuple(e.at for e in thread.timeline if e.at >= end and e.kind is EventKind.CLOSED),
        others=tuple(at for at in thread.moments if at >= end),
        unseen_before=None,
    )
