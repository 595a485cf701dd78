"""Write bold text so that kramdown and GitHub both show it, next to Chinese punctuation as well.

kramdown reads ``**“word”**X``, X being a letter or a Chinese character, as bold. CommonMark does not:
punctuation inside the stars needs a space or punctuation outside. So punctuation is moved out of the stars
(``“**word**”X``), or a space is added outside.

A line is a list of pieces: a plain ``str`` is text still to be written, a ``Safe`` is finished source.
"""

import string
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

from vllm_digest.markdown.escaping import Safe

STARS = Safe("**")
"""The piece that may open or close bold; recognized by identity."""

_STOPS = "，。、；：！？…,.;:!?"
_PAIRS = ("“”", "‘’", "（）", "《》", "「」", "『』", "【】", "()")


def segments(pieces: Sequence[str]) -> list[list[str]]:
    """Split pieces at the stars: every second segment is bold; stars without a partner are dropped.

    Simpler than CommonMark: stars before a character other than a space open, the next ones close.
    """
    done: list[list[str]] = [[]]
    for piece, after in pairwise([*pieces, ""]):
        is_bold = len(done) % 2 == 0
        if piece is not STARS:
            done[-1].append(piece)
        elif is_bold and done[-1]:
            done.append([])
        elif not is_bold and after and not after[0].isspace():
            if done[-1] or len(done) == 1:
                done.append([])
            else:
                done.pop()  # nothing between two bold segments: join them
    if len(done) % 2 == 0:
        unclosed = done.pop()
        done[-1] += unclosed
    for at in range(1, len(done), 2):
        _fit(*done[at - 1 : at + 2])
    kept = done[:1]
    for bold, plain in zip(done[1::2], done[2::2], strict=True):
        if bold:
            kept += [bold, plain]
        else:
            kept[-1] += plain
    return kept


def _fit(left: list[str], bold: list[str], right: list[str]) -> None:
    """Move punctuation out of the stars, or add a space outside, until CommonMark reads them as bold.

    CommonMark requires a letter inside the stars, or a space or punctuation outside; kramdown does not. A
    finished piece is code or a link and never begins or ends with punctuation that is moved.
    """
    while bold:
        first, last = bold[0][0], bold[-1][-1]
        opens = _may_stand(first, left[-1][-1] if left else "")
        closes = _may_stand(last, right[0][0] if right else "")
        if first.isspace():
            left.append(_take(bold, 0))
        elif last.isspace():
            right.insert(0, _take(bold, -1))
        elif opens and closes:
            return
        elif first + last in _PAIRS and "".join(bold).count(first) == 1:
            left.append(_take(bold, 0))
            right.insert(0, _take(bold, -1))
        elif not closes and last in _STOPS:
            right.insert(0, _take(bold, -1))
        elif not closes:
            right.insert(0, " ")
        else:
            left.append(" ")


def _may_stand(inside: str, outside: str) -> bool:
    """Whether two stars between these characters begin or end bold. ``outside``: empty at a line's end."""
    # Symbols (S) are punctuation only in newer versions of CommonMark, so neither reading is assumed.
    if inside not in string.punctuation and unicodedata.category(inside)[0] not in "PS":
        return True
    return outside in string.punctuation or outside.isspace() or unicodedata.category(outside)[0] == "P"


def _take(pieces: list[str], at: int) -> str:
    """Remove and return the first (0) or last (-1) character of pieces that begin or end with text."""
    piece = pieces.pop(at)
    if rest := piece[1:] if at == 0 else piece[:-1]:
        pieces.insert(at if at == 0 else len(pieces), rest)
    return piece[at]
