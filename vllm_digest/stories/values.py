"""The story of a thread: all that an archive has about it."""

from dataclasses import dataclass
from datetime import datetime

from vllm_digest.facts import ThreadFacts
from vllm_digest.narrative import BriefPart, Statement
from vllm_digest.stories.watch import Ended, WatchEntry
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class Appearance:
    """A stored report that contains a thread. `place`: as in `Report.place`."""

    series: str
    window: TimeWindow
    place: str


@dataclass(frozen=True, slots=True)
class Told:
    """A model's statement about the thread. `appearance`: the first report that has it."""

    part: BriefPart
    statement: Statement
    appearance: Appearance


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the stored reports of a repository have about a thread.

    `facts`: its latest row, with the events of all reports. `url`: its page at GitHub.
    `appearances`: the reports that contain it, oldest first. `told`: oldest first; each statement once.
    `watched`: why it is watched and since when, None if it is not. `ended`: entries with an outcome.
    `archive_start`: start of the earliest stored report (UTC); before it only the timeline is known.
    `holes`: spans since the thread's opening without a stored report.
    """

    repo: str
    facts: ThreadFacts
    url: str
    appearances: tuple[Appearance, ...]
    told: tuple[Told, ...]
    watched: WatchEntry | None
    ended: tuple[Ended, ...]
    archive_start: datetime
    holes: tuple[TimeWindow, ...]
