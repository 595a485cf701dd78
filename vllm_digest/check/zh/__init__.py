"""The checks and patterns for Chinese prose, of models and of sources."""

import re

from vllm_digest.check.language import Language
from vllm_digest.check.zh import patterns
from vllm_digest.check.zh.concepts import CONCEPTS
from vllm_digest.check.zh.form import form
from vllm_digest.check.zh.numerals import days, figures, shared_figures, source_figures
from vllm_digest.check.zh.people import OPENER, acts, namings
from vllm_digest.check.zh.states import states
from vllm_digest.check.zh.windows import REVERT, WROTE_CODE, counts, denial

CHINESE = Language(
    code="zh",
    has_latin_words=False,
    length_factor=1.0,
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
    platforms=patterns.PLATFORMS,
    changes=patterns.CHANGES,
    fixes=patterns.FIXES,
    counts=counts,
    denial=denial,
    wrote_code=WROTE_CODE,
    opener=OPENER,
    revert=REVERT,
    clauses=re.compile(r"[，。；！？：:\n]|, "),
    sentences=re.compile(r"[。；！？\n]"),
)
