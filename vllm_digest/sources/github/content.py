"""The lists of a thread (comments, reviews, events, files), collected page by page."""

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
"""Of one list: GitHub allows 2,500 comments per thread, so more pages than this would never end."""


class ListKind(StrEnum):
    """Lists that may have several pages. REPLIES: the comments on lines of code of one review."""

    COMMENTS = "comments"
    REVIEWS = "reviews"
    REPLIES = "replies"
    FILES = "files"
    EVENTS = "events"


@dataclass(frozen=True, slots=True)
class NextPage:
    """A page still to be fetched.

    `node_id`: of the thread or review with the list. `after`: cursor of the end of the page before.
    `content`: where its entries go. `page`: its number, from 2.
    `shown_at`: of replies, when their review was submitted (UTC).
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
    """The entries of a thread's lists that were read so far. `number`: of the thread.

    `next_pages`: pages still to be fetched. `nulls`: entries that GitHub returned as null without a reason.
    """

    number: int
    remarks: list[Remark] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    next_pages: list[NextPage] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    nulls: int = 0

    def take(self, page: Page, node_id: str, before: NextPage | None = None) -> None:
        """Add the entries of a page. `node_id`: of the thread or review. `before`: None for a first page."""
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
        """Remove and return `next_pages`."""
        pages, self.next_pages = self.next_pages, []
        return pages

    def note_refusals(self, answer: Answer, path: Path) -> None:
        """Add gaps for what the token may not read of the object at `path` in the response."""
        for error in answer.errors:
            if not error.is_forbidden or error.path[: len(path)] != path:
                continue
            names = [step for step in error.path[len(path) :] if isinstance(step, str) and step != "nodes"]
            self.miss(GapCode.FIELD_REFUSED, names[-1] if names else "")
            # A refused entry is null in its list; `_entries` counted it as null without a reason.
            if isinstance(error.path[-1], int):
                self.nulls -= 1

    def miss(self, code: GapCode, detail: str = "") -> None:
        """Add a gap of the thread, unless it is there already."""
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
        """Return the entries of a page, and add the following page to `next_pages`."""
        entries = list(connection.present)
        self.nulls += len(connection.nodes) - len(entries)
        cursor = connection.next_cursor
        page = before.page + 1 if before else 2
        if cursor is not None and (page > _MOST_PAGES or (before and before.after == cursor)):
            self.miss(GapCode.PAGES_MISSING)
        elif cursor is not None:
            self.next_pages.append(NextPage(node_id, kind, cursor, self, page, shown_at))
        return entries
