"""Signs for the focus in a thread's title and in texts of its author."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vllm_digest.focus.mentions import Mention, MentionKind, mentions, peers, platforms, quoted, rivals
from vllm_digest.focus.rules import Focus
from vllm_digest.focus.signs import Sign, Weight, miss_signs, named, plain, without_lone_weak
from vllm_digest.judgement import ReasonCode
from vllm_digest.models import Thread
from vllm_digest.text.dumps import Text

_SHORT = 500
"""Characters of prose up to which a single mention is enough for a subject. Without this two of 298 judged
threads about AMD are missed (benchmarks/relevance.py)."""
_TITLE = 256
"""Maximum length of a title at GitHub, in characters."""
_SPARSE = 1500
"""Characters of prose per sentence about the focus above which the text is about something else."""


@dataclass(frozen=True, slots=True)
class Title:
    """What the title says of the focus.

    `others`: other platforms and hardware that it names. `crowd`: those and others' software.
    `general`: it has words of one on all platforms or the whole project.
    """

    found: tuple[Mention, ...]
    others: frozenset[str]
    crowd: int
    general: bool

    @classmethod
    def of(cls, title: str, focus: Focus) -> "Title":
        return cls(
            found=tuple(_listed_late(one, title, focus) for one in mentions(Text(title), focus)),
            others=frozenset(platforms(title, focus)),
            crowd=len(rivals(title, peers(title, focus))),
            general=focus.overviews.found_in(title),
        )

    @property
    def listed(self) -> tuple[Mention, ...]:
        """The mentions next to other platforms, if there are no others."""
        some = tuple(one for one in self.found if one.kind is MentionKind.LISTED)
        return () if plain(self.found) else some

    @property
    def names_it(self) -> bool:
        """Whether it names the focus, not only its software that also runs on other hardware."""
        return any(not one.portable for one in plain(self.found))

    @property
    def is_lookalike(self) -> bool:
        return any(one.is_lookalike for one in self.found)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is about another platform or the whole project, and names at most software that runs
        there."""
        portable = all(one.portable for one in plain(self.found) + list(self.listed))
        return portable and (bool(self.others) or self.general)

    def signs(self, *, other_machine: bool) -> Iterator[Sign]:
        """One of two platforms is half the subject, one of several is named aside.

        `other_machine`: the reporter's machine is another platform's.
        """
        if self.listed:
            names = named(self.listed)
            most = 0 < len(self.others) < len({one.quote.lower() for one in self.listed})
            weight = Weight.SIDE if self.crowd > 1 else Weight.HALF
            if most and not all(one.portable for one in self.listed):
                weight = Weight.WHOLE
            yield Sign.of(weight, ReasonCode.TITLE_LISTED, *names)
        elif words := plain(self.found):
            if all(one.portable for one in words) and (self.others or self.general or other_machine):
                yield Sign.of(Weight.HALF, ReasonCode.TITLE_ELSEWHERE, *named(words))
            else:
                yield Sign.of(Weight.WHOLE, ReasonCode.TITLE, *named(words))
        yield from miss_signs(self.found)

    def weak_signs(self, *, company: bool) -> Iterator[Sign]:
        """Signs from ambiguous words, which count only next to another sign."""
        weak = named(one for one in self.found if one.weak and one.counts)
        if weak and not plain(self.found):
            yield (
                Sign.of(Weight.HALF, ReasonCode.TITLE, *weak)
                if company
                else Sign.of(Weight.MISS, ReasonCode.AMBIGUOUS, *weak)
            )


def _listed_late(one: Mention, title: str, focus: Focus) -> Mention:
    """A mention at the end of a list whose other platform is farther in front: `(H100) SSM and ROCm`."""
    before = title[max(0, one.position - _TITLE) : one.position]
    joined = any(joint.end() == len(before) for joint in focus.joint.finditer(before))
    if one.kind is MentionKind.SAID and joined and platforms(before, focus):
        return replace(one, kind=MentionKind.LISTED)
    return one


