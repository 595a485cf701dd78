"""A roll-up: an ordinary report whose facts come from stored reports; pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from vllm_digest.digest import make_digest
from vllm_digest.facts import DigestRules, Facts, ThreadFacts, event_order, fold
from vllm_digest.follow_ups import PeriodCounts
from vllm_digest.judgement import Relevance
from vllm_digest.models import Gap, GapCode
from vllm_digest.narrative import Brief, Narrative
from vllm_digest.report import Digest, Report
from vllm_digest.schedule import missing
from vllm_digest.window import TimeWindow

PERIODS = 4
"""Earlier periods whose counts a roll-up shows for comparison."""


def rolled_up(parts: Sequence[Report], span: TimeWindow, rules: DigestRules) -> Digest:
    """The digest of a span from the reports that overlap it; time that none of them covers becomes a gap.

    Raises ValueError if there are no parts.
    """
    facts = fold((part.digest.facts for part in parts), span)
    holes = missing([span], (part.digest.window for part in parts))
    gaps = tuple(Gap(GapCode.PART_MISSING, start=hole.start, end=hole.end) for hole in holes)
    return make_digest(_with_gaps(facts, gaps), rules)


def _with_gaps(facts: Facts, gaps: tuple[Gap, ...]) -> Facts:
    return Facts(facts.repo, facts.repo_url, facts.window, facts.threads, (*gaps, *facts.gaps))


def reusable(parts: Iterable[Report], digest: Digest) -> Narrative:
    """The latest brief in the parts for each thread without a later event.

    A brief of a part that ends after the span is left out if it may depend on events after the span.
    """
    last = {row.number: _last_event(row) for row in digest.threads}
    briefs: dict[int, tuple[Brief, str]] = {}
    # Later entries replace earlier ones, so of parts with the same end the longest one counts.
    for part in sorted(parts, key=lambda one: (one.digest.window.end, one.digest.window.length)):
        if part.narrative.briefs:
            known = {row.number: _last_event(row) for row in part.digest.threads}
            for brief in part.narrative.briefs:
                if brief.number in last and known.get(brief.number) == last[brief.number]:
                    briefs[brief.number] = brief, part.narrative.model
    models = dict.fromkeys(model for _, model in briefs.values())
    return Narrative(
        model=", ".join(models), briefs=tuple(briefs[number][0] for number in sorted(briefs, reverse=True))
    )


def _last_event(thread: ThreadFacts) -> tuple[datetime, str, str]:
    latest = max(thread.events, key=event_order)
    return latest.at, *latest.key


def period_counts(digest: Digest) -> PeriodCounts:
    """The counts of a period, for comparison in a later report."""
    return PeriodCounts(
        window=digest.window,
        counts={name: len(numbers) for name, numbers in digest.lists.items().items()},
        people=digest.activity.people,
        relevant=len(digest.relevant(Relevance.YES)),
        has_hole=digest.has_hole,
    )
