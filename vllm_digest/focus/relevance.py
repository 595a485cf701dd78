"""How much a thread concerns the focus, judged by rule, with reasons."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from itertools import islice

from vllm_digest.focus.mentions import Mention, Standing, mentions, peers, quoted, rivals
from vllm_digest.focus.rules import Focus
from vllm_digest.focus.topics import hardware, topic
from vllm_digest.judgement import Judgement, JudgementReason, ReasonCode, Relevance
from vllm_digest.models import Remark, Thread
from vllm_digest.text.dumps import Text

_CROWD = 6
"""So many subjects no change has: a rebase that touched half the tree collects labels by path."""
_SHORT = 500
"""Characters of prose in which one mention is a large part."""
_SPARSE = 1500
"""Characters of prose to one mention beyond which the text is about something else."""
_READ = 500_000
"""Characters of comments that are read in one thread."""
_REASONS = 4


class Weight(IntEnum):
    """What a sign is worth: a whole one or two halves make the subject; side remarks never add up."""

    MISS = 0
    SIDE = 1
    HALF = 2
    WHOLE = 4

    def doubted(self) -> "Weight":
        """One step down."""
        return {Weight.WHOLE: Weight.HALF, Weight.HALF: Weight.SIDE}.get(self, self)


@dataclass(frozen=True, slots=True)
class Sign:
    """What speaks for the focus, or (a miss) only seems to."""

    weight: Weight
    reason: JudgementReason

    @classmethod
    def of(cls, weight: Weight, code: ReasonCode, *quotes: str, count: int = 0, total: int = 0) -> "Sign":
        return cls(weight, JudgementReason(code, quotes, count, total))


def judge(thread: Thread, focus: Focus) -> Judgement:
    """How much `thread` concerns the focus, from its title, labels, paths, body and people's comments."""
    title = mentions(Text(thread.title), focus)
    own = _Own.of(thread, focus, listed=_is_listed(title))
    signs = [
        *_title_signs(title, several=len(rivals(thread.title, peers(thread.title, focus))) > 1),
        *_path_signs(thread, focus),
        *own.signs(),
    ]
    signs += [*_label_signs(thread, focus, signs, doubtful=own.doubtful), *_comment_signs(thread, focus)]
    hints = _people_signs(thread, focus)
    signs += _weak_signs(title, company=bool(hints) or any(sign.weight for sign in signs))
    total: int = sum(sign.weight for sign in signs if sign.weight > Weight.SIDE)
    if Weight.HALF <= total < Weight.WHOLE:
        signs += hints
        total += sum(sign.weight for sign in hints)
    if total >= Weight.WHOLE:
        return Judgement(
            Relevance.YES, _reasons(signs, Weight.HALF), topic(thread, focus), hardware(thread, focus)
        )
    if any(sign.weight for sign in signs):
        return Judgement(Relevance.PASSING, _reasons(signs, Weight.SIDE))
    return Judgement(Relevance.NONE, _reasons(signs, Weight.MISS))


def _reasons(signs: Iterable[Sign], least: Weight) -> tuple[JudgementReason, ...]:
    strongest_first = sorted((sign for sign in signs if sign.weight >= least), key=lambda sign: -sign.weight)
    return tuple(islice(dict.fromkeys(sign.reason for sign in strongest_first), _REASONS))


def _named(some: Iterable[Mention], most: int = 3) -> tuple[str, ...]:
    """Their quotes, each once; empty without mentions."""
    return tuple(islice(dict.fromkeys(one.quote for one in some), most))


def _miss_signs(some: Sequence[Mention]) -> Iterator[Sign]:
    """Why what looks like the focus is not: one sign for each ground."""
    for why in dict.fromkeys(one.miss for one in some if one.miss):
        yield Sign(Weight.MISS, replace(why, quotes=_named(one for one in some if one.miss == why)))


def _without_lone_weak(some: list[Mention]) -> list[Mention]:
    return some if _plain(some) else [one for one in some if not one.weak]


def _plain(some: Iterable[Mention]) -> list[Mention]:
    return [one for one in some if one.counts and not one.weak]


def _is_listed(title: Sequence[Mention]) -> bool:
    """Does the title name the focus among others only?"""
    return not _plain(title) and any(one.standing is Standing.LISTED for one in title)


