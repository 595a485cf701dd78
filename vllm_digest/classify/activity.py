"""What people did in a window, counted once and in one place."""

from collections import Counter
from datetime import timedelta
from statistics import median

from vllm_digest.classify.heat import human_remarks, is_comment, is_human, is_review
from vllm_digest.models import Remark, Snapshot, Thread
from vllm_digest.report import Activity, Lists, Share

_REVIEWERS = 5
_NEWCOMERS = frozenset({"FIRST_TIME_CONTRIBUTOR", "FIRST_TIMER"})


def activity(snapshot: Snapshot, lists: Lists, bots: frozenset[str]) -> Activity:
    """The window's activity; `report.Activity` defines each figure."""
    window = snapshot.window
    threads = {thread.number: thread for thread in snapshot.threads}
    said = [(thread, remark) for thread in threads.values() for remark in human_remarks(thread, window, bots)]
    reviews = [
        remark for thread, remark in said if is_review(remark) and remark.author.login != thread.author.login
    ]
    opened = [threads[n] for n in (*lists.new_issues, *lists.new_prs) if is_human(threads[n].author, bots)]
    authors = {thread.author.login for thread in opened}
    waits = [wait for n in lists.new_issues if (wait := _first_answer_after(threads[n], bots)) is not None]
    by_bot = [n for n in lists.closed_issues if not _closed_by_human(threads[n], bots)]
    not_planned = [
        n for n in lists.closed_issues if threads[n].state_reason == "not_planned" and n not in by_bot
    ]
    return Activity(
        people=len(authors | {remark.author.login for _, remark in said}),
        authors=len(authors),
        newcomers=tuple(
            sorted(
                {t.author.login for t in opened if t.is_pull and t.association in _NEWCOMERS},
                key=str.casefold,
            )
        ),
        comments=sum(is_comment(remark) for _, remark in said),
        reviews=len(reviews),
        reviewers=_most_active(reviews),
        bot_remarks=sum(
            remark.at in window and not is_human(remark.author, bots)
            for thread in threads.values()
            for remark in thread.remarks
        ),
        answered=len(waits),
        response_minutes=round(median(wait / timedelta(minutes=1) for wait in waits)) if waits else None,
        closed_by_bot=tuple(by_bot),
        closed_not_planned=tuple(not_planned),
    )


def _closed_by_human(thread: Thread, bots: frozenset[str]) -> bool:
    """Not known to be closed by a bot."""
    return thread.closed_by is None or is_human(thread.closed_by, bots)


def _first_answer_after(thread: Thread, bots: frozenset[str]) -> timedelta | None:
    """How long the first human other than the author took to say anything."""
    answers = (
        remark.at
        for remark in thread.remarks
        if remark.author != thread.author and not remark.hidden and is_human(remark.author, bots)
    )
    first = min(answers, default=None)
    return first - thread.created_at if first else None


def _most_active(reviews: list[Remark]) -> tuple[Share, ...]:
    counted = Counter(remark.author.login for remark in reviews)
    ranked = sorted(counted.items(), key=lambda pair: (-pair[1], pair[0].casefold()))
    return tuple(Share(login, count) for login, count in ranked[:_REVIEWERS])
