"""The search index that the search page's script reads; one file a month keeps downloads small; pure.

Names and reports are written once and referred to by their index, because a month repeats them hundreds of
times.

A model's sentences about threads are in a second file of the month, which is loaded after the titles.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from vllm_digest.models import State
from vllm_digest.site.calendar import moment_label, month_of
from vllm_digest.site.entries import Entry, NamedThread

_SAID = 300
"""Characters of sentences for a thread in a month; it keeps a month of hourly reports below 1 MB."""
_STATES = tuple(State)
"""A state is written as its index here; `search.js` has the same order."""


@dataclass(frozen=True, slots=True)
class MonthIndex:
    """The index of a month. `threads`: as the script reads it. `said`: sentences by a thread's index
    there."""

    threads: dict[str, Any]
    said: dict[int, str]


def months(
    entries: Iterable[Entry], zone: ZoneInfo, language: str, repo: str, stories: Collection[int]
) -> dict[str, MonthIndex]:
    """The indexes by month, newest first. `stories`: the threads of `repo` that have a page of their own.

    `threads` holds `reports` as [address, label], newest first; `repos`, their addresses at GitHub; `names`,
    all authors, labels, hardware and topics; and `threads`, newest number first, as [number, place in
    `repos`, is it a pull request, state, is it of the focus, has it a page, title, places in `names` (the
    author's first), places in `reports`].
    """
    ordered = sorted(entries, key=lambda entry: entry.window.end, reverse=True)
    by_month = sorted(ordered, key=lambda entry: month_of(entry, zone), reverse=True)
    return {
        month: _Index(zone, language, repo, stories).of(tuple(group))
        for month, group in groupby(by_month, key=lambda entry: month_of(entry, zone))
    }


@dataclass(slots=True)
class _Table:
    """Distinct texts, each with its index."""

    places: dict[str, int] = field(default_factory=dict)

    def place(self, text: str) -> int:
        return self.places.setdefault(text, len(self.places))


@dataclass(frozen=True, slots=True)
class _Index:
    zone: ZoneInfo
    language: str
    repo: str
    stories: Collection[int]

    def of(self, entries: tuple[Entry, ...]) -> MonthIndex:
        """The index of one month's reports, which must be newest first."""
        repos, names = _Table(), _Table()
        latest: dict[tuple[str, int], NamedThread] = {}
        places: dict[tuple[str, int], list[int]] = {}
        told: dict[tuple[str, int], list[str]] = {}
        own = {entry.repo_url for entry in entries if entry.repo == self.repo}
        for place, entry in enumerate(entries):
            for thread in entry.named:
                key = (entry.repo_url, thread.number)
                latest.setdefault(key, thread)
                places.setdefault(key, []).append(place)
                told.setdefault(key, []).extend(thread.said.get(self.language, ()))
        ordered = sorted(latest, key=lambda key: (-key[1], key[0]))
        threads = [
            [
                number,
                repos.place(url),
                int(latest[url, number].is_pull),
                _STATES.index(latest[url, number].state),
                int(latest[url, number].is_relevant),
                int(url in own and number in self.stories),
                latest[url, number].title,
                [names.place(name) for name in self._names(latest[url, number])],
                places[url, number],
            ]
            for url, number in ordered
        ]
        said = {place: _joined(told[key]) for place, key in enumerate(ordered) if told[key]}
        labels = [[entry.url, moment_label(entry.window, self.zone, self.language)] for entry in entries]
        return MonthIndex(
            {"reports": labels, "repos": list(repos.places), "names": list(names.places), "threads": threads},
            said,
        )

    def _names(self, thread: NamedThread) -> Iterator[str]:
        topic = thread.topic.get(self.language) if thread.topic else ""
        found = (thread.author, *thread.labels, *thread.hardware, topic)
        yield from dict.fromkeys(name for name in found if name)


def _joined(sentences: Iterable[str]) -> str:
    """The distinct sentences, as many as fit into `_SAID` characters."""
    text = ""
    for sentence in dict.fromkeys(sentences):
        # Newest first, so what is left out is the oldest.
        if len(text) + len(sentence) > _SAID:
            break
        text += f"{sentence} "
    return text.rstrip()
