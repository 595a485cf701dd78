"""A thread's text within a number of tokens, as lines of JSON: nothing in it can pass for anything else."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from vllm_digest.check.evidence import BODY, Source, ThreadEvidence
from vllm_digest.digest.heat import MAINTAINERS
from vllm_digest.models import Remark, Thread
from vllm_digest.text.trimming import shortened, trimmed
from vllm_digest.window import TimeWindow
from vllm_digest.write.tokens import tokens

_CAPS = (6_000, 3_000, 1_500, 800, 400, 240)
"""Characters of one text, tried in turn before whole remarks go."""
_BODY_SHARE = 3
"""The description may be so many times as long as a remark."""


@dataclass(frozen=True, slots=True)
class Packed:
    """`lines` are the texts, `given` the names of the sources among them; the rest is what was left out:
    whole remarks of people, and characters of the texts that stand."""

    lines: str
    given: frozenset[str]
    remarks: int
    characters: int


def pack(thread: Thread, material: ThreadEvidence, window: TimeWindow, *, budget: int) -> Packed:
    """The thread's texts in about `budget` tokens.

    Dumps, logs, quoted replies and forms go first, then the middle of long texts, then whole remarks, the
    lightest first. Bots' remarks are never in it, and the description always is.
    """
    texts = {name: trimmed(source.text) for name, source in material.sources.items()}
    texts = {name: text for name, text in texts.items() if text or name == BODY}
    remarks = {remark.id: remark for remark in thread.remarks}
    weights = {
        name: _weight(remarks[material.sources[name].id], window, thread.author.login)
        for name in texts
        if name != BODY
    }
    lines = _lines(material, texts, _CAPS[0])
    for cap in _CAPS:
        lines = _lines(material, texts, cap)
        if _size(lines) <= budget:
            break
    lightest = sorted(weights, key=lambda name: weights[name])
    size = _size(lines)
    while size > budget and lightest:
        size -= _size({lightest[0]: lines.pop(lightest.pop(0))})
    if size > budget:
        lines[BODY] = _line(BODY, material.sources[BODY], shortened(texts[BODY], max(120, budget * 2)))
    shown = sum(len(line) for line in lines.values())
    whole = sum(len(material.sources[name].text) for name in lines)
    return Packed(
        lines="\n".join(lines.values()),
        given=frozenset(lines),
        remarks=len(material.sources) - len(lines),
        characters=max(0, whole - shown),
    )


def _lines(material: ThreadEvidence, texts: Mapping[str, str], cap: int) -> dict[str, str]:
    return {
        name: _line(name, material.sources[name], shortened(text, cap * (_BODY_SHARE if name == BODY else 1)))
        for name, text in texts.items()
    }


def _line(name: str, source: Source, text: str) -> str:
    return json.dumps({"id": name, "login": source.login, "text": text}, ensure_ascii=False)


def _size(lines: Mapping[str, str]) -> int:
    return sum(tokens(line) + 1 for line in lines.values())


def _weight(remark: Remark, window: TimeWindow, author: str) -> tuple[int, int]:
    """In the window before earlier ones; verdicts, maintainers and long ones before others; then by time."""
    return (
        12 * (remark.at in window)
        + 4 * (remark.verdict in {"APPROVED", "CHANGES_REQUESTED"})
        + 3 * (remark.association in MAINTAINERS)
        + 2 * (remark.author.login == author)
        + min(8, len(remark.body).bit_length()),
        int(remark.at.timestamp()),
    )
