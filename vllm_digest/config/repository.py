"""What a repository's own words and folders mean: labels, title tags, paths.

`vllm.yaml` holds those of vllm-project/vllm, `common.yaml` what every other repository starts from.
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
_USAGE_WORDS = ", ".join(UsageKind)


def _small(values: object) -> object:
    """Labels and tags in small letters, in which they are compared."""
    if isinstance(values, Mapping):
        return {str(key).casefold(): value for key, value in values.items()}
    if isinstance(values, list | tuple):
        return tuple(value.casefold() if isinstance(value, str) else value for value in values)
    return values


Labels = Annotated[tuple[str, ...], BeforeValidator(_small)]
Weights = Annotated[dict[str, _POINTS], BeforeValidator(_small)]


class RepositorySettings(Section):
    bug_labels: Labels = ()
    """Words in a label, an issue type or a title tag that mean a bug."""
    state_labels: Labels = ()
    """Labels that say where a thread stands and not what it is about."""
    label_weights: Weights = Field(default_factory=dict)
    """Points towards a place among the key changes, by a word in a label: -20 to 20."""
    tag_weights: Weights = Field(default_factory=dict)
    """The same by a tag in front of a title, such as `[Perf][Kernel]`."""
    usage_paths: dict[str, UsageKind] = Field(default_factory=dict)
    """Beginnings of paths whose change users meet, and what changes for them there."""


@cache
def built_in(repo: str) -> Mapping[str, Any]:
    """The words that a repository starts from; `repo` is OWNER/NAME in any case."""
    name = "vllm" if repo.casefold() == VLLM else "common"
    text = files(__package__).joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return values
