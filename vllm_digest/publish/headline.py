"""The head of reports as a short plain message; pure.

Chats take marks in a text for calls, links and layout, each its own. So what strangers wrote is shown with
full-width look-alikes of those marks: it reads the same to people, and means nothing to a chat.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from vllm_digest.judgement import Relevance
from vllm_digest.markdown.escaping import clean
from vllm_digest.report import Digest, Report
from vllm_digest.window import local_minute

_REPORTS_SHOWN = 3
_NUMBERS_SHOWN = 6
_TITLE_LENGTH = 80
_COUNTS = {
    "new_issues": "新 Issue",
    "closed_issues": "关闭 Issue",
    "new_prs": "新 PR",
    "merged_prs": "合并 PR",
    "closed_unmerged_prs": "关闭未合并 PR",
}
_MARKS = {
    "@": "＠",
    "<": "＜",
    ">": "＞",
    "*": "＊",
    "~": "～",
    "`": "'",
    "#": "＃",
    "](": "］（",
    "://": "：//",
}
_ACTING = re.compile("|".join(map(re.escape, _MARKS)) + r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


class Message(NamedTuple):
    """A title and a text of a few lines, both plain."""

    title: str
    text: str


def headline(reports: Sequence[Report], site: str) -> Message:
    """What is to be said of new reports, newest first; `site` is the address of the site, may be empty."""
    newest = sorted(reports, key=lambda report: report.digest.window, reverse=True)
    shown = newest[:_REPORTS_SHOWN]
    project = harmless(newest[0].digest.project)
    number = f"（{len(newest)} 份）" if len(newest) > 1 else ""
    blocks = ["\n".join(_head(report, site)) for report in shown]
    if rest := len(newest) - len(shown):
        blocks.append(f"另有 {rest} 份较早的报告。")
    return Message(f"{project} 开发动态报告{number}", "\n\n".join(blocks))


def harmless(text: str) -> str:
    """A stranger's text on one line, with nothing in it that a chat would act on."""
    return _ACTING.sub(lambda mark: _MARKS.get(mark[0], "＿"), clean(text))


def _head(report: Report, site: str) -> list[str]:
    digest = report.digest
    zone = ZoneInfo(report.timezone)
    window = digest.window
    lists = digest.lists.items()
    lines = [
        f"{local_minute(window.start, zone)} ~ {local_minute(window.end, zone)}",
        "，".join(f"{name} {len(lists[key])}" for key, name in _COUNTS.items()),
        _relevant(digest),
    ]
    top = digest.hot[0] if digest.hot else digest.busiest
    if top is not None:
        title = harmless(digest.thread(top).title)
        cut = title if len(title) <= _TITLE_LENGTH else title[: _TITLE_LENGTH - 1] + "…"
        lines.append(f"{'最热讨论' if digest.hot else '最活跃的线程'}：#{top} {cut}")
    if digest.gaps:
        lines.append("数据有缺口，见页末。")
    if site:
        lines.append(f"{site.rstrip('/')}/{report.place}/")
    return lines


def _relevant(digest: Digest) -> str:
    name = harmless(digest.focus.name)
    numbers = [f"#{thread.number}" for thread in digest.relevant(Relevance.YES)]
    if not numbers:
        return f"{name}：无相关更新"
    more = " 等" if len(numbers) > _NUMBERS_SHOWN else ""
    return f"{name}：{len(numbers)} 个相关线程（{'、'.join(numbers[:_NUMBERS_SHOWN])}{more}）"
