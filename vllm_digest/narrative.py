"""What a model wrote for a report: statements with their evidence, and the parts that fell back to rules.

All statements have passed `check`. A text is one paragraph of untrusted Markdown, which `markdown.prose`
makes safe. Texts are stored by language code (`zh`, `en`); rules write where one is missing.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from vllm_digest.model_protocol import Usage


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quote and where it is from.

    `source`: GitHub's id of a remark, `body` for the description, `facts` for GitHub's fields.
    `url`: of the source. `quote`: verbatim, white space aside. `login`: its author's; empty for `facts`.
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
        """The text in a language; empty without one."""
        return self.texts.get(language, "")


@dataclass(frozen=True, slots=True)
class Position:
    """The position of one person in a discussion.

    `login`: of the person, who wrote at least one piece of the evidence.
    `stances`: a label of a few words, such as `author`, by language; only for the languages of `said`.
    `said`: the statement of the position.
    """

    login: str
    stances: Mapping[str, str]
    said: Statement

    @property
    def url(self) -> str:
        """The address of the first piece of evidence."""
        return self.said.evidence[0].url

    def stance(self, language: str) -> str:
        """The label in a language; empty without one."""
        return self.stances.get(language, "")


@dataclass(frozen=True, slots=True)
class FocusNote:
    """The relation of a thread to the focus.

    `gpus`: hardware that the thread is about, from what rules found (`Judgement.hardware`).
    `asked_gpus`: hardware that it only asks for.
    `component`: a part of the software, as the thread names it; empty without one.
    """

    gpus: tuple[str, ...] = ()
    asked_gpus: tuple[str, ...] = ()
    component: str = ""


class BriefPart(StrEnum):
    """The parts of a brief that are sentences."""

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
    """What a model wrote about one thread; parts that it left out or that failed a check are missing.

    `number`: of the thread. `statements`: by part, without the positions.
    """

    number: int
    statements: Mapping[BriefPart, Statement] = field(default_factory=dict)
    positions: tuple[Position, ...] = ()
    focus: FocusNote | None = None

    @property
    def is_empty(self) -> bool:
        """Whether all parts are missing."""
        return not (self.statements or self.positions or self.focus)

    def statements_of(self, part: BriefPart) -> tuple[Statement, ...]:
        """The statements of a part: at most one, except for positions."""
        if part == BriefPart.POSITIONS:
            return tuple(position.said for position in self.positions)
        return (self.statements[part],) if part in self.statements else ()

    def text(self, part: BriefPart, language: str) -> str:
        """The text of a part that is a single statement; empty without one in this language."""
        statement = self.statements.get(part)
        return statement.text(language) if statement else ""

    def positions_in(self, language: str) -> tuple[Position, ...]:
        """The positions with a text in a language."""
        return tuple(position for position in self.positions if position.said.text(language))

    def has_text(self, part: BriefPart, language: str) -> bool:
        """Whether this part has a text in this language."""
        return any(statement.text(language) for statement in self.statements_of(part))

    def named(self) -> dict[str, Statement]:
        """All statements by the names that findings cite: `30389.reading`, `30389.positions[0]`."""
        return {
            name: statement
            for part in BriefPart
            for name, statement in zip(self._names(part), self.statements_of(part), strict=True)
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
    """A sentence about the whole window and what it cites.

    `titles`, `texts`: by language; titles are empty if the section has none.
    `statements`: names of statements in briefs (`Brief.named`). `facts`: counts of the window.
    """

    titles: Mapping[str, str]
    texts: Mapping[str, str]
    statements: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()

    @property
    def threads(self) -> tuple[int, ...]:
        """Numbers of the threads that it cites."""
        return tuple(dict.fromkeys(int(name.partition(".")[0]) for name in self.statements))

    def title(self, language: str) -> str:
        """The title in a language; empty without one."""
        return self.titles.get(language, "")

    def text(self, language: str) -> str:
        """The text in a language; empty without one."""
        return self.texts.get(language, "")


class OverviewPart(StrEnum):
    """The sections of a page with findings of an overview."""

    STATE = "state"
    FOCUS = "focus"
    TRENDS = "trends"
    ACTIVITY = "activity"
    CONCERNS = "concerns"


@dataclass(frozen=True, slots=True)
class Overview:
    """The findings about the whole window by section; sections without one are missing."""

    findings: Mapping[OverviewPart, tuple[Finding, ...]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Whether there are no findings."""
        return not any(self.findings.values())

    def findings_of(self, part: OverviewPart, language: str) -> tuple[Finding, ...]:
        """The findings of a section with a text in a language; without those on activity by counts alone."""
        found = (one for one in self.findings.get(part, ()) if one.text(language))
        return tuple(one for one in found if one.statements or part is not OverviewPart.ACTIVITY)


