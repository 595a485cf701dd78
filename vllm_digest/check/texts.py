"""Check one claim that is written in several languages."""

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
"""Takes a text and its language code; yields the text's problems."""

_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CheckedTexts:
    """The texts that pass, by language code, and the faults of the others."""

    texts: Mapping[str, str]
    faults: tuple[Fault, ...]


def check_texts(
    texts: Mapping[str, str], languages: Sequence[str], where: str, check: Check, names: Collection[str]
) -> CheckedTexts:
    """Check the texts of a claim, given by language code, with `check`.

    A text with a wording problem is rejected alone. All texts are rejected if the claim itself fails in one
    of them, or if they do not name the same threads, figures and people (logins in `names`).
    `where`: path in the answer, for the faults.
    """
    written = {language: texts[language].strip() for language in languages if texts.get(language, "").strip()}
    problems = {language: list(check(text, language)) for language, text in written.items()}
    claims = [problem for some in problems.values() for problem in some if not problem.reason.is_wording]
    sound = {language: text for language, text in written.items() if not problems[language]}
    claims += [] if claims else list(_differences(sound, names))
    if claims:
        return CheckedTexts({}, tuple(_fault(where, one) for one in dict.fromkeys(claims)))
    missing = {one: [Problem(FallbackReason.NO_ANSWER)] for one in languages if one not in written}
    faults = [
        _fault(where, one, language if sound else "")
        for language, some in (problems | missing).items()
        for one in some
    ]
    return CheckedTexts(sound, tuple(faults))


def quoted_texts(texts: Mapping[str, str]) -> str:
    """Texts by language, for logs: `zh: "…", en: "…"`."""
    return ", ".join(f'{language}: "{text}"' for language, text in texts.items())


def _fault(where: str, problem: Problem, language: str = "") -> Fault:
    return Fault(where, problem.reason, problem.detail, language, problem.compared_with)


def _differences(texts: Mapping[str, str], names: Collection[str]) -> Iterator[Problem]:
    """Threads, figures and people that one text names and another does not."""
    # In both directions: each text is compared with every other one.
    shown = {language: markup(text, repo_url="").words for language, text in texts.items()}
    for one, other in permutations(shown, 2):
        text, against = shown[one], shown[other]
        for number in sorted({*references(text)} - {*references(against)}):
            yield Problem(FallbackReason.NUMBER, f"#{number}", against)
        for figure, _ in KnownFigures.of([against]).unfounded(text, checks_of(one), all_of_them=True):
            yield Problem(FallbackReason.FIGURE, figure, against)
        for name in sorted(people_named(text, names, checks_of(one)) - {*_NAME.findall(against)}):
            yield Problem(FallbackReason.LOGIN, name, against)
