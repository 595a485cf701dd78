"""A thread's texts within a number of tokens, as lines of JSON: no text can pass for another line.

A line has the source's short name and its author, `at` in UTC, `new` for what was said in the window, and
what GitHub knows of the speaker: `maintainer`, and `review` with a review's verdict.
"""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import Any, Self

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
_PLAIN = ("id", "login", "at", "review")
"""What a line always says of a text."""
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


@dataclass(frozen=True, slots=True)
class Cited:
    """What is to be shown with statements, by the names of sources.

    `whole`: what they cite; it keeps its length, whatever the budget. `later`: what the same people said
    after that; it keeps its length and stays as long as there is any other text to leave out.
    """

    whole: frozenset[str]
    later: frozenset[str]

    @classmethod
    def of(cls, names: Collection[str], sources: Mapping[str, Source]) -> Self:
        """What goes with the named sources; `sources` are in time order."""
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
    cited: Cited | None = None,
) -> Packed:
    """The thread's texts in about `budget` tokens, besides what is cited.

    Dumps, logs, quoted replies and forms go first, then the middle of long texts, then whole remarks, the
    lightest first. Bots' remarks are never in it, and the description always is. With `cited`, lines do not
    say what is new and who is a maintainer.
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
    """The texts that are shown, made smaller as long as they, but for `whole` ones, pass the budget."""

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
        """Shorten these texts, as far as all of them need it, and no further than the last cap."""
        for cap in caps:
            if not self._is_too_large:
                return
            for name in names:
                if name in self.texts:
                    most = cap * (_BODY_SHARE if name == BODY and caps is _CAPS else 1)
                    self.texts[name] = shortened(self._full[name], most)
                    self._sizes[name] = self._size(name)

    def drop(self, names: Iterable[str]) -> None:
        """Leave out one of these texts after the other."""
        for name in names:
            if not self._is_too_large:
                return
            del self.texts[name], self._sizes[name]

    @property
    def _is_too_large(self) -> bool:
        return sum(self._sizes.values()) > self._budget

    def _size(self, name: str) -> int:
        return tokens(_line(self._heads[name], self.texts[name])) + 1


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
