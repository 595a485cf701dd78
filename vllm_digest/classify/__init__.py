"""Snapshot → Digest: every list, count, ranking and judgement of a page, by rule."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vllm_digest.classify.activity import activity
from vllm_digest.classify.facts import areas, facts
from vllm_digest.classify.heat import heat
from vllm_digest.classify.links import links
from vllm_digest.classify.rankings import changes, concerns, hottest
from vllm_digest.focus.relevance import judge
from vllm_digest.focus.rules import Focus
from vllm_digest.judgement import Relevance
from vllm_digest.models import Snapshot, Thread
from vllm_digest.report import Digest, Intensity, Lists, Share
from vllm_digest.window import TimeWindow

_HOT, _CHANGES, _WORRIES, _SHARES = 5, 6, 8, 8
"""How many of each a page speaks of."""
_DENSE = 5
"""Threads on the focus below which no window is full of it."""
_STATE_LABELS = frozenset({"needs-rebase", "ready", "ready-run-all-tests", "stale", "unstale"})
"""Labels that say where a thread stands, not what it is about."""

_MEMBERSHIP: dict[str, Callable[[Thread, TimeWindow], bool]] = {
    "new_issues": lambda thread, window: not thread.is_pull and thread.created_at in window,
    "closed_issues": lambda thread, window: not thread.is_pull and thread.closed_at in window,
    "new_prs": lambda thread, window: thread.is_pull and thread.created_at in window,
    "merged_prs": lambda thread, window: thread.merged_at in window,
    "closed_unmerged_prs": lambda thread, window: (
        thread.is_pull and thread.merged_at is None and thread.closed_at in window
    ),
}


@dataclass(frozen=True, slots=True)
class Rules:
    """What classifying needs of the settings.

    `hot_from` is the least score of a hot thread; `bots` are logins in lower case.
    """

    project: str
    focus: Focus
    hot_from: int
    bots: frozenset[str]


def classify(snapshot: Snapshot, rules: Rules) -> Digest:
    """The facts of a report; the same snapshot and rules give the same digest."""
    window = snapshot.window
    threads = {thread.number: thread for thread in snapshot.threads}
    heats = {number: heat(thread, window, rules.bots) for number, thread in threads.items()}
    judgements = {number: judge(thread, rules.focus) for number, thread in threads.items()}
    lists = Lists(
        **{
            name: tuple(number for number, thread in threads.items() if belongs(thread, window))
            for name, belongs in _MEMBERSHIP.items()
        }
    )
    joined = links(threads.values(), snapshot.repo)
    ranked = hottest(heats)
    hot = tuple(number for number in ranked if heats[number].score >= rules.hot_from)[:_HOT]
    busiest = ranked[0] if ranked and not hot else None
    weighty = changes(threads, heats, lists, joined, rules.bots)[:_CHANGES]
    relevant = {number for number, one in judgements.items() if one.relevance is Relevance.YES}
    concerning_threads = concerns(
        *(threads, heats, lists, joined, window),
        relevant=relevant,
        hot_from=rules.hot_from,
        bots=rules.bots,
    )
    quoted = {*hot, busiest, *weighty, *relevant}
    listed = [thread for number, thread in threads.items() if number in lists.numbers]
    return Digest(
        repo=snapshot.repo,
        repo_url=_repo_url(snapshot),
        project=rules.project,
        window=window,
        threads=tuple(
            facts(
                thread, judgements[number], heats[number], window, rules.bots, with_excerpts=number in quoted
            )
            for number, thread in threads.items()
        ),
        lists=lists,
        focus=rules.focus.words,
        intensity=_intensity(len(relevant), len(threads)),
        hot_from=rules.hot_from,
        hot=hot,
        busiest=busiest,
        changes=weighty,
        concerns=concerning_threads[:_WORRIES],
        more_concerns=max(0, len(concerning_threads) - _WORRIES),
        links=joined,
        labels=_shares(label for thread in listed for label in thread.labels if label not in _STATE_LABELS),
        areas=_shares(area for thread in listed for area in areas(thread)),
        activity=activity(snapshot, lists, rules.bots),
        gaps=snapshot.gaps,
    )


def _intensity(relevant: int, threads: int) -> Intensity:
    if relevant >= _DENSE and relevant * 5 >= threads:
        return Intensity.DENSE
    return Intensity.STEADY if relevant * 12 >= threads > 0 else Intensity.SPARSE


def _repo_url(snapshot: Snapshot) -> str:
    """The repository's page, on whatever host its threads are."""
    for thread in snapshot.threads:
        return thread.url.rsplit("/", 2)[0]
    return f"https://github.com/{snapshot.repo}"


def _shares(names: Iterable[str]) -> tuple[Share, ...]:
    """The most frequent names with their counts; equals in alphabetical order."""
    ranked = sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0]))
    return tuple(Share(name, count) for name, count in ranked[:_SHARES])
