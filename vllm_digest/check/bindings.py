"""Check that the sources give a figure for the same hardware, model, data type, metric and direction.

The sources are split into fragments: a part of a sentence between commas, or a table cell with the headings
of its row and column. A figure is misplaced only if every fragment that contains it names a different thing
of the same class (`_NAMES`). A fragment without a name of that class rules nothing out.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from vllm_digest.check.language import Language
from vllm_digest.check.languages import every_language

# Not digits within a name, such as `Qwen3-32B`, `fp8` or `v0.12.1`.
_FIGURE = re.compile(
    r"(?<![A-Za-z0-9_./-])\d+(?:,\d{3})*(?:\.\d+)?(?![\d]|\.\d|[A-Za-z_]{0,12}-?[A-Za-z]{1,12}\d)(?:\s?[%x\u00d7])?"
)
_UNIT = re.compile(r"\s?(?:[%x\u00d7]|ms|s|us|GiB|GB|MB|MiB|tok|req)", re.IGNORECASE)
_NAMES = {
    "hardware": re.compile(
        r"(?<![A-Za-z0-9])(?:\d{1,4}[xX\u00d7])?(MI\d{2,3}[A-Z]*|[ABHLVTP]\d{1,3}0{1,2}[a-z]?"
        r"|GB\d{2,3}|GH200|H20|L4|T4|L40S?|RTX ?\d{4}[A-Za-z ]{0,3}"
        r"|gfx\d+[a-z]?|W7900|TPU ?v\d\w*|Gaudi ?\d?|DGX Spark|MTT ?S\d+|Ascend ?\d*\w*)(?![A-Za-z0-9])"
    ),
    "model": re.compile(r"(?<![\w/.-])(?:[\w-]+/)?([A-Z][A-Za-z]*[\d.]*(?:-[A-Za-z0-9.]+)+)(?![\w/-])"),
    "type": re.compile(
        r"(?<![A-Za-z0-9_-])(bf16|fp16|fp32|fp8|fp4|int4|int8|mxfp4|mxfp8|nvfp4)(?![A-Za-z0-9_-])",
        re.IGNORECASE,
    ),
}
_MOST_CONTEXT = 4
"""Parts of a line that are kept as context of a figure in a later part of it. Without a limit, a line of
thousands of parts would take quadratic time."""
_LATENCIES = frozenset({"TTFT", "TPOT", "ITL"})
"""Metrics that a source may give where a sentence says "latency"."""
# A comma without a space is a thousands separator or a part of a list without spaces.
_SPLIT = re.compile(r",\s|;\s|(?<=[.!?])\s|\n|\s\(|\)|[\uff0c\u3002\uff1b]")
# A row of a Markdown table, and the rule between its header and its body.
_ROW = re.compile(r"^\s*\|(.+)\|\s*$")
_RULE = re.compile(r"^[\s|:-]+$")
# Templates of patterns, filled with two figures: "from A to B" and `A -> B`. The units may stand in between.
_FROM_TO = (
    re.compile(r"from\s+{a}\b.{{0,24}}?\bto\s+{b}(?![\d.])", re.IGNORECASE).pattern,
    re.compile(r"(?<![\d.]){a}[^\d\n]{{0,12}}(?:->|\u2192|=>|\bto\b)\s*{b}(?![\d.])", re.IGNORECASE).pattern,
)
# Labels of two columns or lines of a comparison; the figure after a change is in the new one.
_NEW = re.compile(
    r"(?:\bnow\b|\bafter\b|\bthis PR\b|#\s*PR\b|\bPR:|^\s*PR\b|\bnew\b|\bpatched\b)", re.IGNORECASE
)
_OLD = re.compile(r"(?:\bmain\b|\bbefore\b|\bbaseline\b|\bold\b|\bmaster\b|\bwithout\b)", re.IGNORECASE)


def is_hardware(name: str) -> bool:
    """Whether it is the name of a GPU or another accelerator, of any vendor."""
    return _NAMES["hardware"].fullmatch(name.strip()) is not None


def shares_setting(text: str, other: str) -> bool:
    """Whether `text` names hardware or a model that `other` also names; true if `other` names neither."""
    theirs, ours = _names(other), _names(text)
    kinds = [kind for kind in ("hardware", "model") if kind in theirs]
    return not kinds or any(_share_a_name(ours.get(kind, frozenset()), theirs[kind]) for kind in kinds)


@dataclass(frozen=True, slots=True)
class Fragment:
    """A piece of a source that is about one thing.

    `text`: its words, for a table cell with the headings of its row and column.
    `figures`: the figures in it without commas, spaces and the signs `%` and `x`.
    """

    text: str
    figures: frozenset[str]


def fragments(text: str) -> Iterator[Fragment]:
    """Split a source into fragments, line by line."""
    heads: list[str] = []
    for line in text.splitlines():
        row = _ROW.match(line)
        if row is None:
            heads = []
            yield from _pieces(line)
            continue
        cells = [cell.strip() for cell in row[1].split("|")]
        if _RULE.match(line):
            continue
        if not heads:
            heads = cells
            continue
        named = [cell for cell in cells if not _is_figure(cell)]
        for place, cell in enumerate(cells):
            if _is_figure(cell):
                head = heads[place] if place < len(heads) else ""
                yield Fragment(" ; ".join((head, *named, cell)), frozenset(_values(cell)))


def _pieces(line: str) -> Iterator[Fragment]:
    """The parts of a line between commas, each with the parts before it that hold no measurement."""
    # "On MI300X, with Qwen3-32B, 1,420 tok/s": the figure is about what the parts before it name.
    before: list[str] = []
    for piece in _SPLIT.split(line):
        if not piece or not piece.strip():
            continue
        figures = frozenset(_values(piece))
        yield Fragment(" ; ".join((*before, piece)), figures)
        tells = any(_is_measurement(found[0], piece[found.end() :]) for found in _FIGURE.finditer(piece))
        ends = tells or piece.rstrip().endswith((".", "!", "?"))
        before = [] if ends else [*before, piece][-_MOST_CONTEXT:]


# All statements of an answer are checked against the same few sources.
@lru_cache(maxsize=64)
def _fragments_of(texts: tuple[str, ...]) -> tuple[Fragment, ...]:
    return tuple(fragment for text in texts for fragment in fragments(text))


def _is_figure(cell: str) -> bool:
    return re.fullmatch(r"[~+-]?\d[\d,.]*\s?(?:%|x|\u00d7|[A-Za-z/]{1,6})?", cell.strip("*` ")) is not None


def _values(text: str) -> Iterator[str]:
    yield from (_value(found[0]) for found in _FIGURE.finditer(text))


def _value(figure: str) -> str:
    return re.sub(r"[,\s%x\u00d7]", "", figure)


def misplaced_figures(
    words: str, language: Language, cited: tuple[str, ...], thread: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Figures in `words` that the sources give for something else.

    Yields pairs of the clause in `words` and the fragment of a source that contradicts it.
    `cited`: texts of the sources that the sentence cites. `thread`: texts of all sources of the thread;
    searched for figures that no cited source has.
    """
    near, far = _fragments_of(cited), _fragments_of(thread)
    for sentence in language.sentences.split(words):
        inherited: dict[str, frozenset[str]] = {}
        for clause in language.clauses.split(sentence):
            own = _names(clause)
            # Later clauses are about the same hardware and model unless they name others, but of any metric.
            inherited |= {kind: names for kind, names in own.items() if kind != "metric"}
            named = inherited | {"metric": own.get("metric", frozenset())}
            for found in _FIGURE.finditer(clause):
                if not _is_measurement(found[0], clause[found.end() :]):
                    continue
                fitting = [one for one in near if _value(found[0]) in one.figures]
                fitting = fitting or [one for one in far if _value(found[0]) in one.figures]
                for names in named.items():
                    if other := _contradiction(*names, fitting):
                        yield clause.strip(), other
                        break


