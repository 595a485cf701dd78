"""Compare claims about the states of threads, and about who did what, with GitHub's data."""

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
    """GitHub's data about a thread as of the window's end. Logins are without `[bot]`.

    `merged_by`: empty if not merged or unknown. `closed_by`, `reopened_by`: everybody who ever did so.
    `closed_by_bot`: whether a bot ever closed it. `approved_by`: everybody who ever approved.
    `reverted`: whether its change was taken back and not restored.
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
        """From a thread; `bots`: logins in lower case, `reverted`: numbers of reverted threads."""
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

    def described(self) -> str:
        """For messages: `merged, reverted, #30488`."""
        reverted = ", reverted" if self.reverted else ""
        return f"{self.state.value}{reverted}, #{self.number}"

    def fits(self, claimed: Claimed) -> bool:
        """Whether the thread has the claimed state."""
        match claimed:
            case Claimed.REVERTED:
                return self.reverted
            case Claimed.REOPENED:
                return bool(self.reopened_by)
        return self.state in _FITS[claimed]


@dataclass(frozen=True, slots=True)
class KnownThreads:
    """The threads that a sentence may be about.

    `threads`: by number. `this`: the thread meant by a sentence without a number; None for a whole window.
    `settled`: numbers that may be called merged or closed because a source says so.
    `fixed`: numbers that this thread fixes, by GitHub's links or by the texts; None if unknown.
    `tells_revert`: whether a source mentions a revert, which may be by a pull request that was not fetched.
    """

    threads: Mapping[int, KnownThread]
    this: int | None
    settled: frozenset[int]
    fixed: frozenset[int] | None = None
    tells_revert: bool = False

    def wrong_states(self, claims: Iterable[StateClaim]) -> Iterator[Problem]:
        """Claims that are wrong for every possible subject."""
        for claim in claims:
            # GitHub has no field for "reverted": the data may miss one that a person mentions.
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
        """Whether the claim cannot be about this thread: it names the other kind, or an issue's merge."""
        itself = self.threads.get(self.this) if self.this is not None else None
        if itself is None or not any(THIS in reading for reading in meant):
            return False
        wanted = Noun.PULL if itself.is_pull else Noun.ISSUE
        merging = claimed in (Claimed.MERGED, Claimed.UNMERGED, Claimed.REVERTED)
        return noun not in (Noun.ANY, wanted) or (merging and not itself.is_pull)

    def _wrong(self, reading: tuple[int, ...], claimed: Claimed) -> str:
        """The state that contradicts the claim, for a message; empty if none does."""
        for number in reading:
            known = self.threads.get(self.this or 0) if number == THIS else self.threads.get(number)
            if known is not None and not known.fits(claimed):
                return known.described()
            is_unknown = known is None and number != THIS and number not in self.settled
            if is_unknown and claimed is Claimed.MERGED:
                return f"not stated, #{number}"
        return ""

    def wrong_fixes(self, numbers: Iterable[int]) -> Iterator[Problem]:
        """Threads that a sentence says this one fixes, although no source does."""
        for number in numbers:
            if self.fixed is not None and number not in self.fixed:
                yield Problem(FallbackReason.NUMBER, f"#{number}", f"not stated that #{self.this} fixes it")

    def wrong_acts(self, claims: Iterable[ActClaim], people: Collection[str]) -> Iterator[Problem]:
        """Claims about who did what that GitHub's fields contradict. `people`: known logins."""
        for claim in claims:
            number = self.this if claim.number == THIS else claim.number
            known = self.threads.get(number) if number is not None else None
            if known is None or (claim.login and claim.login not in people):
                continue
            if claim.noun not in (Noun.ANY, Noun.PULL if known.is_pull else Noun.ISSUE):
                continue
            if (did := _actors(known, claim.act)) is None:
                continue
            right = claim.login in did if claim.login else known.closed_by_bot
            if not right:
                said = ", ".join(sorted(did)) or "nobody"
                yield Problem(
                    FallbackReason.LOGIN, claim.words, f"{claim.act.value} by {said}, #{known.number}"
                )


def _actors(known: KnownThread, act: Act) -> frozenset[str] | None:
    """Logins of those who did it; None if GitHub's data does not say."""
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
