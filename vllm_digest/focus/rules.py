"""What an ecosystem such as AMD/ROCm is known by: the rules of `relevance`, as data.

The built-in rules are `amd.yaml`; `common.yaml` holds what every ecosystem starts from.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from vllm_digest.focus.patterns import ExactPattern, Finder, Meaning, Pattern, Rule
from vllm_digest.judgement import FocusWords, TopicWords
from vllm_digest.languages import LocalText

NO_FOCUS = "none"
"""The name of the focus that means none: pages have no section about a focus."""
PORTABLE = "portable"
"""The key of matches of `portable_words`."""
SOFTWARE = "software"
"""The key of matches of `peer_software`."""


@cache
def _data(name: str) -> dict[str, Any]:
    """The built-in rules in `NAME.yaml`."""
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return values


def _check_words(words: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
    if not words and info.data.get("name") != NO_FOCUS:
        raise ValueError("it needs a word at least; a section with a name of its own starts without any.")
    return words


def _at_most(length: int) -> AfterValidator:
    """A text for the page: not empty, and at most `length` characters in each language."""

    def check(text: LocalText) -> LocalText:
        if not all(1 <= len(one) <= length for _, one in text.texts):
            raise ValueError(f"it must have 1 to {length} characters.")
        return text

    return AfterValidator(check)


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, use_attribute_docstrings=True)


class Exclusion(_Rules):
    """Words that look like the ecosystem and have another meaning."""

    because: Annotated[LocalText, _at_most(60)]
    """Why not: on the page it follows the quoted text. One text, or one a language."""
    words: tuple[Pattern, ...]
    """The texts. At the same position as a word of the ecosystem the longer pattern wins."""


class Topic(_Rules):
    """A group of the chapter on a page with many threads."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """How stored reports name it: small letters, digits and hyphens. Keep it when the name changes."""
    name: Annotated[LocalText, _at_most(40)]
    """Its name on the page. One text, or one a language."""
    words: tuple[Pattern, ...]
    """Words that stand for it in a title. One in brackets (`[CI]`) counts more than three others."""
    weak_words: tuple[Pattern, ...] = ()
    """Words that stand for it in a title without a word of any topic."""
    paths: tuple[Pattern, ...] = ()
    """Parts of a changed file's path that stand for it, if the title has no word of a topic."""
    of_files: bool = False
    """Whether a change is about it only if one of its files has such a path: `[CI]` in the title of a change
    that touches only kernels names its purpose."""


