"""The checks and patterns for Chinese prose, of models and of sources."""

import re

from vllm_digest.check.language import Language
from vllm_digest.check.zh import words
from vllm_digest.check.zh.concepts import CONCEPTS
from vllm_digest.check.zh.form import form
from vllm_digest.check.zh.numerals import days, figures, listed, told
from vllm_digest.check.zh.people import OPENER, acts, namings
from vllm_digest.check.zh.states import states
from vllm_digest.check.zh.windows import UNDONE, WROTE_CODE, counts, denial

CHINESE = Language(
    code="zh",
    has_latin_words=False,
    room=1.0,
    form=form,
    states=states,
    acts=acts,
    namings=namings,
    figures=figures,
    listed=listed,
    told=told,
    days=days,
    metrics=words.METRICS,
    senses=words.SENSES,
    planning=words.PLANNING,
    settled=words.SETTLED,
    guess=words.GUESS,
    concepts=CONCEPTS,
    platforms=words.PLATFORMS,
    changes=words.CHANGES,
    fixes=words.FIXES,
    counts=counts,
    denial=denial,
    wrote_code=WROTE_CODE,
    opener=OPENER,
    undone=UNDONE,
    clauses=re.compile(r"[，。；！？：:\n]|, "),
    sentences=re.compile(r"[。；！？\n]"),
)
