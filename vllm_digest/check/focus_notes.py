"""Check the focus note of a brief: hardware and component against rules, a gain against its quotes.

The quotes of a gain must give a figure before and one after, or its extent (`30%`, `twice`), and the hardware
or model it was measured on.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from vllm_digest.check.bindings import shares_setting
from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.sentences import Fault, is_platform
from vllm_digest.check.shapes import FocusShape
from vllm_digest.check.support import CitedQuote
from vllm_digest.narrative import FallbackReason, FocusNote

_EXTENT = re.compile(
    r"\d\s?(?:%|[x\u00d7](?![A-Za-z0-9]))|\b(?:twice|half|halve[sd]|double[sd]?|triple[sd]?|\w+fold)\b",
    re.IGNORECASE,
)
"""The extent of a change: `30%`, `1.5x`, `twice`."""
_NUMBER = re.compile(r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?![\w.-]*\d)", re.ASCII)
# A table (`|`) has its units in the header line, which may name any.
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
"""Counts of tests are removed before measuring: "12 failed" to "12 skipped" is no gain."""
_SHOWN = 160
"""Characters of quoted lines in a message."""


def focus_note(shape: FocusShape, evidence: ThreadEvidence) -> tuple[FocusNote, tuple[Fault, ...]]:
    """The focus note without its wrong values, and the faults.

    Hardware must be among what rules found in the thread (`Judgement.hardware`). A component must be a word
    of the thread that names neither hardware nor a platform.
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


def gain_faults(
    texts: Iterable[str], hardware: Sequence[str], cited: Sequence[CitedQuote]
) -> tuple[Fault, ...]:
    """The fault of a gain that its quotes do not support; empty if they do.

    `texts`: the gain in each language. `hardware`: as the focus note lists it. `cited`: its quotes.
    """
    quoted = "\n".join(line for one in cited for line in _lines_of(one))
    measured = _TESTS.sub(" ", quoted)
    has_two = len(set(_NUMBER.findall(measured))) > 1 and _CHANGE.search(measured) and _UNIT.search(measured)
    is_gain = _EXTENT.search(measured) or has_two
    if is_gain and all(shares_setting(" ".join((text, *hardware)), quoted) for text in texts):
        return ()
    return (Fault("focus.gain", FallbackReason.GAIN, compared_with=quoted[:_SHOWN]),)


def _lines_of(cited: CitedQuote) -> list[str]:
    """The lines of the source that contain the quote; a table row comes with the table's header line."""
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
