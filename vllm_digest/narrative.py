"""What a model wrote for a report: each statement with what it rests on, and what fell back to rules.

All of it has passed the checks of `check`. A text is one paragraph of a stranger's Markdown, which
`markdown.prose` makes fit for a page. Texts are kept by language (`zh`, `en`): where one is missing no text
of that language passed, and rules write on its page.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vllm_digest.model_protocol import Usage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A verbatim `quote`, white space aside, and where it is from.

    `source`: GitHub's id of a remark, `body` for the description, `facts` for GitHub's own fields.
    `login`: who wrote it; empty for GitHub's own fields.
    """

    source: str
    url: str
    quote: str
    login: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim about a thread: `texts` by language, and one set of evidence for all of them."""

    texts: Mapping[str, str]
    evidence: tuple[Evidence, ...]

    def text(self, language: str) -> str:
        """The text in a language, empty without one."""
        return self.texts.get(language, "")


@dataclass(frozen=True, slots=True)
class Position:
    """What one person holds.

    `login`: who holds it; at least one piece of the evidence is theirs.
    `stances`: a label of a few words, such as `author`, by language; for the languages of `said` alone.
    """

    login: str
    stances: Mapping[str, str]
    said: Statement

    @property
    def url(self) -> str:
        """Where it was said."""
        return self.said.evidence[0].url

    def stance(self, language: str) -> str:
        """The label in a language, empty without one."""
        return self.stances.get(language, "")


@dataclass(frozen=True, slots=True)
class FocusNote:
    """What a thread means for the focus.

    `gpus`: of the hardware that rules found (`Judgement.hardware`), what the thread is about; `asked_gpus`:
    what it only asks or wishes for. `component`: a part of the software, as the thread names it; empty
    without one.
    """

    gpus: tuple[str, ...] = ()
    asked_gpus: tuple[str, ...] = ()
    component: str = ""


class BriefPart(StrEnum):
    """What a brief tells in sentences."""

    TOPIC = "topic"
    POSITIONS = "positions"
    DISPUTE = "dispute"
    STATE = "state"
    READING = "reading"
    IMPACT = "impact"
    GAIN = "gain"
    WATCH = "watch"


@dataclass(frozen=True, slots=True)
class Brief:
    """One thread, told from its text alone. What a model did not tell, or told wrongly, is missing.

    `statements`: all parts but the positions.
    """

    number: int
    statements: Mapping[BriefPart, Statement] = field(default_factory=dict)
    positions: tuple[Position, ...] = ()
    focus: FocusNote | None = None

    @property
    def is_empty(self) -> bool:
        """Is nothing told?"""
        return not (self.statements or self.positions or self.focus)

    def of(self, part: BriefPart) -> tuple[Statement, ...]:
        """The statements of a part: one or none, for positions any number."""
        if part == BriefPart.POSITIONS:
            return tuple(position.said for position in self.positions)
        return (self.statements[part],) if part in self.statements else ()

    def text(self, part: BriefPart, language: str) -> str:
        """The text of a part that is one statement, empty without one in this language."""
        statement = self.statements.get(part)
        return statement.text(language) if statement else ""

    def held(self, language: str) -> tuple[Position, ...]:
        """The positions that are told in a language."""
        return tuple(position for position in self.positions if position.said.text(language))

    def tells(self, part: BriefPart, language: str) -> bool:
        """Is there anything of this part in this language?"""
        return any(statement.text(language) for statement in self.of(part))

    def named(self) -> dict[str, Statement]:
        """All statements by the names an overview has for them: `30389.reading`, `30389.positions[0]`."""
        return {
            name: statement
            for part in BriefPart
            for name, statement in zip(self._names(part), self.of(part), strict=True)
        }

    def _names(self, part: BriefPart) -> list[str]:
        if part == BriefPart.POSITIONS:
            return [f"{self.number}.{part}[{place}]" for place in range(len(self.positions))]
        return [f"{self.number}.{part}"] if part in self.statements else []


@dataclass(frozen=True, slots=True)
class Fact:
    """A count of the window by its name, such as `merged_prs`."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about the whole window and what it rests on.

    `titles`, `texts`: by language; titles are empty where the page has none.
    `statements`: names of statements in briefs (`Brief.named`).
    """

    titles: Mapping[str, str]
    texts: Mapping[str, str]
    statements: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def threads(self) -> tuple[int, ...]:
        """The threads it rests on."""
        return tuple(dict.fromkeys(int(name.partition(".")[0]) for name in self.statements))

    def title(self, language: str) -> str:
        """The title in a language, empty without one."""
        return self.titles.get(language, "")

    def text(self, language: str) -> str:
        """The text in a language, empty without one."""
        return self.texts.get(language, "")


class OverviewPart(StrEnum):
    """The sections of a page that an overview adds to."""

    STATE = "state"
    FOCUS = "focus"
    TRENDS = "trends"
    ACTIVITY = "activity"
    CONCERNS = "concerns"


@dataclass(frozen=True, slots=True)
class Overview:
    """What is said of the whole window; sections without a finding are missing."""

    findings: Mapping[OverviewPart, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Is nothing told?"""
        return not any(self.findings.values())

    def of(self, part: OverviewPart, language: str) -> tuple[Finding, ...]:
        """The findings of a section that are told in a language."""
        return tuple(one for one in self.findings.get(part, ()) if one.text(language))


