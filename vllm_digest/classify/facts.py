"""Derive the facts of one thread as of a window's end."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import PurePosixPath

from vllm_digest.classify.references import references
from vllm_digest.classify.rules import Rules
from vllm_digest.classify.usage import usage_changes
from vllm_digest.classify.weights import is_bug, is_regression, weight
from vllm_digest.facts import MOST_AREAS, Event, ThreadFacts, event_order
from vllm_digest.focus.relevance import judge
from vllm_digest.judgement import Relevance
from vllm_digest.models import Account, EventKind, Remark, RemarkKind, Thread
from vllm_digest.text.excerpts import plain
from vllm_digest.window import TimeWindow

_EXCERPT = 200
"""Characters of an excerpt."""
# The words may be on either side of the figure, up to 80 characters away: in the same sentence, as a rule.
_GAIN = re.compile(
    r"\d\s?(?:%|[x×]\b|tok(?:ens?)?/s)(?=.{0,80}(?:fast|speed|slow|gain|improv|reduc|throughput|latency|accura"
    r"|TTFT|TPOT|ITL|better|worse|memory))|(?:fast|speed|gain|improv|reduc|throughput|latency|TTFT|TPOT|perform)"
    r".{0,80}?\d\s?(?:%|[x×]\b|tok(?:ens?)?/s)",
    re.IGNORECASE,
)
"""A measured effect: `+4.9% tokens/s`, `1.3x faster`, `TTFT from 14.2 to 13.3 (-6%)`."""
_SENTENCE_END = re.compile(r"(?<=[.!?])(?= )|(?<=[。！？])")
_KINDS: Mapping[RemarkKind, EventKind] = {
    RemarkKind.COMMENT: EventKind.COMMENT,
    RemarkKind.REVIEW: EventKind.REVIEW,
    RemarkKind.REVIEW_COMMENT: EventKind.REVIEW_COMMENT,
}


def facts(thread: Thread, window: TimeWindow, rules: Rules, repo: str, repo_url: str) -> ThreadFacts:
    """The facts of a thread as of the window's end. `repo`: OWNER/NAME. `repo_url`: of its page.

    The excerpt and the gain of a body are stored only if a page of this window or of a longer one can need
    them: for threads about the focus, threads with a person's remark in the window, and pull requests of
    people opened or merged in it. Of remarks, only each person's longest one has an excerpt.
    """
    judgement = judge(thread, rules.focus)
    events = tuple(_events(thread, window, rules))
    author = _account(thread.author, rules)
    longest = {event.key for event in _longest(events)}
    quoted = (
        judgement.relevance is Relevance.YES
        or bool(longest)
        or (thread.is_pull and not author.is_bot and _is_change(thread, window))
    )
    text = plain(thread.body) if quoted else ""
    bodies = {(_KINDS[one.kind].value, one.id): one.body for one in thread.remarks}
    return ThreadFacts(
        number=thread.number,
        kind=thread.kind,
        title=thread.title,
        author=author,
        association=thread.association,
        created_at=thread.created_at,
        judgement=judgement,
        draft=thread.draft,
        labels=thread.labels,
        closes=thread.closes,
        additions=thread.additions,
        deletions=thread.deletions,
        changed_files=thread.changed_files,
        areas=areas(thread)[:MOST_AREAS],
        is_bug=is_bug(thread, rules.words),
        is_regression=is_regression(thread),
        weight=weight(thread, rules.words),
        references=references(thread, repo, repo_url),
        usage=usage_changes(thread, rules.words),
        events=tuple(
            replace(event, excerpt=_excerpt(plain(bodies[event.key]))) if event.key in longest else event
            for event in events
        ),
        excerpt=_excerpt(text),
        gain=_gain(text),
        state=thread.state,
        closed_at=thread.closed_at,
        merged_at=thread.merged_at,
        state_reason=thread.state_reason,
        closed_by=_account(thread.closed_by, rules) if thread.closed_by else None,
        closed_by_pull=thread.closed_by_pull,
        merged_by=_account(thread.merged_by, rules) if thread.merged_by else None,
        duplicate_of=thread.duplicate_of,
    )


def _is_change(thread: Thread, window: TimeWindow) -> bool:
    return thread.created_at in window or thread.merged_at in window


def areas(thread: Thread) -> tuple[str, ...]:
    """The folders that a pull request changes, at most two levels deep, those with most files first.

    A file at the top level of the repository counts as a folder.
    """
    counted = Counter("/".join(PurePosixPath(path).parts[:-1][:2]) or path for path in thread.paths)
    return tuple(sorted(counted, key=lambda area: (-counted[area], area)))


def _events(thread: Thread, window: TimeWindow, rules: Rules) -> Iterator[Event]:
    """The opening, the whole timeline, and the remarks of the window; in `event_order`."""
    opener = _account(thread.author, rules)
    opening = Event(EventKind.OPENED, str(thread.number), thread.created_at, opener.login, opener.is_bot)
    timeline = [
        Event(
            one.kind,
            one.id,
            one.at,
            one.actor.login,
            _account(one.actor, rules).is_bot,
            reason=one.reason,
            pull=one.pull,
            target=one.target,
        )
        for one in thread.timeline
    ]
    # The state follows from the whole timeline. Remarks are stored once, by the report of their window.
    remarks = [_remark_event(one, rules) for one in thread.remarks if one.at in window]
    yield from sorted((opening, *timeline, *remarks), key=event_order)


def _remark_event(remark: Remark, rules: Rules) -> Event:
    return Event(
        _KINDS[remark.kind],
        remark.id,
        remark.at,
        remark.author.login,
        _account(remark.author, rules).is_bot,
        association=remark.association,
        verdict=remark.verdict,
        length=len(remark.body.strip()),
        hidden=remark.hidden,
    )


def _longest(events: tuple[Event, ...]) -> Iterator[Event]:
    """Each person's longest visible remark."""
    longest: dict[str, Event] = {}
    for event in events:
        if event.is_human_remark and event.length:
            before = longest.get(event.person)
            if before is None or event.length > before.length:
                longest[event.person] = event
    yield from longest.values()


def _account(account: Account, rules: Rules) -> Account:
    """The account, marked as a bot if the settings list it as one."""
    # GitHub marks Apps as bots, but not user accounts that a script uses; the settings list these.
    return Account(account.login, not account.is_person(rules.bots))


def _gain(text: str) -> str:
    sentences = _SENTENCE_END.split(text)
    return next((_excerpt(sentence.strip()) for sentence in sentences if _GAIN.search(sentence)), "")


def _excerpt(text: str) -> str:
    """The beginning of a text, `_EXCERPT` characters at most: whole sentences, else words and an ellipsis."""
    if len(text) <= _EXCERPT:
        return text
    ends = [end.start() for end in _SENTENCE_END.finditer(text, 0, _EXCERPT)]
    # A first sentence of less than a third, such as "Hi all.", would leave out what the text is about.
    if ends and ends[-1] > _EXCERPT // 3:
        return text[: ends[-1]]
    cut = text[: _EXCERPT - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"
