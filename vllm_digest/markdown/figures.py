"""Shorten a text to a measured figure and the words around it."""

import re

_FIGURE = re.compile(r"\d[\d.,]*\s?(?:%|[x×]\b|tok(?:en)?s?/s|ms\b)")
_FIGURE_WORDS = 40
"""Characters of a measured gain in a line of the focus's section."""


def around_figure(text: str) -> str:
    """The words around the first measured figure; the whole text if it is short."""
    figure = _FIGURE.search(text)
    if len(text) <= _FIGURE_WORDS or not figure:
        return text if len(text) <= _FIGURE_WORDS else f"{text[:_FIGURE_WORDS].rpartition(' ')[0]}…"
    start = max(0, min(figure.start() - _FIGURE_WORDS // 3, len(text) - _FIGURE_WORDS))
    before = text.rfind(" ", 0, start) + 1 if start else 0
    cut = text[before : before + _FIGURE_WORDS]
    end = len(cut) if before + _FIGURE_WORDS >= len(text) else max(cut.rfind(" "), figure.end() - before)
    return f"{'…' * (before > 0)}{cut[:end]}{'…' * (before + end < len(text))}"
