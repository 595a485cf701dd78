"""The facts and quotes that a sentence about one thread is checked against."""

from collections.abc import Sequence
from functools import reduce
from operator import or_

from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.figures import KnownFigures
from vllm_digest.check.people import People
from vllm_digest.check.sentences import Basis
from vllm_digest.check.states import KnownThreads
from vllm_digest.check.support import Cited, Support, later_words
from vllm_digest.models import State


def thread_basis(
    evidence: ThreadEvidence,
    quotes: Sequence[tuple[str, str]],
    *,
    elsewhere: frozenset[str],
    near: bool = False,
    speaker: str = "",
) -> Basis:
    """The basis of a sentence that cites these quotes.

    `quotes`: pairs of a source's name (`c1`) and the quoted words; unknown names are skipped.
    `elsewhere`: logins of everybody in the window.
    `near`: accept only figures of the title, the labels and the cited sources.
    `speaker`: login of the person whose position the sentence states; accept only figures of the title, the
    labels and this person's own text, and any source's names of hardware, models and versions. Empty for
    other sentences.
    """
    places = {name: place for place, name in enumerate(evidence.sources)}
    cited = tuple(
        Cited(quote, evidence.sources[name].text, evidence.sources[name].login, places[name])
        for name, quote in quotes
        if name in evidence.sources
    )
    named = frozenset(name for name, _ in quotes)
    ground = _speakers_ground(evidence, speaker) if speaker else _ground(evidence, named if near else None)
    known = evidence.threads[evidence.number]
    pending = known.is_pull and (known.state is not State.MERGED or known.reverted)
    return Basis(
        known=evidence.text,
        ground=ground,
        numbers=evidence.numbers,
        threads=KnownThreads(
            evidence.threads, evidence.number, evidence.settled, evidence.fixed, evidence.tells_revert
        ),
        people=People(
            authors=frozenset(one.login for one in cited),
            present=evidence.people,
            elsewhere=elsewhere,
            words=evidence.words,
            said=evidence.said,
            title=evidence.facts.title.casefold(),
        ),
        support=Support(
            cited,
            thread=(evidence.facts.title, *(source.text for source in evidence.sources.values())),
            later=later_words(cited, evidence.remarks),
            pending=known.told() if pending else "",
        ),
        answered={
            evidence.sources[name].login: evidence.sources[name].ground
            for name, _ in quotes
            if speaker and name in evidence.sources and evidence.sources[name].login != speaker
        },
    )


def _speakers_ground(evidence: ThreadEvidence, speaker: str) -> KnownFigures:
    """What the figures of a person's position may come from."""
    own = [source.ground for source in evidence.sources.values() if source.login == speaker]
    return reduce(or_, own, evidence.title_figures | evidence.ground.names())


def _ground(evidence: ThreadEvidence, cited: frozenset[str] | None) -> KnownFigures:
    """What figures may come from: the title, the labels and the cited sources; the whole thread for None."""
    if cited is None:
        return evidence.ground
    return reduce(
        or_,
        [source.ground for name, source in evidence.sources.items() if name in cited],
        evidence.title_figures,
    )
