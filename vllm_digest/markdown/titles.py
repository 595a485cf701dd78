"""Untrusted titles on a page, written so that they cannot be confused with the page's own text."""

import re

from vllm_digest.markdown.escaping import Safe, escape

_SEEN = re.compile(
    r"[^\s\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2800\u3164\uffa0\ufe00-\ufe0f]"
)
"""A character that shows something; the others are blanks, fillers and variation selectors."""
_ROW = re.compile(r"[—–-] *by\b", re.IGNORECASE)
"""What follows the title in a row of a list."""


def nested(text: str) -> str:
    """The text for quotation marks around it: its own become single ones, so that it cannot end them."""
    return text.translate({ord("“"): "‘", ord("”"): "’"})


def quoted_title(text: str) -> Safe:
    """A title for quotation marks around it; empty if it shows nothing."""
    return escape(nested(text), at_start=False) if _SEEN.search(text) else Safe("")


def listed_title(text: str) -> Safe:
    """A title in a list: as it is, but in quotation marks if it imitates the rest of a row."""
    if _ROW.search(text) or not _SEEN.search(text):
        return Safe(f"“{title}”") if (title := quoted_title(text)) else Safe("")
    return escape(text, at_start=False)
