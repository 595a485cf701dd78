"""The visible text of GitHub bodies and comments, for excerpts."""

import re
from collections.abc import Iterable, Iterator, Sequence

from markdown_it.token import Token

from vllm_digest.markdown.escaping import clean, visible
from vllm_digest.markdown.prose import Parser

BODY_LIMIT = 65_536
"""Characters of a GitHub body that ``plain`` looks at; GitHub takes no longer ones."""
EXCERPT_LIMIT = 3_000
"""Characters that ``plain`` parses, counted once code blocks and folded parts are gone."""

_BODY = Parser("commonmark", {"maxNesting": 8}).enable(["table", "strikethrough"]).disable("reference")
_FOLD = re.compile(
    r"^[ \t>]*(?:(?P<fence>`{3,}(?=[^`\n]*$)|~{3,})|(?P<comment><!--))"
    r"|(?:^[ \t>]*|(?<=>))(?P<open><details\b[^<>]*>?)|</details\b[^<>]*>?",
    re.MULTILINE | re.IGNORECASE,
)
_SILENT = ("<script", "<style", "<pre", "<textarea", "<!", "<?")


def plain(text: str) -> str:
    """The visible text of a GitHub body or comment on one line: still a stranger's, so escape it before use.

    Without code blocks, quotes, headings (mostly a form's), ``<details>``, comments, images and HTML tags;
    inline code and links as their text. Looks at the first ``BODY_LIMIT`` characters and parses
    ``EXCERPT_LIMIT`` of what is not folded.
    """
    tokens = _BODY.parse(unfolded(visible(text[:BODY_LIMIT]))[:EXCERPT_LIMIT])
    return clean(" ".join(_shown(tokens)))


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


def unfolded(text: str) -> str:
    """``text`` without the fences, comments and ``<details>`` that begin a line: often most of a body.

    An open fence or comment swallows the rest, as on GitHub; a ``<details>`` nobody closed hides nothing.
    """
    kept: list[str] = []
    opened: list[int] = []
    at = 0
    while found := _FOLD.search(text, at):
        kept.append(text[at : found.start()])
        at = found.end()
        if fence := found["fence"]:
            at = _after(rf"\n[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*$", text, at)
        elif found["comment"]:
            at = _after("-->", text, at - 2)
        elif found["open"]:
            opened.append(len(kept))
        elif opened:
            del kept[opened.pop() :]
    return "\n".join([*kept, text[at:]])


def _after(pattern: str, text: str, at: int) -> int:
    """Where the first ``pattern`` from ``at`` on ends, else where the text does."""
    found = re.compile(pattern, re.MULTILINE).search(text, at)
    return found.end() if found else len(text)
