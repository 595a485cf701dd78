"""Writers for runs without a model."""

from vllm_digest.models import Snapshot
from vllm_digest.narrative import Fallback, FallbackReason, Narrative
from vllm_digest.report import Digest


def by_rules(_snapshot: Snapshot, _digest: Digest) -> Narrative:
    """The writer of runs with `--no-llm` and of roll-ups: an empty narrative."""
    return Narrative()


def without_model(_snapshot: Snapshot, _digest: Digest) -> Narrative:
    """The writer of a run without a configured model: an empty narrative with that reason."""
    return Narrative(fallbacks=(Fallback("all", FallbackReason.NO_MODEL),))
