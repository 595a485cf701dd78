"""Writers that ask no model."""

from vllm_digest.models import Snapshot
from vllm_digest.narrative import Fallback, FallbackReason, Narrative
from vllm_digest.report import Digest


def by_rules(_snapshot: Snapshot, _digest: Digest) -> Narrative:
    """The writer of a run that wants no model."""
    return Narrative()


def without_model(_snapshot: Snapshot, _digest: Digest) -> Narrative:
    """The writer of a run that has no model, though it might."""
    return Narrative(fallbacks=(Fallback("all", FallbackReason.NO_MODEL),))
