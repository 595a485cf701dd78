"""What an archive knows of one thread."""

from dataclasses import dataclass
from datetime import datetime

from vllm_digest.facts import ThreadFacts
from vllm_digest.narrative import BriefPart, Statement
from vllm_digest.stories.watch import Ended, WatchEntry
from vllm_digest.window import TimeWindow


@dataclass(frozen=True, slots=True)
class Appearance:
    """A stored report that a thread stands in. `place`: as in `Report.place`."""

    series: str
    window: TimeWindow
    place: str


@dataclass(frozen=True, slots=True)
class Told:
    """A statement of a model about the thread, and the first report that has it."""

    part: BriefPart
    statement: Statement
    appearance: Appearance


@dataclass(frozen=True, slots=True)
class Story:
    """Everything that the stored reports of a repository say of a thread.

    `facts`: its latest row, with the events of all reports. `url`: its page at GitHub.
    `appearances`: the reports that it stands in, oldest first. `told`: oldest first; each statement once.
    `watched`: why it is watched and since when, None where it is not. `ended`: what ended before.
    `archive_start`: the start of the earliest stored report; before it nothing is known but the timeline.
    `holes`: spans since the thread's opening of which no report is stored.
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
