"""The values of a report: digest, narrative and provenance.

A `Report` is all that a page is rendered from, and all that a data file stores. Of the texts of issues and
comments it only has short excerpts.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Self

from vllm_digest.facts import MOST_AREAS, DigestRules, Facts, LinkKind, ThreadFacts
from vllm_digest.follow_ups import FirstReport, FollowUp, PeriodCounts
from vllm_digest.judgement import FocusWords, Relevance
from vllm_digest.models import EventKind, Gap, GapCode
from vllm_digest.narrative import Narrative
from vllm_digest.place import Place
from vllm_digest.window import Moment, TimeWindow


class Intensity(StrEnum):
    """How many of a window's threads are about the focus."""

    DENSE = "dense"
    """A fifth of the window's threads or more, and at least five."""
    MODERATE = "moderate"
    SPARSE = "sparse"
    """Fewer than five, and less than a twelfth of the threads."""


@dataclass(frozen=True, slots=True)
class Heat:
    """The discussion in a thread within a window, without bots and minimized remarks.

    `score`: computed from the other fields by a formula of `digest.heat`.
    `comments`, `reviews`: numbers of them.
    `participants`: people (`facts.Event.person`) in the order of their first remark.
    `maintainers`: number of participants with write access, by GitHub's author association.
    `span_minutes`: from the first to the last remark.
    """

    score: int = 0
    comments: int = 0
    reviews: int = 0
    participants: tuple[str, ...] = ()
    maintainers: int = 0
    span_minutes: int = 0

    def scored(self, score: int) -> Self:
        """A copy with this score."""
        return replace(self, score=score)


@dataclass(frozen=True, slots=True)
class Voice:
    """What one person said in a thread within a window.

    `remarks`: number of them. `verdict`: of the person's last review (`APPROVED`, `CHANGES_REQUESTED`); empty
    without one.
    `url`, `excerpt`, `association`: of the longest remark; the excerpt is empty if none is stored.
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
    """The facts of a thread, and what is computed from them for one window.

    `url`: address of its page at GitHub. `importance`: score of `digest.importance`.
    `happened`: the most important event in the window, bots' remarks aside. `voices`: by their first remark.
    """

    url: str = ""
    heat: Heat = Heat()
    importance: int = 0
    happened: EventKind | None = None
    voices: tuple[Voice, ...] = ()

    @property
    def has_many_areas(self) -> bool:
        """Whether it may change more folders than `areas` has."""
        return len(self.areas) >= MOST_AREAS


@dataclass(frozen=True, slots=True)
class Lists:
    """Numbers of the threads in each of the page's five lists, highest first."""

    new_issues: tuple[int, ...] = ()
    closed_issues: tuple[int, ...] = ()
    new_prs: tuple[int, ...] = ()
    merged_prs: tuple[int, ...] = ()
    closed_unmerged_prs: tuple[int, ...] = ()

    def items(self) -> dict[str, tuple[int, ...]]:
        """The lists by name, in the page's order."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def numbers(self) -> frozenset[int]:
        """Numbers of all threads in the five lists."""
        return frozenset(number for numbers in self.items().values() for number in numbers)


@dataclass(frozen=True, slots=True)
class Share:
    """A name with a count: a label or folder with its threads, or a reviewer with the reviews."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Link:
    """What the thread `source` does to the thread `target` (numbers). `done`: False if only proposed."""

    kind: LinkKind
    source: int
    target: int
    done: bool = True


class ConcernKind(StrEnum):
    """The rule by which a thread is worth watching."""

    UNANSWERED_BUG = "unanswered_bug"
    """A new bug without an answer by another person."""
    REVERT = "revert"
    """A merged revert."""
    CHANGES_REQUESTED = "changes_requested"
    """An open pull request whose last verdict by somebody requests changes."""
    HOT_AND_OPEN = "hot_and_open"
    TALK_AFTER_CLOSING = "talk_after_closing"
    """Several remarks after the closing."""


