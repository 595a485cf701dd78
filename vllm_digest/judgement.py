"""How much a thread concerns the focus, and what that rests on."""

from dataclasses import dataclass
from enum import StrEnum


class Relevance(StrEnum):
    """How much a thread concerns the focus (such as AMD/ROCm)."""

    YES = "yes"
    """It is what the thread is about."""
    PASSING = "passing"
    """It is named on the side, or is one platform of several."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FocusWords:
    """How a page names its focus: `AMD` in a sentence, `AMD/ROCm 生态相关动态` as the chapter's heading.

    `topics` are the groups that the chapter has on a page with many threads, in its order.
    """

    name: str
    heading: str
    topics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """A relevance and what it rests on, in Chinese and strongest first: `标签 rocm`, `标题含 “AITER”`.

    The reasons of NONE say why signs that look relevant are not (a near miss), and are empty without signs.
    For YES alone, `topic` is one of `FocusWords.topics` or empty, and `hardware` is what the thread's author
    named most, such as `MI300X`.
    """

    relevance: Relevance
    reasons: tuple[str, ...] = ()
    topic: str = ""
    hardware: tuple[str, ...] = ()
