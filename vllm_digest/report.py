"""What a report says: facts by rule, prose beside them, and where both come from.

A `Report` is all that a page is rendered from and all that a data file holds. Texts of issues and comments
are not in it, only short excerpts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Self

from vllm_digest.facts import DigestRules, Facts, LinkKind, ThreadFacts
from vllm_digest.follow_ups import FollowUp
from vllm_digest.judgement import FocusWords, Relevance
from vllm_digest.models import EventKind, Gap
from vllm_digest.narrative import Narrative
from vllm_digest.place import Place
from vllm_digest.window import Moment, TimeWindow


class Intensity(StrEnum):
    """How much of a window the focus takes."""

    DENSE = "dense"
    """A fifth of the window's threads or more, and five at least."""
    STEADY = "steady"
    SPARSE = "sparse"
    """Less than a twelfth of the threads."""


@dataclass(frozen=True, slots=True)
class Heat:
    """What people said in a thread within a window; bots and minimized remarks are left out.

    `participants`: people in the order in which they first spoke, see `facts.Event.person`.
    `maintainers`: how many of them have write access.
    `span_minutes`: from the first to the last word.
    `score`: what threads are ranked by, made of the rest by a formula of `digest.heat`.
    """

    score: int = 0
    comments: int = 0
    reviews: int = 0
    participants: tuple[str, ...] = ()
    maintainers: int = 0
    span_minutes: int = 0

    def scored(self, score: int) -> Self:
        """The same figures with their score."""
        return replace(self, score=score)


@dataclass(frozen=True, slots=True)
class Voice:
    """What one person said in a thread within a window.

    `verdict`: the last one of the person's reviews (`APPROVED`, `CHANGES_REQUESTED`), empty without one.
    `url`, `excerpt`, `association`: of the longest remark; the excerpt is empty where none is stored.
    """

    login: str
    is_author: bool
    association: str
    remarks: int
    verdict: str
    url: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class ThreadRow(ThreadFacts):
    """The facts of a thread, and what they come to in one window.

    `url`: the address of its page at GitHub. `voices`: in the order in which they first spoke.
    `importance`: the score of `digest.importance`. `happened`: the weightiest event in the window.
    """

    url: str = ""
    heat: Heat = Heat()
    importance: int = 0
    happened: EventKind | None = None
    voices: tuple[Voice, ...] = ()


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


@dataclass(frozen=True, slots=True)
class Link:
    """What the thread `source` does to the thread `target`; with `done` false, what it proposes to do."""

    kind: LinkKind
    source: int
    target: int
    done: bool = True


class ConcernKind(StrEnum):
    UNANSWERED_BUG = "unanswered_bug"
    REVERT = "revert"
    CHANGES_REQUESTED = "changes_requested"
    HOT_AND_OPEN = "hot_and_open"
    TALK_AFTER_CLOSING = "talk_after_closing"


@dataclass(frozen=True, slots=True)
class Concern:
    """A thread that is worth watching, and the rule that says so.

    `target`: of a revert, the number of the change that it took back.
    """

    number: int
    kind: ConcernKind
    target: int | None = None


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
    """Every fact of a page, computed from `facts.Facts` and a window without a text in sight.

    `threads`: all threads of the window, newest number first.
    `hot_from`: the least score of a hot thread in a window of this length.
    `hot`: the numbers of the hot threads that a page tells of, hottest first; `more_hot` more are hot.
    `busiest`: the hottest of all where none is hot; None where nobody said anything.
    `changes`: the pull requests that matter most, weightiest first.
    `more_concerns`: how many are left out of `concerns`.
    `reverted`: the changes that were taken back and not brought back, by what these threads say.
    `labels`, `areas`: counted over the lists.
    """

    repo: str
    repo_url: str
    window: TimeWindow
    rules: DigestRules
    threads: tuple[ThreadRow, ...]
    lists: Lists
    intensity: Intensity
    hot_from: int
    hot: tuple[int, ...]
    more_hot: int
    busiest: int | None
    changes: tuple[int, ...]
    concerns: tuple[Concern, ...]
    more_concerns: int
    links: tuple[Link, ...]
    reverted: frozenset[int]
    labels: tuple[Share, ...]
    areas: tuple[Share, ...]
    activity: Activity
    gaps: tuple[Gap, ...] = ()

    @property
    def project(self) -> str:
        return self.rules.project

    @property
    def focus(self) -> FocusWords:
        return self.rules.focus

    @property
    def facts(self) -> Facts:
        """The facts that it was made from."""
        names = ThreadFacts.__dataclass_fields__
        return Facts(
            repo=self.repo,
            repo_url=self.repo_url,
            window=self.window,
            threads=tuple(
                ThreadFacts(**{name: getattr(row, name) for name in names}) for row in self.threads
            ),
            gaps=self.gaps,
        )

    def thread(self, number: int) -> ThreadRow:
        """The thread of that number; KeyError when it is none of the window's."""
        return {thread.number: thread for thread in self.threads}[number]

    @property
    def shown_hot(self) -> tuple[int, ...]:
        """The threads that the discussions' section shows: the hot ones, else the busiest."""
        return self.hot or ((self.busiest,) if self.busiest is not None else ())

    def relevant(self, relevance: Relevance) -> tuple[ThreadRow, ...]:
        return tuple(thread for thread in self.threads if thread.judgement.relevance is relevance)


@dataclass(frozen=True, slots=True)
class Provenance:
    """When and from what a report was made; the only part that differs when a window is run again.

    `made_from` is `github`, `sample` or, for a roll-up, `archive`; `requests` and GraphQL `points` are what
    fetching took. `fetched_at`: when the newest data came. `parts`: of a roll-up, what tells whether the
    reports it was made from have changed since.
    """

    made_at: Moment
    made_from: str
    fetched_at: Moment
    requests: int
    points: int
    version: str
    parts: str = ""


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """The counts of an earlier report of a series. `counts`: by list, see `Lists`."""

    window: TimeWindow
    counts: Mapping[str, int]
    people: int
    relevant: int


@dataclass(frozen=True, slots=True)
class Report:
    """`series` is the usual length of its windows, such as `1h`; `timezone` the IANA zone it is shown in.

    `narrative` is what a model wrote, empty where rules wrote all.
    `follow_ups`: what became of threads that earlier reports of the series called worth watching.
    `before`: of a roll-up, the counts of the periods before it, the latest first.
    `asked_as` is the repository's name in the settings where GitHub has renamed it since, else empty.
    """

    series: str
    timezone: str
    digest: Digest
    provenance: Provenance
    narrative: Narrative = field(default_factory=Narrative)
    follow_ups: tuple[FollowUp, ...] = ()
    before: tuple[PeriodCounts, ...] = ()
    asked_as: str = ""

    @property
    def place(self) -> PurePosixPath:
        """Where it belongs in an archive and on a site, without a suffix: unlike any other report's.

        A series goes on where it is when its repository is renamed.
        """
        return Place(self.asked_as or self.digest.repo, self.series, self.digest.window).path
