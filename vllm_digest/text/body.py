"""Split a body or comment into blocks; shared by judging, prompts and excerpts.

Recognizes fences, HTML comments, `<details>`, and lines that programs print. Takes linear time for any text.
"""

import re
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice
from typing import Any

import yaml

LONGEST = 65_536
"""Characters of one body or comment; GitHub's maximum."""
_MOST_MARKS = 4_000
"""Maximum number of fences, comments and `<details>` tags that are read, and of marked lines (`_line`);
people write a few hundred at most."""
_LEAST_DUMP_LINES = 3
"""Consecutive lines with keys of a dump that count as one; fewer (`GPU: 8x MI300X`) are written by hand."""


class Kind(StrEnum):
    """The kind of a block."""

    PROSE = "prose"
    HEADING = "heading"
    QUOTE = "quote"
    CODE = "code"
    COMMENT = "comment"
    """An HTML comment."""
    LOG = "log"
    """Lines of a log, a traceback or a shell outside of a code block."""
    DUMP = "dump"
    """Lines of an environment dump outside of a code block."""


@dataclass(frozen=True, slots=True)
class Block:
    """`text[start:end]` of a body.

    `details`: the number, from 1, of the outermost `<details>` element it is in; 0 for none.
    """

    kind: Kind
    start: int
    end: int
    details: int = 0


@cache
def patterns() -> dict[str, Any]:
    """The lists of `patterns.yaml`."""
    text = files(__package__).joinpath("patterns.yaml").read_text(encoding="utf-8")
    # A file of the package needs no bounds, so libyaml can read it, which is faster than `config.document`.
    values: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return values


# Fences as in https://spec.commonmark.org/0.31.2/#fenced-code-blocks: three or more of one character; the
# info string after backticks has none. They may be indented or in a quote.
_MARK = re.compile(
    r"^[ \t>]*(?:(?P<fence>`{3,}(?=[^`\n]*$)|~{3,}))|(?<!`)(?P<comment><!--)"
    r"|(?:^[ \t>]*|(?<=>))(?P<open><details\b)|(?P<close></details\b[^<>\n]{0,20}>?(?:[ \t]{0,20}\n)?)",
    re.MULTILINE | re.IGNORECASE,
)
"""What opens or closes a block; backticks that close on the same line are inline code."""
# In front of the level, vLLM prints the process in parentheses: `(EngineCore_0 pid=123) INFO`.
_LOG = (
    r"[ \t|>]{0,8}(?:\([^\n)]{1,60}\) )?(?:\[\w{1,12}\]:? ?)?"
    r"(?:INFO|WARNING|ERROR|DEBUG|CRITICAL|Traceback|File \"|\^{3,}|frame #\d|\d{4}-\d\d-\d\d[ T]\d\d:"
    r"|\$ |>>> |[A-Z][A-Z_]{3,40}=)"
)
"""The start of a line of a log, a traceback or a shell session."""


@cache
def _line() -> re.Pattern[str]:
    """A marked line: of a dump, a log or a quoted reply, or a heading; the group's name is its kind."""
    keys = "|".join(patterns()["dump"])
    dump = rf"[ \t|*]{{0,20}}(?:(?:{keys})[\w /()]{{0,40}}[ \t]{{0,20}}[:|]|\[(?:pip3?|conda)\])"
    others = r"(?P<quote>[ \t]{0,8}>)|(?P<heading> {0,3}#{1,6}[ \t])"
    return re.compile(rf"^(?:(?P<dump>{dump})|(?P<log>{_LOG})|{others}).*\n?", re.MULTILINE)


def is_of_dump(line: str) -> bool:
    """Whether it is a line of an environment dump, by its key."""
    match = _line().match(line)
    return match is not None and match.lastgroup == "dump"


