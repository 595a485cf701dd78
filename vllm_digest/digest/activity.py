"""Count what people did in a window."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from statistics import median

from vllm_digest.digest.shares import shares
from vllm_digest.facts import Event, ThreadFacts
from vllm_digest.models import GHOST, EventKind
from vllm_digest.report import Activity, Lists, Share
from vllm_digest.window import TimeWindow

_REVIEWERS = 5
_NEWCOMERS = frozenset({"FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER"})
"""Author associations without a merged pull request here, or at GitHub altogether:
https://docs.github.com/en/graphql/reference/enums#commentauthorassociation"""


def activity(threads: Mapping[int, ThreadFacts], lists: Lists, window: TimeWindow) -> Activity:
    """The window's activity; `report.Activity` defines each figure."""
    within = {
        number: [event for event in thread.events if event.at in window] for number, thread in threads.items()
    }
    remarks = [
        (threads[n], event) for n, events in within.items() for event in events if event.is_human_remark
    ]
    # GitHub makes a review of an author's reply to a comment on code as well.
    reviews = [event for thread, event in remarks if event.is_review and not _is_author(event, thread)]
    opened = [threads[n] for n in (*lists.new_issues, *lists.new_prs) if not threads[n].author.is_bot]
    authors = {_opener(thread) for thread in opened}
    waits = [wait for n in lists.new_issues if (wait := _first_answer_after(threads[n])) is not None]
    by_bot = [n for n in lists.closed_issues if _is_closed_by_bot(threads[n])]
    reviewers, more_reviewers = _reviewers(reviews)
    return Activity(
        people=len(authors | {event.person for _, event in remarks}),
        authors=len(authors),
        newcomers=_newcomers(opened),
        comments=sum(event.is_comment for _, event in remarks),
        reviews=len(reviews),
        reviewers=reviewers,
        more_reviewers=more_reviewers,
        bot_remarks=sum(_is_bot_remark(event) for events in within.values() for event in events),
        answered=len(waits),
        response_minutes=round(median(wait / timedelta(minutes=1) for wait in waits)) if waits else None,
        closed_by_bot=tuple(by_bot),
        closed_by_author=tuple(n for n in lists.closed_issues if _is_closed_by_author(threads[n])),
        closed_not_planned=tuple(
            n for n in lists.closed_issues if threads[n].state_reason == "not_planned" and n not in by_bot
        ),
    )


def answers(thread: ThreadFacts) -> list[Event]:
    """Visible remarks of people other than the thread's author; only those of the window are in the facts."""
    return [event for event in thread.events if event.is_human_remark and not _is_author(event, thread)]


def _is_author(event: Event, thread: ThreadFacts) -> bool:
    """Whether the thread's author did it; false for deleted accounts, which cannot be told apart."""
    return event.login == thread.author.login and event.login != GHOST.login


def _opener(thread: ThreadFacts) -> str:
    openings = (event.person for event in thread.events if event.kind is EventKind.OPENED)
    return next(openings, thread.author.login)


def _newcomers(opened: Sequence[ThreadFacts]) -> tuple[str, ...]:
    names = {
        one.author.login
        for one in opened
        if one.is_pull and one.association in _NEWCOMERS and one.author != GHOST
    }
    return tuple(sorted(names, key=str.casefold))


def _first_answer_after(thread: ThreadFacts) -> timedelta | None:
    """Time from the opening to the first answer by a person other than the author; None without one."""
    first = min((event.at for event in answers(thread)), default=None)
    return first - thread.created_at if first else None


def _is_bot_remark(event: Event) -> bool:
    return event.bot and event.kind in (EventKind.COMMENT, EventKind.REVIEW, EventKind.REVIEW_COMMENT)


def _is_closed_by_bot(thread: ThreadFacts) -> bool:
    """Whether a bot closed it, and not by merging a pull request, as merge queues do."""
    return thread.closed_by is not None and thread.closed_by.is_bot and thread.closed_by_pull is None


def _is_closed_by_author(thread: ThreadFacts) -> bool:
    """Whether its author closed it, and not by a merge."""
    by = thread.closed_by
    is_own = by is not None and not by.is_bot and by == thread.author != GHOST
    return is_own and thread.closed_by_pull is None


def _reviewers(reviews: list[Event]) -> tuple[tuple[Share, ...], int]:
    """The most active ones by name, and how many others there are, deleted accounts among them."""
    named, more = shares((event.login for event in reviews if event.login != GHOST.login), _REVIEWERS)
    return named, more + len({event.person for event in reviews if event.login == GHOST.login})
