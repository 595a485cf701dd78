"""The facts and quotes that a sentence about one thread is checked against."""

from collections.abc import Collection, Sequence

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
    known = evidence.threads[evidence.number]
    pending = known.is_pull and (known.state is not State.MERGED or known.reverted)
    return Basis(
        known=evidence.text,
        ground=_ground(evidence, {name for name, _ in quotes}, near, speaker),
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
            opener=evidence.facts.author.login,
            speaker=speaker,
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


def _ground(evidence: ThreadEvidence, quoted: Collection[str], near: bool, speaker: str) -> KnownFigures:
    """The figures that a sentence may have; arguments as in `thread_basis`."""
    if not near and not speaker:
        return evidence.ground
    ground = evidence.title_figures
    if speaker:
        ground |= evidence.ground.names()
    for name, source in evidence.sources.items():
        if source.login == speaker or (near and not speaker and name in quoted):
            ground |= source.ground
    return ground
