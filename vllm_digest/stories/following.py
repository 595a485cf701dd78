"""Compute what a run's new reports say about earlier ones: follow-ups and first descriptions."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vllm_digest.follow_ups import FirstReport
from vllm_digest.report import Report
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.watch import Contribution, OutcomeKey, WatchList, contribution, follow_ups, told_by
from vllm_digest.window import TimeWindow

_DAILY = timedelta(hours=20)
"""Minimum length of windows whose reports list threads that are still open; hourly ones would repeat them."""


@dataclass
class Following:
    """Adds follow-ups to the reports of one series. `index`: opens the index of stored reports.

    If reports are added in order of time, as runs do, stored reports are read only once.
    """

    repo: str
    series: str
    index: Callable[[], StoryIndex]
    _watching: WatchList | None = field(default=None, init=False)
    _reached: datetime | None = field(default=None, init=False)
    _made: list[Contribution] = field(default_factory=list, init=False)
    _stored_first: dict[int, tuple[str, str]] = field(default_factory=dict, init=False)
    _made_first: dict[int, tuple[str, str]] = field(default_factory=dict, init=False)
    _told: dict[TimeWindow, frozenset[OutcomeKey]] = field(default_factory=dict, init=False)
    _tellings: Counter[OutcomeKey] = field(default_factory=Counter, init=False)

    def add_to(self, report: Report, of: str = "") -> Report:
        """Return the report with its follow-ups of reports that end by its start.

        `of`: the series that a roll-up is made from, whose earlier reports may have described its threads.
        """
        window = report.digest.window
        watching = self._list_before(window, of)
        one = contribution(report)
        self._forget(window)
        told = follow_ups(
            watching, one, with_open=window.length >= _DAILY, is_told=lambda key: self._tellings[key] > 0
        )
        self._note(window, told_by(told))
        self._watching, self._reached = watching, window.end
        self._made.append(one)
        return replace(report, follow_ups=told, told_before=self._described_before(report))

    def _described_before(self, report: Report) -> tuple[FirstReport, ...]:
        """The report's threads that earlier reports described; also records those that it describes."""
        window, place = report.digest.window, str(report.place)
        start, this = window.start.isoformat(), (window.end.isoformat(), place)
        found = []
        for number in sorted(report.digest.described):
            first = min(known.get(number, this) for known in (self._stored_first, self._made_first))
            if first[0] <= start:
                found.append(FirstReport(number, first[1]))
            self._made_first[number] = min(self._made_first.get(number, this), this)
        return tuple(found)

    def _note(self, window: TimeWindow, told: frozenset[OutcomeKey]) -> None:
        self._told[window] = told
        self._tellings.update(told)

    def _forget(self, window: TimeWindow) -> None:
        """Discard the outcomes told by an earlier version of a window's report."""
        self._tellings.subtract(self._told.pop(window, frozenset()))

    def _list_before(self, window: TimeWindow, of: str) -> WatchList:
        """The watch list after all reports, stored or of this run, that end by the window's start.

        Also reads which threads the stored reports described.
        """
        if self._watching is not None and self._reached == window.start and not of:
            return self._watching
        made = {one.window: one for one in self._made if one.window.end <= window.start}
        with self.index() as index:
            if not self._made:
                for place, told in index.told(self.repo, self.series).items():
                    self._note(place, told)
            self._stored_first = index.first_told(self.repo, {self.series, of}, window.start)
            stored = {one.window: one for one in index.contributions(self.repo, self.series, window)}
        # A report that this run made again replaces the stored one.
        return WatchList(one for _, one in sorted((stored | made).items(), key=lambda pair: pair[0].end))
