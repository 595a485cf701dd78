"""A body or comment without what says little: environment dumps, logs, quoted replies, forms.

Read line by line, in time that grows with the length only.
"""

import re
from collections.abc import Iterator

LONGEST = 65_536
"""Characters that GitHub takes in one body or comment."""

_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FOLD_START = re.compile(r"<details\b", re.IGNORECASE)
_FOLD_END = re.compile(r"</details\b", re.IGNORECASE)
_LOG = re.compile(
    r"[ \t|]*(?:\([^\n)]{1,60}\) )?(?:\[\w{1,12}\]:? ?)?"
    r"(?:INFO|WARNING|ERROR|DEBUG|CRITICAL|Traceback|File \"|\^{3,}|frame #\d|\d{4}-\d\d-\d\d[ T]\d\d:)"
)
_DUMP = re.compile(
    r"[ \t|*]*(?:(?:PyTorch|Python|CMake|Libc|GCC|Clang|CUDA|ROCM|HIP|MIOpen|XPU|NCCL|OS|vLLM|CPU|GPU|Nvidia"
    r"|cuDNN|BIOS|NUMA|Virtualization|Vulnerability)[\w /()]{0,40}|Flags|Vendor ID|Model name|Stepping"
    r"|L\d[id]? cache|(?:Thread|Core|Socket)\(s\)[\w ]{0,20})\s{0,20}[:|]|\[(?:pip3?|conda)\]"
)
"""Lines of logs and tracebacks, and of collect_env.py and lscpu."""
_NOISE = re.compile(
    r"[ \t]*(?:[-*] \[[ xX]\] |Signed-off-by:|Co-authored-by:|Reviewed-by:|[cC][cC] @"
    r"|!\[[^\]]{0,200}\]\(|<img\b|_No response_)"
)
_QUOTE = re.compile(r"[ \t]*>")
_ORDER = re.compile(
    r"\b(?:ignore|disregard|forget|override) (?:all |any |of |the |your |my |these |every )*"
    r"(?:(?:previous|prior|above|preceding|earlier|existing|system) )+(?:instructions?"
    r"|prompts?|rules|directions?)\b[^.\n]{0,80}\.?"
    r"|\b(?:ignore|disregard|forget) (?:all |any |of |the )*(?:your|these) (?:instructions?"
    r"|prompts?|rules)\b[^.\n]{0,80}\.?"
    r"|<\|im_\w{0,10}(?:\|>)?"
    # "Ignore the instructions above" and its kin in Chinese.
    r"|(?:\u5ffd\u7565|\u65e0\u89c6|\u5fd8\u8bb0)[^\u3002\n]{0,6}(?:\u4e4b\u524d"
    r"|\u4ee5\u4e0a|\u4e0a\u8ff0|\u4e0a\u9762|\u5148\u524d|\u6240\u6709)"
    r"[^\u3002\n]{0,6}(?:\u6307\u4ee4|\u63d0\u793a|\u89c4\u5219)[^\u3002\n]{0,40}\u3002?",
    re.IGNORECASE,
)
"""An order to a model. It is left out as a phrase: the rest of the line may be the withdrawal of a figure.
"Ignore my comment above" is no order to a machine."""
_WORTHLESS = (_QUOTE.match, _NOISE.match)
_HEAD, _TAIL = 3, 6
"""Lines of a code block or log that are kept: how it begins, and how it ends, where the error stands."""
_FEW = _HEAD + _TAIL
_LINE = 300
"""Characters of a line of these; a line by itself is a paragraph, and stays whole."""
LEFT_OUT = "…"


def trimmed(text: str) -> str:
    """What is worth reading of it, each line verbatim; a line of `…` stands for lines left out."""
    visible = _ORDER.sub(LEFT_OUT, _COMMENT.sub("", text[:LONGEST].replace("\r\n", "\n")))
    kept: list[str] = []
    for line in _worthy(_blocks(visible.split("\n"))):
        short = line.rstrip()
        if short in ("", LEFT_OUT) and (not kept or kept[-1] == short):
            continue
        kept.append(short)
    return "\n".join(kept).strip()


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Runs of lines that go together: a code block, what is folded away, a log; any other line by itself."""
    run: list[str] = []
    fence = ""
    folds = 0
    for line in lines:
        mark = _FENCE.match(line)
        pasted = _LOG.match(line) or _DUMP.match(line)
        within = bool(fence or folds)
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark and not folds:
            fence = mark[1]
        else:
            folds = max(0, folds + len(_FOLD_START.findall(line)) - len(_FOLD_END.findall(line)))
        opens = bool(fence or folds) and not within
        if opens or not (within or pasted):
            yield run
            run = []
        run.append(line)
        if not (fence or folds) and (within or not pasted):
            yield run
            run = []
    yield run


def _worthy(blocks: Iterator[list[str]]) -> Iterator[str]:
    for block in blocks:
        lines = [line for line in block if not any(is_worthless(line) for is_worthless in _WORTHLESS)]
        dumped = sum(_DUMP.match(line) is not None for line in lines)
        if len(block) > 1:
            lines = [line[:_LINE] for line in lines]
        if len(lines) > _FEW and dumped > len(lines) // 3:
            yield LEFT_OUT
        elif len(lines) > _FEW:
            yield from (*lines[:_HEAD], LEFT_OUT, *lines[-_TAIL:])
        else:
            yield from lines


def shortened(text: str, most: int) -> str:
    """At most about `most` characters of it: two thirds from its beginning, the rest from its end."""
    if len(text) <= most:
        return text
    head, tail = text[: most * 2 // 3], text[-(most // 3) :]
    return f"{head.rpartition(' ')[0] or head} {LEFT_OUT} {tail.partition(' ')[2] or tail}"
