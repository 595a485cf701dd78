"""What an ecosystem such as AMD/ROCm is known by: the rules of `relevance`, as data.

The built-in rules are `amd.yaml`; `common.yaml` holds what every ecosystem starts from.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Self

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, model_validator

from vllm_digest.focus.patterns import ExactPattern, Finder, Meaning, Pattern, Rule
from vllm_digest.judgement import FocusWords, TopicWords
from vllm_digest.languages import LocalText


@cache
def _data(name: str) -> dict[str, Any]:
    """The built-in rules in `NAME.yaml`."""
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.safe_load(text)
    return values


NO_FOCUS = "none"
"""The name that leaves out all that pages say of a focus."""


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
    """Texts that look like the ecosystem and are not."""

    because: Annotated[LocalText, _at_most(60)]
    """Why not: on the page it follows the quoted text. One text, or one a language."""
    words: tuple[Pattern, ...]
    """The texts. Where one of them and a word of the ecosystem start together, the longer pattern wins."""


class Topic(_Rules):
    """A group of the chapter on a page with many threads."""

    key: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]
    """How stored reports name it: small letters, digits and hyphens. Keep it when the name changes."""
    name: Annotated[LocalText, _at_most(40)]
    """Its name on the page. One text, or one a language."""
    words: tuple[Pattern, ...]
    """What tells it in a title, else in the changed files' paths; the first find decides."""


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
    state_labels: tuple[str, ...] = ()
    """Labels that tell of a thread's state and not of its subject."""
    words: Annotated[tuple[Pattern, ...], AfterValidator(_check_words), Field(validate_default=True)] = ()
    """What names the ecosystem and its software."""
    hardware: tuple[Pattern, ...] = ()
    """What names its hardware; it counts like `words`, and the page shows which a thread names."""
    exact_words: tuple[ExactPattern, ...] = ()
    """Words that count in this case only."""
    weak_words: tuple[ExactPattern, ...] = ()
    """Words with other meanings, exact in case: they need another sign beside them."""
    paths: tuple[Pattern, ...] = ()
    """What names the ecosystem in a changed file's path, besides `words`."""
    machine: tuple[Pattern, ...] = ()
    """What only a machine of the ecosystem prints, or what is only run there."""
    dump_fields: tuple[Pattern, ...] = ()
    """Lines of an environment dump that have a value on such a machine, and `N/A` or the like elsewhere."""
    people: tuple[Pattern, ...] = ()
    """Parts of login names that tip a doubtful case, and are never enough alone."""
    exclusions: tuple[Exclusion, ...] = ()
    """What looks like the ecosystem and is not."""
    peers: tuple[Pattern, ...] = ()
    """Other platforms, their hardware and software; those that are `words` too do not count.

    A text that names the ecosystem in one breath with these, or these more often, is not about it.
    """
    shared_names: tuple[Pattern, ...] = ()
    """Names that look like a peer's and stand on every platform."""
    overviews: tuple[Pattern, ...] = ()
    """A thread with these in its title is about the whole project, unless the title names the ecosystem."""
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

    def compiled(self) -> "Focus":
        """The rules as `relevance.judge` takes them."""
        hardware = _rules(self.hardware)
        names = [*_rules(self.words), *hardware, *(Rule(word, exact=True) for word in self.exact_words)]
        ours = Finder(names)
        excluded = [
            Rule(word, Meaning.EXCLUDED, because=one.because) for one in self.exclusions for word in one.words
        ]
        return Focus(
            words=FocusWords(
                "" if self.name == NO_FOCUS else self.name,
                self.heading,
                tuple(TopicWords(topic.key, topic.name) for topic in self.topics),
            ),
            labels=frozenset(label.lower() for label in self.labels),
            state_labels=frozenset(label.lower() for label in self.state_labels),
            texts=Finder(
                [
                    *excluded,
                    *_rules(self.machine, Meaning.MACHINE),
                    *_rules(self.dump_fields, Meaning.FIELD),
                    *names,
                    *(Rule(word, Meaning.WEAK, exact=True) for word in self.weak_words),
                ]
            ),
            paths=Finder([*names, *_rules(self.paths)]),
            people=Finder(_rules(self.people)),
            peers=Finder(
                [
                    *_rules(word for word in self.peers if not ours.found_in(_sample(word))),
                    *_rules(self.shared_names, Meaning.EXCLUDED),
                ]
            ),
            overviews=Finder(_rules(self.overviews)),
            hardware=Finder(hardware),
            topics=Finder([Rule(word, key=topic.key) for topic in self.topics for word in topic.words]),
        )


@dataclass(frozen=True, slots=True)
class Focus:
    """The rules of `FocusSettings`, ready for use."""

    words: FocusWords
    labels: frozenset[str]
    """In small letters, like `state_labels`."""
    state_labels: frozenset[str]
    texts: Finder
    """Words, weak words, machine texts, dump fields and exclusions together."""
    paths: Finder
    people: Finder
    peers: Finder
    overviews: Finder
    hardware: Finder
    topics: Finder
    """A find's `key` is the topic's."""


def _rules(patterns: Iterable[str], meaning: Meaning = Meaning.WORD) -> list[Rule]:
    return [Rule(pattern, meaning) for pattern in patterns]


def _sample(pattern: str) -> str:
    """A text that the pattern finds."""
    return pattern.replace("#", "0").replace("*", "")
