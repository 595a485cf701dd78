"""How much people talked in a thread within a window, and from what score on a thread is hot."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from vllm_digest.facts import Event
from vllm_digest.report import Heat

MAINTAINERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Author associations that come with write access, or stand for it."""
_COMMENTS_A_PERSON = 10
"""Comments of one person that count, so that one who talks to himself makes no heat."""
_HOURS = 6
"""Hours between the first and the last word that count: a talk is hot when it lasts, not when it is slow."""


def heat(events: Iterable[Event], formula: int) -> Heat:
    """The heat of a thread from its events within a window. Raises KeyError for an unknown formula."""
    words = [event for event in events if event.is_human_word]
    comments = [event for event in words if event.is_comment]
    span = words[-1].at - words[0].at if words else timedelta()
    figures = Heat(
        comments=len(comments),
        reviews=len(words) - len(comments),
        participants=tuple(dict.fromkeys(event.person for event in words)),
        maintainers=len({event.person for event in words if event.association in MAINTAINERS}),
        span_minutes=span // timedelta(minutes=1),
    )
    return FORMULAS[formula](figures, [event.person for event in comments])


def _formula_2(figures: Heat, commenters: list[str]) -> Heat:
    """score = comments + 2 x reviews + 4 x (people beyond the first) + 2 x maintainers + hours.

    The weights say that a review costs its author more than a comment, and that a second opinion makes a
    discussion. Reactions, which formula 1 counted, leave no event.
    """
    score = (
        sum(min(_COMMENTS_A_PERSON, commenters.count(person)) for person in set(commenters))
        + 2 * figures.reviews
        + 4 * max(0, len(figures.participants) - 1)
        + 2 * figures.maintainers
        + min(_HOURS, figures.span_minutes // 60)
    )
    return figures.scored(score)


FORMULAS: Mapping[int, Callable[[Heat, list[str]], Heat]] = {2: _formula_2}
"""By version, which stands in each stored report: what is stored keeps the scores it was made with."""
FORMULA = max(FORMULAS)
"""The version that new reports are made with."""


def hot_from(threshold: int, length: timedelta) -> int:
    """The least score of a hot thread in a window of this length; `threshold` is that of one hour.

    It grows with the cube root of the hours: 1 h 1.0, 6 h 1.8, 24 h 2.9, 7 d 5.5 times. In a generated day a
    thread gathers the talk of all its hours, so a threshold made for an hour called 47 % of 300 threads hot;
    with this one it is less than a tenth.
    """
    hours = max(1.0, length / timedelta(hours=1))
    return round(threshold * math.cbrt(hours))
