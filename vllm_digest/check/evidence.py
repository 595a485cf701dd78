"""What a sentence about a thread may cite: the thread's description, its remarks, and its facts."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property

from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.languages import every_language
from vllm_digest.check.states import KnownThread
from vllm_digest.check.support import CitedQuote
from vllm_digest.models import State, Thread
from vllm_digest.report import Digest, ThreadRow
from vllm_digest.window import TimeWindow

BODY = "body"
"""Name of the description among a thread's sources."""
_SHORTEST = 8
"""Characters of a quote without white space; fewer occur in any text by chance. A whole clause such as `LGTM`
may be shorter."""
_LONGEST = 400
"""Characters of a quote; a longer one no longer shows which words carry the statement."""
_STOP = r"[.,;:!?()\n\u3002\uff0c\uff01\uff1f\uff1b\uff1a]"
"""Characters that delimit a clause."""


_FIXED = re.compile(
    r"\b(?:fix|clos|resolv|solv|address|repair|implement|for\b)[^.\n]{0,40}?#(\d{1,7})"
    r"|#(\d{1,7})[^.\n]{0,30}\b(?:fix|solv|resolv|address)",
    re.IGNORECASE,
)
"""Words for a fix next to a thread's number, as people write them in a description or a remark."""


@dataclass(frozen=True)
class SourceText:
    """The description of a thread, or a remark of a person, as Markdown.

    `id`: GitHub's id of the remark, or `body` for the description. `at`: when it was written (UTC).
    """

    id: str
    login: str
    url: str
    text: str
    at: datetime | None = None

    @cached_property
    def without_spaces(self) -> str:
        """The text without white space."""
        return "".join(self.text.split())

    @cached_property
    def known_figures(self) -> KnownFigures:
        return KnownFigures.of([self.text])

    def contains(self, quote: str) -> bool:
        """Whether the quote is a verbatim part of the text, white space aside, and of an allowed length."""
        # Models change line breaks and the spaces in tables when they copy.
        wanted = "".join(quote.split())
        if not wanted or len(quote) > _LONGEST or wanted not in self.without_spaces:
            return False
        return len(wanted) >= _SHORTEST or self._has_clause(quote)

    def _has_clause(self, quote: str) -> bool:
        """Whether the quote is a whole clause with at least one letter or digit."""
        clause = re.escape(quote.strip(" \t\n.,;:!?"))
        whole = rf"(?:\A|{_STOP})[*_`>\s]*{clause}[*_`\s]*(?:\Z|{_STOP})"
        return re.search(r"\w", clause) is not None and re.search(whole, self.text) is not None


@dataclass(frozen=True)
class ThreadEvidence:
    """Everything that a sentence about one thread may cite.

    `sources`: by the names that the model sees (`body`, `c1`, `c2`), oldest first.
    `threads`: state and people of all threads of the window and of known others, by number.
    `linked`: numbers of threads that GitHub or a text links with this one.
    """

    facts: ThreadRow
    sources: Mapping[str, SourceText]
    threads: Mapping[int, KnownThread]
    linked: frozenset[int]
    window: TimeWindow

    @property
    def number(self) -> int:
        return self.facts.number

    @property
    def state(self) -> State:
        return self.facts.state

    @property
    def reverted(self) -> frozenset[int]:
        """Numbers of reverted threads."""
        return frozenset(number for number, known in self.threads.items() if known.reverted)

    def shown(self, texts: Mapping[str, str]) -> "ThreadEvidence":
        """The evidence reduced to what a model was shown.

        `texts`: the shown texts by name of their source; sources without one were not shown.
        """
        return replace(
            self,
            sources={name: replace(self.sources[name], text=text) for name, text in texts.items()},
        )

    @cached_property
    def people(self) -> frozenset[str]:
        """Logins of everybody who wrote in the thread or acted on it."""
        known = self.threads[self.number]
        done = {known.author, known.merged_by, *known.closed_by, *known.reopened_by, *known.approved_by}
        return frozenset({source.login for source in self.sources.values()} | done) - {""}

    @cached_property
    def text(self) -> str:
        """Title, labels, areas and the texts of all sources, one a line."""
        facts = self.facts
        return "\n".join(
            (facts.title, *facts.labels, *facts.areas, *(source.text for source in self.sources.values()))
        )

    @cached_property
    def words(self) -> str:
        """`text` in lower case."""
        return self.text.casefold()

    @cached_property
    def numbers(self) -> frozenset[int]:
        """Numbers of the thread itself and of those that its texts or GitHub's links name."""
        return frozenset({*references(self.text), *self.linked, self.number})

    @cached_property
    def settled(self) -> frozenset[int]:
        """Numbers in the texts if any text says "merged" or "closed"; else empty.

        The number and the word may be in different remarks.
        """
        is_settled = any(language.settled.search(self.text) for language in every_language())
        return frozenset(references(self.text)) if is_settled else frozenset()

    @cached_property
    def tells_revert(self) -> bool:
        """Whether a source mentions a revert."""
        return any(language.revert.search(self.text) for language in every_language())

    @cached_property
    def fixed(self) -> frozenset[int]:
        """Numbers of the threads that this one fixes, by GitHub's links or by its texts."""
        stated = {int(found[1] or found[2]) for found in _FIXED.finditer(self.text)}
        return frozenset({*self.facts.closes, *stated})

    @cached_property
    def known_figures(self) -> KnownFigures:
        """Figures of all texts, logins and GitHub's fields of the thread."""
        return KnownFigures.of([self.text, *self.people], _counts(self), _days(self))

    @cached_property
    def title_figures(self) -> KnownFigures:
        """Figures of the title, the labels and GitHub's fields: allowed whatever a sentence cites."""
        return KnownFigures.of(
            [self.facts.title, *self.facts.labels, *self.people], _counts(self), _days(self)
        )

    @cached_property
    def said(self) -> Mapping[str, str]:
        """All that each person wrote in the thread, by login, in lower case."""
        texts: dict[str, str] = {}
        for source in self.sources.values():
            if not source.login:
                continue
            texts[source.login] = f"{texts.get(source.login, '')}\n{source.text}".casefold()
        return texts

    @cached_property
    def remarks(self) -> tuple[CitedQuote, ...]:
        """The sources in time order, each quoted whole."""
        return tuple(
            CitedQuote(one.text, one.text, one.login, place)
            for place, one in enumerate(self.sources.values())
        )


