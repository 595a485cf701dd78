"""Show the progress of a long command on one line of the terminal."""

from collections.abc import Callable
from datetime import datetime, timedelta

from vllm_digest.printing import print_message, print_on_line


def print_next_step(step: str, *, shown: bool) -> None:
    """Print what the user can do next as one line, if `shown`."""
    if shown:
        print_message(f"next: {step}")


def retry_notice(*, shown: bool) -> Callable[[int, int], None]:
    """Return a callback that prints that a connection is retried; one that does nothing unless `shown`."""

    def show(number: int, most: int) -> None:
        if shown:
            print_on_line(f"connecting, try {number} of {most}", ends=True)

    return show


def fetch_counter(*, shown: bool) -> Callable[[int, int], None]:
    """A counter of fetched threads on one line; one that does nothing unless `shown`."""

    def show(done: int, total: int) -> None:
        if shown:
            print_on_line(f"threads fetched: {done} of {total}", ends=done == total)

    return show


def model_counter(*, shown: bool) -> Callable[[int, int], None]:
    """A counter of the threads that a model has written about; one that does nothing unless `shown`."""

    def show(done: int, total: int) -> None:
        if shown:
            print_on_line(f"model: {done} of {total}", ends=done == total)

    return show


class Progress:
    """Shows windows done, threads fetched and the time left, measured by the threads so far; else nothing.

    `threads` are the expected ones of all windows.
    """

    def __init__(self, *, shown: bool, windows: int, threads: int, clock: Callable[[], datetime]) -> None:
        self._shown = shown
        self._windows = windows
        self._threads = threads
        self._clock = clock
        self._began = clock()
        self.windows_done = 0
        self._threads_before = 0

    def fetched(self, done: int, total: int) -> None:
        """Update the line. `done`, `total`: threads of the current chunk."""
        if self._shown:
            self._show(self._threads_before + done)
        if done == total:
            self._threads_before += total

    def clear(self) -> None:
        """Clear the line, so that other output can be printed."""
        if self._shown:
            print_on_line("")

    def _show(self, threads: int) -> None:
        # The expected number of threads is an estimate; with too high a one, the windows tell more.
        share = max(threads / max(self._threads, 1), self.windows_done / self._windows)
        left = (self._clock() - self._began) * (1 / min(max(share, 0.001), 1) - 1)
        print_on_line(
            f"{self.windows_done} of {self._windows} windows, {threads} threads, "
            f"about {format_duration(left)} left"
        )


def format_duration(length: timedelta) -> str:
    """A length of time as text: `8 min`, `7 h 40 min`; at least one minute."""
    hours, minutes = divmod(max(1, round(length / timedelta(minutes=1))), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
