"""The environment of a run, and the objects a command works with: settings, source, writer and archive."""

from vllm_digest.runtime.environment import Runtime
from vllm_digest.runtime.setup import Setup, load_settings, resolve, source_if_any

__all__ = ["Runtime", "Setup", "load_settings", "resolve", "source_if_any"]
