"""Fit the texts of a thread into a number of tokens, as JSON lines, so that no text can imitate another line.

Keys of a line: `id` (the source's short name), `login`, `at` (UTC), `new` (written in the window),
`maintainer` (of the author, by GitHub's association), `review` (verdict of a review), `text`.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Self

from vllm_digest.check.evidence import BODY, SourceText, ThreadEvidence
from vllm_digest.digest.heat import MAINTAINERS
from vllm_digest.models import Remark, Thread
from vllm_digest.text.trimming import shortened, trimmed
from vllm_digest.window import TimeWindow
from vllm_digest.write.tokens import tokens

FACTS = "facts"
"""Name of GitHub's fields as a source of a thread."""
_CAPS = (6_000, 3_000, 1_500, 800, 400, 240)
"""Limits of one text in characters, applied in turn before whole remarks are dropped: about half of the one
before, down to two or three sentences."""
_BODY_SHARE = 3
"""The limit of the description is this many times that of a remark; it says what the thread is about."""
_PLAIN = ("id", "login", "at", "review")
"""Keys of a line for a judge, besides `text`."""
_LEAST = 100
"""Characters to which the description is shortened at most."""
_WHOLE = 12
"""Upper limit of a text to be shown whole, in characters per token of the budget: four times the usual 3."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The texts of a thread as a model sees them.

    `lines`: JSON, one text a line. `texts`: the same texts by their sources' names.
    `remarks`: number of remarks by people that were left out.
    `characters`: number of characters left out of the other texts.
    """

    lines: str
    texts: Mapping[str, str]
    remarks: int
    characters: int

    @property
    def given(self) -> frozenset[str]:
        """Names of the sources that are shown."""
        return frozenset(self.texts)

    def shown(self, evidence: ThreadEvidence, row: str) -> ThreadEvidence:
        """The evidence reduced to what the model sees. `row`: the JSON line of GitHub's fields."""
        shown = evidence.shown(self.texts)
        facts = SourceText(FACTS, "", evidence.facts.url, row)
        return replace(shown, sources={FACTS: facts, **shown.sources})


@dataclass(frozen=True, slots=True)
class CitedSources:
    """Names of the sources to show with statements that are judged.

    `whole`: the cited sources; not counted against the budget, and cut only beyond `_WHOLE`.
    `later`: later remarks of the same people; shortened and dropped only after all other texts.
    """

    whole: frozenset[str]
    later: frozenset[str]

    @classmethod
    def of(cls, names: Collection[str], sources: Mapping[str, SourceText]) -> Self:
        """For statements that cite the named sources. `sources`: all of the thread by name, oldest first."""
        people: set[str] = set()
        later = set()
        for name, source in sources.items():
            if name in names:
                people.add(source.login)
            elif source.login in people:
                later.add(name)
        return cls(frozenset(names), frozenset(later))


def pack(
    thread: Thread,
    evidence: ThreadEvidence,
    window: TimeWindow,
    *,
    budget: int,
    cited: CitedSources | None = None,
) -> Packed:
    """Fit the texts of a thread into about `budget` tokens, in addition to `cited.whole`.

    Removed in this order: environment dumps, logs, quoted replies and forms; the middle of long texts; whole
    remarks, lowest `_weight` first. Remarks of bots are never included, the description always is.
    With `cited` (for a judge) lines have no `new` and `maintainer`.
    """
    whole, later = (cited.whole, cited.later) if cited else (frozenset[str](), frozenset[str]())
    remarks = {remark.id: remark for remark in thread.remarks}
    texts = {name: trimmed(source.text) for name, source in evidence.sources.items()}
    texts = {name: text for name, text in texts.items() if text or name == BODY}
    heads = {
        name: _head(name, evidence.sources[name], remarks.get(evidence.sources[name].id), thread, window)
        for name in texts
    }
    if cited:
        heads = {name: {key: head[key] for key in _PLAIN if key in head} for name, head in heads.items()}
    shown = _Shown(texts, heads, budget, whole)
    light = [name for name in texts if name != BODY and name not in whole]
    light.sort(key=lambda name: _weight(remarks[evidence.sources[name].id], window, thread))
    # What cited people wrote later may take back what they said: it is the last to be shortened.
    for names in (texts.keys() - later, later):
        shown.shorten(names - whole)
        shown.drop(name for name in light if name in names)
    shown.shorten([BODY] if BODY not in whole else [], caps=(budget * 2, budget, budget // 2, _LEAST))
    full = sum(len(evidence.sources[name].text) for name in shown.texts)
    return Packed(
        lines="\n".join(_line(heads[name], text) for name, text in shown.texts.items()),
        texts=shown.texts,
        remarks=len(evidence.sources) - len(shown.texts),
        characters=max(0, full - sum(len(text) for text in shown.texts.values())),
    )


class _Shown:
    """The shown texts, reduced until all but the `whole` ones fit into `budget` tokens.

    `texts`: by name of the source. `heads`: by name, the line without its text.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        heads: Mapping[str, Mapping[str, Any]],
        budget: int,
        whole: frozenset[str],
    ) -> None:
        self._full = texts
        self._heads = heads
        self._budget = budget
        self.texts = {name: shortened(text, budget * _WHOLE) for name, text in texts.items()}
        self._sizes = {name: self._size(name) for name in texts if name not in whole}

    def shorten(self, names: Collection[str], caps: Sequence[int] = _CAPS) -> None:
        """Shorten the named texts to each of the limits in turn, in characters, until all texts fit."""
        for cap in caps:
            if not self._is_too_large:
                return
            for name in names:
                if name in self.texts:
                    most = cap * (_BODY_SHARE if name == BODY and caps is _CAPS else 1)
                    self.texts[name] = shortened(self._full[name], most)
                    self._sizes[name] = self._size(name)

    def drop(self, names: Iterable[str]) -> None:
        """Drop the named texts in this order until the rest fits."""
        for name in names:
            if not self._is_too_large:
                return
            del self.texts[name], self._sizes[name]

    @property
    def _is_too_large(self) -> bool:
        return sum(self._sizes.values()) > self._budget

    def _size(self, name: str) -> int:
        # One more for the line break.
        return tokens(_line(self._heads[name], self.texts[name])) + 1


def _head(
    name: str, source: SourceText, remark: Remark | None, thread: Thread, window: TimeWindow
) -> dict[str, Any]:
    """The keys of a line without its text; false and empty values are left out, except `login`."""
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
    # JSON escapes line breaks, so a text cannot begin a line that looks like another source's.
    return json.dumps({**head, "text": text}, ensure_ascii=False)


def _weight(remark: Remark, window: TimeWindow, thread: Thread) -> tuple[int, int]:
    """Sort key of a remark, the most important one highest: points, then time in Unix seconds.

    Points: for a remark of the window, a verdict, a maintainer, the thread's author, and length (up to 8).
    """
    return (
        12 * (remark.at in window)
        + 4 * (remark.verdict in {"APPROVED", "CHANGES_REQUESTED"})
        + 3 * (remark.association in MAINTAINERS)
        + 2 * (remark.author.login == thread.author.login)
        + min(8, len(remark.body).bit_length()),
        int(remark.at.timestamp()),
    )
