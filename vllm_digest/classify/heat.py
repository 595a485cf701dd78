"""How much people talked in a thread within a window."""

from collections.abc import Iterable
from datetime import timedelta

from vllm_digest.models import Account, Remark, RemarkKind, Thread
from vllm_digest.report import Heat
from vllm_digest.window import TimeWindow

MAINTAINERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Author associations that come with write access, or stand for it."""


def is_human(account: Account, bots: frozenset[str]) -> bool:
    """Not a bot by account type, nor one of `bots` (logins of accounts that GitHub takes for people)."""
    return not account.is_bot and account.login.casefold() not in bots


def human_remarks(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> list[Remark]:
    """What people said in the window, oldest first; minimized remarks are left out."""
    return [
        remark
        for remark in thread.remarks
        if remark.at in window and not remark.hidden and is_human(remark.author, bots)
    ]


def human_messages(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> list[Remark]:
    """The human remarks that are comments or reviews, without what GitHub wraps round replies."""
    return [one for one in human_remarks(thread, window, bots) if is_comment(one) or is_review(one)]


def is_review(remark: Remark) -> bool:
    """A verdict, or a review with words of its own.

    GitHub wraps every reply to a line of code in a review without a verdict or a word; those are none.
    """
    return remark.kind is RemarkKind.REVIEW and (remark.verdict != "COMMENTED" or bool(remark.body.strip()))


def is_comment(remark: Remark) -> bool:
    return remark.kind is not RemarkKind.REVIEW


def heat(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> Heat:
    """The thread's heat within the window.

    score = comments + 2 x reviews + 4 x (people beyond the first) + 2 x maintainers + hours between the
    first and the last remark (6 at most). Comments count up to 10 a person, so that one who talks to himself
    makes no heat.
    """
    remarks = human_messages(thread, window, bots)
    people = tuple(dict.fromkeys(remark.author.login for remark in remarks))
    comments = [remark for remark in remarks if is_comment(remark)]
    reviews = [remark for remark in remarks if is_review(remark)]
    maintainers = {remark.author.login for remark in remarks if remark.association in MAINTAINERS}
    span = remarks[-1].at - remarks[0].at if remarks else timedelta()
    score = (
        sum(min(10, _said_by(person, comments)) for person in people)
        + 2 * len(reviews)
        + 4 * max(0, len(people) - 1)
        + 2 * len(maintainers)
        + min(6, span // timedelta(hours=1))
    )
    return Heat(
        score=score,
        comments=len(comments),
        reviews=len(reviews),
        participants=people,
        maintainers=len(maintainers),
        span_minutes=span // timedelta(minutes=1),
    )


def _said_by(person: str, remarks: Iterable[Remark]) -> int:
    return sum(remark.author.login == person for remark in remarks)