@dataclass(frozen=True, slots=True)
class Concern:
    """A thread that is worth watching, and the rule for it.

    `target`: of a revert, the number of the reverted change; else None.
    """

    number: int
    kind: ConcernKind
    target: int | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """What people did in the window; bots are counted separately.

    `people`: number of those who wrote or opened something. `authors`: of those who opened something.
    `newcomers`: logins that opened a pull request and have none merged yet, by GitHub's author association.
    `comments`, `reviews`: numbers, without bots. `bot_remarks`: number of remarks by bots.
    `reviewers`: the most active ones with their reviews (with a verdict or a text) of others' pull requests.
    `more_reviewers`: number of reviewers beyond these.
    `answered`: number of new issues answered by another person before the window's end.
    `response_minutes`: median time to these answers; None without one.
    `closed_by_bot`, `closed_not_planned`: numbers of closed issues; an issue in both is in the first only.
    What a bot closed by merging a pull request is in neither.
    `closed_by_author`: numbers of closed issues that their author closed, not by a merge.
    """

    people: int = 0
    authors: int = 0
    newcomers: tuple[str, ...] = ()
    comments: int = 0
    reviews: int = 0
    reviewers: tuple[Share, ...] = ()
    more_reviewers: int = 0
    bot_remarks: int = 0
    answered: int = 0
    response_minutes: int | None = None
    closed_by_bot: tuple[int, ...] = ()
    closed_not_planned: tuple[int, ...] = ()
    closed_by_author: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Digest:
    """Every fact of a page, computed from `facts.Facts` and a window.

    `threads`: all threads of the window, highest number first.
    `hot_from`: minimum heat score of a hot thread in a window of this length.
    `hot`: numbers of the hot threads that a page shows, hottest first. `more_hot`: number of further ones.
    `busiest`: number of the hottest thread if none is hot; None if there are no remarks.
    `changes`: numbers of the key changes, highest weight first.
    `more_concerns`: number of concerns beyond `concerns`.
    `reverted`: numbers of the changes that were reverted and not restored, by these threads.
    `labels`, `areas`: most frequent labels and folders of the threads in the lists.
    `more_labels`, `more_areas`: numbers of labels and folders beyond these.
    `left_out_labels`: state labels of the threads in the lists, which are not counted.
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
    more_labels: int
    left_out_labels: tuple[str, ...]
    areas: tuple[Share, ...]
    more_areas: int
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
        """The facts that the digest was made from."""
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
        """The thread with this number. Raises KeyError if it is not in the window."""
        return {thread.number: thread for thread in self.threads}[number]

    @property
    def shown_hot(self) -> tuple[int, ...]:
        """Numbers of the threads in the section on discussions: the hot ones, else the busiest one."""
        return self.hot or ((self.busiest,) if self.busiest is not None else ())

    @property
    def described(self) -> frozenset[int]:
        """Numbers of the threads that a section describes, beyond their rows in the lists."""
        about = (row.number for row in self.relevant(Relevance.YES))
        worth = (concern.number for concern in self.concerns)
        return frozenset((*self.shown_hot, *self.changes, *worth, *about))

    @property
    def has_hole(self) -> bool:
        """Whether reports of a roll-up's span were missing when it was made."""
        return any(gap.code is GapCode.PART_MISSING for gap in self.gaps)

    def relevant(self, relevance: Relevance) -> tuple[ThreadRow, ...]:
        return tuple(thread for thread in self.threads if thread.judgement.relevance is relevance)


@dataclass(frozen=True, slots=True)
class Provenance:
    """When and from what a report was made; the only part that differs if a window is run again.

    `made_at`, `fetched_at` (of the newest data): UTC. `made_from`: `github`, `sample`, or `archive` for a
    roll-up. `requests`, `points`: of GitHub's GraphQL API, used for fetching. `version`: of this program.
    `parts`: of a roll-up, the series and a fingerprint of the reports it was made from, to detect changes.
    """

    made_at: Moment
    made_from: str
    fetched_at: Moment
    requests: int
    points: int
    version: str
    parts: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The report on one window.

    `series`: usual length of its windows, such as `1h`. `timezone`: IANA name of the zone of times on it.
    `narrative`: what a model wrote; empty if rules wrote everything.
    `follow_ups`: what became of threads that earlier reports of the series listed as worth watching.
    `told_before`: the threads described here that an earlier report described as well, by number.
    `before`: of a roll-up, the counts of up to four periods just before it, latest first.
    `asked_as`: the repository's name in the settings if GitHub has renamed it since; else empty.
    """

    series: str
    timezone: str
    digest: Digest
    provenance: Provenance
    narrative: Narrative = field(default_factory=Narrative)
    follow_ups: tuple[FollowUp, ...] = ()
    told_before: tuple[FirstReport, ...] = ()
    before: tuple[PeriodCounts, ...] = ()
    asked_as: str = ""

    @property
    def place(self) -> PurePosixPath:
        """The report's unique path in an archive and on a site, without a suffix.

        It has the name in the settings, so that a series continues when its repository is renamed.
        """
        return Place(self.asked_as or self.digest.repo, self.series, self.digest.window).path
