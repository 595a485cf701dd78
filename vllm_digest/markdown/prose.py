"""Rewrite untrusted Markdown so that only a small set of markup has an effect.

``prose`` and ``inline`` parse a model's text with markdown-it (CommonMark) and write paragraphs, lists, bold,
code and links into the repository. Nothing is filtered by patterns: everything else is written as text
through ``vllm_digest.markdown.escaping``.
"""

import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from vllm_digest.markdown.bold import STARS, segments
from vllm_digest.markdown.escaping import Safe, clean, code, link, literal, visible

PROSE_LIMIT = 20_000
"""Characters of a text that are parsed; a longer one is shown whole, but as plain paragraphs."""


class Parser(MarkdownIt):
    """Keeps every address as written: links are checked in this module, not by the parser."""

    def validateLink(self, url: str) -> bool:  # noqa: ARG002, N802 - markdown-it's names
        return True

    def normalizeLink(self, url: str) -> str:  # noqa: N802 - markdown-it's name
        return url


# Disabled: emphasis, which fails next to Chinese punctuation (see `bold`); link definitions, for a line like
# "[Bug]: crash" would disappear as one; indented code, because models indent lists; text_join, to tell
# escaped stars from others. maxNesting limits the time for brackets; deeper blocks are not parsed.
_MODEL = Parser("commonmark", {"html": False, "maxNesting": 40}).disable(
    ["emphasis", "reference", "code", "text_join"]
)


@dataclass(frozen=True)
class _List:
    """A list; no item is empty or starts with a list."""

    ordered: bool
    items: tuple[tuple["_Block", ...], ...]


_Block = Safe | _List  # a paragraph is a finished line


@dataclass(frozen=True)
class _Links:
    """Which links are allowed. ``repo_url``: only below it. ``address``: as in ``inline``."""

    repo_url: str
    address: Callable[[int], str] | None = None

    def cut(self, text: str) -> Iterator[str]:
        """Split a text so that each ``#1`` is a link."""
        for part in _REFERENCE.split(text):
            if self.address and (found := _REFERENCE.fullmatch(part)):
                yield link(part, self.address(int(found[0][1:])))
            else:
                yield part


def prose(text: str, *, repo_url: str) -> Safe:
    """A model's text as Markdown blocks that are safe and look the same in Jekyll and on GitHub.

    Kept are paragraphs, lists (indented by 4, numbered from 1), bold, inline code, links below ``repo_url``.
    Everything else becomes text, without its marks if it is a heading, quote, fence, other link or image.
    Rules (``---``), a ``**`` without a partner and lists nested 20 levels deep are dropped. A line break in a
    paragraph becomes a space, or nothing between Chinese characters.

    Args:
        text: Untrusted Markdown.
        repo_url: The repository's page, ``https://github.com/OWNER/NAME``.

    Returns:
        Blocks separated by blank lines, without a final line feed; empty if nothing is left to show.
    """
    return Safe("\n\n".join(_source(block) for block in _read(text, _Links(repo_url))))


def inline(text: str, *, repo_url: str, address: Callable[[int], str] | None = None) -> Safe:
    """As ``prose``, but on one line: blocks are joined, list markers dropped. Safe at the start of a line.

    With ``address``, which returns the address of a thread by number, each ``#1`` becomes a link.
    """
    joined = ""
    for line in _lines(_read(text, _Links(repo_url, address))):
        joined += line if not joined or joined[-1] in _STOPS else f" {line}"
    return Safe(joined)


def _read(text: str, links: _Links) -> tuple[_Block, ...]:
    text = visible(text)
    if len(text) > PROSE_LIMIT:
        return tuple(literal(line) for part in text.split("\n\n") if (line := clean(part)))
    return _joined(_blocks(SyntaxTreeNode(_MODEL.parse(text)), links))


def _blocks(node: SyntaxTreeNode, links: _Links) -> Iterator[_Block]:
    for child in node.children:
        match child.type:
            case "bullet_list" | "ordered_list":
                if items := tuple(_items(child, links)):
                    yield _List(child.type == "ordered_list", items)
            case "blockquote":
                yield from _blocks(child, links)
            case "fence":
                if shown := clean(child.content) or clean(child.info):
                    yield literal(shown)
            case "paragraph" | "heading":
                if line := _line(child.children[0], links):
                    yield line


def _items(node: SyntaxTreeNode, links: _Links) -> Iterator[tuple[_Block, ...]]:
    for item in node.children:
        blocks = _joined(_blocks(item, links))
        while blocks and isinstance(blocks[0], _List):
            yield from blocks[0].items
            blocks = blocks[1:]
        if blocks:
            yield blocks


def _joined(blocks: Iterable[_Block]) -> tuple[_Block, ...]:
    """Join adjacent lists of the same kind: in Markdown only text can separate them."""
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
            # A list may follow a paragraph directly; kramdown needs a blank line between other blocks.
            tight = isinstance(after, _List) and not isinstance(before, _List)
            body += ("\n" if tight else "\n\n") + _source(after)
        # Renderers number the items themselves; a third digit would not fit the indent of 4.
        marker = f"{min(number, 99)}." if block.ordered else "*"
        rows.append(marker.ljust(4) + textwrap.indent(body, "    ")[4:])
    return "\n".join(rows)


# --- A line as a list of pieces: a plain `str` is text still to be escaped, a `Safe` is finished Markdown.

_STOPS = "，。、；：！？…"
_CHINESE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uff60“”‘’…—]"
_REFERENCE = re.compile(r"((?<![\w/#&])#\d{1,7}\b)")
"""`#123`, but not in a word, an address or an entity (`&#123;`)."""
_WIDE_BREAK = re.compile(rf"(?<={_CHINESE})\n(?={_CHINESE})")


def _line(node: SyntaxTreeNode, links: _Links) -> Safe:
    written = ""
    for at, segment in enumerate(segments(_merged(_pieces(node, links)))):
        source = _written(segment, at_start=not written)
        written += f"**{source}**" if at % 2 and source else source
    return Safe(written.rstrip())


def _pieces(node: SyntaxTreeNode, links: _Links) -> Iterator[str]:
    for child in node.children:
        match child.type:
            case "text":
                for part in re.split(r"(\*{2,})", child.content):
                    if not part.startswith("**"):
                        yield from links.cut(part)
                    elif len(part) < 4:
                        yield STARS
            case "softbreak" | "hardbreak":
                yield "\n"
            case "code_inline":
                yield code(child.content)
            case "link" if is_under(url := str(child.attrs.get("href", "")), links.repo_url):
                label = [piece for piece in _pieces(child, _Links(links.repo_url)) if piece is not STARS]
                yield link(_written(_merged(label), in_link=True), url)
            case "link" | "image":
                yield from _pieces(child, links)
            case _:
                yield child.content


def _merged(pieces: Iterable[str]) -> list[str]:
    """The pieces without empty ones, with adjacent texts joined and their line breaks replaced."""
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


def is_under(url: str, repo_url: str) -> bool:
    """Whether a browser resolves ``url`` to an address below ``repo_url``."""
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
