"""Roll-ups of an archive: which are due, and each made from the stored reports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from vllm_digest import __version__
from vllm_digest.archive import Archive
from vllm_digest.errors import DocumentError, UsageError
from vllm_digest.facts import DigestRules
from vllm_digest.place import ROLL_UPS, Place
from vllm_digest.report import Provenance, Report
from vllm_digest.schedule import missing
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.rollup import PERIODS, overlapping, period_counts, reusable, rolled_up
from vllm_digest.stories.spans import SERIES, Span, due_spans, earlier, span_order
from vllm_digest.window import TimeWindow, local_minute


@dataclass(frozen=True)
class RollUps:
    """The roll-ups of one repository, made from the series `of`.

    `zone`: whose days, weeks and months they are.
    """

    archive: Archive
    repo: str
    of: str
    zone: ZoneInfo

    def due(self, series: Sequence[str], back: timedelta) -> tuple[Span, ...]:
        """The spans that are over and not stored, or whose parts changed since they were; oldest first.

        Those that are not stored end no farther back than `back` before what is. A roll-up that was made
        from another series stays as it is.
        """
        stored = self.archive.listing(self.repo, self.of).windows if series else ()
        if not stored:
            return ()
        with StoryIndex(self.archive) as index:
            parts = index.parts(self.repo, self.of)
            made = {name: index.made_from(self.repo, name) for name in series}
        spans = [
            span
            for span in due_spans(series, stored, self.zone, back)
            if span.window not in made[span.series] and parts.signature(span.window)
        ]
        spans += [
            Span(name, window)
            for name in series
            for window, before in made[name].items()
            if before.startswith(f"{self.of} ") and parts.signature(window) not in ("", before)
        ]
        return tuple(sorted(spans, key=span_order))

    def report(self, span: Span, rules: DigestRules) -> Report:
        """The report of a span with what its parts' models told; without follow-ups.

        Raises UsageError if nothing of it is stored.
        """
        windows = self.archive.listing(self.repo, self.of).windows
        parts = [self._load(self.of, window) for window in overlapping(windows, span.window)]
        found = [part for part in parts if part is not None]
        if not found:
            raise UsageError(
                f"Nothing of series {self.of} is stored between {local_minute(span.window.start, self.zone)} "
                f"and {local_minute(span.window.end, self.zone)}.",
                "Name another series with --of, or fill it with `vllm-digest backfill`.",
            )
        with StoryIndex(self.archive) as index:
            signature = index.parts(self.repo, self.of).signature(span.window)
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
                parts=signature,
            ),
            before=tuple(map(period_counts, self._before(span))),
            asked_as=newest.asked_as or ("" if digest.repo == self.repo else self.repo),
        )

    def parts(self, span: Span) -> tuple[int, int]:
        """How many reports of the series lie in a span, and how many spans between them are missing."""
        windows = list(overlapping(self.archive.listing(self.repo, self.of).windows, span.window))
        return len(windows), len(list(missing([span.window], windows)))

    def _shorter(self, span: Span) -> Iterator[Report]:
        """The stored roll-ups of spans within this one, which tell of more threads than their parts."""
        for series in SERIES:
            if ROLL_UPS[series] < span.window.length:
                for window in self.archive.listing(self.repo, series).windows:
                    within = span.window.start <= window.start and window.end <= span.window.end
                    if within and (report := self._load(series, window)) is not None:
                        yield report

    def _before(self, span: Span) -> Iterator[Report]:
        """The stored roll-ups of the periods before, up to the first that is missing, the latest first.

        A comparison with the last period must not be one with an older one.
        """
        for one in islice(earlier(span, self.zone), PERIODS):
            report = self._load(one.series, one.window)
            if report is None:
                return
            yield report

    def _load(self, series: str, window: TimeWindow) -> Report | None:
        try:
            return self.archive.load(Place(self.repo, series, window))
        except DocumentError:
            return None