def _is_measurement(figure: str, after: str) -> bool:
    """Whether it is a measurement: with a decimal, three digits or a unit. Small counts are ambiguous."""
    return (
        "." in figure
        or len(_value(figure)) > 2
        or _UNIT.match(after) is not None
        or figure[-1:] in "%x\u00d7"
    )


def _contradiction(kind: str, names: frozenset[str], fitting: list[Fragment]) -> str:
    if not names or not fitting:
        return ""
    theirs = [_names(one.text).get(kind, frozenset()) for one in fitting]
    if all(theirs) and not any(_share_a_name(names, one) for one in theirs):
        return fitting[0].text.strip()
    return ""


def _share_a_name(ours: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether both have a name in common; a short form matches (Qwen3-32B and Qwen3-32B-FP8)."""
    ours, theirs = (names | _LATENCIES if "latency" in names else names for names in (ours, theirs))
    return any(
        a == b or a.startswith(f"{b}-") or b.startswith(f"{a}-") or a in b or b in a
        for a in ours
        for b in theirs
    )


def _names(text: str) -> dict[str, frozenset[str]]:
    """The names in a text by class (`hardware`, `model`, `type`, `metric`), without empty classes."""
    named = {
        kind: frozenset(re.sub(r"\s", "", found[1]).casefold() for found in pattern.finditer(text))
        for kind, pattern in _NAMES.items()
    }
    named["model"] = frozenset(name for name in named["model"] if any(sign.isdigit() for sign in name))
    named["metric"] = frozenset(_metrics(text))
    return {kind: names for kind, names in named.items() if names}


def _metrics(text: str) -> Iterator[str]:
    tables: Iterable[Mapping[str, re.Pattern[str]]] = (one.metrics for one in every_language())
    for table in tables:
        yield from (metric for metric, pattern in table.items() if pattern.search(text))


def reversed_changes(
    words: str, language: Language, cited: tuple[str, ...], thread: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    """Changes from one figure to another that the sources describe in the opposite direction.

    Yields pairs of the words of the change and the contradicting words of a source. Parameters as for
    `misplaced_figures`; `thread` is used only if nothing is cited.
    """
    known = cited or thread
    for found in language.changes.finditer(words):
        old, new = _value(found["old"]), _value(found["new"])
        back = next(filter(None, (_change(text, new, old) for text in known)), "")
        # A source may describe both directions, such as a regression and its repair.
        back = "" if any(_change(text, old, new) for text in known) else back
        if old != new and (contradicting := back or _swapped(old, new, known)):
            yield found[0], contradicting


def _change(text: str, old: str, new: str) -> str:
    for pattern in _FROM_TO:
        if found := re.search(pattern.format(a=re.escape(old), b=re.escape(new)), text, re.IGNORECASE):
            return found[0]
    return ""


def _swapped(old: str, new: str, texts: tuple[str, ...]) -> str:
    """The fragments that label the old figure as new and the new one as old; empty if there are none."""
    before = [one.text for one in _fragments_of(texts) if old in one.figures]
    after = [one.text for one in _fragments_of(texts) if new in one.figures]
    if not before or not after:
        return ""
    if all(_NEW.search(one) and not _OLD.search(one) for one in before) and all(
        _OLD.search(one) and not _NEW.search(one) for one in after
    ):
        return f"{after[0].strip()} / {before[0].strip()}"
    return ""
