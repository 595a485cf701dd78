"""Read fields about the machine in use from environment dumps, logs and forms."""

import re
from functools import cache, cached_property

from vllm_digest.text.body import LONGEST, Body, Kind, patterns

_LINE = 300
"""Characters of a line that are read; lscpu's line of CPU flags is longer, but has its key at the start."""
_PASTED = (Kind.CODE, Kind.LOG, Kind.DUMP)
_SHOWN = (Kind.PROSE, Kind.HEADING, Kind.QUOTE)
_VALUE = re.compile(
    r"\w{0,30}[ \t*`\"']{0,40}[:=|][ \t*`\"']{0,40}([^\n|;,`]{1,80})"
    r"|[ \t]{1,4}(N/A|Disabled|could not collect)\b",
    re.IGNORECASE,
)
"""A value after its key or a part of it: `key : value`, `| key | value |`, `KEY_PART=value`, `key N/A`."""
_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[\u3002\uff01\uff1f]")


@cache
def _keys(role: str) -> re.Pattern[str]:
    """A pattern of the start of a line with one of the keys listed under `role` in `patterns.yaml`.

    `\\uff1a` is the full-width colon, which lscpu prints in a Chinese locale.
    """
    keys = "|".join(patterns()[role])
    return re.compile(rf"[ \t>|*\-]{{0,20}}(?:{keys})(?: \d{{1,2}})?[ \t*`]{{0,40}}[:\uff1a|]", re.IGNORECASE)


class Text:
    """One body, comment or title; of a text over twice GitHub's maximum only both ends are read.

    A `position` is an offset in `text`.
    """

    def __init__(self, whole: str) -> None:
        if len(whole) > 2 * LONGEST:
            whole = f"{whole[:LONGEST]}\n{whole[-LONGEST:]}"
        self.text = _without_script(whole)

    @cached_property
    def _body(self) -> Body:
        return Body(self.text)

    @cached_property
    def prose_length(self) -> int:
        """Characters of visible prose: without code, logs, folded parts and HTML comments."""
        shown = (one for one in self._body.blocks if one.kind in _SHOWN and not one.details)
        return sum(one.end - one.start for one in shown)

    def is_pasted(self, position: int) -> bool:
        """Whether the position is in a code block, a log, a dump or a traceback."""
        return self._body.block(position).kind in _PASTED

    def is_hidden(self, position: int) -> bool:
        """Whether the position is in an HTML comment."""
        # Asked for every match of a name: without the first test each text would be split into blocks.
        return self._has_comments and self._body.block(position).kind is Kind.COMMENT

    @cached_property
    def _has_comments(self) -> bool:
        return "<!--" in self.text

    def opens_with(self, position: int) -> bool:
        """Whether the position is in the first sentence of the prose."""
        prose = [one for one in self._body.blocks if one.kind is Kind.PROSE and one.start < position]
        before = "".join(self.text[one.start : min(one.end, position)] for one in prose)
        lines = before.split("\n")
        return not "".join(lines[:-1]).strip() and _SENTENCE_END.search(lines[-1]) is None

    @cached_property
    def machine(self) -> tuple[str, ...]:
        """The first lines that name the platform in use: `GPU 0: NVIDIA A100`, `detected platform: cuda`."""
        lines = []
        platform, *keys = patterns()["platform"]
        for key in (platform, *keys):
            position = self.text.find(key)
            end = position + len(key)
            value = position >= 0 and (self._next_word(end) if key == platform else self.value_after(end))
            if value:
                lines.append(value if value.startswith("GPU") else f"{key}: {value}")
        return tuple(lines)

    def value_after(self, position: int) -> str | None:
        """The value of the key that ends at the position; empty for a filler (`N/A`), None without one."""
        match = _VALUE.match(self.text, position)
        if match is None:
            return None
        value = (match[1] or match[2]).strip(" \t\r*\"'.")
        return "" if value.lower() in _nothing() else value

    def is_processor(self, position: int) -> bool:
        """Whether the position is in a line of lscpu's output."""
        return _keys("processor").match(self.line_before(position)) is not None

    def is_hardware(self, position: int) -> bool:
        """Whether the position is in a line that names the GPU or the build in use."""
        return _keys("hardware").match(self.line_before(position)) is not None

    def is_build(self, position: int) -> bool:
        """Whether the position is the start of a version's local part, as in `2.7.1+rocm6.3`."""
        return self.text[position - 1 : position] == "+"

    def line_before(self, position: int) -> str:
        """The line up to the position, its last `_LINE` characters at most."""
        return self.text[max(0, position - _LINE) : position].rpartition("\n")[2]

    def _next_word(self, position: int) -> str:
        return self.text[position : position + 20].strip().partition(" ")[0].strip(".,")


@cache
def _nothing() -> frozenset[str]:
    return frozenset(patterns()["nothing"])


def _without_script(text: str) -> str:
    """The text without the source of collect_env.py: from its first line to the end of the code block."""
    mark = patterns()["script"]
    kept: list[str] = []
    position = 0
    while (begin := text.find(mark, position)) >= 0:
        kept.append(text[position:begin])
        close = text.find("\n```", begin)
        position = close if close >= 0 else len(text)
    return "".join((*kept, text[position:]))
