"""Remove the parts of a body or comment with little information: dumps, logs, quoted replies, forms.

Works block by block, in linear time.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import groupby

from vllm_digest.text.body import LONGEST, Block, Body, Kind, is_of_dump, patterns

_NOISE = re.compile(
    # Checkboxes of forms; those of other lists say which work is done and stay.
    r"[ \t]*(?:[-*] \[[ xX]\] (?:\(Optional\)|The (?:purpose|test (?:plan|results?))\b"
    r"|I(?:'ve|'m| have| am| agree| will)\b|Make sure\b|Before submitting\b|By submitting\b)"
    r"|Signed-off-by:|Co-authored-by:|Reviewed-by:|[cC][cC] @|!\[[^\]]{0,200}\]\(|<img\b|_No response_)"
)
"""Lines of forms, sign-offs and pictures."""
_SENTENCE_ENDS = re.compile(r"[.!?](?=\s|\Z)|[\u3002\uff01\uff1f]")
_TOKENS = re.compile(r"<\|[a-z_]{2,30}\|>", re.IGNORECASE)
"""Special tokens such as `<|im_start|>`, which some servers interpret as the start of a message."""
_HEAD, _TAIL = 3, 6
"""Lines kept at the start and at the end of a code block or log; the error is usually at the end."""
_FEW = _HEAD + _TAIL
_WHOLE = 24
"""A block of up to so many lines stays whole: the output of a benchmark has its figures in the middle."""
_LINE = 300
"""Characters of a line in code or logs; a line of prose is a paragraph and is not cut."""
LEFT_OUT = "…"


def trimmed(text: str) -> str:
    """The text without uninformative parts, other lines verbatim; `…` replaces removed lines or sentences.

    Of prose only quoted replies, lines of forms and sentences with instructions to a model are removed.
    """
    body = Body(text[:LONGEST].replace("\r\n", "\n"))
    shown = [block for block in body.blocks if block.kind not in (Kind.COMMENT, Kind.QUOTE)]
    kept: list[str] = []
    for _, blocks in groupby(shown, key=_part):
        some = list(blocks)
        whole = "".join(body.text[block.start : block.end] for block in some)
        lines = whole.removesuffix("\n").split("\n")
        for line in _prose(lines) if _part(some[0]) == (0, 0) else _pasted(lines):
            short = _TOKENS.sub(LEFT_OUT, line).rstrip()
            # No empty line or `…` at the start, and never two of the same in a row.
            if short in ("", LEFT_OUT) and (not kept or kept[-1] == short):
                continue
            kept.append(short)
    return "\n".join(kept).strip()


def _part(block: Block) -> tuple[int, int]:
    """Key of the part a block belongs to: `<details>`, a block of code or log, consecutive prose (0, 0)."""
    if block.details:
        return block.details, 0
    return (0, 0) if block.kind in (Kind.PROSE, Kind.HEADING) else (0, block.start + 1)


def _prose(lines: list[str]) -> Iterator[str]:
    return (_without_orders(line) for line in lines if not _NOISE.match(line))


def _pasted(lines: list[str]) -> Iterator[str]:
    """The first and last lines of code, a log or `<details>`; only `…` for a dump."""
    # A single line is not cut: it may be a paragraph in `<details>`.
    some = [line[:_LINE] if len(lines) > 1 else line for line in lines if not _NOISE.match(line)]
    if len(some) > _FEW and sum(map(is_of_dump, some)) > len(some) // 3:
        yield LEFT_OUT
    elif len(some) > _WHOLE:
        yield from (*some[:_HEAD], LEFT_OUT, *some[-_TAIL:])
    else:
        yield from some


@cache
def _orders() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{order})" for order in patterns()["orders"]), re.IGNORECASE)


def _without_orders(line: str) -> str:
    """The line with `…` for each sentence with instructions to a model."""
    kept: list[str] = []
    reached = 0
    for order in _orders().finditer(line):
        if order.start() < reached:
            continue
        # The whole sentence goes: its beginning or end alone could still read as an instruction.
        starts = [end.end() for end in _SENTENCE_ENDS.finditer(line, reached, order.start())]
        after = _SENTENCE_ENDS.search(line, order.end())
        kept += [line[reached : starts[-1] if starts else reached], LEFT_OUT]
        reached = after.end() if after else len(line)
    return " ".join(part.strip() for part in (*kept, line[reached:]) if part.strip()) if kept else line


def shortened(text: str, most: int) -> str:
    """About `most` characters of a text at most: two thirds from its start, the rest from its end."""
    if len(text) <= most:
        return text
    head, tail = text[: most * 2 // 3], text[-(most // 3) :]
    return f"{head.rpartition(' ')[0] or head} {LEFT_OUT} {tail.partition(' ')[2] or tail}"
