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
from vllm_digest.place import Place
from vllm_digest.report import Provenance, Report
from vllm_digest.schedule import missing
from vllm_digest.stories.index import StoryIndex, signature
from vllm_digest.stories.rollup import PERIODS, overlapping, period_counts, reusable, rolled_up
from vllm_digest.stories.spans import Span, due_spans, earlier
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

        They end no farther back than `back` before what is stored.
        """
        stored = self.archive.listing(self.repo, self.of).windows
        spans = due_spans(series, stored, self.zone, back)
        with StoryIndex(self.archive) as index:
            return tuple(span for span in spans if not self._is_current(span, index))

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
            current = signature(index, self.repo, self.of, span.window)
        digest = rolled_up(found, span.window, rules)
        newest = max(found, key=lambda part: part.digest.window.end)
        return Report(
            series=span.series,
            timezone=self.zone.key,
            digest=digest,
            narrative=reusable(found, digest),
            provenance=Provenance(
                made_at=self.archive.now,
                made_from="archive",
                fetched_at=max(part.provenance.fetched_at for part in found),
                requests=0,
                points=0,
                version=__version__,
                parts=current,
            ),
            before=tuple(map(period_counts, self._before(span))),
            asked_as=newest.asked_as or ("" if digest.repo == self.repo else self.repo),
        )

    def parts(self, span: Span) -> tuple[int, int]:
        """How many reports of the series lie in a span, and how many spans between them are missing."""
        windows = list(overlapping(self.archive.listing(self.repo, self.of).windows, span.window))
        return len(windows), len(list(missing([span.window], windows)))

    def _is_current(self, span: Span, index: StoryIndex) -> bool:
        stored = self._load(span.series, span.window)
        if stored is None:
            return False
        return stored.provenance.parts == signature(index, self.repo, self.of, span.window)

    def _before(self, span: Span) -> Iterator[Report]:
        for one in islice(earlier(span, self.zone), PERIODS):
            if (report := self._load(one.series, one.window)) is not None:
                yield report

    def _load(self, series: str, window: TimeWindow) -> Report | None:
        try:
            return self.archive.load(Place(self.repo, series, window))
        except DocumentError:
            return None
