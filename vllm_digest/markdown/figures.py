"""A measured figure with the words around it, for a line."""

import re

_FIGURE = re.compile(r"\d[\d.,]*\s?(?:%|[x×]\b|tok(?:en)?s?/s|ms\b)")
_FIGURE_WORDS = 40
"""Characters of a measured gain that a line of the ecosystem's chapter shows."""


def around_figure(text: str) -> str:
    """The words round the first measured figure, for a line; the whole text where it is short."""
    figure = _FIGURE.search(text)
    if len(text) <= _FIGURE_WORDS or not figure:
        return text if len(text) <= _FIGURE_WORDS else f"{text[:_FIGURE_WORDS].rpartition(' ')[0]}…"
    start = max(0, min(figure.start() - _FIGURE_WORDS // 3, len(text) - _FIGURE_WORDS))
    before = text.rfind(" ", 0, start) + 1 if start else 0
    cut = text[before : before + _FIGURE_WORDS]
    end = len(cut) if before + _FIGURE_WORDS >= len(text) else max(cut.rfind(" "), figure.end() - before)
    return f"{'…' * (before > 0)}{cut[:end]}{'…' * (before + end < len(text))}"
