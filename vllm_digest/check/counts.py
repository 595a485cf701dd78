"""The window's counts by name, as an overview is told them and has to name them."""

import re
from collections.abc import Iterator, Mapping

from vllm_digest.facts import LinkKind
from vllm_digest.judgement import Relevance
from vllm_digest.report import Digest

PERCENT = "%"
"""What the name of a percentage ends in."""

_COUNT = re.compile(r"(?<![#\d.])(\d+)\s*[个位条次名]", re.ASCII)
_PART = re.compile(r"其中|之一|至少|超过|近|约|中有|里有|另有|包括|同时|又")
"""A clause with one of these may speak of a part."""
_NAMED = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for name, pattern in {
        "closed_unmerged_prs": r"未合并(?:而|就|便|即)?(?:被)?关闭|关闭(?:但|而)?未合并",
        "new_issues": r"(?:新增|新开|新建|新提交|新的?)[^，。]{0,8}Issue",
        "new_prs": r"(?:新增|新开|新建|新提交|新的?)[^，。]{0,8}PR|提交了?[^，。]{0,6}PR",
        "merged_prs": r"合并了?[^，。]{0,8}PR|PR[^，。]{0,4}合并",
        "handled_issues": r"(?:解决|处理|修复)了?[^，。]{0,8}(?:Issue|问题)",
        "closed_issues": r"关闭了?[^，。]{0,8}Issue|Issue[^，。]{0,4}关闭",
    }.items()
)
"""How sentences name these counts; the first that fits is meant."""


def window_facts(digest: Digest) -> dict[str, int]:
    """Every count that an overview may speak of, by name; a name with `%` at its end is a percentage."""
    activity = digest.activity
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
        **({"median_response_minutes": activity.response_minutes} if activity.response_minutes else {}),
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


def miscounted(text: str, facts: Mapping[str, int]) -> Iterator[str]:
    """The clauses that give one of the five lists, or the issues that people handled, a wrong count."""
    for clause in re.split(r"[，。；、！？\n]", text):
        counts = {int(found[1]) for found in _COUNT.finditer(clause)}
        named = next((name for pattern, name in _NAMED if pattern.search(clause)), None)
        if named and len(counts) == 1 and not _PART.search(clause) and counts != {facts[named]}:
            yield clause.strip()