class FocusSettings(_Rules):
    """The ecosystem that has a chapter of its own.

    A section without `name` changes AMD/ROCm's rules; one with a name of its own starts from empty ones.
    `focus: none`, and the name `none`, stand for a repository without such a chapter.
    """

    name: Annotated[str, Field(min_length=1, max_length=40)] = "AMD"
    """The ecosystem's name within a sentence; `none` for no chapter on one."""
    heading: Annotated[LocalText, _at_most(60)] = Field(
        default_factory=lambda: LocalText.of(_data("amd")["heading"])
    )
    """The chapter's heading. One text, or one a language."""
    labels: tuple[str, ...] = ()
    """Labels that the repository gives to the ecosystem's threads."""
    words: Annotated[tuple[Pattern, ...], AfterValidator(_check_words), Field(validate_default=True)] = ()
    """Names of the ecosystem and its software."""
    portable_words: tuple[Pattern, ...] = ()
    """Its software that also runs on other hardware; beside that it counts as mentioned in passing."""
    hardware: tuple[Pattern, ...] = ()
    """Its cards; they count like `words`, and the page shows which cards a thread names."""
    architectures: tuple[Pattern, ...] = ()
    """Architectures and families of its hardware; the page shows them if no card is named."""
    exact_words: tuple[ExactPattern, ...] = ()
    """Words that count only in this upper or lower case."""
    weak_words: tuple[ExactPattern, ...] = ()
    """Case-sensitive words with other meanings: they count only together with other evidence."""
    paths: tuple[Pattern, ...] = ()
    """Names of the ecosystem in paths of changed files, besides `words`."""
    mirrors: tuple[Pattern, ...] = ()
    """Paths with a file for each platform (`requirements/rocm.txt`); a change for all changes each file."""
    tests: tuple[Pattern, ...] = ()
    """Paths of tests and docs. They are the subject of a change only if it has no other files."""
    machine: tuple[Pattern, ...] = ()
    """Text that only a machine of the ecosystem prints, or commands that only run there."""
    dump_fields: tuple[Pattern, ...] = ()
    """Fields of an environment dump that have a value on such a machine, and `N/A` or similar elsewhere."""
    people: tuple[Pattern, ...] = ()
    """Parts of login names that decide a doubtful case, but are never enough alone."""
    exclusions: tuple[Exclusion, ...] = ()
    """What looks like the ecosystem but is not, and why."""
    lookalikes: tuple[Pattern, ...] = ()
    """Platforms that print the ecosystem's names as their own; a thread about one is not about it."""
    peers: tuple[Pattern, ...] = ()
    """Other platforms and their hardware; those that are also in `words` do not count.

    A text that lists the ecosystem together with these, or names these more often, is not about it.
    """
    peer_software: tuple[Pattern, ...] = ()
    """Software that is often listed with the ecosystem's own; such lists count as mentions in passing."""
    shared_names: tuple[Pattern, ...] = ()
    """Names that look like those of `peers` but occur on every platform."""
    overviews: tuple[Pattern, ...] = ()
    """A title with one of these is about all platforms or the project, unless it names the ecosystem."""
    platform_methods: tuple[Pattern, ...] = ()
    """Methods that each platform implements: a title with one of these and only the ecosystem's label is
    about the ecosystem's implementation."""
    conjunctions: tuple[str, ...] = ()
    """Words and characters between the members of a list."""
    asides: tuple[Pattern, ...] = ()
    """A sentence with one of these mentions the ecosystem in passing: `apart from ROCm`."""
    trials: tuple[Pattern, ...] = ()
    """A sentence with one of these in a pull request says where a change was tested, not what it is about."""
    demands: tuple[Pattern, ...] = ()
    """A sentence with one of these names required hardware, not the hardware that its author uses."""
    topics: tuple[Topic, ...] = ()
    """How the chapter is grouped; what has none of these topics comes last."""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_data(cls, values: Any) -> Any:
        """Take what is not given from the built-in rules: AMD's are not kept behind another name."""
        if values == NO_FOCUS:
            values = {"name": NO_FOCUS}
        if not isinstance(values, Mapping):
            return values
        amd, common = _data("amd"), _data("common")
        if values.get("name", amd["name"]) == amd["name"]:
            return {**common, **amd, **values}
        heading = {language: text.format(name=values["name"]) for language, text in common["heading"].items()}
        return {**common, "heading": heading, **values}

    @model_validator(mode="after")
    def _topics_have_keys_of_their_own(self) -> Self:
        keys = [topic.key for topic in self.topics]
        if len(set(keys)) < len(keys):
            raise ValueError("two topics have the same key.")
        return self

    def compiled(self, state_labels: Iterable[str] = ()) -> "Focus":
        """The rules as `relevance.judge` takes them.

        `state_labels`: the repository's labels that tell a thread's state or kind, and no subject.
        """
        return _compiled(self, frozenset(label.lower() for label in state_labels))


@dataclass(frozen=True, slots=True)
class Focus:
    """The rules of `FocusSettings`, ready for use."""

    words: FocusWords
    labels: frozenset[str]
    """In lower case, like `state_labels`."""
    state_labels: frozenset[str]
    texts: Finder
    """Words, weak words, machine texts, dump fields, exclusions and lookalikes together."""
    paths: Finder
    mirrors: Finder
    tests: Finder
    people: Finder
    peers: Finder
    """Other platforms and their hardware; with the key SOFTWARE, their software."""
    overviews: Finder
    platform_methods: Finder
    joint: re.Pattern[str]
    """The separators between two members of a list."""
    asides: Finder
    trials: Finder
    demands: Finder
    hardware: Finder
    """Cards and architectures; the `key` of a match is its pattern."""
    cards: frozenset[str]
    """The patterns of `hardware` that are cards."""
    topics: Finder
    """The `key` of a match is the topic's, as in `weak_topics` and `topic_paths`."""
    weak_topics: Finder
    topic_paths: Finder
    file_topics: frozenset[str]
    """The keys of the topics with `of_files`."""


