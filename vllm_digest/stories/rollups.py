"""Roll-ups of an archive: find those that are due, and make them from stored reports."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from vllm_digest import __version__
from vllm_digest.archive import Archive
from vllm_digest.errors import DocumentError, UsageError
from vllm_digest.facts import DigestRules
from vllm_digest.follow_ups import PeriodCounts
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.report import Provenance, Report
from vllm_digest.schedule import missing
from vllm_digest.stories.parts import Parts
from vllm_digest.stories.rollup import PERIODS, period_counts, reusable, rolled_up
from vllm_digest.stories.spans import SERIES, Span, due_spans, earlier, span_order
from vllm_digest.window import TimeWindow, local_minute

_READ = timedelta(days=31)
"""Total length of earlier periods without a stored roll-up that are read from parts: four days or weeks, or
one month, so that the roll-up of a month from hours takes under 10 s."""


@dataclass(frozen=True)
class RollUps:
    """The roll-ups of one repository.

    `repo`: OWNER/NAME. `of`: the series that they are made from, such as `1h`. `zone`: of the calendar days,
    weeks and months.
    """

    archive: Archive
    repo: str
    of: str
    zone: ZoneInfo

    def due(self, series: Sequence[str], back: timedelta) -> tuple[Span, ...]:
        """The completed spans that have no roll-up, or one whose parts have changed; oldest first.

        Spans without a roll-up end at most `back` before the last stored window. A roll-up that was made from
        another series is not made again.
        """
        if not series:
            return ()
        parts = self._parts
        made = {name: Parts(self.archive, self.repo, name) for name in series}
        spans = [
            span
            for span in due_spans(series, parts.windows, self.zone, back)
            if span.window not in made[span.series].windows and parts.within(span.window)
        ]
        spans += [
            Span(name, window)
            for name in series
            for window in made[name].windows
            # A signature begins with the series that the roll-up was made from.
            if (before := made[name].made_from(window)).startswith(f"{self.of} ")
            and parts.signature(window) not in ("", before)
        ]
        return tuple(sorted(spans, key=span_order))

    def report(self, span: Span, rules: DigestRules) -> Report:
        """Make the report of a span, with the statements of its parts that still hold; without follow-ups.

        Raises UsageError if nothing of it is stored.
        """
        # First, so that these reports are not in memory together with the span's own parts.
        before = tuple(self._before(span, rules))
        found = self._loaded(self._parts.within(span.window))
        if not found:
            raise UsageError(
                f"Nothing of series {self.of} is stored between {local_minute(span.window.start, self.zone)} "
                f"and {local_minute(span.window.end, self.zone)}.",
                "Name another series with --of, or fill it with `vllm-digest backfill`.",
            )
        digest = rolled_up(found, span.window, rules)
        newest = max(found, key=lambda part: part.digest.window.end)
        return Report(
            series=span.series,
            timezone=self.zone.key,
            digest=digest,
            narrative=reusable([*found, *self._shorter(span)], digest),
            provenance=Provenance(
                made_at=self.archive.now,
                made_from="archive",
                fetched_at=max(part.provenance.fetched_at for part in found),
                requests=0,
                points=0,
                version=__version__,
                parts=self._parts.signature(span.window),
            ),
            before=before,
            asked_as=newest.asked_as or ("" if digest.repo == self.repo else self.repo),
        )

    def parts(self, span: Span) -> tuple[int, int]:
        """The number of reports of the series that overlap a span, and the number of gaps between them."""
        windows = self._parts.within(span.window)
        return len(windows), len(list(missing([span.window], windows)))

    def _shorter(self, span: Span) -> Iterator[Report]:
        """The stored roll-ups of spans within this one, which have statements about more threads than their
        parts."""
        for series in SERIES:
            if ROLL_UPS[series] < span.window.length:
                for window in self.archive.listing(self.repo, series).windows:
                    within = span.window.start <= window.start and window.end <= span.window.end
                    if within and (report := self._load(series, window)) is not None:
                        yield report

    def _before(self, span: Span, rules: DigestRules) -> Iterator[PeriodCounts]:
        """The counts of the previous periods, latest first, up to the first one that is incomplete.

        Stopping there ensures that the first count is of the period just before this one. Counts are from a
        stored roll-up, else from parts that cover the whole period, up to `_READ` in total.
        """
        left = _READ
        for one in islice(earlier(span, self.zone), PERIODS):
            stored = self._load(one.series, one.window)
            digest = stored.digest if stored else None
            if digest is None:
                windows, left = self._parts.within(one.window), left - one.window.length
                if left < timedelta() or any(missing([one.window], windows)):
                    return
                found = self._loaded(windows)
                if any(missing([one.window], (part.digest.window for part in found))):
                    return
                digest = rolled_up(found, one.window, rules)
            yield period_counts(digest)

    @property
    def _parts(self) -> Parts:
        """The currently stored reports of the series, without those that turned out to be unreadable."""
        return Parts(self.archive, self.repo, self.of)

    def _loaded(self, windows: Iterable[TimeWindow]) -> list[Report]:
        """The reports of these windows, without unreadable ones."""
        return [part for window in windows if (part := self._load(self.of, window)) is not None]

    def _load(self, series: str, window: TimeWindow) -> Report | None:
        try:
            return self.archive.load(Place(self.repo, series, window))
        except DocumentError:
            return None
