"""What was said in a thread, what happened to it and the files it changes, page by page."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vllm_digest.models import Gap, GapCode, Remark
from vllm_digest.sources.github.answers import (
    Comment,
    Connection,
    Event,
    File,
    GitHubObject,
    Review,
    T,
)
from vllm_digest.sources.github.candidates import FOR_EVER
from vllm_digest.sources.github.failures import Path
from vllm_digest.sources.github.nodes import comment, review, review_comment
from vllm_digest.sources.github.response import Answer

_MOST_PAGES = 100
"""Of one list. GitHub takes 2,500 comments a thread; more pages than this have no end."""


class ListKind(StrEnum):
    """The lists that may have several pages; replies are the comments of a review."""

    COMMENTS = "comments"
    REVIEWS = "reviews"
    REPLIES = "replies"
    FILES = "files"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class NextPage:
    """The page after the cursor `after` of a list of the node `node_id`.

    `content`: that it belongs to. `page`: its number, from 2 on. `shown_at`: of replies, when their review
    was handed in.
    """

    node_id: str
    kind: ListKind
    after: str
    content: "Content"
    page: int
    shown_at: datetime


class CommentsPage(GitHubObject):
    comments: Connection[Comment]


class ReviewsPage(GitHubObject):
    reviews: Connection[Review]


class RepliesPage(GitHubObject):
    comments: Connection[Comment]


class FilesPage(GitHubObject):
    files: Connection[File]


class EventsPage(GitHubObject):
    timeline_items: Connection[Event]


Page = CommentsPage | ReviewsPage | RepliesPage | FilesPage | EventsPage
PAGES: dict[ListKind, type[Page]] = {
    ListKind.COMMENTS: CommentsPage,
    ListKind.REVIEWS: ReviewsPage,
    ListKind.REPLIES: RepliesPage,
    ListKind.FILES: FilesPage,
    ListKind.EVENTS: EventsPage,
}


@dataclass(slots=True)
class Content:
    """The lists of the thread `number`, as far as they were read.

    `next_pages`: of the lists that go on, those that are still to be asked for. `nulls`: how many entries
    GitHub gave null for, without a reason.
    """

    number: int
    remarks: list[Remark] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    next_pages: list[NextPage] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    nulls: int = 0

    def take(self, page: Page, node_id: str, before: NextPage | None = None) -> None:
        """Take in a page of the node `node_id`, the first one or that after `before`."""
        match page:
            case CommentsPage():
                self.remarks += map(comment, self._entries(page.comments, node_id, ListKind.COMMENTS, before))
            case ReviewsPage():
                for one in self._entries(page.reviews, node_id, ListKind.REVIEWS, before):
                    self.remarks.append(review(one))
                    self._take_replies(one.comments, one.id, one.submitted_at)
            case RepliesPage():
                shown_at = before.shown_at if before else FOR_EVER
                self._take_replies(page.comments, node_id, shown_at, before)
            case FilesPage():
                files = self._entries(page.files, node_id, ListKind.FILES, before)
                self.paths += (file.path for file in files)
            case EventsPage():
                self.events += self._entries(page.timeline_items, node_id, ListKind.EVENTS, before)

    def drain(self) -> list[NextPage]:
        """Return the lists that go on, and forget them."""
        pages, self.next_pages = self.next_pages, []
        return pages

    def note_refusals(self, answer: Answer, path: Path) -> None:
        """Take in what the token may not read of what is at `path` in the answer, as gaps."""
        for error in answer.errors:
            if not error.is_forbidden or error.path[: len(path)] != path:
                continue
            names = [step for step in error.path[len(path) :] if isinstance(step, str) and step != "nodes"]
            self.miss(GapCode.FIELD_REFUSED, names[-1] if names else "")
            if isinstance(error.path[-1], int):
                self.nulls -= 1

    def miss(self, code: GapCode, detail: str = "") -> None:
        """Note something of the thread that could not be had, once."""
        gap = Gap(code, self.number, detail)
        if gap not in self.gaps:
            self.gaps.append(gap)

    def _take_replies(
        self,
        replies: Connection[Comment],
        review_id: str,
        shown_at: datetime,
        before: NextPage | None = None,
    ) -> None:
        entries = self._entries(replies, review_id, ListKind.REPLIES, before, shown_at)
        self.remarks += (review_comment(reply, shown_at) for reply in entries)

    def _entries(
        self,
        connection: Connection[T],
        node_id: str,
        kind: ListKind,
        before: NextPage | None,
        shown_at: datetime = FOR_EVER,
    ) -> list[T]:
        """Return the entries of a page; note where the list goes on."""
        entries = list(connection.present)
        self.nulls += len(connection.nodes) - len(entries)
        cursor = connection.next_cursor
        page = before.page + 1 if before else 2
        if cursor is not None and (page > _MOST_PAGES or (before and before.after == cursor)):
            self.miss(GapCode.PAGES_MISSING)
        elif cursor is not None:
            self.next_pages.append(NextPage(node_id, kind, cursor, self, page, shown_at))
        return entries
