"""Summarize what each person said in a thread within a window."""

from collections.abc import Iterable, Iterator, Mapping

from vllm_digest.facts import Event
from vllm_digest.models import GHOST, EventKind
from vllm_digest.report import Voice

_ANCHORS: Mapping[EventKind, str] = {
    EventKind.COMMENT: "#issuecomment-",
    EventKind.REVIEW: "#pullrequestreview-",
    EventKind.REVIEW_COMMENT: "#discussion_r",
}
"""The fragment in GitHub's addresses of remarks, between the thread's address and the remark's id."""


def voices(events: Iterable[Event], author: str, url: str) -> Iterator[Voice]:
    """One voice for each person with a visible remark, in the order of their first one.

    `events`: those of the window, oldest first. `author`: login of the thread's author. `url`: of the thread.
    """
    said: dict[str, list[Event]] = {}
    for event in events:
        if event.is_human_remark:
            said.setdefault(event.person, []).append(event)
    for remarks in said.values():
        longest = max(remarks, key=lambda event: event.length)
        verdicts = [event.verdict for event in remarks if event.verdict not in {"", "COMMENTED"}]
        yield Voice(
            login=longest.login,
            is_author=longest.login == author != GHOST.login,
            association=longest.association,
            remarks=len(remarks),
            verdict=verdicts[-1] if verdicts else "",
            url=remark_url(longest, url),
            excerpt=longest.excerpt,
        )


def remark_url(event: Event, thread_url: str) -> str:
    """The address of a remark at GitHub."""
    return f"{thread_url}{_ANCHORS[event.kind]}{event.id}"
