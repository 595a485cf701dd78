"""One sentence against what it rests on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from vllm_digest.check.claims import People, guess, wrong_states
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Length, language
from vllm_digest.markdown.markup import Markup, markup
from vllm_digest.models import State
from vllm_digest.narrative import FallbackReason

_QUOTED = re.compile(r"[“「\"]([^“”「」\"]{12,})[”」\"]")
_ENGLISH = re.compile(r"[A-Za-z]+")
_WORDS = 4
"""So many English words in quotation marks are somebody's."""
_PLATFORMS = re.compile(
    r"\b(?:AMD|ROCm|HIP|AITER|Instinct|Radeon|NVIDIA|CUDA|Intel|XPU|TPU|Gaudi|Ascend|Neuron|Apple|ARM)\b|英伟达|昇腾",
    re.IGNORECASE,
)
_IN_ENGLISH = {"英伟达": "nvidia", "昇腾": "ascend"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place of an answer, such as `positions[1]`.

    `detail`: the words meant. `language`: where one text is wrong and not the claim; else empty.
    """

    where: str
    reason: FallbackReason
    detail: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What holds for every sentence of a run: whose links may stand, and what the model was told.

    `languages`: those that the model was asked to write in, the main one first.
    """

    repo_url: str
    instructions: str
    languages: tuple[str, ...] = ("zh",)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a sentence rests on. `known` are the words of its threads, `numbers` the threads it may name.

    `states` are of threads it may speak of, `subject` the one it means where it names none.
    """

    known: str
    ground: KnownFigures
    numbers: frozenset[int]
    states: dict[int, State]
    reverted: frozenset[int]
    people: People
    subject: int | None = None


def faults(
    text: str, basis: Basis, context: CheckContext, length: Length
) -> Iterator[tuple[FallbackReason, str]]:
    """Everything that keeps a sentence from the page, with the words that do."""
    if len(text) > 4 * length.most:
        yield FallbackReason.LENGTH, ""
        return
    marks = markup(text, repo_url=context.repo_url)
    yield from ((FallbackReason.MARKUP, kind) for kind in marks.unwanted)
    prose = marks.words
    for code in marks.codes:
        prose = prose.replace(code, " ")
    for reason in language(text, prose, length=length, known=basis.known, instructions=context.instructions):
        yield reason, ""
    yield from _untrue(marks, basis)


def _untrue(marks: Markup, basis: Basis) -> Iterator[tuple[FallbackReason, str]]:
    words = marks.words
    named = {*references(words), *references(" ".join(marks.links))}
    yield from ((FallbackReason.NUMBER, f"#{number}") for number in sorted(named - basis.numbers))
    yield from ((FallbackReason.FIGURE, figure) for figure in basis.ground.unfounded(words))
    lowered = basis.known.casefold()
    for found in _PLATFORMS.finditer(words):
        name = found[0].casefold()
        if _IN_ENGLISH.get(name, name) not in lowered and name not in lowered:
            yield FallbackReason.FIGURE, found[0]
    packed = "".join(basis.known.split())
    # Chinese words in quotation marks are no quote: hardly anybody here writes Chinese.
    spans = (found[1] for found in _QUOTED.finditer(words))
    quoted = [*marks.codes, *(span for span in spans if len(_ENGLISH.findall(span)) >= _WORDS)]
    yield from ((FallbackReason.QUOTE, part) for part in quoted if "".join(part.split()) not in packed)
    yield from ((FallbackReason.LOGIN, login) for login in basis.people.strangers(words))
    for clause in wrong_states(words, basis.states, basis.reverted, subject=basis.subject):
        yield FallbackReason.STATE, clause
    if guessed := guess(words):
        yield FallbackReason.GUESS, guessed
