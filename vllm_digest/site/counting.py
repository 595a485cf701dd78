"""Count the threads of any span, each once even if several reports name it; pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from vllm_digest.site.calendar import Month
from vllm_digest.site.entries import Entry
from vllm_digest.window import TimeWindow

LISTS = ("new_issues", "new_prs", "merged_prs")
_LEVELS = 4
"""Shades of days with threads; the styles have a colour for each."""


@dataclass(frozen=True, slots=True)
class CalendarCell:
    """A day of the calendar. `count`: threads. `level`: shade from 0 to 4, relative to the month's busiest
    day."""

    count: int
    level: int


def month_figures(month: Month, *, with_focus: bool) -> dict[str, Any]:
    """The values of a month's template, by name of each day with reports: `figures` by `lists`, and `heat`.

    `heat` counts threads of the focus; without a focus, those of the lists.
    """
    days = {day.name: day for day in month.days if day.parts}
    figures = {name: {one: listed(day.parts, one, day.window) for one in LISTS} for name, day in days.items()}
    counts = {
        name: relevant(day.parts, day.window) if with_focus else sum(figures[name].values())
        for name, day in days.items()
    }
    most = max(counts.values(), default=0)
    # Rounded up, so that a day with a single thread is not shaded like one without.
    heat = {
        name: CalendarCell(count, -(-count * _LEVELS // most) if most else 0)
        for name, count in counts.items()
    }
    return {"lists": LISTS, "figures": figures, "heat": heat}


def listed(entries: Iterable[Entry], name: str, span: TimeWindow) -> int:
    """The number of threads that were added to a list, such as `new_prs`, within a span."""
    return len(
        {
            (entry.repo, event.number)
            for entry in entries
            for event in entry.events
            if event.name == name and event.at in span
        }
    )


def relevant(entries: Iterable[Entry], span: TimeWindow) -> int:
    """The number of threads of the focus with an event within a span.

    The latest report that names a thread decides whether it is of the focus, as in `facts.fold`.
    """
    about: dict[tuple[str, int], bool] = {}
    touched: set[tuple[str, int]] = set()
    for entry in sorted(entries, key=lambda one: one.window.end):
        about |= dict.fromkeys(((entry.repo, number) for number in entry.threads), False)
        for thread in entry.relevant:
            key = (entry.repo, thread.number)
            about[key] = True
            if any(at in span for at in thread.times):
                touched.add(key)
    return sum(about[key] for key in touched)
