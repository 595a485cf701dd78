"""An index of titles and numbers that a page's script reads, a file a month, so that a phone can; pure."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from vllm_digest.site.calendar import moment_label, month_of
from vllm_digest.site.entries import Entry


def months(entries: Iterable[Entry], zone: ZoneInfo) -> dict[str, dict[str, Any]]:
    """By month, newest first: `reports` as [address, label], newest first, and `threads` as
    [number, is it a pull request, title, places in `reports`], newest number first."""
    ordered = sorted(entries, key=lambda entry: entry.window.end, reverse=True)
    return {
        month: _index(tuple(group), zone)
        for month, group in groupby(
            sorted(ordered, key=lambda entry: month_of(entry, zone), reverse=True),
            key=lambda entry: month_of(entry, zone),
        )
    }


def _index(entries: tuple[Entry, ...], zone: ZoneInfo) -> dict[str, Any]:
    places: dict[int, list[int]] = {}
    titles: dict[int, tuple[bool, str]] = {}
    for place, entry in enumerate(entries):
        for title in entry.titles:
            places.setdefault(title.number, []).append(place)
            titles.setdefault(title.number, (title.is_pull, title.text))
    return {
        "reports": [[entry.url, moment_label(entry.window, zone)] for entry in entries],
        "threads": [
            [number, int(titles[number][0]), titles[number][1], places[number]]
            for number in sorted(places, reverse=True)
        ],
    }
