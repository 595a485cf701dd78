"""`vllm-digest status`: what is stored, what is missing, and what the next run would do."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from vllm_digest.archive import Archive, Listing
from vllm_digest.commands.rollup import rollups_of, series_made
from vllm_digest.errors import DocumentError, UsageError, counted
from vllm_digest.options import StatusOptions
from vllm_digest.place import Place
from vllm_digest.printing import print_json, print_product
from vllm_digest.runtime import Runtime, Setup, resolve
from vllm_digest.schedule import Plan, holes, overlaps, plan
from vllm_digest.stories.spans import Span
from vllm_digest.window import (
    TimeWindow,
    floor_to_minute,
    format_length,
    local_minute,
    local_window,
    parse_length,
)

_SHOWN = 10
"""Holes or overlaps listed at most, the latest ones."""


@dataclass(frozen=True, slots=True)
class _SeriesStatus:
    """The status of a series.

    `found`: what is stored. `made_at`: when the newest report was made (UTC); None without one.
    `next_run`: None if runs do not continue the series. `late`: the next run is overdue.
    `missing`: holes that end less than `report.catch_up` ago; for roll-ups, those that are due.
    `again`: stored roll-ups that are due again because their parts changed.
    """

    repo: str
    series: str
    found: Listing
    holes: tuple[TimeWindow, ...]
    overlaps: tuple[TimeWindow, ...]
    made_at: datetime | None
    next_run: Plan | None
    late: bool
    missing: tuple[TimeWindow, ...]
    again: tuple[TimeWindow, ...] = ()

    @property
    def is_well(self) -> bool:
        found = self.found
        return bool(found.windows) and not (self.late or self.missing or found.unfinished)

    @property
    def next_windows(self) -> tuple[TimeWindow, ...]:
        """The windows that the next run would make."""
        return self.next_run.windows if self.next_run else tuple(sorted((*self.missing, *self.again)))


def status(runtime: Runtime, options: StatusOptions) -> int:
    """Print the status of every series of the archive; return 1 if a configured series has a problem."""
    setup = resolve(runtime, options)
    settings, archive = setup.settings, setup.archive
    scheduled = (settings.github.repo, format_length(settings.report.window))
    due = rollups_of(setup).due(series_made(setup), settings.report.catch_up)
    rolled = {(settings.github.repo, span.series) for span in due}
    others = sorted({*archive.series(), *rolled} - {scheduled})
    configured = {scheduled, *((settings.github.repo, series) for series in series_made(setup))}
    statuses = [
        _with_due(_series_status(setup, *one), due, is_made=one in configured) for one in (scheduled, *others)
    ]
    refused_folders = archive.refused_folders()
    refused = [one for status in statuses for one in status.found.refused]
    # Series that were made by hand, or of another repository, may end and have holes.
    is_well = all(one.is_well for one in statuses if (one.repo, one.series) in configured)
    is_well = is_well and not refused and not refused_folders
    if options.as_json:
        product = {
            "ok": is_well,
            "series": [*map(_as_json, statuses)],
            "refused": [{"path": str(one.path), "why": one.why} for one in (*refused_folders, *refused)],
            "unread": sum(status.found.unread for status in statuses),
        }
        print_json(product)
    else:
        zone = settings.report.timezone
        blocks = ["".join(f"{line}\n" for line in _told(one, zone)) for one in statuses]
        blocks += [f"{one.path} is set aside: {one.why}.\n" for one in refused_folders]
        print_product("\n".join(blocks))
    return 0 if is_well else 1


def _series_status(setup: Setup, repo: str, series: str) -> _SeriesStatus:
    report, found = setup.settings.report, setup.archive.listing(repo, series)
    length, end = _length(series), floor_to_minute(setup.now() - report.settle)
    catch_up = report.catch_up
    gaps = holes(found.reported)
    reached = max((window.end for window in found.reported), default=None)
    return _SeriesStatus(
        repo=repo,
        series=series,
        found=found,
        holes=gaps,
        overlaps=overlaps(found.reported),
        made_at=_made_at(setup.archive, found),
        next_run=plan(found.reported, length, end, catch_up) if length else None,
        # A run that is less late makes one longer window, see `schedule.plan`.
        late=bool(length and reached and end - reached >= length * 1.5),
        # What the next run fills; older holes need `backfill`.
        missing=tuple(gap for gap in gaps if length and gap.end >= end - length - catch_up),
    )


def _with_due(status: _SeriesStatus, due: Sequence[Span], *, is_made: bool) -> _SeriesStatus:
    """The status with the due roll-ups of its series. `is_made`: whether runs make roll-ups of the series."""
    windows = [span.window for span in due if is_made and span.series == status.series]
    if not windows:
        return status
    stored = set(status.found.windows)
    return replace(
        status,
        missing=tuple(window for window in windows if window not in stored),
        again=tuple(window for window in windows if window in stored),
    )


def _length(series: str) -> timedelta | None:
    """The length of a series' windows; None for the sample and roll-ups."""
    try:
        return parse_length(series)
    except UsageError:
        return None


