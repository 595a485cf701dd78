"""Tests through the front door. Property tests try the same examples in each run, at any speed.

`VLLM_DIGEST_FUZZ=20000` makes the fuzz tests try so many examples, others in each run.
"""

import os

from hypothesis import settings

LONG = os.environ.get("VLLM_DIGEST_FUZZ")

# Loaded here, because this module is imported first: a decorator uses the profile loaded when it runs.
settings.register_profile("repeatable", derandomize=LONG is None, deadline=None)
settings.load_profile("repeatable")


def examples(briefly: int) -> int:
    """How many examples a fuzz test tries."""
    return int(LONG or briefly)
