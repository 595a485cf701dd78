"""The counts of a window by name: a model gets them for the overview and must cite them by these names."""

from collections.abc import Iterator, Mapping

from vllm_digest.check.claims import Problem
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Language
from vllm_digest.facts import LinkKind
from vllm_digest.judgement import Relevance
from vllm_digest.narrative import FallbackReason
from vllm_digest.report import Digest

PERCENT = "%"
"""Last character of the name of a percentage."""


def window_facts(digest: Digest) -> dict[str, int]:
    """All counts that an overview may cite, by name; names that end in `%` are percentages from 0 to 100."""
    activity = digest.activity
    minutes = activity.response_minutes
    lists = {name: len(numbers) for name, numbers in digest.lists.items().items()}
    return {
        **lists,
        "listed_threads": len(digest.lists.numbers),
        "handled_issues": lists["closed_issues"]
        - len(activity.closed_by_bot)
        - len(activity.closed_not_planned),
        "closed_by_bot": len(activity.closed_by_bot),
        "closed_not_planned": len(activity.closed_not_planned),
        "answered_new_issues": activity.answered,
        **({} if minutes is None else {"median_response_minutes": minutes}),
        "people": activity.people,
        "authors": activity.authors,
        "newcomers": len(activity.newcomers),
        "comments": activity.comments,
        "reviews": activity.reviews,
        "hot_threads": len(digest.hot),
        "focus_threads": len(digest.relevant(Relevance.YES)),
        "focus_in_passing": len(digest.relevant(Relevance.PASSING)),
        "reverts": sum(link.kind is LinkKind.REVERTS for link in digest.links),
        **dict(_shares(digest)),
    }


def _shares(digest: Digest) -> Iterator[tuple[str, int]]:
    total = len(digest.lists.numbers)
    for label in digest.labels:
        yield f"label {label.name}", label.count
        yield f"label {label.name} {PERCENT}", round(100 * label.count / total)
    for area in digest.areas:
        yield f"folder {area.name}", area.count
    for reviewer in digest.activity.reviewers:
        yield f"reviews by {reviewer.name}", reviewer.count


def count_problems(
    text: str, language: Language, facts: Mapping[str, int], cited_figures: KnownFigures
) -> Iterator[Problem]:
    """Wrong counts of the window's lists, and counts of the window that a text attributes to a thread.

    `facts`: as from `window_facts`.
    `cited_figures`: figures of the statements about threads that the text cites.
    """
    for claim in language.counts(text):
        if claim.value != facts[claim.name]:
            yield Problem(FallbackReason.FIGURE, claim.words, f"{claim.name}: {facts[claim.name]}")
    for sentence in language.sentences.split(text):
        named: tuple[int, ...] = ()
        for clause in language.clauses.split(sentence):
            named = (*named, *references(clause))
            if named:
                # Readers take a figure after a thread's number as a figure of that thread.
                for figure, _ in cited_figures.unfounded(clause, language):
                    yield Problem(FallbackReason.FIGURE, figure, f"#{named[-1]}")
