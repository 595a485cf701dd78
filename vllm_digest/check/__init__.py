"""Is a model's sentence true to the data and fit for the page? Pure.

`briefs` and `overviews` read an answer and keep of it what holds. What prose means cannot be checked; what it
names can: quotes, people, threads, figures, states.
"""