@dataclass(frozen=True)
class Body:
    """One body, comment or title."""

    text: str

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks in order, without gaps between them."""
        spans, details = _structure(self.text)
        return tuple(_split_at_details(_lines(self.text, spans), details))

    def block(self, position: int) -> Block:
        """The block at an offset of the text."""
        return self.blocks[bisect_right(self._starts, position) - 1]

    @cached_property
    def _starts(self) -> list[int]:
        return [block.start for block in self.blocks]

    def without(self, kinds: Collection[Kind]) -> str:
        """The text without blocks of these kinds and without `<details>`."""
        kept: list[str] = []
        reached = 0
        for block in self.blocks:
            if block.kind not in kinds and not block.details:
                # Keep the texts before and after a removed block apart.
                kept += ["\n"] if block.start > reached else []
                kept.append(self.text[block.start : block.end])
                reached = block.end
        return "".join(kept)


def _structure(text: str) -> tuple[list[Block], list[tuple[int, int]]]:
    """The blocks of code, comments and prose between them, and the span of each `<details>`.

    An unclosed fence or comment extends to the end, as on GitHub; an unclosed `<details>` is ignored.
    """
    # Most comments have none of these; then the search for marks is not needed.
    if not any(sign in text for sign in ("```", "~~~", "<")):
        return [Block(Kind.PROSE, 0, len(text))], []
    spans: list[Block] = []
    details: list[tuple[int, int]] = []
    opened: list[int] = []
    reached = at = 0
    for _ in range(_MOST_MARKS):
        mark = _MARK.search(text, at)
        if mark is None:
            break
        at = mark.end()
        if mark["open"]:
            opened.append(mark.start("open"))
        elif mark["close"]:
            details += [(opened.pop(), at)] if opened else []
        else:
            kind = Kind.CODE if mark["fence"] else Kind.COMMENT
            # Two characters back: `<!-->` is a complete comment in HTML, so its `-->` may share the dashes.
            at = _end_of_fence(text, mark["fence"], at) if mark["fence"] else _after("-->", text, at - 2)
            start = mark.start() if mark["fence"] else mark.start("comment")
            spans += [Block(Kind.PROSE, reached, start)] if start > reached else []
            spans.append(Block(kind, start, at))
            reached = at
    if reached < len(text) or not spans:
        spans.append(Block(Kind.PROSE, reached, len(text)))
    return spans, details


def _end_of_fence(text: str, fence: str, at: int) -> int:
    """Offset after the closing line of a fence: the same character, at least as many, alone on a line."""
    found = re.compile(rf"\n[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*(?:\n|\Z)").search(text, at)
    return found.end() if found else len(text)


def _after(sign: str, text: str, at: int) -> int:
    found = text.find(sign, at)
    return found + len(sign) if found >= 0 else len(text)


def _lines(text: str, spans: list[Block]) -> Iterator[Block]:
    """The blocks, with prose split at its marked lines."""
    # One limit for the whole text, not for each block: the time stays linear in the length of the text.
    remaining = _MOST_MARKS
    for span in spans:
        if span.kind is not Kind.PROSE:
            yield span
            continue
        notes = [
            Block(Kind(one.lastgroup or Kind.PROSE), one.start(), one.end())
            for one in islice(_line().finditer(text, span.start, span.end), remaining)
        ]
        remaining -= len(notes)
        yield from _between(span, _runs(notes))


def _runs(notes: Iterable[Block]) -> Iterator[Block]:
    """Join consecutive marked lines; a mix of log and dump lines is a dump if over a third are of a dump."""
    run: list[Block] = []
    for note in notes:
        if run and not (run[-1].end == note.start and _family(run[-1].kind) is _family(note.kind)):
            yield from _run(run)
            run = []
        run.append(note)
    yield from _run(run)


def _run(lines: Sequence[Block]) -> Iterator[Block]:
    if not lines:
        return
    kind = lines[0].kind
    if _family(kind) is Kind.LOG:
        dumped = sum(line.kind is Kind.DUMP for line in lines)
        kind = Kind.DUMP if 3 * dumped > len(lines) else Kind.LOG
    if kind is not Kind.DUMP or len(lines) >= _LEAST_DUMP_LINES:
        yield Block(kind, lines[0].start, lines[-1].end)


def _family(kind: Kind) -> Kind:
    return Kind.LOG if kind is Kind.DUMP else kind


def _between(span: Block, notes: Iterator[Block]) -> Iterator[Block]:
    """The blocks of marked lines with the prose between them."""
    reached = span.start
    for note in notes:
        if note.start > reached:
            yield Block(Kind.PROSE, reached, note.start)
        yield note
        reached = note.end
    if reached < span.end or span.start == span.end:
        yield Block(Kind.PROSE, reached, span.end)


def _split_at_details(blocks: Iterator[Block], details: list[tuple[int, int]]) -> Iterator[Block]:
    """The blocks, split at both ends of each `<details>`, with the number of the outermost one around each.

    `details`: pairs of start and end.
    """
    outermost: list[tuple[int, int]] = []
    for start, end in sorted(details):
        if not outermost or start >= outermost[-1][1]:
            outermost.append((start, end))
    number = 0
    for block in blocks:
        start = block.start
        # Both are in order of position, so one pass suffices. An element may contain several blocks, and a
        # block several elements.
        while number < len(outermost) and outermost[number][0] < block.end:
            opens, closes = outermost[number]
            if opens > start:
                yield Block(block.kind, start, opens)
            start = max(start, opens)
            yield Block(block.kind, start, min(closes, block.end), number + 1)
            start = min(closes, block.end)
            if closes > block.end:
                break
            number += 1
        if start < block.end or block.start == block.end:
            yield Block(block.kind, start, block.end)
