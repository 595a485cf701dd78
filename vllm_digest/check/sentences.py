"""Run all checks of one sentence."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vllm_digest.check.bindings import is_hardware, misplaced_figures, reversed_changes
from vllm_digest.check.claims import Problem
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.language import Language, Length
from vllm_digest.check.languages import checks_of
from vllm_digest.check.people import People
from vllm_digest.check.states import KnownThreads
from vllm_digest.check.support import Support
from vllm_digest.markdown.markup import Markup, markup
from vllm_digest.narrative import FallbackReason

# English and Chinese quotation marks; shorter texts in them are names.
_QUOTED = re.compile(r"[\u201c\u300c\"]([^\u201c\u201d\u300c\u300d\"]{12,})[\u201d\u300d\"]")
_ENGLISH = re.compile(r"[A-Za-z]+")
_WORDS = 4
"""English words in quotation marks from which on they are taken as a quote."""
_PLATFORMS = re.compile(
    r"\b(?:AMD|ROCm|HIP|AITER|Instinct|Radeon|NVIDIA|CUDA|Intel|XPU|TPU|Gaudi|Ascend|Neuron|Apple|ARM)\b",
    re.IGNORECASE,
)
_HARDWARE_OF = {
    re.compile(r"\brocm|\bmi\d{2,3}[a-z]?\b|\bgfx\d|\bamd\b", re.IGNORECASE): ("amd", "rocm"),
    re.compile(
        r"\bcuda|\bnvidia\b|(?<![a-z0-9])(?:\d{1,4}x)?(?:[abhlv]\d{0,2}00|h20|gb\d{2,3}|rtx)\b", re.IGNORECASE
    ): ("nvidia", "cuda"),
}
"""A source that names a vendor's hardware or software names the vendor and its platform with it."""
_NO_SUPPORT = Support(())
_LOOP = re.compile(r"(.{4,60}?)\1{2,}", re.DOTALL)
"""The same 4 to 60 characters three times in a row, as small models write when they do not find an end."""
_SHINGLE = 14
"""Chinese characters in a row that a text may not have in common with the instructions."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A problem at one place of an answer.

    `where`: path in the answer, such as `positions[1]`. `detail`, `compared_with`: as in `Problem`.
    `language`: code of the language whose wording fails; empty if the claim fails in all languages.
    """

    where: str
    reason: FallbackReason
    detail: str = ""
    language: str = ""
    compared_with: str = ""

    def described(self) -> str:
        """For logs: `state (en): "was merged", compared with "closed, #14964"`."""
        language = f" ({self.language})" if self.language else ""
        detail = f': "{self.detail}"' if self.detail else ""
        compared = f', compared with "{self.compared_with}"' if self.compared_with else ""
        return f"{self.reason.value}{language}{detail}{compared}"


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What all checks of a run share.

    `repo_url`: links to this repository are allowed. `instructions`: the prompt, which must not be recited.
    `languages`: codes of the languages that the model was asked to write, the main one first.
    """

    repo_url: str
    instructions: str
    languages: tuple[str, ...] = ("zh",)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a sentence is checked against.

    `known`: all text of its threads. `known_figures`: figures it may state. `numbers`: threads it may name.
    `threads`: state and history of these threads. `people`: whom it may name. `support`: its quotes.
    `answered`: for a person's position that also cites others: the figures of each cited person by login,
    allowed if the sentence names that person.
    """

    known: str
    known_figures: KnownFigures
    numbers: frozenset[int]
    threads: KnownThreads
    people: People
    support: Support = _NO_SUPPORT
    answered: Mapping[str, KnownFigures] = field(default_factory=dict)


def faults(text: str, basis: Basis, context: CheckContext, length: Length, code: str) -> Iterator[Problem]:
    """All problems of a text in the language `code`; it may be on the page if there are none."""
    language = checks_of(code)
    # Far too long texts are not checked any further, to bound the time for a hostile or broken model.
    if len(text) > 4 * length.most * language.length_factor:
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
    if recited := _recited(text, context.instructions, round(_SHINGLE * language.length_factor)):
        yield Problem(FallbackReason.CHATTER, recited)
    yield from dict.fromkeys(_untrue(marks, basis, language))
    if length.is_sentence:
        yield from basis.support.problems(marks.words, language)


def _untrue(marks: Markup, basis: Basis, language: Language) -> Iterator[Problem]:
    words = marks.words
    named = {*references(words), *references(" ".join(marks.links))}
    yield from (Problem(FallbackReason.NUMBER, f"#{number}") for number in sorted(named - basis.numbers))
    yield from _figures(words, basis, language)
    without_spaces = "".join(basis.known.split())
    # Chinese in quotation marks is emphasis, not a quote: sources are nearly always in English.
    spans = (found[1] for found in _QUOTED.finditer(words))
    quoted = [*marks.codes, *(span for span in spans if len(_ENGLISH.findall(span)) >= _WORDS)]
    yield from (
        Problem(FallbackReason.QUOTE, part) for part in quoted if "".join(part.split()) not in without_spaces
    )
    yield from basis.people.problems(words, language)
    yield from basis.threads.wrong_states(language.states(words))
    yield from basis.threads.wrong_acts(language.acts(words), basis.people.known)
    fixed = (int(found["number"]) for found in language.fixes.finditer(words))
    yield from basis.threads.wrong_fixes(fixed)
    if guessed := language.guess.search(words):
        yield Problem(FallbackReason.GUESS, guessed[0])


def _figures(words: str, basis: Basis, language: Language) -> Iterator[Problem]:
    ground = basis.known_figures
    for login, figures in basis.answered.items():
        ground = ground | figures if login in words else ground
    for figure, like in ground.unfounded(words, language):
        yield Problem(FallbackReason.FIGURE, figure, like)
    lowered = basis.known.casefold()
    implied = {name for pattern, names in _HARDWARE_OF.items() if pattern.search(lowered) for name in names}
    without = basis.people.without_names(words)
    platforms = {found[0]: found[0] for found in _PLATFORMS.finditer(without)}
    platforms |= {name: english for name, english in language.platforms.items() if name in without}
    for name, english in platforms.items():
        if not any(one in lowered or one in implied for one in (english.casefold(), name.casefold())):
            yield Problem(FallbackReason.FIGURE, name)
    cited = tuple(one.text for one in basis.support.cited)
    for check in (misplaced_figures, reversed_changes):
        for found in check(words, language, cited, basis.support.thread):
            yield Problem(FallbackReason.FIGURE, *found)


def _recited(text: str, instructions: str, length: int) -> str:
    """The first `length` characters of the text that also occur in the instructions; empty if none do."""
    pieces = (text[at : at + length] for at in range(len(text) - length + 1))
    return next((piece for piece in pieces if piece in instructions), "")


def is_platform(name: str) -> bool:
    """Whether it is the name of a platform, of its vendor or of its hardware."""
    return _PLATFORMS.fullmatch(name.strip()) is not None or is_hardware(name)
