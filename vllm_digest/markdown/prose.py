"""Markdown that others wrote, read by a parser and written anew, so that only what we keep can act.

``prose`` and ``inline`` take a model's answer apart with markdown-it (CommonMark) and write a small language
back: paragraphs, lists, bold, code, links into the repository. Nothing is filtered by pattern: all else comes
out as text through ``vllm_digest.markdown.escaping``. ``plain`` reads GitHub bodies for excerpts.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markdown_it.tree import SyntaxTreeNode

from vllm_digest.markdown.bold import STARS, segments
from vllm_digest.markdown.escaping import Safe, clean, code, link, literal, visible

PROSE_LIMIT = 20_000
"""Characters of a model's answer that are parsed; a longer one shows whole, but as plain paragraphs."""
BODY_LIMIT = 65_536
"""Characters of a GitHub body that ``plain`` looks at; GitHub takes no longer ones."""
EXCERPT_LIMIT = 3_000
"""Characters that ``plain`` parses, counted once code blocks and folded parts are gone."""


class _Parser(MarkdownIt):
    """Keeps every address as written: it is judged here, and a refused link must not stay as raw text."""

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - markdown-it's names
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - markdown-it's name
        return url


# Left out of CommonMark: emphasis, which fails next to Chinese punctuation (`bold` does it); link
# definitions, as which a line like "[Bug]: crash" would vanish; indented code, because models indent lists.
# Without text_join, escaped stars stay apart from others. Brackets cost time by maxNesting; deeper blocks
# are not read.
_MODEL = _Parser("commonmark", {"html": False, "maxNesting": 40}).disable(
    ["emphasis", "reference", "code", "text_join"]
)
_BODY = _Parser("commonmark", {"maxNesting": 8}).enable(["table", "strikethrough"]).disable("reference")


@dataclass(frozen=True)
class _List:
    """A list; no item is empty or begins with a list."""

    ordered: bool
    items: tuple[tuple["_Block", ...], ...]


_Block = Safe | _List  # a paragraph is a finished line


def prose(text: str, *, repo_url: str) -> Safe:
    """A model's answer as Markdown blocks, safe on the page and alike in Jekyll and on GitHub.

    Kept are paragraphs, lists (on 4 columns, numbered from 1), bold, inline code, links under ``repo_url``.
    Everything else shows as text, without its marks if it is a heading, quote, fence, other link or image.
    Rules (``---``), a ``**`` without a partner and lists 20 deep go. A line break in a paragraph
    becomes a space, or nothing between Chinese characters.

    Args:
        text: The answer.
        repo_url: The repository's page, ``https://github.com/OWNER/NAME``.

    Returns:
        Blocks parted by blank lines, no line feed at the end; empty when there is nothing to show.
    """
    return Safe("\n\n".join(_source(block) for block in _read(text, repo_url)))


def inline(text: str, *, repo_url: str) -> Safe:
    """As ``prose``, on one line: blocks follow each other, list markers go. May stand at a line's start."""
    joined = ""
    for line in _lines(_read(text, repo_url)):
        joined += line if not joined or joined[-1] in _STOPS else f" {line}"
    return Safe(joined)


def _read(text: str, repo_url: str) -> tuple[_Block, ...]:
    text = visible(text)
    if len(text) > PROSE_LIMIT:
        return tuple(literal(line) for part in text.split("\n\n") if (line := clean(part)))
    return _joined(_blocks(SyntaxTreeNode(_MODEL.parse(text)), repo_url))


def _blocks(node: SyntaxTreeNode, repo_url: str) -> Iterator[_Block]:
    for child in node.children:
        match child.type:
            case "bullet_list" | "ordered_list":
                if items := tuple(_items(child, repo_url)):
                    yield _List(child.type == "ordered_list", items)
            case "blockquote":
                yield from _blocks(child, repo_url)
            case "fence":
                if shown := clean(child.content):
                    yield literal(shown)
            case "paragraph" | "heading":
                if line := _line(child.children[0], repo_url):
                    yield line


def _items(node: SyntaxTreeNode, repo_url: str) -> Iterator[tuple[_Block, ...]]:
    for item in node.children:
        blocks = _joined(_blocks(item, repo_url))
        while blocks and isinstance(blocks[0], _List):
            yield from blocks[0].items
            blocks = blocks[1:]
        if blocks:
            yield blocks


