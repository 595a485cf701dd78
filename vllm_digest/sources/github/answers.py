"""GitHub's GraphQL objects as our queries ask for them, checked once when an answer is read.

A field is optional here where GitHub's schema lets it be null, or where only some queries ask for it.
Names are GitHub's in snake case.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Generic, Literal, Self, TypeVar

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from vllm_digest.sources.github.failures import NullFieldError, Path, WrongFieldError

T = TypeVar("T")
M = TypeVar("M", bound="GitHubObject")


def _moment(value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment is not None and moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise ValueError("it is no time")


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A time as GitHub writes it (ISO 8601 with an offset), as UTC."""
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Number = Annotated[int, Field(ge=1)]
BigInt = str | int | None
"""GitHub writes it as a string; null where it does not tell."""


class GitHubObject(BaseModel):
    """An object of an answer; what we do not know of it is ignored."""

    model_config = ConfigDict(frozen=True, strict=True, alias_generator=to_camel, defer_build=True)


class PageInfo(GitHubObject):
    has_next_page: bool
    end_cursor: str | None

    @model_validator(mode="after")
    def _goes_on_somewhere(self) -> Self:
        if self.has_next_page and not self.end_cursor:
            raise ValueError("endCursor is null, though hasNextPage is true")
        return self


class Connection(GitHubObject, Generic[T]):
    """A page of a list. GitHub may give null in the place of an entry."""

    nodes: list[T | None]
    page_info: PageInfo | None = None

    @property
    def next_cursor(self) -> str | None:
        """Where the next page begins; None after the last one."""
        return self.page_info.end_cursor if self.page_info and self.page_info.has_next_page else None

    @property
    def present(self) -> Iterator[T]:
        """The entries that are there."""
        return (node for node in self.nodes if node is not None)

    def whole(self, *path: str | int) -> list[T]:
        """Return all entries. Raises NullFieldError if GitHub left one out; `path` is the connection's."""
        for place, node in enumerate(self.nodes):
            if node is None:
                raise NullFieldError((*path, "nodes", place))
        return list(self.present)


class Actor(GitHubObject):
    typename: str = Field(alias="__typename")
    login: Annotated[str, Field(min_length=1)]


class Named(GitHubObject):
    name: str


class Numbered(GitHubObject):
    """A thread or a commit; a commit has no number."""

    number: Number | None = None


class File(GitHubObject):
    path: str


class Comment(GitHubObject):
    full_database_id: BigInt
    url: Url
    created_at: Moment
    author: Actor | None
    author_association: str
    body: str
    is_minimized: bool


class Review(GitHubObject):
    """A review that was handed in; GitHub has no time for others, and our queries leave those out."""

    id: str
    full_database_id: BigInt
    url: Url
    submitted_at: Moment
    state: str
    author: Actor | None
    author_association: str
    body: str
    is_minimized: bool
    comments: Connection[Comment]


class Happening(GitHubObject):
    """An entry of a timeline, as far as a list shows it."""

    typename: Literal[
        "ClosedEvent", "ReopenedEvent", "MergedEvent", "MarkedAsDuplicateEvent", "UnmarkedAsDuplicateEvent"
    ] = Field(alias="__typename")
    created_at: Moment


class Event(Happening):
    """An entry of a timeline; what only some kinds of event have is optional."""

    id: str
    actor: Actor | None
    state_reason: str | None = None
    closer: Numbered | None = None
    canonical: Numbered | None = None


class RowNode(GitHubObject):
    """What is asked of every thread, whole or as a row."""

    typename: Literal["Issue", "PullRequest"] = Field(alias="__typename")
    id: str
    number: Number
    title: str
    url: Url
    author: Actor | None
    state: Literal["OPEN", "CLOSED", "MERGED"] = Field(validation_alias=AliasChoices("state", "pullState"))
    state_reason: str | None = None
    created_at: Moment
    closed_at: Moment | None
    merged_at: Moment | None = None
    timeline_items: Connection[Event]

    @model_validator(mode="after")
    def _ended_at_some_time(self) -> Self:
        if self.state == "MERGED" and self.merged_at is None:
            raise ValueError("mergedAt is null, though state is MERGED")
        if self.state == "CLOSED" and self.closed_at is None:
            raise ValueError("closedAt is null, though state is CLOSED")
        return self


class IssueNode(RowNode):
    """An issue with all that a report may rest on; a part of that of a pull request."""

    body: str
    author_association: str
    labels: Connection[Named] | None
    comments: Connection[Comment]
    issue_type: Named | None = None

    @property
    def null_fields(self) -> list[str]:
        """The names of the fields that were asked for and are null without being required."""
        return [] if self.labels else ["labels"]


class PullNode(IssueNode):
    """A pull request with all that a report may rest on; the last four where files were asked for."""

    is_draft: bool
    reviews: Connection[Review] | None
    closing_issues_references: Connection[Numbered] | None
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    files: Connection[File] | None = None

    @property
    def null_fields(self) -> list[str]:
        size = {"additions": self.additions, "deletions": self.deletions, "changedFiles": self.changed_files}
        lists: dict[str, object] = {
            "labels": self.labels,
            "reviews": self.reviews,
            "closingIssuesReferences": self.closing_issues_references,
        }
        if {"additions", "deletions", "changed_files", "files"} & self.model_fields_set:
            lists |= {**size, "files": self.files}
        return [name for name, value in lists.items() if value is None]


class Dated(GitHubObject):
    created_at: Moment


class Submitted(GitHubObject):
    submitted_at: Moment


class ListedNode(GitHubObject):
    """A thread as a list or a search shows it."""

    typename: Literal["Issue", "PullRequest"] = Field(alias="__typename")
    id: str
    number: Number
    created_at: Moment
    closed_at: Moment | None
    updated_at: Moment | None = None
    comments: Connection[Dated] | None = None
    timeline_items: Connection[Happening] | None = None
    reviews: Connection[Submitted] | None = None


class RepositoryNode(GitHubObject):
    """A repository; `issues` and `pull_requests` where they were asked for."""

    name_with_owner: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    url: Url | None = None
    created_at: Moment | None = None
    issues: Connection[ListedNode] | None = None
    pull_requests: Connection[ListedNode] | None = None


class SearchPage(Connection[ListedNode]):
    issue_count: Annotated[int, Field(ge=0)]


class RateLimitNode(GitHubObject):
    cost: Annotated[int, Field(ge=0)]


def parse(kind: type[M], value: object, *path: str | int) -> M:
    """Return `value` as an object of this kind; `path` is its place in the answer.

    Raises NullFieldError if a field that must be there is null or missing, and WrongFieldError if one is
    of another type.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False)[0]
        where: Path = (*path, *detail["loc"])
        if detail["input"] is None or detail["type"] == "missing":
            raise NullFieldError(where) from None
        raise WrongFieldError(where, detail["msg"].removeprefix("Value error, ")) from None
