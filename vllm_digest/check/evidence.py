"""What a sentence about a thread may rest on: the thread's text piece by piece, and our facts of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.models import State, Thread
from vllm_digest.report import Digest, ThreadRow

BODY = "body"
"""The name of the description among a thread's sources."""
_SHORTEST = 8
"""Signs of a quote, spaces aside, unless it is all that was said."""
_LONGEST = 400


@dataclass(frozen=True)
class Source:
    """The description, or a remark of a person; `id` is GitHub's, or `body`."""

    id: str
    login: str
    url: str
    text: str

    @cached_property
    def packed(self) -> str:
        """The text without white space."""
        return "".join(self.text.split())

    @cached_property
    def ground(self) -> KnownFigures:
        return KnownFigures.of([self.text])

    def holds(self, quote: str) -> bool:
        """Is it a verbatim part, white space aside, of a telling length?"""
        wanted = "".join(quote.split())
        long_enough = len(wanted) >= _SHORTEST or wanted == self.packed
        return bool(wanted) and long_enough and len(quote) <= _LONGEST and wanted in self.packed


@dataclass(frozen=True)
class ThreadEvidence:
    """One thread. `sources` are by the short names that a model is given: `body`, `c1`, `c2`, in time order.

    `states` are of the threads that it may speak of, itself first; `reverted` are those undone since.
    """

    facts: ThreadRow
    sources: Mapping[str, Source]
    states: Mapping[int, State]
    reverted: frozenset[int]

    @property
    def number(self) -> int:
        return self.facts.number

    @cached_property
    def people(self) -> frozenset[str]:
        """Everybody who took part."""
        done = (self.facts.author, self.facts.closed_by)
        return frozenset(
            {source.login for source in self.sources.values()} | {who.login for who in done if who}
        )

    @cached_property
    def text(self) -> str:
        """All of its words."""
        facts = self.facts
        return "\n".join(
            (facts.title, *facts.labels, *facts.areas, *(source.text for source in self.sources.values()))
        )

    @cached_property
    def words(self) -> str:
        """All of its words in small letters."""
        return self.text.casefold()

    @cached_property
    def numbers(self) -> frozenset[int]:
        """The threads that its text or GitHub names."""
        facts = self.facts
        named = (*self.states, *facts.closes, facts.closed_by_pull, facts.duplicate_of)
        return frozenset({*references(self.text), *(number for number in named if number is not None)})

    @cached_property
    def ground(self) -> KnownFigures:
        return KnownFigures.of([self.text, *self.people], self._counts())

    @cached_property
    def title_figures(self) -> KnownFigures:
        """What may be said of it wherever a sentence points to."""
        return KnownFigures.of([self.facts.title, *self.facts.labels, *self.people], self._counts())

    def _counts(self) -> Iterator[int]:
        facts = self.facts
        heat = facts.heat
        yield from (heat.comments, heat.reviews, len(heat.participants), heat.maintainers)
        yield from (n for n in (facts.additions, facts.deletions, facts.changed_files) if n is not None)
        yield len(self.people)
        for moment in (facts.created_at, facts.closed_at, facts.merged_at):
            if moment is not None:
                yield from (moment.year, moment.month, moment.day)


def thread_evidence(
    threads: Mapping[int, Thread], digest: Digest, bots: frozenset[str]
) -> dict[int, ThreadEvidence]:
    """The material of every thread of the digest; bots' and minimized remarks are no sources."""
    states = {facts.number: facts.state for facts in digest.threads}
    return {
        facts.number: ThreadEvidence(
            facts=facts,
            sources=_sources(threads[facts.number], bots),
            states=_linked_states(facts, digest, states),
            reverted=digest.reverted,
        )
        for facts in digest.threads
    }


def _sources(thread: Thread, bots: frozenset[str]) -> dict[str, Source]:
    said = [
        remark
        for remark in thread.remarks
        if remark.body.strip() and not remark.hidden and remark.author.is_person(bots)
    ]
    return {BODY: Source(BODY, thread.author.login, thread.url, thread.body)} | {
        f"c{place}": Source(remark.id, remark.author.login, remark.url, remark.body)
        for place, remark in enumerate(said, start=1)
    }


def _linked_states(facts: ThreadRow, digest: Digest, states: Mapping[int, State]) -> dict[int, State]:
    linked = [facts.number, *facts.closes, facts.closed_by_pull, facts.duplicate_of]
    for link in digest.links:
        if facts.number in (link.source, link.target):
            linked += [link.source, link.target]
    return {number: states[number] for number in linked if number is not None and number in states}