class FallbackReason(StrEnum):
    """Why a part of a page is not a model's. From SCHEMA on: what is wrong with a statement ("it")."""

    NO_MODEL = "no-model"
    UNAVAILABLE = "unavailable"
    """The model cannot be asked: no server, no access, no budget or no time left."""
    NO_ANSWER = "no-answer"
    """There is no usable answer, or the part is missing in it."""
    TOO_LONG = "too-long"
    """The prompt does not fit into the model's context."""
    BUDGET = "budget"
    NO_TEXT = "no-text"
    SCHEMA = "schema"
    QUOTE = "quote"
    SOURCE = "source"
    """It cites an unknown source, statement or count, or none."""
    LOGIN = "login"
    """It names a wrong person, or attributes something to one."""
    NUMBER = "number"
    """It names a thread that its sources do not name."""
    FIGURE = "figure"
    """It has a figure, or a name of hardware or a platform, that its sources do not have."""
    STATE = "state"
    FOCUS = "focus"
    """It denies news about the focus in a window that has some."""
    GUESS = "guess"
    """It guesses about people, such as their employer or intentions."""
    INTENTION = "intention"
    """It states as done what its quotes only plan."""
    UNREACHED = "unreached"
    """It describes a change as in effect that is not merged."""
    WITHDRAWN = "withdrawn"
    """It has a figure that its author corrected later."""
    JUDGEMENT = "judgement"
    """It has a judgement that no cited source makes."""
    GAIN = "gain"
    MARKUP = "markup"
    LANGUAGE = "language"
    TRADITIONAL = "traditional"
    LENGTH = "length"
    """It is too short, too long, or not a whole sentence."""
    LOOP = "loop"
    CHATTER = "chatter"
    """It addresses the reader, or recites the instructions."""
    ENTAILMENT = "entailment"
    """The second pass found that it does not follow from its evidence."""

    @property
    def is_wording(self) -> bool:
        """Whether it concerns the wording in one language only, not the claim made in all of them."""
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
    """A part that rules write instead, or a rejected sentence.

    `part`: `brief-30382`, `brief-30382.dispute`, `overview.trends[1]`; `all` for the whole narrative.
    `language`: code, if the part is missing in this language only; empty if it is in all.
    """

    part: str
    reason: FallbackReason
    language: str = ""


@dataclass(frozen=True, slots=True)
class Narrative:
    """All that a model wrote for a window; empty if rules write everything.

    `model`: its name; empty if none was asked. `languages`: codes of those it was asked to write.
    `judge`: name of the model of the second pass; empty without one.
    `judged`: number of statements and findings with a verdict, including rejected ones.
    `unjudged`: number of those that should have been judged but have no verdict.
    `requests`, `points`: used for fetching further threads for it, see `report.Provenance`.
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

    def has_text(self, number: int, part: BriefPart, language: str) -> bool:
        """Whether this part of the thread's brief has a text in this language."""
        brief = self.brief(number)
        return brief is not None and brief.has_text(part, language)

    def fallbacks_in(self, language: str) -> tuple[Fallback, ...]:
        """The fallbacks of a page in this language."""
        return tuple(one for one in self.fallbacks if one.language in ("", language))

    def missing_texts(self, language: str) -> int:
        """The number of statements and findings without a text in this language."""
        written = [one.texts for brief in self.briefs for one in brief.named().values()]
        written += [one.texts for findings in self.overview.findings.values() for one in findings]
        return sum(language not in texts for texts in written)
