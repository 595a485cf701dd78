"""The meaning of a repository's labels, title tags and paths.

Defaults: `vllm.yaml` for vllm-project/vllm, `common.yaml` for all other repositories.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Annotated, Any

import yaml
from pydantic import BeforeValidator, Field

from vllm_digest.config.values import Section
from vllm_digest.facts import UsageKind

VLLM = "vllm-project/vllm"
_POINTS = Annotated[int, Field(ge=-20, le=20)]
"""The other terms of the ranking of key changes have at most 26 points together (`digest.rankings`)."""


def _lower(values: object) -> object:
    """Labels and tags in lower case, in which they are compared."""
    if isinstance(values, Mapping):
        return {str(key).casefold(): value for key, value in values.items()}
    if isinstance(values, list | tuple):
        return tuple(value.casefold() if isinstance(value, str) else value for value in values)
    return values


Labels = Annotated[tuple[str, ...], BeforeValidator(_lower)]
Weights = Annotated[dict[str, _POINTS], BeforeValidator(_lower)]


class RepositorySettings(Section):
    bug_labels: Labels = ()
    """Words in a label, an issue type or a title tag that mean a bug."""
    state_labels: Labels = ()
    """Labels about the state of a thread, not its subject, such as `stale`."""
    label_weights: Weights = Field(default_factory=dict)
    """Points in the ranking of key changes, -20 to 20, by a word in a label."""
    tag_weights: Weights = Field(default_factory=dict)
    """The same by a tag at the start of a title, such as `[Perf][Kernel]`."""
    usage_paths: dict[str, UsageKind] = Field(default_factory=dict)
    """Prefixes of paths whose changes affect users, with the kind of change."""


@cache
def built_in(repo: str) -> Mapping[str, Any]:
    """The defaults of a repository. `repo`: OWNER/NAME, in upper or lower case."""
    name = "vllm" if repo.casefold() == VLLM else "common"
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return values
