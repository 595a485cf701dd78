"""One claim in several languages: which of its texts stand."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from vllm_digest.check.claims import Problem
from vllm_digest.check.figures import KnownFigures, references
from vllm_digest.check.languages import checks_of
from vllm_digest.check.people import people_named
from vllm_digest.check.sentences import Fault
from vllm_digest.markdown.markup import markup
from vllm_digest.narrative import FallbackReason

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
    claims = [problem for some in problems.values() for problem in some if not problem.reason.is_wording]
    sound = {language: text for language, text in written.items() if not problems[language]}
    claims += [] if claims else list(_differences(sound, names))
    if claims:
        return Standing({}, tuple(_fault(where, one) for one in dict.fromkeys(claims)))
    missing = {one: [Problem(FallbackReason.NO_ANSWER)] for one in languages if one not in written}
    faults = [
        _fault(where, one, language if sound else "")
        for language, some in (problems | missing).items()
        for one in some
    ]
    return Standing(sound, tuple(faults))


def _fault(where: str, problem: Problem, language: str = "") -> Fault:
    return Fault(where, problem.reason, problem.detail, language, problem.compared_with)


def _differences(texts: Mapping[str, str], names: Collection[str]) -> Iterator[Problem]:
    """What one text names and another does not."""
    shown = {language: markup(text, repo_url="").words for language, text in texts.items()}
    for one, other in permutations(shown, 2):
        text, against = shown[one], shown[other]
        for number in sorted({*references(text)} - {*references(against)}):
            yield Problem(FallbackReason.NUMBER, f"#{number}", against)
        for figure, _ in KnownFigures.of([against]).unfounded(text, checks_of(one), all_of_them=True):
            yield Problem(FallbackReason.FIGURE, figure, against)
        for name in sorted(people_named(text, names, checks_of(one)) - {*_NAME.findall(against)}):
            yield Problem(FallbackReason.LOGIN, name, against)
