"""What sentences say of threads' states and of who did what, compared with what GitHub says."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from vllm_digest.check.claims import THIS, Act, ActClaim, Claimed, Noun, Problem, StateClaim
from vllm_digest.models import EventKind, Kind, State, Thread
from vllm_digest.narrative import FallbackReason

_FITS = {
    Claimed.MERGED: {State.MERGED},
    Claimed.UNMERGED: {State.OPEN, State.CLOSED},
    Claimed.OPEN: {State.OPEN},
    Claimed.CLOSED: {State.CLOSED},
}
_APPROVED = "APPROVED"


@dataclass(frozen=True, slots=True)
class KnownThread:
    """What GitHub says of a thread as of the window's end. Logins without `[bot]`.

    `merged_by`: empty where it is not merged, or nobody knows. `closed_by`, `reopened_by`: everybody who did.
    `closed_by_bot`: a bot was among them. `approved_by`: every reviewer who ever approved.
    """

    number: int
    kind: Kind
    state: State
    author: str
    merged_by: str = ""
    closed_by: frozenset[str] = frozenset()
    closed_by_bot: bool = False
    reopened_by: frozenset[str] = frozenset()
    approved_by: frozenset[str] = frozenset()
    reverted: bool = False

    @classmethod
    def of(cls, thread: Thread, bots: frozenset[str], reverted: Collection[int]) -> "KnownThread":
        """What is known of a thread as it stood."""
        closings = [one.actor for one in thread.timeline if one.kind is EventKind.CLOSED]
        closings += [thread.closed_by] if thread.closed_by else []
        return cls(
            number=thread.number,
            kind=thread.kind,
            state=thread.state,
            author=thread.author.login,
            merged_by=thread.merged_by.login if thread.merged_by else "",
            closed_by=frozenset(actor.login for actor in closings),
            closed_by_bot=any(actor.is_bot or actor.login.casefold() in bots for actor in closings),
            reopened_by=frozenset(
                one.actor.login for one in thread.timeline if one.kind is EventKind.REOPENED
            ),
            approved_by=frozenset(one.author.login for one in thread.remarks if one.verdict == _APPROVED),
            reverted=thread.number in reverted,
        )

    @property
    def is_pull(self) -> bool:
        return self.kind is Kind.PULL_REQUEST

    def told(self) -> str:
        """`merged, reverted, #30488`"""
        reverted = ", reverted" if self.reverted else ""
        return f"{self.state.value}{reverted}, #{self.number}"

    def fits(self, claimed: Claimed) -> bool:
        match claimed:
            case Claimed.REVERTED:
                return self.reverted
            case Claimed.REOPENED:
                return bool(self.reopened_by)
        return self.state in _FITS[claimed]


@dataclass(frozen=True, slots=True)
class KnownThreads:
    """The threads that a sentence may speak of. `this`: the one that it means where it names none.

    `settled`: numbers of threads that the sources may call merged or closed in words.
    `tells_revert`: a source speaks of a revert, perhaps by a pull request that nobody knows more of.
    `fixed`: those that this thread fixes by GitHub's links or in words; None where nobody can tell.
    """

    threads: Mapping[int, KnownThread]
    this: int | None
    settled: frozenset[int]
    fixed: frozenset[int] | None = None
    tells_revert: bool = False

    def wrong_states(self, claims: Iterable[StateClaim]) -> Iterator[Problem]:
        """The claims that hold in no reading."""
        for claim in claims:
            if claim.claimed is Claimed.REVERTED and self.tells_revert:
                continue
            if self.this is None and any(THIS in reading for reading in claim.meant):
                continue
            if self._is_elsewhere(claim.noun, claim.claimed, claim.meant):
                continue
            wrong = [self._wrong(reading, claim.claimed) for reading in claim.meant]
            if wrong and all(wrong):
                yield Problem(FallbackReason.STATE, claim.words, wrong[0])

    def _is_elsewhere(self, noun: Noun, claimed: Claimed, meant: tuple[tuple[int, ...], ...]) -> bool:
        """Does it call its subject what this thread is not? Nothing of an issue is merged."""
        itself = self.threads.get(self.this) if self.this is not None else None
        if itself is None or not any(THIS in reading for reading in meant):
            return False
        wanted = Noun.PULL if itself.is_pull else Noun.ISSUE
        merging = claimed in (Claimed.MERGED, Claimed.UNMERGED, Claimed.REVERTED)
        return noun not in (Noun.ANY, wanted) or (merging and not itself.is_pull)

    def _wrong(self, reading: tuple[int, ...], claimed: Claimed) -> str:
        """What contradicts the claim, told as data; empty without anything."""
        for number in reading:
            known = self.threads.get(self.this or 0) if number == THIS else self.threads.get(number)
            if known is not None and not known.fits(claimed):
                return known.told()
            unheard = known is None and number != THIS and number not in self.settled
            if unheard and claimed is Claimed.MERGED:
                return f"not stated, #{number}"
        return ""

    def wrong_fixes(self, numbers: Iterable[int]) -> Iterator[Problem]:
        """Threads that this one is said to fix, and no source says so."""
        for number in numbers:
            if self.fixed is not None and number not in self.fixed:
                yield Problem(FallbackReason.NUMBER, f"#{number}", f"not stated that #{self.this} fixes it")

    def wrong_acts(self, claims: Iterable[ActClaim], people: Collection[str]) -> Iterator[Problem]:
        """The claims of who did what that GitHub's fields contradict; `people` are known logins."""
        for claim in claims:
            number = self.this if claim.number == THIS else claim.number
            known = self.threads.get(number) if number is not None else None
            if known is None or (claim.login and claim.login not in people):
                continue
            if claim.noun not in (Noun.ANY, Noun.PULL if known.is_pull else Noun.ISSUE):
                continue
            if (did := _did(known, claim.act)) is None:
                continue
            right = claim.login in did if claim.login else known.closed_by_bot
            if not right:
                said = ", ".join(sorted(did)) or "nobody"
                yield Problem(
                    FallbackReason.LOGIN, claim.words, f"{claim.act.value} by {said}, #{known.number}"
                )


def _did(known: KnownThread, act: Act) -> frozenset[str] | None:
    """Who did it; None where nobody can tell."""
    match act:
        case Act.OPENED:
            return frozenset({known.author})
        case Act.MERGED if known.is_pull and (known.merged_by or known.state is not State.MERGED):
            return frozenset({known.merged_by} - {""})
        case Act.CLOSED if known.closed_by or known.state is State.OPEN:
            return known.closed_by
        case Act.REOPENED:
            return known.reopened_by
        case Act.APPROVED if known.is_pull:
            return known.approved_by
    return None
