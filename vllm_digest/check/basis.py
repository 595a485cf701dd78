"""The facts and quotes that a sentence about one thread is checked against."""

from collections.abc import Collection, Sequence

from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.figures import KnownFigures
from vllm_digest.check.people import People
from vllm_digest.check.sentences import Basis
from vllm_digest.check.states import KnownThreads
from vllm_digest.check.support import CitedQuote, Support, later_remarks
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
    # Sources are in order of time, so a place tells which of two remarks is the later one.
    places = {name: place for place, name in enumerate(evidence.sources)}
    cited = tuple(
        CitedQuote(quote, evidence.sources[name].text, evidence.sources[name].login, places[name])
        for name, quote in quotes
        if name in evidence.sources
    )
    known = evidence.threads[evidence.number]
    pending = known.is_pull and (known.state is not State.MERGED or known.reverted)
    return Basis(
        known=evidence.text,
        known_figures=_known_figures(evidence, {name for name, _ in quotes}, near, speaker),
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
            later=later_remarks(cited, evidence.remarks),
            pending=known.described() if pending else "",
        ),
        answered={
            evidence.sources[name].login: evidence.sources[name].known_figures
            for name, _ in quotes
            if speaker and name in evidence.sources and evidence.sources[name].login != speaker
        },
    )


def _known_figures(
    evidence: ThreadEvidence, quoted: Collection[str], near: bool, speaker: str
) -> KnownFigures:
    """The figures that a sentence may have; arguments as in `thread_basis`."""
    if not near and not speaker:
        return evidence.known_figures
    figures = evidence.title_figures
    if speaker:
        # Hardware and versions are often named by the one who asks; what was measured must be the speaker's.
        figures |= evidence.known_figures.names()
    for name, source in evidence.sources.items():
        if source.login == speaker or (near and not speaker and name in quoted):
            figures |= source.known_figures
    return figures
