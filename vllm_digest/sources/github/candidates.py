"""Threads that may belong to a window, as lists and searches show them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from vllm_digest.models import Gap, Kind
from vllm_digest.sources.github.answers import ListedNode, RepositoryNode, parse
from vllm_digest.sources.github.refusals import no_repository
from vllm_digest.sources.github.response import Answer
from vllm_digest.window import TimeWindow

FOR_EVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A thread that may belong to a window.

    `closings` and `others` (reopenings, marks, comments, reviews) are the times that GitHub showed where it
    was found. Of what happened before `unseen_before` it did not show all.
    """

    id: str
    number: int
    kind: Kind
    created_at: datetime
    closings: tuple[datetime, ...] = ()
    others: tuple[datetime, ...] = ()
    unseen_before: datetime | None = None

    @classmethod
    def of(cls, node: ListedNode, shown: int, *path: str | int) -> Self:
        """Read a thread of a list that shows the last `shown` entries of each of its own lists.

        `path` is its place in the answer. Raises NullFieldError if GitHub left an entry out.
        """
        comments = [one.created_at for one in node.comments.whole(*path, "comments")] if node.comments else []
        reviews = [one.submitted_at for one in node.reviews.whole(*path, "reviews")] if node.reviews else []
        events = node.timeline_items.whole(*path, "timelineItems") if node.timeline_items else []
        closings = [event.created_at for event in events if event.typename == "ClosedEvent"]
        other_events = [event.created_at for event in events if event.typename != "ClosedEvent"]
        lists = (comments, reviews, closings + other_events)
        unseen = [min(times) for times in lists if len(times) >= shown]
        if "reviews" in node.model_fields_set and node.reviews is None:
            unseen.append(FOR_EVER)
        return cls(
            id=node.id,
            number=node.number,
            kind=Kind.ISSUE if node.typename == "Issue" else Kind.PULL_REQUEST,
            created_at=node.created_at,
            closings=tuple({*closings, node.closed_at} if node.closed_at else closings),
            others=(*comments, *reviews, *other_events),
            unseen_before=max(unseen, default=None),
        )

    def is_listed_in(self, window: TimeWindow) -> bool:
        """May it belong to one of the window's five lists?"""
        return any(time in window for time in (self.created_at, *self.closings))

    def may_be_in(self, window: TimeWindow) -> bool:
        """Did anything happen in it in the window, as far as GitHub showed?"""
        unseen = self.unseen_before is not None and self.unseen_before > window.start
        return unseen or self.is_listed_in(window) or any(time in window for time in self.others)

    def goes_on_after(self, end: datetime) -> bool:
        """Does anything happen in it at `end` or later, or may it?"""
        return any(time and time >= end for time in (self.unseen_before, *self.closings, *self.others))


@dataclass(frozen=True, slots=True)
class Discovery:
    """The threads that may belong to a window, and what is missing of them.

    `repo`: the repository's present name. `repo_url`: its page, empty if GitHub does not tell.
    """

    repo: str
    repo_url: str
    found: tuple[Candidate, ...]
    gaps: tuple[Gap, ...] = ()


def read_repository(answer: Answer, repo: str) -> RepositoryNode:
    """Return the repository of an answer. Raises SourceError if there is none."""
    found = answer.data.get("repository")
    if found is None and answer.is_gone(("repository",)):
        raise no_repository(repo)
    return parse(RepositoryNode, found, "repository")


def candidates(nodes: Iterable[ListedNode], shown: int, *path: str | int) -> list[Candidate]:
    """Return the entries of a list; `path` is that of its nodes."""
    return [Candidate.of(node, shown, *path, place) for place, node in enumerate(nodes)]
