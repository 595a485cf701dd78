"""Judge the relevance of a thread to the focus by rules, with reasons."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from vllm_digest.focus.changed_files import path_signs
from vllm_digest.focus.hardware import hardware
from vllm_digest.focus.mentions import Mention, MentionKind, mentions, quoted
from vllm_digest.focus.own_words import OwnTexts, Title
from vllm_digest.focus.rules import Focus
from vllm_digest.focus.signs import Sign, Weight, miss_signs, named, without_lone_weak
from vllm_digest.focus.topics import topic
from vllm_digest.judgement import Judgement, JudgementReason, ReasonCode, Relevance
from vllm_digest.models import Remark, Thread
from vllm_digest.text.dumps import Text

_CROWD = 6
"""Labels from which they say little: a rebase that touches half the tree gets a label for each path. With 4,
one of 298 judged threads about AMD is missed (benchmarks/relevance.py)."""
_SMALL = 3
"""Files up to which a change was not affected by a rebase, so that its labels match its current files. With
0, one of these 298 threads is missed; with 20, two threads count wrongly as about AMD."""
_READ = 500_000
"""Characters of comments that are read per thread; limits the time for a thread of thousands of comments."""
_REASONS = 4
_TITLES = frozenset({ReasonCode.TITLE, ReasonCode.TITLE_LISTED, ReasonCode.TITLE_ELSEWHERE})
_TITLE_OR_PATHS = _TITLES - {ReasonCode.TITLE_ELSEWHERE} | {ReasonCode.PATHS}
"""The signs that vLLM's rules for labels of pull requests look at."""


def judge(thread: Thread, focus: Focus) -> Judgement:
    """Judge the relevance of a thread by its title, labels, paths, body and people's comments."""
    if not focus.words:
        return Judgement(Relevance.NONE)
    title = Title.of(thread.title, focus)
    own_comments = [remark.body for remark in _remarks(thread, by_author=True)]
    own = OwnTexts.of(thread, title, own_comments, focus)
    signs = [
        *title.signs(other_machine=bool(own.other_machine) and not thread.is_pull),
        *path_signs(thread, focus, elsewhere=title.is_elsewhere),
        *own.signs(),
    ]
    signs += [*_label_signs(thread, focus, signs, doubtful=own.doubtful), *_comment_signs(thread, focus)]
    hints = _people_signs(thread, focus)
    signs += title.weak_signs(company=bool(hints) or any(sign.weight for sign in signs))
    if title.is_lookalike or (own.is_lookalike and not title.names_it):
        signs = [*_of_lookalike(signs)]
    total = _total(signs)
    if Weight.HALF <= total < Weight.WHOLE:
        signs += hints
        total = _total(signs)
    if total >= Weight.WHOLE:
        others = [remark.body for remark in _remarks(thread, by_author=False)]
        names = hardware(thread, own_comments, others, focus)
        return Judgement(Relevance.YES, _reasons(signs, Weight.HALF), topic(thread, focus), names)
    if any(sign.weight for sign in signs):
        return Judgement(Relevance.PASSING, _reasons(signs, Weight.SIDE))
    # Another platform's machine is a reason only if something else looks like the focus.
    looks = any(sign.reason.code is not ReasonCode.OTHER_MACHINE for sign in signs)
    return Judgement(Relevance.NONE, _reasons(signs, Weight.MISS) if looks else ())


def _total(signs: Iterable[Sign]) -> int:
    return sum(sign.weight for sign in signs if sign.weight > Weight.SIDE and not sign.follows)


def _reasons(signs: Iterable[Sign], least: Weight) -> tuple[JudgementReason, ...]:
    strongest_first = sorted((sign for sign in signs if sign.weight >= least), key=lambda sign: -sign.weight)
    return tuple(islice(dict.fromkeys(sign.reason for sign in strongest_first), _REASONS))


def _of_lookalike(signs: Iterable[Sign]) -> Iterator[Sign]:
    """Signs that remain on a platform that reuses the focus's names: only weakened ones of the title."""
    for sign in signs:
        if sign.reason.code in _TITLES:
            yield replace(sign, weight=min(sign.weight, Weight.SIDE))
        elif sign.reason.code is ReasonCode.LOOKALIKE:
            yield sign


