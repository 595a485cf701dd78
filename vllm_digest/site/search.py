"""An index of titles and numbers for a page's script, a file a month for the sake of phones; pure."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from vllm_digest.site.calendar import moment_label, month_of
from vllm_digest.site.entries import Entry


def months(entries: Iterable[Entry], zone: ZoneInfo, language: str) -> dict[str, dict[str, Any]]:
    """By month, newest first: `reports` as [address, label], newest first, and `threads` as
    [number, is it a pull request, title, places in `reports`], newest number first."""
    ordered = sorted(entries, key=lambda entry: entry.window.end, reverse=True)
    return {
        month: _index(tuple(group), zone, language)
        for month, group in groupby(
            sorted(ordered, key=lambda entry: month_of(entry, zone), reverse=True),
            key=lambda entry: month_of(entry, zone),
        )
    }


def _index(entries: tuple[Entry, ...], zone: ZoneInfo, language: str) -> dict[str, Any]:
    places: dict[int, list[int]] = {}
    titles: dict[int, tuple[bool, str]] = {}
    for place, entry in enumerate(entries):
        for title in entry.titles:
            places.setdefault(title.number, []).append(place)
            titles.setdefault(title.number, (title.is_pull, title.text))
    return {
        "reports": [[entry.url, moment_label(entry.window, zone, language)] for entry in entries],
        "threads": [
            [number, int(titles[number][0]), titles[number][1], places[number]]
            for number in sorted(places, reverse=True)
        ],
    }
