"""One claim in several languages: which of its texts stand."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.sentences import Fault
from vllm_digest.markdown.markup import markup
from vllm_digest.narrative import FallbackReason

Problem = tuple[FallbackReason, str]
"""What is wrong with a text, and the words meant."""
Check = Callable[[str, str], Iterator[Problem]]
"""The problems of a text in a language."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Standing:
    """The texts that stand, by language, and what is wrong with the others."""

    texts: Mapping[str, str]
    faults: tuple[Fault, ...]


def standing(
    texts: Mapping[str, str], languages: Sequence[str], where: str, check: Check, names: Collection[str]
) -> Standing:
    """What stands of a claim whose texts are checked by `check`.

    A text whose wording fails falls alone. All fall where the claim fails in one of them, or where they do
    not name the same threads, figures and people (of `names`).
    """
    written = {language: texts[language].strip() for language in languages if texts.get(language, "").strip()}
    problems = {language: list(check(text, language)) for language, text in written.items()}
    claims = [problem for some in problems.values() for problem in some if not problem[0].is_wording]
    sound = {language: text for language, text in written.items() if not problems[language]}
    claims += [] if claims else list(_differences(sound, names))
    if claims:
        return Standing({}, tuple(Fault(where, reason, detail) for reason, detail in dict.fromkeys(claims)))
    missing = {one: [(FallbackReason.NO_ANSWER, "")] for one in languages if one not in written}
    faults = [
        Fault(where, reason, detail, language if sound else "")
        for language, some in (problems | missing).items()
        for reason, detail in some
    ]
    return Standing(sound, tuple(faults))


def _differences(texts: Mapping[str, str], names: Collection[str]) -> Iterator[Problem]:
    """What one text names and another does not."""
    shown = [markup(text, repo_url="").words for text in texts.values()]
    for one, other in permutations(shown, 2):
        threads = {*references(one)} - {*references(other)}
        yield from ((FallbackReason.NUMBER, f"#{number}") for number in sorted(threads))
        figures = KnownFigures.of([other]).unfounded(one)
        yield from ((FallbackReason.FIGURE, figure) for figure in figures)
        people = ({*_NAME.findall(one)} - {*_NAME.findall(other)}) & {*names}
        yield from ((FallbackReason.LOGIN, name) for name in sorted(people))
