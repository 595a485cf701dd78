"""The checks and patterns for English prose, of models and of sources."""

import re

from vllm_digest.check.en import patterns
from vllm_digest.check.en.concepts import CONCEPTS
from vllm_digest.check.en.form import LENGTH_FACTOR, form
from vllm_digest.check.en.numerals import days, figures, shared_figures, source_figures
from vllm_digest.check.en.people import OPENER, acts, namings
from vllm_digest.check.en.states import states
from vllm_digest.check.en.windows import REVERT, WROTE_CODE, counts, denial
from vllm_digest.check.language import Language

ENGLISH = Language(
    code="en",
    has_latin_words=True,
    length_factor=LENGTH_FACTOR,
    form=form,
    states=states,
    acts=acts,
    namings=namings,
    figures=figures,
    shared_figures=shared_figures,
    source_figures=source_figures,
    days=days,
    metrics=patterns.METRICS,
    sentence_kinds=patterns.SENTENCE_KINDS,
    planning=patterns.PLANNING,
    settled=patterns.SETTLED,
    guess=patterns.GUESS,
    concepts=CONCEPTS,
    platforms={},
    changes=patterns.CHANGES,
    fixes=patterns.FIXES,
    counts=counts,
    denial=denial,
    wrote_code=WROTE_CODE,
    opener=OPENER,
    revert=REVERT,
    clauses=re.compile(r"[.!?;:\n]\s|,\s|\s(?:but|while|whereas|and)\s"),
    sentences=re.compile(r"(?<=[.!?])\s+|[;\n]"),
)
