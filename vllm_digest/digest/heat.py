"""The heat of a thread: a score for the discussion in it within a window, and the threshold for "hot"."""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from vllm_digest.facts import Event
from vllm_digest.report import Heat

MAINTAINERS = frozenset({"OWNER", "MEMBER", "COLLABORATOR"})
"""Author associations that come with write access or suggest it. Who really may write is not public."""
_COMMENTS_A_PERSON = 10
"""Comments of one person that count, so that a monologue does not make a thread hot."""
_HOURS = 6
"""Maximum of the hours between first and last remark: a lasting discussion is hot, a slow one is not."""


def heat(events: Iterable[Event], formula: int) -> Heat:
    """The heat of a thread. `events`: those within the window. `formula`: a version in `FORMULAS`.

    Raises KeyError if the version is unknown.
    """
    remarks = [event for event in events if event.is_human_remark]
    comments = [event for event in remarks if event.is_comment]
    span = remarks[-1].at - remarks[0].at if remarks else timedelta()
    figures = Heat(
        comments=len(comments),
        reviews=len(remarks) - len(comments),
        participants=tuple(dict.fromkeys(event.person for event in remarks)),
        maintainers=len({event.person for event in remarks if event.association in MAINTAINERS}),
        span_minutes=span // timedelta(minutes=1),
    )
    return FORMULAS[formula](figures, [event.person for event in comments])


def _formula_2(figures: Heat, commenters: list[str]) -> Heat:
    """score = comments + 2 x reviews + 4 x (people beyond the first) + 2 x maintainers + hours.

    A review is more work than a comment; a second person makes a discussion. Formula 1 also counted
    reactions, which are not among the events of a thread.
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
"""By version. Each stored report has the version of its formula, so that its scores stay the same."""
FORMULA = max(FORMULAS)
"""The version for new reports."""


def hot_from(threshold: int, length: timedelta) -> int:
    """The minimum score of a hot thread in a window of this length; `threshold`: for one hour.

    Grows with the cube root of the hours: factor 1.0 for 1 h, 1.8 for 6 h, 2.9 for 24 h, 5.5 for 7 d. With
    the threshold of an hour, 47 % of the 300 threads of a generated day were hot; with this one, under 10 %.
    """
    # For a minute the cube root would lower the threshold of 14 to 4, which two comments and a review reach.
    hours = max(1.0, length / timedelta(hours=1))
    return round(threshold * math.cbrt(hours))