# A process that runs several commands with the same settings, as the tests do, needs the rules only once:
# for a small report, compiling them is a fifth of the work.
@lru_cache(maxsize=8)
def _compiled(settings: FocusSettings, state_labels: frozenset[str]) -> Focus:
    names = [
        *_rules(settings.words),
        *_rules(settings.portable_words, key=PORTABLE),
        *_rules(settings.hardware),
        *_rules(settings.architectures),
        *(Rule(word, exact=True) for word in settings.exact_words),
    ]
    topics = settings.topics
    return Focus(
        words=FocusWords(
            "" if settings.name == NO_FOCUS else settings.name,
            settings.heading,
            tuple(TopicWords(topic.key, topic.name) for topic in topics),
        ),
        labels=frozenset(label.lower() for label in settings.labels),
        state_labels=state_labels,
        texts=_texts(settings, names),
        paths=Finder([*names, *_rules(settings.paths)]),
        mirrors=Finder(_rules(settings.mirrors)),
        tests=Finder(_rules(settings.tests)),
        people=Finder(_rules(settings.people)),
        peers=_peers(settings, Finder(names)),
        overviews=Finder(_rules(settings.overviews)),
        platform_methods=Finder(_rules(settings.platform_methods)),
        joint=_joint(settings.conjunctions),
        asides=Finder(_rules(settings.asides)),
        trials=Finder(_rules(settings.trials)),
        demands=Finder(_rules(settings.demands)),
        hardware=Finder([Rule(word, key=word) for word in (*settings.hardware, *settings.architectures)]),
        cards=frozenset(settings.hardware),
        topics=Finder([rule for topic in topics for rule in _rules(topic.words, key=topic.key)]),
        weak_topics=Finder([rule for topic in topics for rule in _rules(topic.weak_words, key=topic.key)]),
        topic_paths=Finder([rule for topic in topics for rule in _rules(topic.paths, key=topic.key)]),
        file_topics=frozenset(topic.key for topic in topics if topic.of_files),
    )


def _texts(settings: FocusSettings, names: Iterable[Rule]) -> Finder:
    excluded = (
        Rule(word, Meaning.EXCLUDED, because=one.because) for one in settings.exclusions for word in one.words
    )
    return Finder(
        [
            *excluded,
            *_rules(settings.lookalikes, Meaning.LOOKALIKE),
            *_rules(settings.machine, Meaning.MACHINE),
            *_rules(settings.dump_fields, Meaning.FIELD),
            *names,
            *(Rule(word, Meaning.WEAK, exact=True) for word in settings.weak_words),
        ]
    )


def _peers(settings: FocusSettings, ours: Finder) -> Finder:
    """Patterns of other platforms, without those that are the ecosystem's own."""
    platforms = (word for word in settings.peers if not ours.found_in(_sample(word)))
    software = (word for word in settings.peer_software if not ours.found_in(_sample(word)))
    return Finder(
        [
            *_rules(platforms),
            *_rules(software, key=SOFTWARE),
            *_rules(settings.shared_names, Meaning.EXCLUDED),
        ]
    )


def _rules(patterns: Iterable[str], meaning: Meaning = Meaning.WORD, key: str = "") -> list[Rule]:
    return [Rule(pattern, meaning, key=key) for pattern in patterns]


def _joint(conjunctions: Iterable[str]) -> re.Pattern[str]:
    """A pattern for the separators between members of a list: `CUDA, ROCm`, `AMD GPUs and the TPU`."""
    words = "|".join(
        rf"\b{re.escape(word)}\b" if word.isascii() and word.isalpha() else re.escape(word)
        for word in conjunctions
    )
    return re.compile(
        r"(?:'s)?(?: (?:GPUs?|devices?|platforms?|hardware|backends?|cards?))?"
        rf"\s{{0,2}}(?:{words or '(?!)'})\s{{0,2}}(?:(?:and|or|the|on|for)\s)?",
        re.IGNORECASE,
    )


def _sample(pattern: str) -> str:
    """An example of a text that matches a pattern."""
    return pattern.replace("#", "0").replace("*", "")
