"""Read pages that this program made: their headings, their raw HTML, and parts of them as HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PAGE = MarkdownIt("commonmark", {"html": True})
# Emphasis and links take half of the time of a page and hold no raw HTML of their own.
_RAW = MarkdownIt("commonmark", {"html": True}).disable(["emphasis", "image", "link"])


@dataclass(frozen=True, slots=True)
class Outline:
    """Headings and raw HTML of a page, in order.

    `headings`: as shown, with the marks of their level and without backticks (`### New issues`), including
    those in lists and quotes.
    `html`: every piece of raw HTML.
    """

    headings: tuple[str, ...]
    html: tuple[str, ...]


def read(markdown: str) -> Outline:
    """The outline of a page in Markdown."""
    tokens = _RAW.parse(markdown)
    return Outline(
        headings=tuple(
            f"{'#' * int(token.tag[1:])} {_shown(_PAGE.parseInline(inside.content)[0])}"
            for token, inside in pairwise(tokens)
            if token.type == "heading_open"
        ),
        html=tuple(token.content for token in _all(tokens) if token.type in {"html_inline", "html_block"}),
    )


def _shown(heading: Token) -> str:
    parts = (part.content for part in heading.children or () if part.type != "html_inline")
    return "".join(parts).replace("`", "")


@lru_cache(maxsize=128)  # a report stands in several feeds
def to_html(markdown: str) -> str:
    """A part of a page as HTML, for the start page and the feeds, which kramdown does not convert."""
    return str(_PAGE.render(markdown)).rstrip("\n")


def to_inline_html(markdown: str) -> str:
    """One paragraph as HTML without `<p>`."""
    return str(_PAGE.renderInline(markdown))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()
