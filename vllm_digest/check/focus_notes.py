"""What a thread means for the focus: hardware and component by rules, a gain by its quotes.

A gain needs a before and an after, or an extent that its author states, and what it was measured on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from vllm_digest.check.bindings import shares_setting
from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.sentences import Fault, is_platform
from vllm_digest.check.shapes import FocusShape
from vllm_digest.check.support import Cited
from vllm_digest.narrative import FallbackReason, FocusNote

_EXTENT = re.compile(
    r"\d\s?(?:%|[x\u00d7](?![A-Za-z0-9]))|\b(?:twice|half|halve[sd]|double[sd]?|triple[sd]?|\w+fold)\b",
    re.IGNORECASE,
)
"""An extent that somebody states."""
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w.-]*\d)", re.ASCII)
_UNIT = re.compile(
    r"\d\s?(?:ms|s|us|min|h|[GM]i?B|tok(?:ens?)?/s|req/s|it/s|TFLOPS?|[TG]B/s)\b|\(\s?(?:ms|s|tok(?:ens?)?/s|req/s)\s?\)|\|",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"->|\u2192|=>|\||\b(?:to|vs|versus|against|instead of|before|after|without|baseline|main|now|was)\b",
    re.IGNORECASE,
)
_TESTS = re.compile(
    r"\b\d+\s(?:tests? |jobs? )?(?:failed|failures?|passed|skipped|xfailed|errors?|warnings?|cases?|tests?"
    r"|jobs?)\b",
    re.IGNORECASE,
)
"""Counts of tests are no measure: from 12 failed to 12 skipped is no gain."""
_SHOWN = 160
"""Characters of the lines in a message."""


def focus_note(shape: FocusShape, evidence: ThreadEvidence) -> tuple[FocusNote, tuple[Fault, ...]]:
    """The note without what is wrong in it, and the faults.

    Hardware is what rules found of the focus's in the thread; a component is a word of the thread that is no
    hardware and no platform.
    """
    known = {name.casefold(): name for name in evidence.facts.judgement.hardware}
    foreign = [name for name in (*shape.gpus, *shape.asked_gpus) if name.strip().casefold() not in known]
    listed = ", ".join(known.values())
    faults = [Fault("focus.gpus", FallbackReason.FIGURE, name, compared_with=listed) for name in foreign]
    component = (shape.component or "").strip()
    lowered = component.casefold()
    if component and (lowered not in evidence.words or is_platform(component) or lowered in known):
        faults.append(Fault("focus.component", FallbackReason.FIGURE, component))
        component = ""
    return FocusNote(_listed(shape.gpus, known), _listed(shape.asked_gpus, known), component), tuple(faults)


def _listed(names: Sequence[str], known: Mapping[str, str]) -> tuple[str, ...]:
    found = (known.get(name.strip().casefold()) for name in names)
    return tuple(dict.fromkeys(name for name in found if name))


def gain_faults(texts: Iterable[str], hardware: Sequence[str], cited: Sequence[Cited]) -> tuple[Fault, ...]:
    """What a gain told in `texts`, of several languages, lacks by its quotes.

    `hardware`: what the note beside it names.
    """
    told = "\n".join(line for one in cited for line in _lines_of(one))
    measured = _TESTS.sub(" ", told)
    has_two = len(set(_NUMBER.findall(measured))) > 1 and _CHANGE.search(measured) and _UNIT.search(measured)
    is_gain = _EXTENT.search(measured) or has_two
    if is_gain and all(shares_setting(" ".join((text, *hardware)), told) for text in texts):
        return ()
    return (Fault("focus.gain", FallbackReason.GAIN, compared_with=told[:_SHOWN]),)


def _lines_of(cited: Cited) -> list[str]:
    """The lines of the source that the quote is of; a row of a table with the heads of its columns."""
    wanted = "".join(cited.quote.split())
    found: list[str] = []
    head = ""
    for line in cited.text.splitlines():
        packed = "".join(line.split())
        is_row = packed.startswith("|")
        head = (head or line) if is_row else ""
        if packed and (packed in wanted or wanted in packed):
            found += [head, line] if is_row and head != line else [line]
    return found or list(cited.sentences)