def _comment_signs(thread: Thread, focus: Focus) -> Iterator[Sign]:
    """Signs in comments: side remarks, unless three people write about the focus."""
    by_person: dict[str, list[Mention]] = {}
    found: list[Mention] = []
    for remark in _remarks(thread, by_author=False):
        some = without_lone_weak(mentions(Text(remark.body), focus))
        found += some
        if counted := [one for one in some if one.counts]:
            by_person.setdefault(remark.author.login, []).extend(counted)
    if by_person:
        words = named(one for some in by_person.values() for one in some)
        weight = Weight.HALF if len(by_person) > 2 else Weight.SIDE
        yield Sign.of(weight, ReasonCode.COMMENTS, *words)
    elif listed := named(one for one in found if one.kind is MentionKind.LISTED):
        yield Sign.of(Weight.SIDE, ReasonCode.COMMENTS_LISTED, *listed)
    for miss in miss_signs(found):
        yield Sign(miss.weight, replace(miss.reason, in_comments=True))


def _remarks(thread: Thread, *, by_author: bool) -> Iterator[Remark]:
    """Visible comments of people: those of an issue's author (`by_author`), or all others."""
    read = 0
    for remark in thread.remarks:
        own = remark.author == thread.author and not thread.is_pull
        if own is by_author and not remark.author.is_bot and not remark.hidden:
            read += len(remark.body)
            if read > _READ:
                return
            yield remark


def _label_signs(thread: Thread, focus: Focus, others: Sequence[Sign], *, doubtful: bool) -> Iterator[Sign]:
    """The sign from the focus's label, as far as other signs (except comments) do not count its cause
    already.

    vLLM's rules set it on a pull request for its title or its paths, even if these are no longer changed, and
    on an issue for words in its texts.
    """
    mine = [label for label in thread.labels if label.lower() in focus.labels]
    if not mine:
        return
    label = quoted(mine[0])
    subjects = [one for one in thread.labels if one.lower() not in focus.state_labels]
    of_peers = any(focus.peers.found_in(one) for one in subjects if one not in mine)
    strongest = max((sign.weight for sign in others), default=None)
    if len(subjects) >= _CROWD:
        weight = Weight.SIDE if strongest else Weight.MISS
        yield Sign.of(weight, ReasonCode.LABEL_AMONG_MANY, label, total=len(thread.labels))
    elif thread.is_pull and any(sign.reason.code in _TITLE_OR_PATHS for sign in others):
        weight = max(sign.weight for sign in others if sign.reason.code in _TITLE_OR_PATHS)
        yield replace(Sign.of(weight, ReasonCode.LABEL, label), follows=True)
    elif strongest is Weight.MISS:
        yield Sign.of(Weight.SIDE, ReasonCode.LABEL_BY_RULE, label)
    elif of_peers:
        yield Sign.of(Weight.HALF, ReasonCode.LABEL_BESIDE_OTHERS, label)
    elif thread.is_pull and strongest is None and not _tells_why(thread, focus):
        yield Sign.of(Weight.HALF, ReasonCode.LABEL_ALONE, label)
    else:
        aside = doubtful or strongest is Weight.SIDE
        yield Sign.of(Weight.HALF if aside else Weight.WHOLE, ReasonCode.LABEL, label)


def _tells_why(thread: Thread, focus: Focus) -> bool:
    """Whether the title, or so few files that no rule set it, explain the label of a pull request."""
    return 0 < len(thread.paths) <= _SMALL or focus.platform_methods.found_in(thread.title)


def _people_signs(thread: Thread, focus: Focus) -> list[Sign]:
    """Signs in login names, which only decide doubtful cases; they do not tell a person's employer."""
    if thread.author.is_bot or not focus.people.found_in(thread.author.login):
        return []
    return [Sign.of(Weight.HALF, ReasonCode.AUTHOR_LOGIN)]
