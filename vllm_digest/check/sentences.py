"""One sentence against what it rests on."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vllm_digest.check.bindings import is_hardware, misplaced, turned_round
from vllm_digest.check.claims import Problem
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Language, Length
from vllm_digest.check.languages import checks_of
from vllm_digest.check.people import People
from vllm_digest.check.states import KnownThreads
from vllm_digest.check.support import Support
from vllm_digest.markdown.markup import Markup, markup
from vllm_digest.narrative import FallbackReason

_QUOTED = re.compile(r"[\u201c\u300c\"]([^\u201c\u201d\u300c\u300d\"]{12,})[\u201d\u300d\"]")
_ENGLISH = re.compile(r"[A-Za-z]+")
_WORDS = 4
"""So many English words in quotation marks are somebody's."""
_PLATFORMS = re.compile(
    r"\b(?:AMD|ROCm|HIP|AITER|Instinct|Radeon|NVIDIA|CUDA|Intel|XPU|TPU|Gaudi|Ascend|Neuron|Apple|ARM)\b",
    re.IGNORECASE,
)
_NO_SUPPORT = Support(())
_LOOP = re.compile(r"(.{4,60}?)\1{2,}", re.DOTALL)
_SHINGLE = 14
"""Characters of the instructions that a text repeats when it recites them, in a language without blanks."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in one place of an answer, such as `positions[1]`.

    `detail`, `compared_with`: as in `Problem`. `language`: where one text is wrong and not the claim; else
    empty.
    """

    where: str
    reason: FallbackReason
    detail: str = ""
    language: str = ""
    compared_with: str = ""

    def told(self) -> str:
        """`state (en): "was merged", compared with "closed, #14964"`"""
        language = f" ({self.language})" if self.language else ""
        detail = f': "{self.detail}"' if self.detail else ""
        compared = f', compared with "{self.compared_with}"' if self.compared_with else ""
        return f"{self.reason.value}{language}{detail}{compared}"


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
    """What a sentence rests on.

    `known`: the words of its threads. `ground`: what its figures may rest on. `numbers`: the threads it may
    name. `threads`: what GitHub says of those it may speak of. `support`: its quotes.
    `answered`: of a person's position, the figures of others that it quotes; they count where it names them.
    """

    known: str
    ground: KnownFigures
    numbers: frozenset[int]
    threads: KnownThreads
    people: People
    support: Support = _NO_SUPPORT
    answered: Mapping[str, KnownFigures] = field(default_factory=dict)


def faults(text: str, basis: Basis, context: CheckContext, length: Length, code: str) -> Iterator[Problem]:
    """Everything that keeps a text in the language `code` from the page."""
    language = checks_of(code)
    if len(text) > 4 * length.most * language.room:
        yield Problem(FallbackReason.LENGTH)
        return
    marks = markup(text, repo_url=context.repo_url)
    yield from (Problem(FallbackReason.MARKUP, kind) for kind in marks.unwanted)
    prose = marks.words
    for one in marks.codes:
        prose = prose.replace(one, " ")
    yield from language.form(text, prose, length, basis.known)
    if repeated := _LOOP.search(text):
        yield Problem(FallbackReason.LOOP, repeated[1])
    if recited := _recited(text, context.instructions, round(_SHINGLE * language.room)):
        yield Problem(FallbackReason.CHATTER, recited)
    yield from dict.fromkeys(_untrue(marks, basis, language))
    if length.is_sentence:
        yield from basis.support.problems(marks.words, language)


def _untrue(marks: Markup, basis: Basis, language: Language) -> Iterator[Problem]:
    words = marks.words
    named = {*references(words), *references(" ".join(marks.links))}
    yield from (Problem(FallbackReason.NUMBER, f"#{number}") for number in sorted(named - basis.numbers))
    yield from _figures(words, basis, language)
    packed = "".join(basis.known.split())
    # Words of another language in quotation marks are emphasis: hardly anybody here writes Chinese.
    spans = (found[1] for found in _QUOTED.finditer(words))
    quoted = [*marks.codes, *(span for span in spans if len(_ENGLISH.findall(span)) >= _WORDS)]
    yield from (Problem(FallbackReason.QUOTE, part) for part in quoted if "".join(part.split()) not in packed)
    yield from basis.people.problems(words, language)
    yield from basis.threads.wrong_states(language.states(words))
    yield from basis.threads.wrong_acts(language.acts(words), basis.people.known)
    fixed = (int(found["number"]) for found in language.fixes.finditer(words))
    yield from basis.threads.wrong_fixes(fixed)
    if guessed := language.guess.search(words):
        yield Problem(FallbackReason.GUESS, guessed[0])


def _figures(words: str, basis: Basis, language: Language) -> Iterator[Problem]:
    ground = basis.ground
    for login, figures in basis.answered.items():
        ground = ground | figures if login in words else ground
    for figure, like in ground.unfounded(words, language):
        yield Problem(FallbackReason.FIGURE, figure, like)
    lowered = basis.known.casefold()
    without = basis.people.without_names(words)
    platforms = {found[0]: found[0] for found in _PLATFORMS.finditer(without)}
    platforms |= {name: english for name, english in language.platforms.items() if name in without}
    for name, english in platforms.items():
        if english.casefold() not in lowered and name.casefold() not in lowered:
            yield Problem(FallbackReason.FIGURE, name)
    cited = tuple(one.text for one in basis.support.cited)
    for check in (misplaced, turned_round):
        for found in check(words, language, cited, basis.support.thread):
            yield Problem(FallbackReason.FIGURE, *found)


def _recited(text: str, instructions: str, length: int) -> str:
    """A piece of what the model was told, if the text holds one."""
    pieces = (text[at : at + length] for at in range(len(text) - length + 1))
    return next((piece for piece in pieces if piece in instructions), "")


def is_platform(name: str) -> bool:
    """Is it the name of a platform, of a vendor of one, or of its hardware?"""
    return _PLATFORMS.fullmatch(name.strip()) is not None or is_hardware(name)
