"""What a report says: facts by rule, prose beside them, and where both come from.

A `Report` is all that a page is rendered from and all that a data file holds. Texts of issues and comments
are not in it, only short excerpts.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePosixPath

from pydantic import AwareDatetime

from vllm_digest.judgement import FocusWords, Judgement, Relevance
from vllm_digest.models import Account, Gap, Kind, State
from vllm_digest.narrative import Narrative
from vllm_digest.window import TimeWindow


class Intensity(StrEnum):
    """How much of a window the focus takes."""

    DENSE = "dense"
    """A fifth of the window's threads or more, and five at least."""
    STEADY = "steady"
    SPARSE = "sparse"
    """Less than a twelfth of the threads."""


@dataclass(frozen=True, slots=True)
class Heat:
    """What people did in a thread within the window; bots are left out.

    `participants` are logins in the order in which they first spoke, `maintainers` how many of them are.
    `score` is what threads are ranked by; `heat.heat` says how it is made of the rest.
    """

    score: int = 0
    comments: int = 0
    reviews: int = 0
    participants: tuple[str, ...] = ()
    maintainers: int = 0
    span_minutes: int = 0


@dataclass(frozen=True, slots=True)
class Voice:
    """What one person said in a thread within the window.

    `verdict` is the last review's that had one (`APPROVED`, `CHANGES_REQUESTED`), else empty; `excerpt` and
    `url` are of the longest remark.
    """

    login: str
    is_author: bool
    association: str
    remarks: int
    verdict: str
    url: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """What a page may say of a thread: GitHub's facts as of the window's end, and our judgement.

    `areas` are the folders that a pull request changes, those with most files first; `excerpt` is how the
    body begins, as plain text, and `gain` its first sentence with a measured effect. Other fields as in
    `models.Thread`.
    """

    number: int
    kind: Kind
    title: str
    url: str
    author: Account
    association: str
    state: State
    created_at: AwareDatetime
    judgement: Judgement
    heat: Heat
    closed_at: AwareDatetime | None = None
    merged_at: AwareDatetime | None = None
    state_reason: str = ""
    closed_by: Account | None = None
    closed_by_pull: int | None = None
    duplicate_of: int | None = None
    draft: bool = False
    labels: tuple[str, ...] = ()
    closes: tuple[int, ...] = ()
    additions: int | None = None
    deletions: int | None = None
    changed_files: int | None = None
    areas: tuple[str, ...] = ()
    excerpt: str = ""
    gain: str = ""
    voices: tuple[Voice, ...] = ()

    @property
    def is_pull(self) -> bool:
        return self.kind is Kind.PULL_REQUEST


