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

# Tables and strikethrough as in https://github.github.com/gfm/.
_BODY = Parser("commonmark", {"maxNesting": 8}).enable(["table", "strikethrough"]).disable("reference")
_HIDDEN_HTML = ("<script", "<style", "<pre", "<textarea", "<!", "<?")
"""HTML blocks whose content is no text: types 1 to 5 of https://spec.commonmark.org/0.31.2/#html-blocks."""
_LEFT_OUT = (Kind.CODE, Kind.COMMENT)


# A body stands in each window of a backfill in which its thread was touched. At GitHub a body has at most
# 65,536 characters, so the cache holds 64 MB at most, and some hundred kB as a rule.
@lru_cache(maxsize=256)
def plain(text: str) -> str:
    """The visible text of a GitHub body or comment on one line. It is untrusted: escape it before use.

    Without code blocks, logs, dumps, quotes, headings (mostly of issue forms), `<details>`, comments, images
    and HTML tags; inline code and links as their text. For a body that is only a log, the log. Reads the
    first `LONGEST` characters and parses `EXCERPT_LIMIT` of the rest.
    """
    body = Body(visible(text[:LONGEST]))
    return _shown_of(body.without((*_LEFT_OUT, Kind.LOG, Kind.DUMP))) or _shown_of(body.without(_LEFT_OUT))


def main_text(text: str) -> str:
    """The text without code blocks, HTML comments and `<details>`."""
    return Body(text).without(_LEFT_OUT)


def _shown_of(text: str) -> str:
    return clean(" ".join(_shown(_BODY.parse(text[:EXCERPT_LIMIT]))))


def _shown(tokens: Sequence[Token]) -> Iterator[str]:
    depth = 0
    for token in tokens:
        # markdown-it gives 1 for an opening token and -1 for a closing one.
        depth += token.nesting if token.type.startswith(("blockquote", "heading")) else 0
        if depth:
            continue
        if token.type == "inline":
            yield "".join(_inline_shown(token.children or ()))
        elif token.type == "html_block" and not token.content.lstrip().lower().startswith(_HIDDEN_HTML):
            yield re.sub(r"<[^<>]*>", "", token.content)


def _inline_shown(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type in {"text", "code_inline"}:
            yield token.content
        elif token.type in {"softbreak", "hardbreak"}:
            yield " "
