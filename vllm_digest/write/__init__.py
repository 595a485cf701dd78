"""Snapshot and Digest → Narrative: threads are chosen, packed, told one by one, then seen as a whole.

Nothing here knows a server or a library: `model_protocol.Model` answers. `check` decides what of an answer
may stand, and a second pass whether it follows. For all else rules write, and a `Fallback` says so.
"""

from vllm_digest.write.rules import Limits, WritingRules
from vllm_digest.write.without import by_rules, without_model

# `writer` takes 0.15 s to load, which commands without a model, and the first request, need not wait for.
__all__ = ["Limits", "WritingRules", "by_rules", "without_model"]
