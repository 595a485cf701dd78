"""The files of a batch that is not collected yet: fetched windows, requests and names of the batches.

`pending/OWNER/NAME/SERIES/` beside `reports/`: a snapshot for each window, `requests-1.jsonl` and so on, and
`batches.json` once they are sent to a server. The folder is removed when the reports are stored.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from vllm_digest import snapshots
from vllm_digest.errors import DocumentError
from vllm_digest.files import write_together
from vllm_digest.models import Snapshot
from vllm_digest.window import TimeWindow

_MOST_LINES = 50_000
_MOST_BYTES = 100_000_000
"""Limits of one file of requests; OpenAI accepts 50,000 lines and 200 MB:
https://platform.openai.com/docs/guides/batch"""


@dataclass(frozen=True, slots=True)
class Pending:
    """The pending files of a series. `folder`: where they are."""

    folder: Path

    @classmethod
    def of(cls, root: Path, repo: str, series: str) -> "Pending":
        return cls(root / "pending" / repo / series)

    def windows(self) -> tuple[TimeWindow, ...]:
        """The fetched windows, oldest first; files with other names are ignored."""
        return tuple(sorted(self._windows()))

    def save(self, snapshot: Snapshot) -> None:
        snapshots.save(snapshot, self._path(snapshot.window))

    def load(self, window: TimeWindow) -> Snapshot:
        """The fetched snapshot of a window. Raises DocumentError if the file is damaged."""
        return snapshots.load(self._path(window))

    def done(self, window: TimeWindow) -> None:
        """Remove the snapshot of a window whose report is stored."""
        self._path(window).unlink(missing_ok=True)

    def save_requests(self, lines: Iterable[tuple[str, bytes]]) -> dict[Path, str]:
        """Write request lines (model and line) to files within a server's limits; earlier ones are removed.

        Returns each file with its model: servers accept one model per file.
        """
        self.clear()
        files: list[tuple[str, list[bytes]]] = []
        latest: dict[str, list[bytes]] = {}
        sizes: dict[str, int] = {}
        for model, line in lines:
            sizes[model] = sizes.get(model, 0) + len(line)
            if model not in latest or len(latest[model]) == _MOST_LINES or sizes[model] > _MOST_BYTES:
                latest[model], sizes[model] = [], len(line)
                files.append((model, latest[model]))
            latest[model].append(line)
        written = {}
        for place, (model, content) in enumerate(files, start=1):
            path = self.folder / f"requests-{place}.jsonl"
            write_together({path: b"".join(content)})
            written[path] = model
        return written

    def requests(self) -> tuple[Path, ...]:
        """The files of requests; empty if there was nothing to ask."""
        return tuple(sorted(self.folder.glob("requests-*.jsonl")))

    def save_batches(self, names: list[str]) -> None:
        write_together({self._batches: json.dumps(names).encode()})

    def batches(self) -> list[str]:
        """The names that the server gave to the batches; empty if nothing was sent.

        Raises DocumentError if the file is damaged.
        """
        try:
            names = json.loads(self._batches.read_bytes())
        except FileNotFoundError:
            return []
        except ValueError:
            raise DocumentError(f"{self._batches} is damaged.", "Run `batch submit` again.") from None
        return [str(name) for name in names]

    def keep_answers(self, place: int, content: bytes) -> Path:
        """Store a server's file of answers as `answers-PLACE.jsonl`; return its path.

        The server's own name for the file is untrusted and not used.
        """
        path = self.folder / f"answers-{place}.jsonl"
        write_together({path: content})
        return path

    def clear(self) -> None:
        """Remove requests, batches and answers; keep the snapshots."""
        for path in (*self.requests(), *self.folder.glob("answers-*.jsonl")):
            path.unlink()
        self._batches.unlink(missing_ok=True)

    def _windows(self) -> Iterator[TimeWindow]:
        for path in self.folder.glob("*Z-*Z.json"):
            # A link could lead to any file on the disk.
            if path.is_file() and not path.is_symlink():
                with suppress(ValueError):
                    yield TimeWindow.from_slug(path.stem)

    def _path(self, window: TimeWindow) -> Path:
        return self.folder / f"{window.slug}.json"

    @property
    def _batches(self) -> Path:
        return self.folder / "batches.json"
