"""Threads that may belong to a window, from lists and searches."""

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
    """A thread that may belong to a window. All times are UTC.

    `id`: GitHub's node id.
    `closings`, `others`: times of closings and of other events (reopenings, marks, comments, reviews) in the
    list or search result.
    `unseen_before`: earlier events may be missing from them; None if none are.
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
        """Read an entry of a list or search. `path`: its path in the response, for errors.

        `shown`: how many of a thread's last comments, reviews and events the query asked for.
        Raises NullFieldError if one of these is null.
        """
        comments = [one.created_at for one in node.comments.whole(*path, "comments")] if node.comments else []
        reviews = [one.submitted_at for one in node.reviews.whole(*path, "reviews")] if node.reviews else []
        events = node.timeline_items.whole(*path, "timelineItems") if node.timeline_items else []
        closings = [event.created_at for event in events if event.typename == "ClosedEvent"]
        other_events = [event.created_at for event in events if event.typename != "ClosedEvent"]
        lists = (comments, reviews, closings + other_events)
        # A list that is shorter than requested is complete.
        unseen = [min(times) for times in lists if len(times) >= shown]
        if "reviews" in node.model_fields_set and node.reviews is None:
            unseen.append(FOR_EVER)
        return cls(
            id=node.id,
            number=node.number,
            kind=Kind.ISSUE if node.typename == "Issue" else Kind.PULL_REQUEST,
            created_at=node.created_at,
            # Threads of imported repositories are closed without an event.
            closings=tuple({*closings, node.closed_at} if node.closed_at else closings),
            others=(*comments, *reviews, *other_events),
            unseen_before=max(unseen, default=None),
        )

    def is_listed_in(self, window: TimeWindow) -> bool:
        """Whether it was opened or closed in the window, so that it is in one of the five lists."""
        return any(time in window for time in (self.created_at, *self.closings))

    def may_be_in(self, window: TimeWindow) -> bool:
        """Whether something happened to it in the window, or may have."""
        unseen = self.unseen_before is not None and self.unseen_before > window.start
        return unseen or self.is_listed_in(window) or any(time in window for time in self.others)

    def goes_on_after(self, end: datetime) -> bool:
        """Whether something happened to it at `end` or later, or may have."""
        return any(time and time >= end for time in (self.unseen_before, *self.closings, *self.others))


@dataclass(frozen=True, slots=True)
class Discovery:
    """The threads that may belong to a window, and the gaps in finding them.

    `repo`: current OWNER/NAME of the repository. `repo_url`: address of its page; empty if unknown.
    """

    repo: str
    repo_url: str
    found: tuple[Candidate, ...]
    gaps: tuple[Gap, ...] = ()


def read_repository(answer: Answer, repo: str) -> RepositoryNode:
    """Return the repository of a response. Raises SourceError if GitHub does not know it."""
    found = answer.data.get("repository")
    if found is None and answer.is_gone(("repository",)):
        raise no_repository(repo)
    return parse(RepositoryNode, found, "repository")


def candidates(nodes: Iterable[ListedNode], shown: int, *path: str | int) -> list[Candidate]:
    """Return the entries of a list. `path`: of its nodes. `shown`: as in `Candidate.of`."""
    return [Candidate.of(node, shown, *path, place) for place, node in enumerate(nodes)]