def _joined(blocks: Iterable[_Block]) -> tuple[_Block, ...]:
    """Neighbouring lists of one kind as one list: in Markdown nothing but text can part them."""
    done: list[_Block] = []
    for block in blocks:
        last = done[-1] if done else None
        if isinstance(last, _List) and isinstance(block, _List) and last.ordered == block.ordered:
            done[-1] = _List(last.ordered, last.items + block.items)
        else:
            done.append(block)
    return tuple(done)


def _lines(blocks: Iterable[_Block]) -> Iterator[Safe]:
    for block in blocks:
        if isinstance(block, _List):
            for item in block.items:
                yield from _lines(item)
        else:
            yield block


def _source(block: _Block) -> str:
    if not isinstance(block, _List):
        return block
    rows = []
    for number, item in enumerate(block.items, start=1):
        body = _source(item[0])
        for before, after in pairwise(item):
            # A list may follow its sentence at once; kramdown needs a blank line between other blocks.
            tight = isinstance(after, _List) and not isinstance(before, _List)
            body += ("\n" if tight else "\n\n") + _source(after)
        # Both views count on by themselves; a third digit would not fit the 4 columns.
        marker = f"{min(number, 99)}." if block.ordered else "*"
        rows.append(marker.ljust(4) + textwrap.indent(body, "    ")[4:])
    return "\n".join(rows)


# --- one line, as pieces: a plain `str` is text still to be written, a `Safe` is finished source

_STOPS = "，。、；：！？…"
_CHINESE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60“”‘’…—]"
_WIDE_BREAK = re.compile(rf"(?<={_CHINESE})\n(?={_CHINESE})")


def _line(node: SyntaxTreeNode, repo_url: str) -> Safe:
    written = ""
    for at, segment in enumerate(segments(_merged(_pieces(node, repo_url)))):
        source = _written(segment, at_start=not written)
        written += f"**{source}**" if at % 2 and source else source
    return Safe(written.rstrip())


def _pieces(node: SyntaxTreeNode, repo_url: str) -> Iterator[str]:
    for child in node.children:
        match child.type:
            case "text":
                for part in re.split(r"(\*{2,})", child.content):
                    if not part.startswith("**"):
                        yield part
                    elif len(part) < 4:
                        yield STARS
            case "softbreak" | "hardbreak":
                yield "\n"
            case "code_inline":
                yield code(child.content)
            case "link" if _is_under(url := str(child.attrs.get("href", "")), repo_url):
                label = [piece for piece in _pieces(child, repo_url) if piece is not STARS]
                yield link(_written(_merged(label), in_link=True), url)
            case "link" | "image":
                yield from _pieces(child, repo_url)
            case _:
                yield child.content


def _merged(pieces: Iterable[str]) -> list[str]:
    """The pieces without empty ones, neighbouring texts joined and their line breaks resolved."""
    done: list[str] = []
    for finished, run in groupby(filter(None, pieces), key=lambda piece: isinstance(piece, Safe)):
        if finished:
            done += run
        else:
            done.append(re.sub(r"[ \t\n]+", " ", _WIDE_BREAK.sub("", "".join(run))))
    return done


def _written(pieces: Iterable[str], *, at_start: bool = False, in_link: bool = False) -> Safe:
    written = before = ""
    for piece in _merged(pieces):
        if not isinstance(piece, Safe):
            text = piece.lstrip() if at_start and not written else piece
            written += literal(text, at_start=at_start and not written, in_link=in_link)
        elif piece[0] == "[" and before[-1:] == "!":
            written = f"{written[:-1]}\\!{piece}"  # else an image
        elif piece[0] == "`" and isinstance(before, Safe) and before[-1] == "`":
            written += f"<!-- -->{piece}"  # else one code span with ticks in it
        else:
            written += piece
        before = piece
    return Safe(written)


def _is_under(url: str, repo_url: str) -> bool:
    """Whether a browser that opens ``url`` stays below ``repo_url``, whatever the address looks like."""
    try:
        there, here = urlsplit(url), urlsplit(repo_url)
    except ValueError:
        return False
    base = here.path.rstrip("/")
    return (
        (there.scheme, there.netloc) == (here.scheme, here.netloc)
        and (there.path == base or there.path.startswith(f"{base}/"))
        and "\\" not in unquote(url)
        and not {".", ".."} & set(unquote(there.path).split("/"))
    )


# --- bodies and comments, for excerpts

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
    tokens = _BODY.parse(_unfolded(visible(text[:BODY_LIMIT]))[:EXCERPT_LIMIT])
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


def _unfolded(text: str) -> str:
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
