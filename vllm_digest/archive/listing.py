"""What stands in the folder of a series, as runs, `status` and `push` go by it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from zoneinfo import ZoneInfo

from vllm_digest.archive.folder import Refused
from vllm_digest.schedule import missing
from vllm_digest.window import TimeWindow

_COMMANDS = 3
"""Commands that a message has at most."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The reports of a series.

    `windows`: with both files, oldest first. `unfinished`: with data and without a page.
    `ahead`: windows that end in the future. They are no reports yet, but count as reported where they are
    near, so that a run whose clock is behind does not report them twice.
    `refused`: what is named like a report and is none. `unread`: data files that nobody has read yet.
    `drafts`: files whose writing was never finished.
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
        """The windows that are not to be reported again."""
        return tuple(sorted((*self.windows, *self.unfinished, *self.ahead)))

    def messages(self, zone: ZoneInfo) -> Iterator[str]:
        """What a person is to know of the refused files, and what to do about them; times in a zone."""
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
        """All files of another form in one message, with the commands that make their windows again."""
        count = "1 file is" if len(files) == 1 else f"{len(files)} files are"
        lines = [f"{count} of another form ({form}), such as {files[0].path}, and set aside."]
        windows = sorted({one.window for one in files if one.window})
        spans = list(_spans(missing(windows, self.windows)))
        if not spans:
            return f"{lines[0]} Other reports cover their windows; remove them."
        lines[0] += " Their windows count as not stored; to make them again:"
        lines += [backfill_command(self.repo, self.series, span, zone) for span in spans[-_COMMANDS:]]
        if more := len(spans[:-_COMMANDS]):
            lines.append(f"and {more} more such spans before them")
        return "\n".join(lines)


def backfill_command(repo: str, series: str, span: TimeWindow, zone: ZoneInfo) -> str:
    """The command that makes the reports of a span, which a person can copy; times in a zone."""
    moments = (moment.astimezone(zone) for moment in (span.start, span.end))
    start, end = (moment.isoformat(timespec="minutes") for moment in moments)
    return f"vllm-digest backfill --repo {repo} --from {start} --to {end} --window {series}"


def _spans(windows: Iterator[TimeWindow]) -> Iterator[TimeWindow]:
    """Windows that join, as one each."""
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
