"""The head of reports as a short plain message in a language; pure.

Chats take marks in a text for calls, links and layout, each its own. So what strangers wrote is shown with
full-width look-alikes of those marks: it reads the same to people, and means nothing to a chat.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from vllm_digest.judgement import Relevance
from vllm_digest.markdown.escaping import clean
from vllm_digest.report import Report
from vllm_digest.templating import environment
from vllm_digest.window import local_minute

if TYPE_CHECKING:
    from vllm_digest.templating import Environment

_REPORTS_SHOWN = 3
_NUMBERS_SHOWN = 6
_TITLE_LENGTH = 80
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


@dataclass(frozen=True, slots=True)
class _Head:
    """What a message says of one report; strangers' texts are harmless.

    `top` is the number of the most discussed thread, and `title` its title; `is_hot` whether it is a hot one.
    `address` is that of the page, empty where the site's is not known.
    """

    start: str
    end: str
    counts: dict[str, int]
    focus: str
    relevant: tuple[int, ...]
    top: int | None
    title: str
    is_hot: bool
    has_gaps: bool
    address: str


def headline(reports: Sequence[Report], site: str, language: str) -> Message:
    """What is to be said of new reports, newest first.

    `site`: the address below which the pages of the language stand; may be empty.
    """
    newest = sorted(reports, key=lambda report: report.digest.window, reverse=True)
    written = (
        _environment(language)
        .get_template("message.j2")
        .render(
            project=harmless(newest[0].digest.project),
            total=len(newest),
            shown=[_head(report, site) for report in newest[:_REPORTS_SHOWN]],
            most=_NUMBERS_SHOWN,
        )
    )
    title, _, text = written.partition("\n")
    return Message(title, text.strip())


@cache
def _environment(language: str) -> "Environment":
    return environment(language)


def harmless(text: str) -> str:
    """A stranger's text on one line, with nothing in it that a chat would act on."""
    return _ACTING.sub(lambda mark: _MARKS.get(mark[0], "＿"), clean(text))


def _head(report: Report, site: str) -> _Head:
    digest = report.digest
    zone = ZoneInfo(report.timezone)
    top = digest.hot[0] if digest.hot else digest.busiest
    title = harmless(digest.thread(top).title) if top is not None else ""
    return _Head(
        start=local_minute(digest.window.start, zone),
        end=local_minute(digest.window.end, zone),
        counts={name: len(numbers) for name, numbers in digest.lists.items().items()},
        focus=harmless(digest.focus.name),
        relevant=tuple(thread.number for thread in digest.relevant(Relevance.YES)),
        top=top,
        title=title if len(title) <= _TITLE_LENGTH else title[: _TITLE_LENGTH - 1] + "…",
        is_hot=bool(digest.hot),
        has_gaps=bool(digest.gaps),
        address=f"{site.rstrip('/')}/{report.place}/" if site else "",
    )