@dataclass(frozen=True, slots=True)
class OwnTexts:
    """The mentions in texts of the thread's author.

    `found`: in the body. `later`: in comments, for issues. `peers`: number of mentions of other platforms in
    title and body, 0 if the body does not name the focus. `alone`: none of these is a platform of the thread.
    `other_machine`: the platform that the author's dump names instead of the focus, or empty.
    `elsewhere`: other hardware is named, and at most software of the focus that also runs there.
    """

    found: tuple[Mention, ...]
    later: tuple[Mention, ...]
    body: Text
    peers: int
    alone: bool
    other_machine: str
    elsewhere: bool
    overview: bool
    is_pull: bool

    @classmethod
    def of(cls, thread: Thread, title: Title, comments: Sequence[str], focus: Focus) -> "OwnTexts":
        """`comments`: of the author of an issue; empty for a pull request."""
        body = Text(thread.body)
        texts = [Text(comment) for comment in comments]
        found = without_lone_weak([one for one in mentions(body, focus) if one.word not in thread.paths])
        whole = f"{thread.title}\n{body.text}"
        others = peers(whole, focus) if plain(found) else []
        portable = all(one.portable for one in plain(found) + plain(title.found))
        return cls(
            found=tuple(found),
            later=tuple(one for text in texts for one in plain(mentions(text, focus))),
            body=body,
            peers=len(others),
            alone=not rivals(whole, others),
            other_machine=other_machine([body, *texts], focus),
            elsewhere=portable and bool(others) and bool(platforms(whole, focus)),
            overview=bool(title.listed) or title.general,
            is_pull=thread.is_pull,
        )

    @property
    def is_lookalike(self) -> bool:
        return any(one.is_lookalike for one in self.found)

    @property
    def doubtful(self) -> bool:
        """Whether the machine is another platform's, or the thread is about several platforms or the
        project."""
        return bool(self.other_machine) or self.overview

    def signs(self) -> Iterator[Sign]:
        ways = (self._machine_signs, self._said_signs, self._pasted_signs, self._later_signs)
        for sign in (sign for way in ways for sign in way()):
            yield Sign(sign.weight.doubted(), sign.reason) if self.doubtful else sign
        if listed := named(one for one in self.found if one.kind is MentionKind.LISTED):
            yield Sign.of(Weight.SIDE, ReasonCode.BODY_LISTED, *listed)
        if self.other_machine:
            yield Sign.of(Weight.MISS, ReasonCode.OTHER_MACHINE, quoted(self.other_machine))
        yield from miss_signs(self.found)

    def _machine_signs(self) -> Iterator[Sign]:
        """An issue from such a machine is about it; a pull request was only tested there."""
        every = (*self.found, *self.later)
        if shown := named(one for one in every if one.kind is MentionKind.MACHINE):
            yield Sign.of(Weight.HALF if self.is_pull else Weight.WHOLE, ReasonCode.MACHINE, *shown)

    def _said_signs(self) -> Iterator[Sign]:
        """Counts sentences, not names: a list of cards, or of three libraries, is one remark."""
        every = [one for one in self.found if one.kind is MentionKind.SAID]
        said = [one for one in every if not one.aside]
        subject = [one for one in said if not (one.trial and self.is_pull)]
        if said:
            weight = Weight.WHOLE if self._is_subject(subject) else Weight.HALF
            quotes = named(subject or said)
            yield Sign.of(Weight.SIDE if self.elsewhere else weight, ReasonCode.BODY, *quotes)
        elif every:
            yield Sign.of(Weight.SIDE, ReasonCode.BODY_ASIDE, *named(every))

    def _is_subject(self, said: Sequence[Mention]) -> bool:
        """Whether the focus is the body's subject: in several sentences, or in the first one of a short
        body."""
        sentences = {one.sentence for one in said}
        length = self.body.prose_length
        if len(sentences) > 1 and len(said) >= self.peers and length <= _SPARSE * len(sentences):
            return True
        opens = not self.is_pull or self.body.opens_with(min(sentences, default=0))
        return bool(said) and self.alone and length <= _SHORT and opens

    def _pasted_signs(self) -> Iterator[Sign]:
        pasted = [one for one in self.found if one.kind is MentionKind.PASTED]
        if pasted:
            weight = Weight.WHOLE if len({one.sentence for one in pasted}) > 1 else Weight.HALF
            yield Sign.of(weight, ReasonCode.PASTED, *named(pasted))

    def _later_signs(self) -> Iterator[Sign]:
        if words := named(one for one in self.later if one.kind is not MentionKind.MACHINE):
            yield Sign.of(Weight.HALF, ReasonCode.AUTHOR_COMMENTS, *words)


def other_machine(texts: Sequence[Text], focus: Focus) -> str:
    """The other platform that the author's dump names; empty if it names the focus or none."""
    lines = [line for text in texts for line in text.machine]
    if any(one.counts for line in lines for one in mentions(Text(line), focus)):
        return ""
    others = [line for line in lines if focus.peers.found_in(line)]
    return min(others, key=lambda line: not line.upper().startswith("GPU"), default="")
