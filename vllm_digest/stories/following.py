"""What a run's reports tell of earlier ones, computed as the reports are made."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from vllm_digest.report import Report
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.watch import Contribution, WatchList, contribution, follow_ups
from vllm_digest.window import TimeWindow

_DAILY = timedelta(hours=20)
"""Windows from this length on tell what is still open, too; a page an hour would only repeat it."""


@dataclass
class Following:
    """Adds follow-ups to the reports of one series; `index` opens what is stored of the archive.

    Reports that are made in the order of time, as runs make them, cost the new ones only.
    """

    repo: str
    series: str
    index: Callable[[], StoryIndex]
    _watching: WatchList | None = field(default=None, init=False)
    _reached: datetime | None = field(default=None, init=False)
    _made: list[Contribution] = field(default_factory=list, init=False)

    def add_to(self, report: Report) -> Report:
        """The report with what it tells of those that end by its start."""
        window = report.digest.window
        watching = self._list_before(window)
        one = contribution(report)
        told = follow_ups(watching, one, with_open=window.length >= _DAILY)
        self._watching, self._reached = watching, window.end
        self._made.append(one)
        return replace(report, follow_ups=told)

    def _list_before(self, window: TimeWindow) -> WatchList:
        """The watch list after every report that ends by the window's start, stored or made by this run."""
        if self._watching is not None and self._reached == window.start:
            return self._watching
        made = {one.window: one for one in self._made if one.window.end <= window.start}
        with self.index() as index:
            stored = {one.window: one for one in index.contributions(self.repo, self.series, window)}
        # What was made again in this run counts as it is now.
        return WatchList(one for _, one in sorted((stored | made).items(), key=lambda pair: pair[0].end))