def _made_at(archive: Archive, found: Listing) -> datetime | None:
    if not found.windows:
        return None
    try:
        return archive.load(Place(found.repo, found.series, found.windows[-1])).provenance.made_at
    except DocumentError:
        return None


def _as_json(status: _SeriesStatus) -> dict[str, Any]:
    """The object that docs/commands.md describes under `status --json`."""
    found = status.found
    windows = found.windows
    return {
        "repo": status.repo,
        "series": status.series,
        "ok": status.is_well,
        "windows": len(windows),
        "first": windows[0].start.isoformat() if windows else None,
        "last": windows[-1].end.isoformat() if windows else None,
        "made_at": status.made_at.isoformat() if status.made_at else None,
        "late": status.late,
        "unfinished": _spans(found.unfinished),
        "missing": _spans(status.missing),
        "holes": _spans(status.holes),
        "overlaps": _spans(status.overlaps),
        "again": _spans(status.again),
        "next": _spans(status.next_windows),
    }


def _spans(windows: Sequence[TimeWindow]) -> list[dict[str, str]]:
    return [{"start": window.start.isoformat(), "end": window.end.isoformat()} for window in windows]


def _told(status: _SeriesStatus, zone: ZoneInfo) -> Iterator[str]:
    """The lines about a series as a person reads them."""
    yield f"{status.repo} {status.series}{'' if status.is_well else ': NOT WELL'}"
    found = status.found
    windows = found.windows
    if not windows:
        yield "  stored    nothing"
    else:
        span = TimeWindow(windows[0].start, max(window.end for window in windows))
        yield f"  stored    {_count(windows)}, {local_window(span, zone)}"
    if status.made_at:
        yield f"  last run  {local_minute(status.made_at, zone)}{', LATE' if status.late else ''}"
    yield from _listed("no page  ", found.unfinished, zone)
    yield from _listed("missing  ", status.missing, zone)
    yield from _listed("due again", status.again, zone)
    yield from _listed("old holes", [hole for hole in status.holes if hole not in status.missing], zone)
    yield from _listed("overlaps ", status.overlaps, zone)
    if status.next_run:
        yield from _next_run(status.next_run, zone)
    if found.unread:
        yield f"  unread    {found.unread} older files; each `status` reads some, and `site` all"
    messages = list(found.messages(zone))
    for message in messages[:_SHOWN]:
        yield f"  set aside {message}"
    if more := len(messages[_SHOWN:]):
        yield f"  set aside and {more} more"


def _listed(name: str, windows: Sequence[TimeWindow], zone: ZoneInfo) -> Iterator[str]:
    if len(windows) > _SHOWN:
        yield f"  {name} {len(windows)} of them, the last {_SHOWN}:"
    for window in windows[-_SHOWN:]:
        yield f"  {name} {local_window(window, zone)}"


def _next_run(due: Plan, zone: ZoneInfo) -> Iterator[str]:
    if not due.windows:
        yield "  next run  nothing to do yet"
        return
    span = TimeWindow(due.windows[0].start, due.windows[-1].end)
    yield f"  next run  {_count(due.windows)}, {local_window(span, zone)}"
    if due.left_out:
        yield f"  left out  {local_window(due.left_out, zone)}: only `backfill` reports it"


def _count(windows: Sequence[TimeWindow]) -> str:
    return counted(len(windows), "window")
