"""Make a digest of facts: lists, heat, rankings, people, response times, concerns. Pure; reads no texts."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from vllm_digest.digest.activity import activity
from vllm_digest.digest.heat import FORMULA, FORMULAS, heat, hot_from
from vllm_digest.digest.importance import importance, latest_event
from vllm_digest.digest.links import links, reverted
from vllm_digest.digest.rankings import changes, concerns, hottest
from vllm_digest.digest.shares import shares
from vllm_digest.digest.voices import voices
from vllm_digest.facts import DigestRules, Facts, ThreadFacts
from vllm_digest.judgement import Relevance
from vllm_digest.report import Concern, Digest, Intensity, Lists, ThreadRow
from vllm_digest.window import TimeWindow

__all__ = ["FORMULA", "FORMULAS", "all_concerns", "make_digest"]

_HOT, _CHANGES, _CONCERNS, _SHARES = 5, 6, 8, 8
"""Maximum numbers on a page: hot threads, key changes, concerns, labels or folders."""
_DENSE = 5
"""Minimum number of threads about the focus for `Intensity.DENSE`; so many are never `SPARSE`."""

_MEMBERSHIP: Mapping[str, Callable[[ThreadFacts, TimeWindow], bool]] = {
    "new_issues": lambda thread, window: not thread.is_pull and thread.created_at in window,
    "closed_issues": lambda thread, window: not thread.is_pull and thread.closed_at in window,
    "new_prs": lambda thread, window: thread.is_pull and thread.created_at in window,
    # `None in window` is false, so threads that were never closed or merged need no test of their own.
    "merged_prs": lambda thread, window: thread.merged_at in window,
    "closed_unmerged_prs": lambda thread, window: (
        thread.is_pull and thread.merged_at is None and thread.closed_at in window
    ),
}


def make_digest(facts: Facts, rules: DigestRules) -> Digest:
    """The digest of the facts of a window; the same facts and rules give the same digest.

    For the parts of a span without a gap, cut from one snapshot, it is
    `make_digest(fold(parts, span), rules) == make_digest(facts, rules)`, except for excerpts.
    """
    window = facts.window
    least = hot_from(rules.hot_from, window.length)
    joined = links({thread.number: thread for thread in facts.threads})
    undone = reverted({thread.number: thread for thread in facts.threads}, joined)
    rows = {thread.number: _row(thread, facts, rules, least, undone) for thread in facts.threads}
    lists = Lists(
        **{
            name: tuple(number for number, row in rows.items() if belongs(row, window))
            for name, belongs in _MEMBERSHIP.items()
        }
    )
    ranked = hottest(rows)
    hot = tuple(number for number in ranked if rows[number].heat.score >= least)
    found = concerns(rows, lists, joined, undone, window=window, hot_from=least)
    listed = [row for number, row in rows.items() if number in lists.numbers]
    states, subjects = _by_use([label for row in listed for label in row.labels], rules)
    labels, more_labels = shares(subjects, _SHARES)
    areas, more_areas = shares((area for row in listed for area in row.areas), _SHARES)
    return Digest(
        repo=facts.repo,
        repo_url=facts.repo_url,
        window=window,
        rules=rules,
        threads=tuple(rows.values()),
        lists=lists,
        intensity=_intensity(rows.values()),
        hot_from=least,
        hot=hot[:_HOT],
        more_hot=max(0, len(hot) - _HOT),
        busiest=ranked[0] if ranked and not hot else None,
        changes=changes(rows, lists, joined, undone)[:_CHANGES],
        concerns=found[:_CONCERNS],
        more_concerns=max(0, len(found) - _CONCERNS),
        links=joined,
        reverted=undone,
        labels=labels,
        more_labels=more_labels,
        left_out_labels=states,
        areas=areas,
        more_areas=more_areas,
        activity=activity(rows, lists, window),
        gaps=facts.gaps,
    )


def all_concerns(digest: Digest) -> tuple[Concern, ...]:
    """All concerns of a digest, including those beyond the maximum of a page."""
    rows = {row.number: row for row in digest.threads}
    return concerns(
        rows, digest.lists, digest.links, digest.reverted, window=digest.window, hot_from=digest.hot_from
    )


def _row(
    thread: ThreadFacts, facts: Facts, rules: DigestRules, hot_from: int, undone: frozenset[int]
) -> ThreadRow:
    within = tuple(event for event in thread.events if event.at in facts.window)
    thread_heat = heat(within, rules.formula)
    url = f"{facts.repo_url}/{'pull' if thread.is_pull else 'issues'}/{thread.number}"
    return ThreadRow(
        **{name: getattr(thread, name) for name in ThreadFacts.__dataclass_fields__},
        url=url,
        heat=thread_heat,
        importance=importance(thread, thread_heat, facts.window, hot_from, reverted=thread.number in undone),
        happened=latest_event(thread, facts.window),
        voices=tuple(voices(within, thread.author.login, url)),
    )


def _intensity(rows: Iterable[ThreadRow]) -> Intensity:
    relevances = [row.judgement.relevance for row in rows]
    relevant, threads = relevances.count(Relevance.YES), len(relevances)
    # A fifth and a twelfth, as `Intensity` says; in whole numbers, so that no rounding decides.
    if relevant >= _DENSE and relevant * 5 >= threads:
        return Intensity.DENSE
    return Intensity.MODERATE if relevant >= _DENSE or relevant * 12 >= threads > 0 else Intensity.SPARSE


def _by_use(labels: Sequence[str], rules: DigestRules) -> tuple[tuple[str, ...], list[str]]:
    """The distinct state labels, and all other labels."""
    states = tuple(sorted({label for label in labels if label in rules.state_labels}))
    return states, [label for label in labels if label not in states]
