"""A thread's texts within a number of tokens, as lines of JSON: no text can pass for another line.

A line has the source's short name and its author, `at` in UTC, `new` for what was said in the window, and
what GitHub knows of the speaker: `maintainer`, and `review` with a review's verdict.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any

from vllm_digest.check.evidence import BODY, Source, ThreadEvidence
from vllm_digest.digest.heat import MAINTAINERS
from vllm_digest.models import Remark, Thread
from vllm_digest.text.trimming import shortened, trimmed
from vllm_digest.window import TimeWindow
from vllm_digest.write.tokens import tokens

FACTS = "facts"
"""The name of GitHub's fields among a thread's sources."""
_CAPS = (6_000, 3_000, 1_500, 800, 400, 240)
"""Characters of one text, tried in turn before whole remarks go."""
_BODY_SHARE = 3
"""The description may be so many times as long as a remark."""
_LEAST = 100
"""Characters of the description that always stay."""
_WHOLE = 12
"""What is to stay whole may take so many characters a token of the budget: four times the usual text."""


@dataclass(frozen=True, slots=True)
class Packed:
    """What a model is shown of a thread's texts.

    `lines`: JSON, one text a line. `texts`: the same texts by their sources' names.
    `remarks`: whole remarks of people that were left out; `characters`: left out of the texts that stand.
    """

    lines: str
    texts: Mapping[str, str]
    remarks: int
    characters: int

    @property
    def given(self) -> frozenset[str]:
        """The names of the sources that are shown."""
        return frozenset(self.texts)

    def shown(self, evidence: ThreadEvidence, row: str) -> ThreadEvidence:
        """The evidence as the model sees it; `row` is the line of GitHub's fields."""
        shown = evidence.shown(self.texts)
        facts = Source(FACTS, "", evidence.facts.url, row)
        return replace(shown, sources={FACTS: facts, **shown.sources})


def pack(
    thread: Thread,
    evidence: ThreadEvidence,
    window: TimeWindow,
    *,
    budget: int,
    whole: Collection[str] = (),
) -> Packed:
    """The thread's texts in about `budget` tokens.

    Dumps, logs, quoted replies and forms go first, then the middle of long texts, then whole remarks, the
    lightest first. Bots' remarks are never in it, and the description always is. The sources named in `whole`
    keep their length and stay, whatever the budget.
    """
    remarks = {remark.id: remark for remark in thread.remarks}
    texts = {name: trimmed(source.text) for name, source in evidence.sources.items()}
    texts = {name: text for name, text in texts.items() if text or name == BODY}
    heads = {
        name: _head(name, evidence.sources[name], remarks.get(evidence.sources[name].id), thread, window)
        for name in texts
    }
    shown = _within(texts, heads, budget, whole)
    size = _size(shown, heads)
    light = (name for name in texts if name != BODY and name not in whole)
    for name in sorted(light, key=lambda name: _weight(remarks[evidence.sources[name].id], window, thread)):
        if size <= budget:
            break
        size -= _size({name: shown.pop(name)}, heads)
    most = budget * 2
    while _size(shown, heads) > budget and most > _LEAST and BODY not in whole:
        shown[BODY] = shortened(texts[BODY], most)
        most //= 2
    full = sum(len(evidence.sources[name].text) for name in shown)
    return Packed(
        lines="\n".join(_line(heads[name], text) for name, text in shown.items()),
        texts=shown,
        remarks=len(evidence.sources) - len(shown),
        characters=max(0, full - sum(len(text) for text in shown.values())),
    )


def _within(
    texts: Mapping[str, str], heads: Mapping[str, dict[str, Any]], budget: int, whole: Collection[str]
) -> dict[str, str]:
    """The texts, each shortened as far as all of them need it, and no further than the last cap."""
    shown = dict(texts)
    for cap in _CAPS:
        shown = {
            name: shortened(
                text, budget * _WHOLE if name in whole else cap * (_BODY_SHARE if name == BODY else 1)
            )
            for name, text in texts.items()
        }
        if _size(shown, heads) <= budget:
            break
    return shown


def _head(
    name: str, source: Source, remark: Remark | None, thread: Thread, window: TimeWindow
) -> dict[str, Any]:
    """A line without its text, and without what does not hold."""
    at = remark.at if remark else thread.created_at
    association = remark.association if remark else thread.association
    head = {
        "id": name,
        "login": source.login,
        "at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
        "new": at in window,
        "maintainer": association in MAINTAINERS,
        "review": remark.verdict if remark else "",
    }
    return {key: value for key, value in head.items() if value or key == "login"}


def _line(head: Mapping[str, Any], text: str) -> str:
    return json.dumps({**head, "text": text}, ensure_ascii=False)


def _size(texts: Mapping[str, str], heads: Mapping[str, dict[str, Any]]) -> int:
    return sum(tokens(_line(heads[name], text)) + 1 for name, text in texts.items())


def _weight(remark: Remark, window: TimeWindow, thread: Thread) -> tuple[int, int]:
    """In the window before earlier ones; verdicts, maintainers and long ones before others; then by time."""
    return (
        12 * (remark.at in window)
        + 4 * (remark.verdict in {"APPROVED", "CHANGES_REQUESTED"})
        + 3 * (remark.association in MAINTAINERS)
        + 2 * (remark.author.login == thread.author.login)
        + min(8, len(remark.body).bit_length()),
        int(remark.at.timestamp()),
    )
