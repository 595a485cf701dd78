"""A body or comment as its author built it: prose, pasted logs, dumps that speak of a machine."""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

LONGEST = 65_536
"""Characters that GitHub takes in one body or comment."""
_MOST_FENCES = 1000
_LINE = 300
"""Characters of a line that are looked at."""

_SENTENCE_END = re.compile(r"[.!?](?=\s|\Z)|[\u3002\uff01\uff1f]")

_NOTHING = frozenset(
    {"n/a", "none", "not set", "disabled", "off", "false", "could not collect", "no cuda", "no xpu"}
)
"""What vllm/collect_env.py writes where there is nothing; `OFF` and `False` are CMake's and Python's."""
_VALUE = re.compile(
    r"\w{0,30}[ \t*`\"']{0,40}[:=|][ \t*`\"']{0,40}([^\n|;,`]{1,80})"
    r"|[ \t]{1,4}(N/A|Disabled|could not collect)\b",
    re.IGNORECASE,
)
"""A value after its key or a part of it: `key   : value`, `| key | value |`, `KEY_PART=value`, `key N/A`."""
_FENCE = re.compile(r"^[ >]{0,8}(?:```|~~~)", re.MULTILINE)
_PASTED = re.compile(
    r"[ \t>|]{0,8}(?:\([^\n)]{1,60}\) )?(?:\[\w{1,12}\]:? ?)?"
    r"(?:INFO|WARNING|ERROR|DEBUG|CRITICAL|Traceback|File \"|\[pip|\[conda\]|\$ |>>> |[A-Z][A-Z_]{3,40}=)"
)
"""How a line of a log, a traceback, a package list or a shell begins."""
_PROCESSOR = re.compile(
    r"[ \t>|*\-]{0,20}(?:CPU|CPU model|Processor|Vendor ID|Model name|BIOS [\w ]{1,20}|Flags"
    r"|Virtuali[sz]ation|Hypervisor vendor|Vulnerability [\w ]{1,30}|厂商 ID|型号名称|标记|虚拟化)"
    r"[ \t*`]{0,40}[:：|]",
    re.IGNORECASE,
)
"""How lscpu's lines begin, in the two languages seen."""
_HARDWARE = re.compile(
    r"[ \t>|*\-]{0,20}(?:GPU models and configuration|GPUs?|GPU \d{1,2}|PyTorch version|Device name)"
    r"[ \t*`]{0,40}[:：|]",
    re.IGNORECASE,
)
"""How the lines begin that name the GPU or the build in use."""
_SOURCE = "pytorch/pytorch/blob/main/torch/utils/collect_env.py"
"""Near the top of vllm/collect_env.py: some paste the script, which names every platform, for its output."""
_PLATFORM = "detected platform"
_MACHINE = (
    *(_PLATFORM, "GPU models and configuration", "GPU 0", "PyTorch version"),
    *("CUDA used to build PyTorch", "ROCM used to build PyTorch", "XPU used to build PyTorch"),
)
"""Keys of vllm/collect_env.py and a line of vLLM's log that tell which platform is in use."""


@dataclass(frozen=True)
class Text:
    """One body, comment or title; what is longer than GitHub takes is read at both ends."""

    whole: str

    @cached_property
    def text(self) -> str:
        """What is read of it."""
        whole = self.whole
        if len(whole) > 2 * LONGEST:
            whole = f"{whole[:LONGEST]}\n{whole[-LONGEST:]}"
        return _without(whole, _SOURCE, "\n```")

    @cached_property
    def prose_length(self) -> int:
        """Characters outside of code blocks, of what is folded away (templates are) and of HTML comments."""
        shown = _without(_without(self.text, "<details", "</details>"), "<!--", "-->")
        return len(shown) - sum(end - start for start, end in _code_blocks(shown))

    def opens_with(self, position: int) -> bool:
        """Does no sentence end before `position`, headings and HTML aside?"""
        *lines, last = self.text[max(0, position - 2000) : position].split("\n")
        prose = any(line.strip() and not line.lstrip().startswith(("#", "<")) for line in lines)
        return not prose and _SENTENCE_END.search(last) is None

    @cached_property
    def machine(self) -> tuple[str, ...]:
        """The first lines that tell the platform in use: `GPU 0: NVIDIA A100`, `detected platform: cuda`."""
        lines = []
        for key in _MACHINE:
            position = self.text.find(key)
            end = position + len(key)
            value = position >= 0 and (self._next_word(end) if key is _PLATFORM else self.value_after(end))
            if value:
                lines.append(value if value.startswith("GPU") else f"{key}: {value}")
        return tuple(lines)

    def value_after(self, position: int) -> str | None:
        """The value of the key that ends at `position`; empty where it says nothing, None without one."""
        match = _VALUE.match(self.text, position)
        if match is None:
            return None
        value = (match[1] or match[2]).strip(" \t\r*\"'.")
        return "" if value.lower() in _NOTHING else value

    def is_pasted(self, position: int) -> bool:
        """Does it stand in a code block, a log, a traceback or the like?"""
        if any(start <= position < end for start, end in self._code_blocks):
            return True
        return _PASTED.match(self.line_before(position)) is not None

    def is_processor(self, position: int) -> bool:
        """Does it stand in what lscpu says?"""
        return _PROCESSOR.match(self.line_before(position)) is not None

    def is_hardware(self, position: int) -> bool:
        """Does it stand in a line that names the GPU or the build in use?"""
        return _HARDWARE.match(self.line_before(position)) is not None

    def is_build(self, position: int) -> bool:
        """Is it the local part of a version, as in `2.7.1+rocm6.3`?"""
        return self.text[position - 1 : position] == "+"

    def line_before(self, position: int) -> str:
        """The line up to `position`, at most 300 characters of it."""
        return self.text[max(0, position - _LINE) : position].rpartition("\n")[2]

    def _next_word(self, position: int) -> str:
        return self.text[position : position + 20].strip().partition(" ")[0].strip(".,")

    @cached_property
    def _code_blocks(self) -> tuple[tuple[int, int], ...]:
        return _code_blocks(self.text)


def _code_blocks(text: str) -> tuple[tuple[int, int], ...]:
    """From where to where; one that is not closed runs to the end."""
    marks = [match.start() for match in islice(_FENCE.finditer(text), _MOST_FENCES)]
    return tuple(zip(marks[::2], [*marks[1::2], len(text)], strict=False))


def _without(text: str, start: str, end: str) -> str:
    """The text without every part from `start` up to the next `end`, or up to the text's end."""
    kept = []
    position = 0
    while (begin := text.find(start, position)) >= 0:
        kept.append(text[position:begin])
        close = text.find(end, begin)
        position = close if close >= 0 else len(text)
    return "".join((*kept, text[position:]))
