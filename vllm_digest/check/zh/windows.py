"""Extract claims about a whole window from Chinese sentences."""

import re
from collections.abc import Iterator

from vllm_digest.check.claims import CountClaim

_COUNT = re.compile(r"(?<![#\d.])(\d+)\s*[个位条次名项]", re.ASCII)
_PART = re.compile(r"其中|之一|至少|超过|近|约|中有|里有|另有|包括|同时|又|等")
"""A clause with one of these may be about a part of a list."""
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
"""Patterns of the lists' names; the first that matches counts."""

WROTE_CODE = re.compile(r"(?:提交|贡献)了?[^，。；]{0,4}(?:代码|PR|补丁)", re.IGNORECASE)
REVERT = re.compile(r"回退|回滚|撤销|revert", re.IGNORECASE)
# A template, filled with a regular expression of names.
_DENIES = (
    r"(?:没有|并?无|未(?:见|有|发现|出现|涉及|产生)|不涉及|缺乏)[^，。；]{0,8}%s[^，。；]{0,6}"
    r"(?:更新|动态|改动|变更|活动|进展|内容)"
)


def counts(text: str) -> Iterator[CountClaim]:
    """Counts that a text gives for lists of the window, clause by clause."""
    for clause in re.split(r"[，。；、！？\n]", text):
        found = {int(one[1]) for one in _COUNT.finditer(clause)}
        # Two figures in a clause may belong to two lists.
        named = next((name for pattern, name in _NAMED if pattern.search(clause)), None)
        if named and len(found) == 1 and not _PART.search(clause):
            yield CountClaim(clause.strip(), named, found.pop())


def denial(text: str, names: str) -> str:
    """The words that deny any news about `names`, a regular expression; empty if there are none."""
    found = re.search(_DENIES % names, text)
    return found[0] if found else ""
