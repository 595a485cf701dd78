"""GitHub's GraphQL objects as pydantic models, validated once when a response is read.

A field is optional if GitHub's schema allows null, or if only some queries ask for it. Names are GitHub's in
snake case; all times are UTC.
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
    raise ValueError("it is not a time")


Moment = Annotated[datetime, BeforeValidator(_moment)]
"""A time in GitHub's form (ISO 8601 with an offset), converted to UTC."""
Url = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
Number = Annotated[int, Field(ge=1)]
BigInt = str | int | None
"""A GraphQL BigInt, which GitHub writes as a string. `databaseId` is an Int of 32 bits, too small for the ids
of newer comments."""


class GitHubObject(BaseModel):
    """An object of a response; unknown fields are ignored."""

    # Strict: pydantic would convert "1" to a number. Built on first use: most commands read no response.
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
    """A page of a list. GitHub may return null instead of an entry."""

    nodes: list[T | None]
    page_info: PageInfo | None = None

    @property
    def next_cursor(self) -> str | None:
        """The cursor of the next page; None after the last one."""
        return self.page_info.end_cursor if self.page_info and self.page_info.has_next_page else None

    @property
    def present(self) -> Iterator[T]:
        """The entries that are not null."""
        return (node for node in self.nodes if node is not None)

    def whole(self, *path: str | int) -> list[T]:
        """Return all entries. Raises NullFieldError if one is null. `path`: of the connection."""
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
    """A submitted review; pending ones have no `submittedAt`, and the queries exclude them."""

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
    """An entry of a timeline with the fields that list queries ask for."""

    typename: Literal[
        "ClosedEvent", "ReopenedEvent", "MergedEvent", "MarkedAsDuplicateEvent", "UnmarkedAsDuplicateEvent"
    ] = Field(alias="__typename")
    created_at: Moment


class Event(Happening):
    """An entry of a timeline; fields of only some event types are optional."""

    id: str
    actor: Actor | None
    state_reason: str | None = None
    closer: Numbered | None = None
    canonical: Numbered | None = None


class RowNode(GitHubObject):
    """The fields that all queries for threads ask for."""

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
    """An issue with everything that reports use; also the fields common to pull requests."""

    body: str
    author_association: str
    labels: Connection[Named] | None
    comments: Connection[Comment]
    issue_type: Named | None = None

    @property
    def null_fields(self) -> list[str]:
        """GitHub's names of optional fields that were requested and are null."""
        return [] if self.labels else ["labels"]


class PullNode(IssueNode):
    """A pull request with everything that reports use; the last four fields only if files were requested."""

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
    """A thread in a list or a search result."""

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
    """A repository; `issues` and `pull_requests` only if requested."""

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
    """Validate `value` as an object of this kind. `path`: its path in the response, for errors.

    Raises NullFieldError if a required field is null or missing, WrongFieldError if one has another type.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        detail = error.errors(include_url=False, include_context=False)[0]
        where: Path = (*path, *detail["loc"])
        if detail["input"] is None or detail["type"] == "missing":
            raise NullFieldError(where) from None
        raise WrongFieldError(where, detail["msg"].removeprefix("Value error, ")) from None
