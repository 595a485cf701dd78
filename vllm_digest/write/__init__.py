"""Have a model write the `Narrative` of a window: a brief of each chosen thread, then an overview.

Models are asked through `model_protocol.Model`, without any server or library. `check` removes what is wrong
in an answer, the second pass what does not follow from its evidence. Rules write the rest of the page, and a
`Fallback` gives the reason.
"""

from vllm_digest.write.rule_writer import by_rules, without_model
from vllm_digest.write.rules import Limits, WritingRules

# `writer` is not imported here: it takes 0.15 s to load, and commands without a model do not need it.
__all__ = ["Limits", "WritingRules", "by_rules", "without_model"]
