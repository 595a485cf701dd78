"""What a model wrote for a report: each sentence with what it rests on, and what fell back to rules.

All of it has passed the checks of `check`. Texts are one paragraph of Markdown each, still a stranger's:
`markdown.prose` puts them onto a page.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from vllm_digest.model_protocol import Usage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim `quote`, white space aside, and the remark it is from; `source` is its id or `body`."""

    source: str
    url: str
    quote: str


@dataclass(frozen=True, slots=True)
class Statement:
    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Position:
    """What one person holds; `stance` is a label of a few words, `login` wrote all of the evidence."""

    stance: str
    login: str
    said: Statement

    @property
    def url(self) -> str:
        """Where it was said."""
        return self.said.evidence[0].url


@dataclass(frozen=True, slots=True)
class FocusNote:
    """What a thread means for the focus; `gpus` and `component` are words of the thread, or empty."""

    gpus: tuple[str, ...] = ()
    component: str = ""
    gain: Statement | None = None


@dataclass(frozen=True, slots=True)
class Brief:
    """One thread, told from its text alone; None is what the model did not tell, or told wrongly."""

    number: int
    topic: Statement | None = None
    positions: tuple[Position, ...] = ()
    dispute: Statement | None = None
    state: Statement | None = None
    reading: Statement | None = None
    impact: Statement | None = None
    focus: FocusNote | None = None
    watch: Statement | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A count of the window by its name, such as `merged_prs`."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about the whole window and the threads and counts it rests on; `title` may be empty."""

    title: str
    text: str
    threads: tuple[int, ...] = ()
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Overview:
    state: tuple[Finding, ...] = ()
    focus: tuple[Finding, ...] = ()
    trends: tuple[Finding, ...] = ()
    activity: tuple[Finding, ...] = ()
    concerns: tuple[Finding, ...] = ()


class Reason(StrEnum):
    """Why something of a model's did not reach the page."""

    NO_MODEL = "no-model"
    UNAVAILABLE = "unavailable"
    NO_ANSWER = "no-answer"
    TOO_LONG = "too-long"
    BUDGET = "budget"
    SCHEMA = "schema"
    QUOTE = "quote"
    SOURCE = "source"
    LOGIN = "login"
    NUMBER = "number"
    FIGURE = "figure"
    STATE = "state"
    FOCUS = "focus"
    GUESS = "guess"
    MARKUP = "markup"
    LANGUAGE = "language"
    TRADITIONAL = "traditional"
    LENGTH = "length"
    LOOP = "loop"
    CHATTER = "chatter"


@dataclass(frozen=True, slots=True)
class Fallback:
    """A part that rules write instead, or a sentence left out: `brief-30382`, `brief-30382.dispute`."""

    part: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Narrative:
    """All that a model wrote for a window; empty when rules write everything.

    `model` is its name, empty when none was asked.
    """

    model: str = ""
    briefs: tuple[Brief, ...] = ()
    overview: Overview = Overview()
    fallbacks: tuple[Fallback, ...] = ()
    usage: Usage = field(default_factory=Usage)

    def brief(self, number: int) -> Brief | None:
        return next((brief for brief in self.briefs if brief.number == number), None)

    def tells(self, numbers: Iterable[int], *parts: str) -> bool:
        """Is any of these parts of a brief there for any of these threads?"""
        briefs = (brief for number in numbers if (brief := self.brief(number)))
        return any(getattr(brief, part) for brief in briefs for part in parts)
