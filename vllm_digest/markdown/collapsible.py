"""Collapsible elements and anchors of the site's pages; stored Markdown has neither.

The HTML tags cannot occur in untrusted text, which never begins a line and whose `<` is escaped. kramdown
reads Markdown in an element with `markdown="1"`: https://kramdown.gettalong.org/syntax.html#html-blocks
"""

import re
from enum import StrEnum

from vllm_digest.markdown.escaping import Safe


class Collapsible(StrEnum):
    """A kind of collapsible element (`<details>`), and how the stored Markdown shows its content."""

    WHY = "why"
    """Reasons, quotes and notes of a line: below the line."""
    QUOTES = "quotes"
    """Quotes of people: in the same place."""
    REST = "rest"
    """The rest of a long list that must be complete: as further entries."""
    GROUP = "group"
    """A list with a name: below its name as a bold line."""
    MORE = "more"
    """The rest of a list: left out; only the summary is shown."""


CLOSED = Safe("</details>")
_OPENED = r'<details class="{kind}" markdown="1"><summary>([^<>\n]*)</summary>'
_MORE = re.compile(
    rf"^([ ]*){_OPENED.format(kind=Collapsible.MORE)}\n.*?^[ ]*{CLOSED}$", re.MULTILINE | re.DOTALL
)
_GROUP = re.compile(rf"^([ ]*){_OPENED.format(kind=Collapsible.GROUP)}$", re.MULTILINE)
_BELOW = f"(?:{Collapsible.WHY}|{Collapsible.QUOTES}|{Collapsible.REST})"
_WHY = re.compile(rf"\n+[ ]*{_OPENED.format(kind=_BELOW)}\n+")
_END_IN_LIST = re.compile(rf"\n+[ ]*{CLOSED}\n+(?=[ ]*(?:\*|\d+\.)[ ])")
_END = re.compile(rf"\n+[ ]*{CLOSED}$", re.MULTILINE)
_ANCHOR = re.compile(r'^([ ]*(?:\*|-|\d+\.)[ ]+)<span id="t\d+"></span>', re.MULTILINE)
_TOPIC = re.compile(r'<span class="topic">((?:(?!<span).)*)</span>$', re.MULTILINE)
_BLANK = re.compile(r"\n{3,}")


def start_tag(kind: str, summary: str) -> Safe:
    """The start tag of a collapsible element, on a line between blank ones. `summary`: trusted text.

    Raises ValueError if `kind` is not a value of `Collapsible`, or `summary` contains HTML.
    """
    if re.search(r"[<>&\n]", summary):
        raise ValueError(f"{summary!r} is not plain text")
    return Safe(f'<details class="{Collapsible(kind)}" markdown="1"><summary>{summary}</summary>')


def anchor(number: int) -> Safe:
    """The anchor of a thread, for the beginning of a list item; its fragment is `tNUMBER`."""
    return Safe(f'<span id="t{number}"></span>')


def topic_mark(text: Safe) -> Safe:
    """A topic at the end of a line; `text` is Markdown."""
    return Safe(f'<span class="topic">{text}</span>')


def tidy(page: str) -> str:
    """The page without repeated blank lines."""
    return _BLANK.sub("\n\n", page)


def as_stored(page: str) -> str:
    """The page as it is stored: without collapsible elements and anchors."""
    page = _MORE.sub(r"\1\2", page)
    page = _GROUP.sub(r"\1**\2**", page)
    page = _WHY.sub("\n", page)
    page = _END_IN_LIST.sub("\n", page)
    page = _END.sub("", page)
    return _TOPIC.sub(r"\1", _ANCHOR.sub(r"\1", page))
