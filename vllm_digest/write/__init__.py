"""Snapshot and Digest → Narrative: threads are chosen, packed, told one by one, then seen as a whole.

Nothing here knows a server or a library: `model_protocol.Model` answers. `check` decides what of an answer
may stand, and a second pass whether it follows. For all else rules write, and a `Fallback` says so.
"""

from vllm_digest.write.context import Limits, WritingRules
from vllm_digest.write.writer import ModelWriter, by_rules, questions, without_model

__all__ = ["Limits", "ModelWriter", "WritingRules", "by_rules", "questions", "without_model"]
