"""Extract the visible text of bodies and comments, for excerpts."""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from markdown_it.token import Token

from vllm_digest.markdown.escaping import clean, visible
from vllm_digest.markdown.prose import Parser
from vllm_digest.text.body import LONGEST, Body, Kind

EXCERPT_LIMIT = 3_000
"""Characters that `plain` parses, counted after code blocks and folded parts are removed."""

_BODY = Parser("commonmark", {"maxNesting": 8}).enable(["table", "strikethrough"]).disable("reference")
_SILENT = ("<script", "<style", "<pre", "<textarea", "<!", "<?")
_UNSEEN = (Kind.CODE, Kind.COMMENT)


@lru_cache(maxsize=256)  # a body stands in every window in which its thread was touched
def plain(text: str) -> str:
    """The visible text of a GitHub body or comment on one line. It is untrusted: escape it before use.

    Without code blocks, logs, dumps, quotes, headings (mostly of issue forms), `<details>`, comments, images
    and HTML tags; inline code and links as their text. A body of only a log gives the log. Reads the first
    `LONGEST` characters and parses `EXCERPT_LIMIT` of the rest.
    """
    body = Body(visible(text[:LONGEST]))
    return _shown_of(body.without((*_UNSEEN, Kind.LOG, Kind.DUMP))) or _shown_of(body.without(_UNSEEN))


def main_text(text: str) -> str:
    """The text without code blocks, HTML comments and folded parts."""
    return Body(text).without(_UNSEEN)


def _shown_of(text: str) -> str:
    return clean(" ".join(_shown(_BODY.parse(text[:EXCERPT_LIMIT]))))


def _shown(tokens: Sequence[Token]) -> Iterator[str]:
    unread = 0
    for token in tokens:
        unread += token.nesting if token.type.startswith(("blockquote", "heading")) else 0
        if unread:
            continue
        if token.type == "inline":
            yield "".join(_inline_shown(token.children or ()))
        elif token.type == "html_block" and not token.content.lstrip().lower().startswith(_SILENT):
            yield re.sub(r"<[^<>]*>", "", token.content)


def _inline_shown(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            yield token.content
        elif token.type in {"softbreak", "hardbreak"}:
            yield " "
