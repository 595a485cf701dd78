"""Snapshot and Digest → Narrative: threads are chosen, packed, briefed one by one, then seen as a whole.

Nothing here knows a server or a library: `asking.Model` answers. `check` decides what of an answer stands;
for all else rules write, and a `Fallback` says so.
"""

from vllm_digest.write.writer import Limits, ModelWriter, by_rules, without_model

__all__ = ["Limits", "ModelWriter", "by_rules", "without_model"]