def _title_signs(title: Sequence[Mention], *, several: bool) -> Iterator[Sign]:
    """One of two platforms is half the subject, one of `several` is named aside."""
    if _is_listed(title):
        names = _named(one for one in title if one.standing is Standing.LISTED)
        yield Sign.of(Weight.SIDE if several else Weight.HALF, ReasonCode.TITLE_LISTED, *names)
    elif names := _named(_plain(title)):
        yield Sign.of(Weight.WHOLE, ReasonCode.TITLE, *names)
    yield from _miss_signs(title)


def _weak_signs(title: Sequence[Mention], *, company: bool) -> Iterator[Sign]:
    """A word with other meanings says something beside another sign only."""
    if (weak := _named(one for one in title if one.weak)) and not _plain(title):
        weight, code = (Weight.HALF, ReasonCode.TITLE) if company else (Weight.MISS, ReasonCode.AMBIGUOUS)
        yield Sign.of(weight, code, *weak)


def _path_signs(thread: Thread, focus: Focus) -> Iterator[Sign]:
    """Files of the focus count by their share, and less beside those of other platforms."""
    mine = [path for path in thread.paths if focus.paths.found_in(path)]
    if not mine:
        return
    of_peers = sum(1 for path in thread.paths if path not in mine and focus.peers.found_in(path))
    files = max(thread.changed_files or 0, len(thread.paths))
    if 2 * len(mine) >= files and len(mine) > of_peers:
        weight = Weight.WHOLE
    else:
        weight = Weight.HALF if 4 * len(mine) >= files and not of_peers else Weight.SIDE
    example = quoted(_shortened(mine[0]))
    yield Sign.of(weight, ReasonCode.PATHS, example, count=len(mine), total=files)


def _shortened(path: str) -> str:
    return path if len(path) <= 50 else f"…{path[-49:]}"


@dataclass(frozen=True, slots=True)
class _Own:
    """What the thread's author wrote."""

    found: tuple[Mention, ...]
    """In the body."""
    later: tuple[Mention, ...]
    """In the comments of an issue's author."""
    body: Text
    peers: int
    """How often title and body name other platforms; 0 where the body does not name the focus."""
    alone: bool
    """Is none of them named as a platform that the thread is on?"""
    other_machine: str
    overview: bool
    is_pull: bool

    @classmethod
    def of(cls, thread: Thread, focus: Focus, *, listed: bool) -> "_Own":
        body = Text(thread.body)
        comments = [Text(remark.body) for remark in _remarks(thread, by_author=True)]
        found = _without_lone_weak(mentions(body, focus))
        whole = f"{thread.title}\n{body.text}"
        others = peers(whole, focus) if _plain(found) else []
        return cls(
            found=tuple(found),
            later=tuple(one for text in comments for one in _plain(mentions(text, focus))),
            body=body,
            peers=len(others),
            alone=not rivals(whole, others),
            other_machine=_other_machine([body, *comments], focus),
            overview=listed or focus.overviews.found_in(thread.title),
            is_pull=thread.is_pull,
        )

    @property
    def doubtful(self) -> bool:
        """Another platform's machine, or a thread on several platforms or the whole project."""
        return bool(self.other_machine) or self.overview

    def signs(self) -> Iterator[Sign]:
        ways = (self._machine_signs, self._said_signs, self._pasted_signs, self._later_signs)
        for sign in (sign for way in ways for sign in way()):
            yield Sign(sign.weight.doubted(), sign.reason) if self.doubtful else sign
        if listed := _named(one for one in self.found if one.standing is Standing.LISTED):
            yield Sign.of(Weight.SIDE, ReasonCode.BODY_LISTED, *listed)
        if self.other_machine:
            yield Sign.of(Weight.MISS, ReasonCode.OTHER_MACHINE, quoted(self.other_machine))
        yield from _miss_signs(self.found)

    def _machine_signs(self) -> Iterator[Sign]:
        """Who reports from such a machine reports on it; who changes code has only tested there."""
        every = (*self.found, *self.later)
        if shown := _named(one for one in every if one.standing is Standing.MACHINE):
            yield Sign.of(Weight.HALF if self.is_pull else Weight.WHOLE, ReasonCode.MACHINE, *shown)

    def _said_signs(self) -> Iterator[Sign]:
        said = [one for one in self.found if one.standing is Standing.SAID]
        if said:
            length = self.body.prose_length
            often = len(said) > 1 and len(said) >= self.peers and length <= _SPARSE * len(said)
            mostly = often or (self.alone and length <= _SHORT)
            yield Sign.of(Weight.WHOLE if mostly else Weight.HALF, ReasonCode.BODY, *_named(said))

    def _pasted_signs(self) -> Iterator[Sign]:
        pasted = [one for one in self.found if one.standing is Standing.PASTED]
        if pasted:
            weight = Weight.WHOLE if len(pasted) > 1 else Weight.HALF
            yield Sign.of(weight, ReasonCode.PASTED, *_named(pasted))

    def _later_signs(self) -> Iterator[Sign]:
        if words := _named(one for one in self.later if one.standing is not Standing.MACHINE):
            yield Sign.of(Weight.HALF, ReasonCode.AUTHOR_COMMENTS, *words)


