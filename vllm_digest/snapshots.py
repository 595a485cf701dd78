"""Save and load snapshots as files; the bundled sample is one."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path

from vllm_digest.documents import from_json, to_json
from vllm_digest.files import write_together
from vllm_digest.models import Snapshot, Thread, state_at
from vllm_digest.sources import Extent, Fetched, OnIncomplete, OnProgress, Row
from vllm_digest.window import TimeWindow

FORM = "vllm-digest/snapshot/2"


def save(snapshot: Snapshot, path: Path) -> None:
    write_together({path: to_json(snapshot, FORM)})


def load(path: Path) -> Snapshot:
    """Load a saved snapshot. Raises DocumentError if the file is not one."""
    return from_json(path, Snapshot, FORM)


def sample() -> Snapshot:
    """One hour of vllm-project/vllm: real numbers, titles, labels, logins and times, but invented texts."""
    with as_file(files("vllm_digest") / "sample.json") as path:
        return load(path)


@dataclass(frozen=True, slots=True)
class RecordedSource:
    """A `Source` with a single window, from a saved snapshot."""

    snapshot: Snapshot

    def sweep(
        self,
        windows: Iterable[TimeWindow],
        on_incomplete: OnIncomplete,  # noqa: ARG002 - Source has it
        on_progress: OnProgress,  # noqa: ARG002
    ) -> Iterator[Snapshot]:
        # A part of the recorded hour is not offered: what was recorded is the state at its end.
        return (self.snapshot for window in windows if window == self.snapshot.window)

    def extent(self, span: TimeWindow) -> Extent:
        return Extent(rows=len(self.snapshot.threads), began_at=span.start, limit=None)

    def rows(self, numbers: Collection[int], end: datetime) -> Fetched[Row]:
        return Fetched(
            tuple(
                Row(
                    number=one.number,
                    kind=one.kind,
                    title=one.title,
                    url=one.url,
                    author=one.author,
                    created_at=one.created_at,
                    thread_state=state_at(one.timeline, end),
                )
                for one in self.threads(numbers, end).found
            )
        )

    def threads(self, numbers: Collection[int], end: datetime) -> Fetched[Thread]:
        found = sorted(self.snapshot, key=lambda one: one.number)
        return Fetched(
            tuple(one.as_of(end) for one in found if one.number in numbers and one.created_at < end)
        )
