"""How relevant a thread is to the focus, and the reasons: codes with arguments, independent of language."""

from dataclasses import dataclass
from enum import StrEnum

from vllm_digest.languages import LocalText


class Relevance(StrEnum):
    """How relevant a thread is to the focus (such as AMD/ROCm)."""

    YES = "yes"
    """The thread is about the focus."""
    PASSING = "passing"
    """The focus is mentioned, or is one of several platforms."""
    NONE = "none"


class ReasonCode(StrEnum):
    """A reason of a judgement. Each description ends with the arguments that `JudgementReason` has for it."""

    TITLE = "title"
    """The title names the focus. `quotes`: the words."""
    TITLE_LISTED = "title_listed"
    """The title names it next to other platforms. `quotes`: the words."""
    TITLE_ELSEWHERE = "title_elsewhere"
    """The title names software of the focus that runs on another platform's hardware. `quotes`: the words."""
    LABEL = "label"
    """A label names it. `quotes`: the label."""
    LABEL_ALONE = "label_alone"
    """Nothing else in a pull request is related to it. `quotes`: the label."""
    LABEL_AMONG_MANY = "label_among_many"
    """There are so many labels that rules by path set them. `quotes`: the label; `total`: labels."""
    LABEL_BY_RULE = "label_by_rule"
    """A bot may have set the label because of an irrelevant word. `quotes`: the label."""
    LABEL_BESIDE_OTHERS = "label_beside_others"
    """There are labels of other platforms as well. `quotes`: the label."""
    PATHS = "paths"
    """Changed files belong to the focus. `count` of `total` files; `quotes`: one of the paths."""
    MACHINE = "machine"
    """The author's machine is of the focus's platform. `quotes`: the words that show it."""
    BODY = "body"
    """The body names the focus. `quotes`: the words."""
    BODY_ASIDE = "body_aside"
    """The body names it as an exception or an example. `quotes`: the words."""
    BODY_LISTED = "body_listed"
    """The body names it next to other platforms. `quotes`: the words."""
    PASTED = "pasted"
    """A log or code in the body names it. `quotes`: the words."""
    AUTHOR_COMMENTS = "author_comments"
    """The author names it in comments. `quotes`: the words."""
    COMMENTS = "comments"
    """Others name it in comments. `quotes`: the words."""
    COMMENTS_LISTED = "comments_listed"
    """Comments name it next to other platforms. `quotes`: the words."""
    AUTHOR_LOGIN = "author_login"
    """The author's login suggests it; decides only doubtful cases."""
    OTHER_MACHINE = "other_machine"
    """The author's machine is of another platform. `quotes`: the words that show it."""
    LOOKALIKE = "lookalike"
    """It is about another platform that reuses names of the focus. `quotes`: that platform's name."""
    AMBIGUOUS = "ambiguous"
    """It only has words with other meanings. `quotes`: the words."""
    EXCLUDED = "excluded"
    """The settings exclude these words. `quotes`: the words; `because`: the reason in the settings."""
    NO_VALUE = "no_value"
    """Lines of an environment dump have no value. `quotes`: the lines' keys."""
    OPTION_OFF = "option_off"
    """It is named in an option that is off. `quotes`: the option."""
    PROCESSOR = "processor"
    """It is named in a description of a CPU. `quotes`: the words."""
    PRINTED_CHOICE = "printed_choice"
    """A program's output lists it among possible choices. `quotes`: the words."""


@dataclass(frozen=True, slots=True)
class JudgementReason:
    """A reason of a judgement.

    `quotes`: short untrusted texts, each on one line of at most 60 characters; escape before use.
    `count`, `total`: numbers of files or labels; 0 if the code has none.
    `because`: a text of the settings; only for `EXCLUDED`.
    `in_comments`: whether the quotes are from comments, for codes that do not imply it.
    """

    code: ReasonCode
    quotes: tuple[str, ...] = ()
    count: int = 0
    total: int = 0
    because: LocalText | None = None
    in_comments: bool = False


@dataclass(frozen=True, slots=True)
class TopicWords:
    """A topic within the focus section. `key`: such as `quantization`. `name`: on a page."""

    key: str
    name: LocalText


@dataclass(frozen=True, slots=True)
class FocusWords:
    """The names of the focus on a page.

    `name`: in a sentence, such as `AMD`; empty without a focus, which makes the value false and the relevance
    of all threads NONE.
    `heading`: of its section, such as `AMD/ROCm ecosystem`. `topics`: groups of the section on a page with
    many threads, in order.
    """

    name: str
    heading: LocalText
    topics: tuple[TopicWords, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.name)


@dataclass(frozen=True, slots=True)
class Judgement:
    """The relevance of a thread to the focus.

    `reasons`: strongest first; for NONE they say why signs of relevance do not count (a near miss), and are
    empty without such signs.
    `topic`: key of one of `FocusWords.topics`, or empty; only for YES.
    `hardware`: names that the thread's author used most, such as `MI300X`; only for YES.
    """

    relevance: Relevance
    reasons: tuple[JudgementReason, ...] = ()
    topic: str = ""
    hardware: tuple[str, ...] = ()
