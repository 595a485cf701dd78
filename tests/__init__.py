"""Tests through the front door. Property tests try the same examples in each run, at any speed."""

from hypothesis import settings

# Here, for this is imported first: a decorator takes the profile that is loaded when it runs.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
