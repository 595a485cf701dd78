"""Read finished pages of ours: their outline, the raw HTML in them, and parts of them as HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PAGE = MarkdownIt("commonmark", {"html": True})


@dataclass(frozen=True, slots=True)
class Outline:
    """What a page is made of besides text.

    `headings`: as they show, behind the marks of their level and without ticks (`### New issues`); those in
    lists and quotes too.
    `html`: every piece of raw HTML.
    """

    headings: tuple[str, ...]
    html: tuple[str, ...]


def read(markdown: str) -> Outline:
    """The outline of a page, in the page's order."""
    tokens = _PAGE.parse(markdown)
    return Outline(
        headings=tuple(
            f"{'#' * int(token.tag[1:])} {_shown(inside)}"
            for token, inside in pairwise(tokens)
            if token.type == "heading_open"
        ),
        html=tuple(token.content for token in _all(tokens) if token.type in {"html_inline", "html_block"}),
    )


def _shown(heading: Token) -> str:
    parts = (part.content for part in heading.children or () if part.type != "html_inline")
    return "".join(parts).replace("`", "")


def to_html(markdown: str) -> str:
    """A part of a page as HTML, for where no Jekyll reads it: the start page and the feeds."""
    return str(_PAGE.render(markdown)).rstrip("\n")


def to_inline_html(markdown: str) -> str:
    """One paragraph as HTML without `<p>` round it."""
    return str(_PAGE.renderInline(markdown))


def _all(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from token.children or ()
