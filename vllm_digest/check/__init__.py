"""Check a model's sentences against the data, and their form. Pure: no network, no files, no model.

`briefs` and `overviews` read an answer and keep the sentences that pass. The meaning of prose cannot be
checked; what it names can be: quotes, people, threads, figures, states.
"""
