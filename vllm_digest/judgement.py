"""How much a thread concerns the focus, and what that rests on: codes with arguments, in no language."""

from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.languages import LocalText


class Relevance(StrEnum):
    """How much a thread concerns the focus (such as AMD/ROCm)."""

    YES = "yes"
    """It is what the thread is about."""
    PASSING = "passing"
    """It is named on the side, or is one platform of several."""
    NONE = "none"


class ReasonCode(StrEnum):
    """What a judgement rests on. The comment names the arguments that a reason of the code has."""

    TITLE = "title"
    """The title names the focus. `quotes`: the words."""
    TITLE_LISTED = "title_listed"
    """The title names it beside other platforms. `quotes`: the words."""
    TITLE_ELSEWHERE = "title_elsewhere"
    """The title names its software, and another platform's hardware runs it. `quotes`: the words."""
    LABEL = "label"
    """`quotes`: the label."""
    LABEL_ALONE = "label_alone"
    """Nothing else in a pull request has to do with it. `quotes`: the label."""
    LABEL_AMONG_MANY = "label_among_many"
    """The label is one of so many that path rules must have given them. `quotes`: the label; `total`."""
    LABEL_BY_RULE = "label_by_rule"
    """A rule may have given the label for a word that does not count. `quotes`: the label."""
    LABEL_BESIDE_OTHERS = "label_beside_others"
    """Labels of other platforms stand beside it. `quotes`: the label."""
    PATHS = "paths"
    """Changed files are the focus's. `count` of `total` files; `quotes`: one of the paths."""
    MACHINE = "machine"
    """The author's machine is one of the focus. `quotes`: what shows it."""
    BODY = "body"
    """The body speaks of the focus. `quotes`: the words."""
    BODY_ASIDE = "body_aside"
    """The body names it as an exception or an example. `quotes`: the words."""
    BODY_LISTED = "body_listed"
    """The body names it beside other platforms. `quotes`: the words."""
    PASTED = "pasted"
    """A log or code in the body names it. `quotes`: the words."""
    AUTHOR_COMMENTS = "author_comments"
    """The author names it in comments. `quotes`: the words."""
    COMMENTS = "comments"
    """Others name it in comments. `quotes`: the words."""
    COMMENTS_LISTED = "comments_listed"
    """Comments name it beside other platforms. `quotes`: the words."""
    AUTHOR_LOGIN = "author_login"
    """The author's login hints at it; it only tips a doubtful case."""
    OTHER_MACHINE = "other_machine"
    """The author's machine is another platform's. `quotes`: what shows it."""
    LOOKALIKE = "lookalike"
    """A platform that uses the focus's names for its own. `quotes`: its name."""
    AMBIGUOUS = "ambiguous"
    """Only words that have other meanings. `quotes`: the words."""
    EXCLUDED = "excluded"
    """The settings exclude what looks like it. `quotes`: the words; `because`: why, as the settings say."""
    NO_VALUE = "no_value"
    """Lines of an environment dump have no value. `quotes`: the lines' keys."""
    OPTION_OFF = "option_off"
    """It is an option that is off. `quotes`: the option."""
    PROCESSOR = "processor"
    """It stands in what describes a CPU only. `quotes`: the words."""
    PRINTED_CHOICE = "printed_choice"
    """A program lists it among what one may choose. `quotes`: the words."""


@dataclass(frozen=True, slots=True)
class JudgementReason:
    """One thing that a judgement rests on.

    `quotes`: short texts of strangers, each on one line and of 60 characters at most; escape before use.
    `count`, `total`: numbers of files or labels, 0 where the code has none.
    `because`: a text of the settings, for `EXCLUDED` alone.
    `in_comments`: the quotes are from comments, for codes that do not say so themselves.
    """

    code: ReasonCode
    quotes: tuple[str, ...] = ()
    count: int = 0
    total: int = 0
    because: LocalText | None = None
    in_comments: bool = False


@dataclass(frozen=True, slots=True)
class TopicWords:
    """A group of the focus's chapter: its key (`quantization`) and its name on a page."""

    key: str
    name: LocalText


@dataclass(frozen=True, slots=True)
class FocusWords:
    """How a page names its focus: `AMD` in a sentence, `AMD/ROCm ecosystem` as the chapter's heading.

    `topics` are the groups that the chapter has on a page with many threads, in its order.
    Without a name there is no focus: it is false, and no thread is judged to be more than NONE.
    """

    name: str
    heading: LocalText
    topics: tuple[TopicWords, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A relevance and what it rests on, strongest first.

    The reasons of NONE say why signs that look relevant are not (a near miss), and are empty without signs.
    For YES alone, `topic` is the key of one of `FocusWords.topics` or empty, and `hardware` is what the
    thread's author named most, such as `MI300X`.
    """

    relevance: Relevance
    reasons: tuple[JudgementReason, ...] = ()
    topic: str = ""
    hardware: tuple[str, ...] = ()
