"""A body or comment as its blocks: the one reader that judging, prompts and excerpts share.

Only what opens and closes is read: fences, HTML comments, folded parts, and lines that programs print. Time
grows with the length only, whatever the text.
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
"""Characters that GitHub takes in one body or comment."""
_MOST_MARKS = 4_000
"""Fences, comments and folds that are looked at, and lines of note; people write a few hundred at most."""
_RUN = 3
"""Lines with a dump's keys that make a dump; a line or two (`GPU: 8x MI300X`) are their author's words."""


class Kind(StrEnum):
    """What a block is."""

    PROSE = "prose"
    HEADING = "heading"
    QUOTE = "quote"
    CODE = "code"
    COMMENT = "comment"
    """An HTML comment, which nobody sees."""
    LOG = "log"
    """Lines of a log, a traceback or a shell outside of a code block."""
    DUMP = "dump"
    """Lines of an environment dump outside of a code block."""


@dataclass(frozen=True, slots=True)
class Block:
    """`text[start:end]` of a body. `fold`: the number, from 1, of the `<details>` it is in; 0 for none."""

    kind: Kind
    start: int
    end: int
    fold: int = 0


@cache
def patterns() -> dict[str, Any]:
    """The lists of `patterns.yaml`."""
    text = files(__package__).joinpath("patterns.yaml").read_text(encoding="utf-8")
    values: dict[str, Any] = yaml.load(text, yaml.CSafeLoader)
    return values


_MARK = re.compile(
    r"^[ \t>]*(?:(?P<fence>`{3,}(?=[^`\n]*$)|~{3,}))|(?<!`)(?P<comment><!--)"
    r"|(?:^[ \t>]*|(?<=>))(?P<open><details\b)|(?P<close></details\b[^<>\n]{0,20}>?(?:[ \t]{0,20}\n)?)",
    re.MULTILINE | re.IGNORECASE,
)
"""What opens or closes a block; ticks that close on their line are inline code."""
_LOG = (
    r"[ \t|>]{0,8}(?:\([^\n)]{1,60}\) )?(?:\[\w{1,12}\]:? ?)?"
    r"(?:INFO|WARNING|ERROR|DEBUG|CRITICAL|Traceback|File \"|\^{3,}|frame #\d|\d{4}-\d\d-\d\d[ T]\d\d:"
    r"|\$ |>>> |[A-Z][A-Z_]{3,40}=)"
)
"""How a line of a log, a traceback or a shell begins."""


@cache
def _line() -> re.Pattern[str]:
    """A line of note: of a dump, a log, a quoted reply, a heading."""
    keys = "|".join(patterns()["dump"])
    dump = rf"[ \t|*]{{0,20}}(?:(?:{keys})[\w /()]{{0,40}}[ \t]{{0,20}}[:|]|\[(?:pip3?|conda)\])"
    others = r"(?P<quote>[ \t]{0,8}>)|(?P<heading> {0,3}#{1,6}[ \t])"
    return re.compile(rf"^(?:(?P<dump>{dump})|(?P<log>{_LOG})|{others}).*\n?", re.MULTILINE)


def is_of_dump(line: str) -> bool:
    """Is it a line of an environment dump, by its key?"""
    match = _line().match(line)
    return match is not None and match.lastgroup == "dump"


@dataclass(frozen=True)
class Body:
    """One body, comment or title."""

    text: str

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The blocks from left to right, without gaps between them."""
        spans, folds = _structure(self.text)
        return tuple(_folded(_lines(self.text, spans), folds))

    def block(self, position: int) -> Block:
        """The block that a position within the text stands in."""
        return self.blocks[bisect_right(self._starts, position) - 1]

    @cached_property
    def _starts(self) -> list[int]:
        return [block.start for block in self.blocks]

    def without(self, kinds: Collection[Kind]) -> str:
        """The text without blocks of these kinds and without what is folded away."""
        kept: list[str] = []
        reached = 0
        for block in self.blocks:
            if block.kind not in kinds and not block.fold:
                # What stood apart stays apart.
                kept += ["\n"] if block.start > reached else []
                kept.append(self.text[block.start : block.end])
                reached = block.end
        return "".join(kept)


def _structure(text: str) -> tuple[list[Block], list[tuple[int, int]]]:
    """Code and comments with all between them as prose, and from where to where each `<details>` goes.

    An open fence or comment goes on to the text's end, as on GitHub; an open `<details>` hides nothing.
    """
    if not any(sign in text for sign in ("```", "~~~", "<")):
        return [Block(Kind.PROSE, 0, len(text))], []
    spans: list[Block] = []
    folds: list[tuple[int, int]] = []
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
            folds += [(opened.pop(), at)] if opened else []
        else:
            kind = Kind.CODE if mark["fence"] else Kind.COMMENT
            at = _end_of_fence(text, mark["fence"], at) if mark["fence"] else _after("-->", text, at - 2)
            start = mark.start() if mark["fence"] else mark.start("comment")
            spans += [Block(Kind.PROSE, reached, start)] if start > reached else []
            spans.append(Block(kind, start, at))
            reached = at
    if reached < len(text) or not spans:
        spans.append(Block(Kind.PROSE, reached, len(text)))
    return spans, folds


def _end_of_fence(text: str, fence: str, at: int) -> int:
    """Behind the line that closes a fence: of the same sign, at least as many, alone on their line."""
    found = re.compile(rf"\n[ \t>]*{fence[0]}{{{len(fence)},}}[ \t]*(?:\n|\Z)").search(text, at)
    return found.end() if found else len(text)


def _after(sign: str, text: str, at: int) -> int:
    found = text.find(sign, at)
    return found + len(sign) if found >= 0 else len(text)


def _lines(text: str, spans: list[Block]) -> Iterator[Block]:
    """The blocks, prose taken apart by its lines of note."""
    room = _MOST_MARKS
    for span in spans:
        if span.kind is not Kind.PROSE:
            yield span
            continue
        notes = [
            Block(Kind(one.lastgroup or Kind.PROSE), one.start(), one.end())
            for one in islice(_line().finditer(text, span.start, span.end), room)
        ]
        room -= len(notes)
        yield from _between(span, _runs(notes))


def _runs(notes: Iterable[Block]) -> Iterator[Block]:
    """Lines of note that follow each other as one block; a run of logs and dumps is what most of it is."""
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
    if kind is not Kind.DUMP or len(lines) >= _RUN:
        yield Block(kind, lines[0].start, lines[-1].end)


def _family(kind: Kind) -> Kind:
    return Kind.LOG if kind is Kind.DUMP else kind


def _between(span: Block, notes: Iterator[Block]) -> Iterator[Block]:
    """The blocks of note with the prose between them."""
    reached = span.start
    for note in notes:
        if note.start > reached:
            yield Block(Kind.PROSE, reached, note.start)
        yield note
        reached = note.end
    if reached < span.end or span.start == span.end:
        yield Block(Kind.PROSE, reached, span.end)


def _folded(blocks: Iterator[Block], folds: list[tuple[int, int]]) -> Iterator[Block]:
    """The blocks, cut where a folded part begins or ends, with the number of the outermost one around."""
    outermost: list[tuple[int, int]] = []
    for start, end in sorted(folds):
        if not outermost or start >= outermost[-1][1]:
            outermost.append((start, end))
    number = 0
    for block in blocks:
        start = block.start
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
