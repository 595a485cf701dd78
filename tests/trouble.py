"""Faults that a simulation adds to a run: GitHub errors, a kill, a full disk, another run, a wrong clock."""

import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.servers import faults

FAULTS: dict[str, Callable[[], faults.Effect]] = {
    "500": lambda: faults.says(500, {"message": "Server Error"}),
    "502": faults.bad_gateway,
    "503": lambda: faults.says(503, text="<html>Unicorn!</html>", content_type="text/html"),
    "504": faults.gateway_timeout,
    "timed out in GraphQL": faults.query_timed_out,
    "timed out with 200": lambda: faults.query_timed_out(200),
    "secondary 403": faults.secondary_limit,
    "secondary 403, Retry-After": lambda: faults.secondary_limit(retry_after=70),
    "secondary 429": lambda: faults.secondary_limit(429),
    "secondary 429, Retry-After": lambda: faults.secondary_limit(429, retry_after=30),
    "secondary 200": lambda: faults.secondary_limit(200),
    "abuse": lambda: faults.says(403, {"message": "You have triggered an abuse detection mechanism."}),
    "points spent, soon anew": lambda: faults.rate_limited(300),
    "points spent": lambda: faults.rate_limited(3_600),
    "requests spent": lambda: faults.rate_limit_exceeded(600),
    "partial data": faults.resource_limits_exceeded,
    "partial data with some": lambda: faults.resource_limits_exceeded(keep=1),
    "nulls": lambda: lambda exchange: faults.null_nodes(*list(exchange.call.numbers)[:1])(exchange),
    "reset": faults.reset,
    "reset in the body": faults.reset_in_body,
    "short body": faults.short_body,
    "cut JSON": faults.cut_json,
    "empty body": faults.empty_body,
    "HTML": faults.html_page,
    "token revoked": faults.bad_credentials,
}
"""All documented faults of GitHub, except the two that take real time."""
HANGS: dict[str, Callable[[], faults.Effect]] = {"hang": faults.hang, "hang in the body": faults.hang_in_body}


@dataclass
class Trouble:
    """What is done to a run; at most a fault and a kill at once."""

    fault: str | None = None
    nth: int = 1
    times: int | None = 1
    killed_at: int | None = None
    full_at: int | None = None
    busy: bool = False
    skew: timedelta = timedelta()
    """How far our clock is ahead of GitHub's."""
    deleted: bool = False
    """A report's files, before the run."""

    @property
    def names(self) -> Iterator[str]:
        if self.fault:
            yield f"fault: {self.fault}"
        for name in ("busy", "skew", "deleted"):
            if getattr(self, name):
                yield name

    @property
    def codes(self) -> set[int]:
        """The exit codes that the run may have."""
        if self.busy:
            return {6}
        if self.skew > timedelta(minutes=3):
            return {3}
        if self.fault:
            return {0, 3}
        return {0, 5} if self.full_at is not None else {0}


@dataclass
class Photographer:
    """Simulates a kill by copying the folder: its state at some step is what a run killed there leaves.

    Steps are the moments in which a run has fetched a list of threads or waits for the disk.
    """

    folder: Path
    trouble: Trouble
    photo: Path | None = None
    _steps: int = 0
    _waits: int = 0

    def step(self) -> None:
        if self._steps == self.trouble.killed_at:
            self.photo = self.folder.with_name("photo")
            shutil.copytree(self.folder, self.photo)
        self._steps += 1

    def fsync(self, _: int) -> None:
        self.step()
        if self._waits == self.trouble.full_at:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._waits += 1

    def restore(self) -> None:
        assert self.photo is not None
        shutil.rmtree(self.folder)
        self.photo.rename(self.folder)
