"""A short message about new reports in one language, as plain text and as HTML; pure.

Each chat service interprets some characters as mentions, links or layout. In untrusted text these are
replaced with full-width characters, which look similar and have no effect.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from vllm_digest.digest.highlights import VerdictCounts, most_important, verdict_counts
from vllm_digest.judgement import Relevance
from vllm_digest.markdown.escaping import clean
from vllm_digest.models import State
from vllm_digest.report import Digest, Report, ThreadRow
from vllm_digest.templating import environment
from vllm_digest.window import local_minute

if TYPE_CHECKING:
    from vllm_digest.templating import Environment

_REPORTS_SHOWN = 3
_TITLES_SHOWN = 3
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
"""`@`: mentions. `<`, `>`: Slack's mentions (`<!channel>`) and links, HTML. `*`, `~`, backtick: bold, struck
out, code. `#`: channels and headings. `](`: Markdown's links. `://`: addresses, which services make links."""
_ACTING = re.compile("|".join(map(re.escape, _MARKS)) + r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
"""`_` is italics, but not within a name such as `max_model_len`."""


class Message(NamedTuple):
    """A title, and a text of a few lines, plain and as HTML."""

    title: str
    text: str
    html: str


class _Line(NamedTuple):
    """An important thread. `title`: made harmless and shortened."""

    number: int
    title: str
    state: State
    url: str


@dataclass(frozen=True, slots=True)
class _Head:
    """What a message tells about one report; untrusted texts are made harmless.

    `start`, `end`: of the window, local times as text. `focus`: the name of the focus.
    `rows`: the most important threads, those of the focus first. `address`: URL of the page, empty if the
    site's is not known.
    """

    start: str
    end: str
    digest: Digest
    verdict: VerdictCounts
    focus: str
    relevant: tuple[ThreadRow, ...]
    rows: tuple[_Line, ...]
    has_gaps: bool
    address: str


def headline(reports: Sequence[Report], site: str, language: str) -> Message:
    """The message about new reports, newest first. `site`: URL of the site in this language; may be empty."""
    newest = sorted(reports, key=lambda report: report.digest.window, reverse=True)
    values = {
        "project": harmless(newest[0].digest.project),
        "total": len(newest),
        "shown": [_head(report, site) for report in newest[:_REPORTS_SHOWN]],
    }
    plain, html = (
        _environment(language, is_html=is_html).get_template(f"message.{form}.j2").render(values)
        for form, is_html in (("txt", False), ("html", True))
    )
    title, _, text = plain.partition("\n")
    return Message(title, text.strip(), html.strip())


@cache
def _environment(language: str, *, is_html: bool) -> "Environment":
    return environment(language, autoescape=is_html)


def harmless(text: str) -> str:
    """Untrusted text on one line, without characters that a chat interprets."""
    return _ACTING.sub(lambda mark: _MARKS.get(mark[0], "＿"), clean(text))


def _head(report: Report, site: str) -> _Head:
    digest = report.digest
    zone = ZoneInfo(report.timezone)
    relevant = digest.relevant(Relevance.YES)
    others = (row for row in digest.threads if row.judgement.relevance is not Relevance.YES)
    rows = (*most_important(relevant, _TITLES_SHOWN), *most_important(others, _TITLES_SHOWN))[:_TITLES_SHOWN]
    return _Head(
        start=local_minute(digest.window.start, zone),
        end=local_minute(digest.window.end, zone),
        digest=digest,
        verdict=verdict_counts(digest),
        focus=harmless(digest.focus.name),
        relevant=relevant,
        rows=tuple(_Line(row.number, _short(row.title), row.state, row.url) for row in rows),
        has_gaps=bool(digest.gaps),
        address=f"{site.rstrip('/')}/{report.place}/" if site else "",
    )


def _short(title: str) -> str:
    shown = harmless(title)
    return shown if len(shown) <= _TITLE_LENGTH else shown[: _TITLE_LENGTH - 1] + "…"