def _other_machine(texts: Sequence[Text], focus: Focus) -> str:
    """What the author's dump names instead of the focus; empty if it names the focus, or nothing."""
    lines = [line for text in texts for line in text.machine]
    if any(one.counts for line in lines for one in mentions(Text(line), focus)):
        return ""
    others = [line for line in lines if focus.peers.found_in(line)]
    return min(others, key=lambda line: not line.upper().startswith("GPU"), default="")


def _comment_signs(thread: Thread, focus: Focus) -> Iterator[Sign]:
    """Comments are side remarks, unless three people make the focus their subject."""
    by_person: dict[str, list[Mention]] = {}
    found: list[Mention] = []
    for remark in _remarks(thread, by_author=False):
        some = _without_lone_weak(mentions(Text(remark.body), focus))
        found += some
        if named := [one for one in some if one.counts]:
            by_person.setdefault(remark.author.login, []).extend(named)
    if by_person:
        words = _named(one for some in by_person.values() for one in some)
        weight = Weight.HALF if len(by_person) > 2 else Weight.SIDE
        yield Sign.of(weight, ReasonCode.COMMENTS, *words)
    elif listed := _named(one for one in found if one.standing is Standing.LISTED):
        yield Sign.of(Weight.SIDE, ReasonCode.COMMENTS_LISTED, *listed)
    for miss in _miss_signs(found):
        yield Sign(miss.weight, replace(miss.reason, in_comments=True))


def _remarks(thread: Thread, *, by_author: bool) -> Iterator[Remark]:
    """People's visible comments: those of an issue's author, or all others."""
    read = 0
    for remark in thread.remarks:
        own = remark.author == thread.author and not thread.is_pull
        if own is by_author and not remark.author.is_bot and not remark.hidden:
            read += len(remark.body)
            if read > _READ:
                return
            yield remark


def _label_signs(thread: Thread, focus: Focus, others: Sequence[Sign], *, doubtful: bool) -> Iterator[Sign]:
    """A label is a subject unless the rest, comments aside, shows how it came there."""
    mine = [label for label in thread.labels if label.lower() in focus.labels]
    if not mine:
        return
    subjects = [label for label in thread.labels if label.lower() not in focus.state_labels]
    of_peers = any(focus.peers.found_in(one) for one in subjects if one not in mine)
    label = quoted(mine[0])
    strongest = max((sign.weight for sign in others), default=None)
    if len(subjects) >= _CROWD:
        weight = Weight.SIDE if strongest else Weight.MISS
        yield Sign.of(weight, ReasonCode.LABEL_AMONG_MANY, label, total=len(thread.labels))
    elif strongest is Weight.MISS:
        yield Sign.of(Weight.SIDE, ReasonCode.LABEL_BY_RULE, label)
    elif of_peers:
        yield Sign.of(Weight.HALF, ReasonCode.LABEL_BESIDE_OTHERS, label)
    else:
        aside = doubtful or strongest is Weight.SIDE
        yield Sign.of(Weight.HALF if aside else Weight.WHOLE, ReasonCode.LABEL, label)


def _people_signs(thread: Thread, focus: Focus) -> list[Sign]:
    """A name tips a doubtful case; it says nothing about anybody's employer."""
    if thread.author.is_bot or not focus.people.found_in(thread.author.login):
        return []
    return [Sign.of(Weight.HALF, ReasonCode.AUTHOR_LOGIN)]
