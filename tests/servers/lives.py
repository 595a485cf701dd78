"""Generate one thread, with comments, reviews and events, from its main dates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Literal

from tests.servers.people import MERGIFY, REVIEWER, STALE, Author, People
from tests.servers.words import LABELS, Library, title
from tests.servers.world import (
    Closed,
    Comment,
    Event,
    Issue,
    Label,
    MarkedDuplicate,
    PullRequest,
    Reopened,
    Review,
    Thread,
    Verdict,
)

How = Literal["merged", "unmerged", "done", "stale", "by_pull", "duplicate"]


@dataclass(eq=False)
class Sketch:
    """A thread's main dates, from which the rest is drawn at random."""

    created: datetime
    is_pull: bool
    closed: datetime | None = None
    how: How = "done"
    reopened: datetime | None = None
    """After `closed`."""
    closed_again: datetime | None = None
    """After `reopened`."""
    said: tuple[datetime, ...] = ()
    """Times of comments that must exist."""
    long: bool = False
    """A thread that fits into no first page: comments, reviews, remarks, files."""
    number: int = 0
    closer: Sketch | None = None
    closes: list[Sketch] = field(default_factory=list)


class Writer:
    """Turns sketches into threads."""

    def __init__(self, rng: Random, library: Library, until: datetime) -> None:
        """`until`: end of the comments in threads that stay open."""
        self.rng, self.library, self.until = rng, library, until
        self.people = People(rng)

    def thread(self, sketch: Sketch) -> Thread:
        return self._pull(sketch) if sketch.is_pull else self._issue(sketch)

    def _issue(self, sketch: Sketch) -> Issue:
        rng = self.rng
        author, association = self.people.anybody()
        name = title(rng, issue=True)
        return Issue(
            sketch.number,
            sketch.created,
            name,
            body=rng.choice(self.library.issues),
            author=author,
            association=association,
            labels=tuple(self._labels(sketch, name)),
            history=self._history(sketch, (author, association)),
            comments=tuple(self._comments(sketch, (author, association))),
        )

    def _pull(self, sketch: Sketch) -> PullRequest:
        rng = self.rng
        author, association = self.people.anybody()
        name = title(rng, issue=False)
        files = 130 if sketch.long else self._some(4.0) + 1
        return PullRequest(
            sketch.number,
            sketch.created,
            name,
            body=rng.choice(self.library.pulls),
            author=author,
            association=association,
            labels=tuple(self._labels(sketch, name)),
            history=self._history(sketch, (author, association)),
            comments=tuple(self._comments(sketch, (author, association))),
            touched=tuple(self._moments(sketch, self._some(2.0))),
            reviews=tuple(self._reviews(sketch, (author, association))),
            draft=sketch.closed is None and rng.random() < 0.1,
            files=tuple(f"vllm/part_{n % 7}/module_{rng.randrange(60)}_{n}.py" for n in range(files)),
            additions=rng.randrange(900),
            deletions=rng.randrange(400),
            closes=tuple(issue.number for issue in sketch.closes),
        )

    def _some(self, mean: float) -> int:
        """A random number from 0, often small and sometimes large."""
        return int(self.rng.expovariate(1 / mean))

    def _moments(self, sketch: Sketch, count: int) -> list[datetime]:
        """Return times between a thread's opening and its end, most of them near the beginning."""
        end = sketch.closed if sketch.closed and not sketch.reopened else self.until
        life = max(1, int((max(end, sketch.created) - sketch.created).total_seconds()))
        return sorted(
            sketch.created + timedelta(seconds=int(life * self.rng.random() ** 3)) for _ in range(count)
        )

    def _labels(self, sketch: Sketch, name: str) -> Iterator[str | Label]:
        rng = self.rng
        chosen = set(rng.sample(LABELS, rng.choice((0, 1, 1, 2, 3))))
        if "ROCm" in name or "MI300X" in name:
            chosen.add("rocm")
        for label in sorted(chosen):
            later = sketch.created + timedelta(seconds=rng.randrange(90, 40_000))
            yield Label(label, later) if rng.random() < 0.3 else label
        if sketch.how == "stale" and sketch.closed:
            yield Label("stale", sketch.closed - timedelta(days=30))

    def _history(self, sketch: Sketch, author: Author) -> tuple[Event, ...]:
        if sketch.closed is None:
            return ()
        member, _ = self.people.member()
        events: list[Event] = []
        if sketch.how == "duplicate":
            canonical = sketch.number - self.rng.randint(1, 40)
            events.append(MarkedDuplicate(sketch.closed, member, canonical=canonical))
        events.append(self._closing(sketch, sketch.closed))
        if sketch.reopened:
            events.append(Reopened(sketch.reopened, author[0]))
            if sketch.closed_again:
                events.append(Closed(sketch.closed_again, member))
        return tuple(events)

    def _closing(self, sketch: Sketch, at: datetime) -> Closed:
        member, _ = self.people.member()
        if sketch.how == "stale":
            return Closed(at, STALE, reason="NOT_PLANNED")
        if sketch.how == "by_pull":
            return Closed(at, member, closer=sketch.closer.number if sketch.closer else None)
        if sketch.how == "duplicate":
            return Closed(at, member, reason="DUPLICATE")
        return Closed(at, member, merged=sketch.how == "merged")

    def _comments(self, sketch: Sketch, author: Author) -> Iterator[Comment]:
        rng = self.rng
        count = rng.randint(205, 260) if sketch.long else self._some(1.6 if sketch.is_pull else 2.6)
        moments = [*self._moments(sketch, count), *sketch.said]
        if sketch.closed and rng.random() < 0.15:
            moments.append(sketch.closed + timedelta(seconds=rng.randrange(60, 200_000)))
        if sketch.is_pull and rng.random() < 0.5:
            moments.append(sketch.created + timedelta(seconds=rng.randrange(20, 60)))
        said = [self._comment(at, sketch, author) for at in moments]
        if sketch.how == "stale" and sketch.closed:
            said.append(
                Comment(sketch.closed - timedelta(days=30), STALE, "Marked as stale.", association="NONE")
            )
            said.append(Comment(sketch.closed, STALE, "Closed as stale.", association="NONE"))
        return iter(sorted(said, key=lambda comment: comment.at))

    def _comment(self, at: datetime, sketch: Sketch, author: Author) -> Comment:
        rng = self.rng
        chance = rng.random()
        if chance < (0.7 if sketch.long and sketch.is_pull else 0.2 if sketch.is_pull else 0.03):
            return Comment(at, MERGIFY, f"This pull request has conflicts, #{sketch.number}.")
        who, association = author if chance > 0.75 else self.people.anybody()
        return Comment(
            at,
            who,
            rng.choice(self.library.comments),
            association=association,
            edited_at=at + timedelta(seconds=rng.randrange(30, 90_000)) if rng.random() < 0.04 else None,
            minimized=rng.random() < 0.015,
        )

    def _reviews(self, sketch: Sketch, author: Author) -> Iterator[Review]:
        rng = self.rng
        reviews: list[Review] = []
        if rng.random() < 0.6:
            at = sketch.created + timedelta(seconds=rng.randrange(90, 400))
            body = rng.choice(self.library.summaries)
            bot = self._review(
                at, sketch, (REVIEWER, "NONE"), verdict="COMMENTED", body=body, remarks=self._some(1.5)
            )
            reviews.append(bot)
        count = rng.randint(38, 50) if sketch.long else self._some(1.8)
        for place, at in enumerate(self._moments(sketch, count)):
            remarks = 40 if sketch.long and place == 0 else None
            reviews.append(self._human_review(at, sketch, author, remarks=remarks))
        if rng.random() < 0.02:
            reviews.append(Review(None, begun_at=sketch.created + timedelta(minutes=10)))
        if sketch.how == "merged" and sketch.closed:
            before = max(sketch.created, sketch.closed - timedelta(seconds=rng.randrange(10, 5_000)))
            reviews.append(self._review(before, sketch, self.people.member(), verdict="APPROVED"))
        return iter(sorted(reviews, key=lambda review: review.begun))

    def _human_review(self, at: datetime, sketch: Sketch, author: Author, *, remarks: int | None) -> Review:
        """A member's review, or the author's answer to one, which is a review of a single remark."""
        rng = self.rng
        if remarks is None and rng.random() < 0.4:
            return self._review(at, sketch, author, verdict="COMMENTED", remarks=1)
        return self._review(
            at,
            sketch,
            self.people.member(),
            verdict=rng.choice(_VERDICTS),
            body=rng.choice(self.library.comments) if rng.random() < 0.3 else "",
            remarks=self._some(1.2) if remarks is None else remarks,
        )

    def _review(
        self, at: datetime, sketch: Sketch, who: Author, *, verdict: Verdict, body: str = "", remarks: int = 0
    ) -> Review:
        rng = self.rng
        spent = rng.randrange(1_800) if remarks else 0
        begun = max(sketch.created, at - timedelta(seconds=spent))
        room = max(1, int((at - begun).total_seconds()))
        moments = sorted(begun + timedelta(seconds=rng.randrange(room)) for _ in range(remarks))
        return Review(
            at,
            who[0],
            body,
            verdict=verdict,
            association=who[1],
            begun_at=begun,
            dismissed_at=at + timedelta(hours=5) if rng.random() < 0.01 else None,
            comments=tuple(self._remark(moment, who) for moment in moments),
        )

    def _remark(self, at: datetime, who: Author) -> Comment:
        path = f"vllm/part_{self.rng.randrange(7)}/module.py"
        return Comment(at, who[0], self.rng.choice(self.library.remarks), association=who[1], path=path)


_VERDICTS: tuple[Verdict, ...] = ("APPROVED", "APPROVED", "COMMENTED", "COMMENTED", "CHANGES_REQUESTED")
