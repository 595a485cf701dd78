"""Writers for runs without a model."""

from dataclasses import dataclass, replace

from vllm_digest.models import Snapshot
from vllm_digest.narrative import Fallback, FallbackReason, Narrative
from vllm_digest.report import Digest


@dataclass(frozen=True)
class RuleWriter:
    """Writes nothing, so that rules write all. `fallbacks`: those of its narratives, with the reason."""

    fallbacks: tuple[Fallback, ...] = ()

    def __call__(self, _snapshot: Snapshot, _digest: Digest) -> Narrative:
        return Narrative(fallbacks=self.fallbacks)

    def roll_up(self, _digest: Digest, earlier: Narrative) -> Narrative:
        """The earlier narrative; rules write the rest."""
        return replace(earlier, fallbacks=self.fallbacks)


by_rules = RuleWriter()
"""The writer of runs with `--no-llm`."""
without_model = RuleWriter((Fallback("all", FallbackReason.NO_MODEL),))
"""The writer of runs without a configured model."""
