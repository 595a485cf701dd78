"""The settings of classification, as values."""

from dataclasses import dataclass

from vllm_digest.digest import FORMULA
from vllm_digest.facts import DigestRules, UsageKind
from vllm_digest.focus.rules import Focus


@dataclass(frozen=True, slots=True)
class RepositoryWords:
    """The labels, tags and paths of a repository and their meaning; all in lower case.

    `bug`: words in labels or issue types that mean a bug.
    `label_weights`, `tag_weights`: points in the ranking of changes for a word in a label and for a tag at
    the start of a title (`[Perf][Kernel]`).
    `state_labels`: labels about the state of a thread, not its subject, such as `stale`.
    `usage_paths`: prefixes of paths whose changes affect users, and the kind of change.
    """

    bug: frozenset[str]
    label_weights: tuple[tuple[str, int], ...]
    tag_weights: tuple[tuple[str, int], ...]
    state_labels: frozenset[str]
    usage_paths: tuple[tuple[str, UsageKind], ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings of classification.

    `project`: its name in titles. `hot_from`: minimum heat score of a hot thread in a window of one hour.
    `bots`: logins in lower case, without `[bot]`.
    """

    project: str
    focus: Focus
    hot_from: int
    bots: frozenset[str]
    words: RepositoryWords

    @property
    def digest(self) -> DigestRules:
        """The part of the rules that `make_digest` needs."""
        return DigestRules(
            project=self.project,
            focus=self.focus.words,
            hot_from=self.hot_from,
            formula=FORMULA,
            state_labels=tuple(sorted(self.words.state_labels)),
        )
