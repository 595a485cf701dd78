"""Settings as a frozen value: defaults, overridden by a YAML file, then by the environment, then by flags."""

from vllm_digest.config.effective import effective, example
from vllm_digest.config.reading import DEFAULT_FILE, Loaded, keys, load, load_with_origins
from vllm_digest.config.sections import (
    GitHubSettings,
    HeatSettings,
    LlmSettings,
    ReportSettings,
    Settings,
)
from vllm_digest.config.values import split_thread

__all__ = [
    "DEFAULT_FILE",
    "GitHubSettings",
    "HeatSettings",
    "LlmSettings",
    "Loaded",
    "ReportSettings",
    "Settings",
    "effective",
    "example",
    "keys",
    "load",
    "load_with_origins",
    "split_thread",
]