class FallbackReason(StrEnum):
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
    QUESTION = "question"
    INTENTION = "intention"
    UNREACHED = "unreached"
    WITHDRAWN = "withdrawn"
    JUDGEMENT = "judgement"
    GAIN = "gain"
    MARKUP = "markup"
    LANGUAGE = "language"
    TRADITIONAL = "traditional"
    LENGTH = "length"
    LOOP = "loop"
    CHATTER = "chatter"
    ENTAILMENT = "entailment"

    @property
    def is_wording(self) -> bool:
        """Does it concern one text only, and not the claim that the texts of all languages make?"""
        return self in _WORDING


_WORDING = {
    FallbackReason.MARKUP,
    FallbackReason.LANGUAGE,
    FallbackReason.TRADITIONAL,
    FallbackReason.LENGTH,
    FallbackReason.LOOP,
    FallbackReason.CHATTER,
}


@dataclass(frozen=True, slots=True)
class Fallback:
    """A part that rules write instead, or a sentence left out.

    `part`: `brief-30382`, `brief-30382.dispute`, `overview.trends[1]`; `all` for the whole narrative.
    `language`: where the part fell in this language alone; empty where it fell in all of them.
    """

    part: str
    reason: FallbackReason
    language: str = ""


@dataclass(frozen=True, slots=True)
class Narrative:
    """All that a model wrote for a window; empty when rules write everything.

    `model`: its name, empty when none was asked.
    `languages`: those it was asked to write in.
    `judge`: the name of the model that judged in a second pass, empty without one.
    `judged`: how many statements and findings were judged in a second pass, fallen ones among them;
    `unjudged`: how many stand without, though they were to be judged.
    `requests`, `points`: what the source was asked besides for it, see `report.Provenance`.
    """

    model: str = ""
    languages: tuple[str, ...] = ()
    briefs: tuple[Brief, ...] = ()
    overview: Overview = Overview()
    fallbacks: tuple[Fallback, ...] = ()
    judge: str = ""
    judged: int = 0
    unjudged: int = 0
    requests: int = 0
    points: int = 0
    usage: Usage = field(default_factory=Usage)

    def brief(self, number: int) -> Brief | None:
        return next((brief for brief in self.briefs if brief.number == number), None)

    def tells(self, numbers: Iterable[int], *parts: BriefPart, language: str) -> bool:
        """Is any of these parts of a brief there for any of these threads, in this language?"""
        briefs = [brief for number in numbers if (brief := self.brief(number))]
        return any(brief.tells(part, language) for brief in briefs for part in parts)

    def fallbacks_in(self, language: str) -> tuple[Fallback, ...]:
        """What a page in this language lacks of the model's."""
        return tuple(one for one in self.fallbacks if one.language in ("", language))

    def untold(self, language: str) -> int:
        """The statements and findings that stand in other languages only."""
        told = [one.texts for brief in self.briefs for one in brief.named().values()]
        told += [one.texts for findings in self.overview.findings.values() for one in findings]
        return sum(language not in texts for texts in told)
