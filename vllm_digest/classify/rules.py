"""What classifying needs of the settings."""

from dataclasses import dataclass

from vllm_digest.digest import FORMULA
from vllm_digest.facts import DigestRules, UsageKind
from vllm_digest.focus.rules import Focus


@dataclass(frozen=True, slots=True)
class RepositoryWords:
    """The words by which a repository tells what its threads are; all in small letters.

    `bug`: words in labels, or an issue type, that mean a bug.
    `label_weights`, `tag_weights`: points towards a place among the key changes, by a word in a label and by
    a tag in front of a title (`[Perf][Kernel]`).
    `state_labels`: labels that say where a thread stands and not what it is about.
    `usage_paths`: beginnings of paths whose change users meet, and as what.
    """

    bug: frozenset[str]
    label_weights: tuple[tuple[str, int], ...]
    tag_weights: tuple[tuple[str, int], ...]
    state_labels: frozenset[str]
    usage_paths: tuple[tuple[str, UsageKind], ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What classifying needs of the settings.

    `hot_from`: the least score of a hot thread in a window of one hour. `bots`: logins in small letters.
    """

    project: str
    focus: Focus
    hot_from: int
    bots: frozenset[str]
    words: RepositoryWords

    @property
    def digest(self) -> DigestRules:
        """What making a digest needs of them."""
        return DigestRules(
            project=self.project,
            focus=self.focus.words,
            hot_from=self.hot_from,
            formula=FORMULA,
            state_labels=tuple(sorted(self.words.state_labels)),
        )
