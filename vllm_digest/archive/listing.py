"""The contents of a series' folder, as runs, `status` and `push` use them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from vllm_digest.archive.folder import Refused
from vllm_digest.place import ROLL_UPS, SAMPLE
from vllm_digest.schedule import missing
from vllm_digest.window import TimeWindow

_COMMANDS = 3
"""Commands that one message lists at most."""
_SPAN_NAMES = {"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}
"""How `rollup` takes the names of spans, as formats of `strftime` for a moment in them."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The reports of a series.

    `windows`: with both files, oldest first. `unfinished`: with data and without a page.
    `ahead`: windows that end in the near future. They count as reported, so that a run whose clock is behind
    does not report them twice.
    `refused`: files that are named like a report and are not one. `unread`: number of data files not yet
    checked.
    `drafts`: temporary files of killed writers.
    """

    repo: str
    series: str
    windows: tuple[TimeWindow, ...]
    unfinished: tuple[TimeWindow, ...]
    ahead: tuple[TimeWindow, ...]
    refused: tuple[Refused, ...]
    unread: int
    drafts: tuple[Path, ...]

    @property
    def reported(self) -> tuple[TimeWindow, ...]:
        """The windows that need no further report."""
        return tuple(sorted((*self.windows, *self.unfinished, *self.ahead)))

    def messages(self, zone: ZoneInfo) -> Iterator[str]:
        """Messages about the refused files and what to do about them; times are local to `zone`."""
        old = [one for one in self.refused if one.form]
        for one in self.refused:
            if not one.form:
                yield f"{one.path} is set aside: {one.why}.{self._remedy(one)}"
        for form, files in groupby(sorted(old, key=lambda one: one.form), key=lambda one: one.form):
            yield self._of_form(form, list(files), zone)

    def _remedy(self, one: Refused) -> str:
        if one.window and not any(missing([one.window], self.windows)):
            return " Other reports cover its window; remove it."
        return ""

    def _of_form(self, form: str, files: Sequence[Refused], zone: ZoneInfo) -> str:
        """One message about all files of another format, with the commands that make their reports again."""
        count = "1 file is" if len(files) == 1 else f"{len(files)} files are"
        lines = [f"{count} of another format ({form}), such as {files[0].path}, and set aside."]
        windows = sorted({one.window for one in files if one.window})
        # A backfill makes all windows of a span; roll-ups are made one by one, and may overlap.
        spans = windows if _is_single(self.series) else list(_spans(missing(windows, self.windows)))
        if not spans:
            return f"{lines[0]} Other reports cover their windows; remove them."
        lines[0] += " Their windows count as not stored; to make them again:"
        # The newest spans: their reports are the ones that readers look at.
        lines += [command_for(self.repo, self.series, span, zone) for span in spans[-_COMMANDS:]]
        if more := len(spans[:-_COMMANDS]):
            lines.append(f"and {more} more such spans before them")
        return "\n".join(lines)


def command_for(repo: str, series: str, span: TimeWindow, zone: ZoneInfo) -> str:
    """The command line that makes the reports of a span, to be copied; times are local to `zone`."""
    start, end = (moment.astimezone(zone) for moment in (span.start, span.end))
    between = f"--from {start.isoformat(timespec='minutes')} --to {end.isoformat(timespec='minutes')}"
    if series == SAMPLE:
        return "vllm-digest run --sample"
    if series in ROLL_UPS:
        name = _SPAN_NAMES.get(series)
        return f"vllm-digest rollup --repo {repo} {f'--{series} {start:{name}}' if name else between}"
    return f"vllm-digest backfill --repo {repo} {between} --window {series}"


def _is_single(series: str) -> bool:
    """Whether one command makes one report of the series."""
    return series in ROLL_UPS or series == SAMPLE


def _spans(windows: Iterator[TimeWindow]) -> Iterator[TimeWindow]:
    """Merge adjacent and overlapping windows, which must be sorted."""
    span: TimeWindow | None = None
    for window in windows:
        if span and window.start <= span.end:
            span = TimeWindow(span.start, max(span.end, window.end))
        else:
            if span:
                yield span
            span = window
    if span:
        yield span
