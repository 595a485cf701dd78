"""The checks and patterns for English prose, of models and of sources."""

import re

from vllm_digest.check.en import words
from vllm_digest.check.en.concepts import CONCEPTS
from vllm_digest.check.en.form import ROOM, form
from vllm_digest.check.en.numerals import days, figures, listed, told
from vllm_digest.check.en.people import OPENER, acts, namings
from vllm_digest.check.en.states import states
from vllm_digest.check.en.windows import UNDONE, WROTE_CODE, counts, denial
from vllm_digest.check.language import Language

ENGLISH = Language(
    code="en",
    has_latin_words=True,
    room=ROOM,
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
    platforms={},
    changes=words.CHANGES,
    fixes=words.FIXES,
    counts=counts,
    denial=denial,
    wrote_code=WROTE_CODE,
    opener=OPENER,
    undone=UNDONE,
    clauses=re.compile(r"[.!?;:\n]\s|,\s|\s(?:but|while|whereas|and)\s"),
    sentences=re.compile(r"(?<=[.!?])\s+|[;\n]"),
)