def _counts(evidence: ThreadEvidence) -> Iterator[int]:
    """Counts and parts of dates from GitHub's fields; a sentence needs no quote for them."""
    facts, window = evidence.facts, evidence.window
    heat = facts.heat
    yield from (heat.comments, heat.reviews, len(heat.participants), heat.maintainers)
    yield from (n for n in (facts.additions, facts.deletions, facts.changed_files) if n is not None)
    speakers = {source.login for source in evidence.sources.values() if source.login}
    # "three people", "two others": with and without the author, with and without those who only acted.
    yield from (len(evidence.people), len(speakers), len(speakers - {facts.author.login}))
    yield from (len(evidence.sources) - 1, len(evidence.threads[facts.number].approved_by))
    yield round(window.length.total_seconds() / 3600)
    for moment in (facts.created_at, facts.closed_at, facts.merged_at, window.start, window.end):
        if moment is not None:
            yield from (moment.year, moment.month, moment.day)
            days = abs(moment - facts.created_at).days
            yield from (days, round(days / 7))


def _days(evidence: ThreadEvidence) -> Iterator[date]:
    """Dates of GitHub's fields and of the remarks; a sentence needs no quote for them."""
    facts, window = evidence.facts, evidence.window
    moments = (facts.created_at, facts.closed_at, facts.merged_at, window.start, window.end)
    for moment in (*moments, *(source.at for source in evidence.sources.values())):
        if moment is not None:
            yield moment.astimezone(UTC).date()


def thread_evidence(
    threads: Mapping[int, Thread], digest: Digest, bots: frozenset[str]
) -> dict[int, ThreadEvidence]:
    """The evidence of every thread of the digest, by number.

    `bots`: logins in lower case. Remarks of bots and minimized remarks are not among the sources.
    """
    known = {number: KnownThread.of(thread, bots, digest.reverted) for number, thread in threads.items()}
    return {
        facts.number: ThreadEvidence(
            facts=facts,
            sources=_sources(threads[facts.number], bots),
            threads=known,
            linked=_linked(facts, digest),
            window=digest.window,
        )
        for facts in digest.threads
    }


def _sources(thread: Thread, bots: frozenset[str]) -> dict[str, SourceText]:
    said = [
        remark
        for remark in thread.remarks
        if remark.body.strip() and not remark.hidden and remark.author.is_person(bots)
    ]
    return {BODY: SourceText(BODY, thread.author.login, thread.url, thread.body, thread.created_at)} | {
        f"c{place}": SourceText(remark.id, remark.author.login, remark.url, remark.body, remark.at)
        for place, remark in enumerate(said, start=1)
    }


def _linked(facts: ThreadRow, digest: Digest) -> frozenset[int]:
    named = {facts.number, *facts.closes, facts.closed_by_pull, facts.duplicate_of}
    for link in digest.links:
        if facts.number in (link.source, link.target):
            named |= {link.source, link.target}
    return frozenset(number for number in named if number is not None)