@dataclass(frozen=True, slots=True)
class Lists:
    """The numbers of the threads in each of the page's five lists, newest first."""

    new_issues: tuple[int, ...] = ()
    closed_issues: tuple[int, ...] = ()
    new_prs: tuple[int, ...] = ()
    merged_prs: tuple[int, ...] = ()
    closed_unmerged_prs: tuple[int, ...] = ()

    def items(self) -> dict[str, tuple[int, ...]]:
        """The lists by their names, in the page's order."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def numbers(self) -> frozenset[int]:
        """Every thread of the five lists, once."""
        return frozenset(number for numbers in self.items().values() for number in numbers)


@dataclass(frozen=True, slots=True)
class Share:
    """How many threads have a label, or touch a folder."""

    name: str
    count: int


class LinkKind(StrEnum):
    REVERTS = "reverts"
    CLOSES = "closes"
    DUPLICATES = "duplicates"
    FOLLOWS = "follows"


@dataclass(frozen=True, slots=True)
class Link:
    """What the thread `source` does to the thread `target`: reverts, closes, duplicates or follows it."""

    kind: LinkKind
    source: int
    target: int


class ConcernKind(StrEnum):
    UNANSWERED_BUG = "unanswered_bug"
    REVERT = "revert"
    CHANGES_REQUESTED = "changes_requested"
    HOT_AND_OPEN = "hot_and_open"
    TALK_AFTER_CLOSING = "talk_after_closing"


@dataclass(frozen=True, slots=True)
class Concern:
    """A thread that stays open to concern about, and which rule says so."""

    number: int
    kind: ConcernKind


@dataclass(frozen=True, slots=True)
class Activity:
    """What people did in the window; bots are counted apart.

    `people` spoke or opened something, `authors` opened something. `newcomers` opened a pull request and
    have none merged here before (by GitHub's author association). `reviewers` are the most active ones with
    their reviews: verdicts, and reviews with words of their own, on others' pull requests.
    `answered` counts the new issues that a human other than the author answered before the window's end,
    `response_minutes` is their median.
    `closed_by_bot` and `closed_not_planned` are parts of the closed issues; an issue in both is in the first.
    """

    people: int = 0
    authors: int = 0
    newcomers: tuple[str, ...] = ()
    comments: int = 0
    reviews: int = 0
    reviewers: tuple[Share, ...] = ()
    bot_remarks: int = 0
    answered: int = 0
    response_minutes: int | None = None
    closed_by_bot: tuple[int, ...] = ()
    closed_not_planned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Every fact of a page: all threads of the window, newest number first, and rankings by number.

    `repo_url` is the repository's page. `hot` are the threads whose heat reaches `hot_from`, hottest first;
    `busiest` is the hottest of all where none does. `changes` are the pull requests that matter most,
    `more_concerns` are left out of `concerns`; `labels` and `areas` are counted over the lists.
    """

    repo: str
    repo_url: str
    project: str
    window: TimeWindow
    threads: tuple[ThreadFacts, ...]
    lists: Lists
    focus: FocusWords
    intensity: Intensity
    hot_from: int
    hot: tuple[int, ...]
    busiest: int | None
    changes: tuple[int, ...]
    concerns: tuple[Concern, ...]
    more_concerns: int
    links: tuple[Link, ...]
    labels: tuple[Share, ...]
    areas: tuple[Share, ...]
    activity: Activity
    gaps: tuple[Gap, ...] = ()

    def thread(self, number: int) -> ThreadFacts:
        """The thread of that number; KeyError when it is none of the window's."""
        return {thread.number: thread for thread in self.threads}[number]

    @property
    def shown_hot(self) -> tuple[int, ...]:
        """The threads that the discussions' section shows: the hot ones, else the busiest."""
        return self.hot or ((self.busiest,) if self.busiest is not None else ())

    def relevant(self, relevance: Relevance) -> tuple[ThreadFacts, ...]:
        return tuple(thread for thread in self.threads if thread.judgement.relevance is relevance)


@dataclass(frozen=True, slots=True)
class Provenance:
    """When and from what a report was made; the only part that differs when a window is run again.

    `made_from` is `github` or `sample`; `requests` and GraphQL `points` are what fetching took.
    """

    made_at: AwareDatetime
    made_from: str
    fetched_at: AwareDatetime
    requests: int
    points: int
    version: str


@dataclass(frozen=True, slots=True)
class Report:
    """`series` is the usual length of its windows, such as `1h`; `timezone` the IANA zone it is shown in.

    `narrative` is what a model wrote, empty where rules wrote all.
    `asked_as` is the repository's name in the settings where GitHub has renamed it since, else empty.
    """

    series: str
    timezone: str
    digest: Digest
    provenance: Provenance
    narrative: Narrative = field(default_factory=Narrative)
    asked_as: str = ""

    @property
    def place(self) -> PurePosixPath:
        """Where it belongs in an archive and on a site, without a suffix: unlike any other report's.

        A series goes on where it is when its repository is renamed.
        """
        return place_of(self.asked_as or self.digest.repo, self.series, self.digest.window)


def place_of(repo: str, series: str, window: TimeWindow) -> PurePosixPath:
    """The place of the report on a window; `repo` by its name in the settings."""
    return PurePosixPath("reports", repo, series, f"{window.start:%Y/%m}", window.slug)
