"""Check that the quotes support a sentence, by the kind of sentence they are from and by their words.

A plan does not support "done", a judgement needs a source that makes it, and a figure that its author
corrected later needs the correction.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from vllm_digest.check.claims import Concept, Problem, SentenceKind
from vllm_digest.check.language import Language
from vllm_digest.check.languages import every_language
from vllm_digest.narrative import FallbackReason

_SENTENCE_END = re.compile(r"(?<=[.!?。！？])\s+|(?<=[。！？])|\n+")
_OF_A_WINDOW = frozenset(
    {Concept.CONCENTRATION, Concept.TREND, Concept.ORDER, Concept.CAUSE, Concept.BALANCE}
)
"""Checked in sentences about a window only; in sentences about a thread such words are ordinary."""
_LONGEST_QUOTE = 160
"""Characters of quotes in a message."""


@dataclass(frozen=True)
class CitedQuote:
    """A quote, and the text and author of the source it is from.

    `place`: position of the source among the thread's sources, oldest first, from 0.
    """

    quote: str
    text: str
    login: str
    place: int = 0

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        """The sentences of the source that the quote is from."""
        # All offsets are without white space, as quotes are compared.
        wanted = "".join(self.quote.split())
        whole = "".join(self.text.split())
        start = whole.find(wanted)
        if not wanted or start < 0:
            return (self.quote,)
        found, at = [], 0
        for sentence in _SENTENCE_END.split(self.text):
            packed = "".join(sentence.split())
            if packed and at < start + len(wanted) and at + len(packed) > start:
                found.append(sentence.strip())
            at += len(packed)
        return tuple(found) or (self.quote,)


@dataclass(frozen=True, slots=True)
class Support:
    """The quotes of a sentence and the texts around them.

    `thread`: title and texts of the whole thread. `later`: later remarks of the cited people, not cited.
    `pending`: state of a pull request that is not merged or was reverted, for a message; else empty.
    `is_window`: the sentence is about a window; the quotes are those of the statements that it cites.
    """

    cited: tuple[CitedQuote, ...]
    thread: tuple[str, ...] = ()
    later: tuple[CitedQuote, ...] = ()
    pending: str = ""
    is_window: bool = False

    def problems(self, words: str, language: Language) -> Iterator[Problem]:
        """Claims of the sentence that the quotes do not support."""
        yield from self._unsupported_judgements(words, language)
        reached = language.sentence_kinds[SentenceKind.IN_EFFECT].search(words) if self.pending else None
        if reached and not language.sentence_kinds[SentenceKind.FUTURE].search(
            _around(words, reached, language)
        ):
            yield Problem(FallbackReason.UNREACHED, reached[0], self.pending)
        if not self.cited or self.is_window:
            return
        # Claims about states and actions are checked against GitHub's fields, not against the quotes.
        if not any(language.states(words)) and not any(language.acts(words)):
            yield from self._only_planned(words, language)
        yield from self._withdrawn_figures(words)

    def described(self) -> str:
        """The quotes for a message, cut."""
        return " / ".join(one.quote for one in self.cited)[:_LONGEST_QUOTE]

    def _unsupported_judgements(self, words: str, language: Language) -> Iterator[Problem]:
        """Judgements, decisions and generalisations that no cited source makes."""
        text = "\n".join(one.text for one in self.cited)
        for concept, names in language.concepts.items():
            if concept in _OF_A_WINDOW and not self.is_window:
                continue
            found = names.claimed.search(words)
            if found and not any(other.concepts[concept].said.search(text) for other in every_language()):
                yield Problem(FallbackReason.JUDGEMENT, found[0], self.described())

    def _only_planned(self, words: str, language: Language) -> Iterator[Problem]:
        sentences = [sentence for one in self.cited for sentence in one.sentences]
        shown = " / ".join(sentences)[:_LONGEST_QUOTE]
        if all(_plans(sentence) for sentence in sentences):
            done = language.sentence_kinds[SentenceKind.COMPLETES].search(words)
            if done and not language.sentence_kinds[SentenceKind.PLANS].search(words):
                yield Problem(FallbackReason.INTENTION, done[0], shown)

    def _withdrawn_figures(self, words: str) -> Iterator[Problem]:
        for figure in dict.fromkeys(re.findall(r"\d+(?:\.\d+)?\s?(?:%|x\b|\u00d7|ms|tok/s)", words)):
            plain = re.escape(figure.replace(" ", "")).replace("%", r"\s?%")
            telling = [
                one for one in self.cited if re.search(rf"(?<![\d.]){plain}", one.text.replace(" ", ""))
            ]
            for later in self.later:
                before = [one for one in telling if one.login == later.login and one.place < later.place]
                if before and len(before) == len(telling) and _withdraws(later.text, figure):
                    yield Problem(FallbackReason.WITHDRAWN, figure, later.text[:_LONGEST_QUOTE])


def _plans(sentence: str) -> bool:
    return any(language.planning.search(sentence) for language in every_language())


def _withdraws(text: str, figure: str) -> bool:
    """Whether a text corrects the figure: `3%, not 30%`; `30% was wrong`."""
    plain = re.escape(figure.replace(" ", ""))
    packed = re.sub(r"\s+(?=[%\u00d7])", "", text)
    denied = rf"\b(?:not|instead of|rather than|and not)\s+(?:the\s+)?{plain}"
    wrong = rf"(?<![\d.]){plain}[^.\n]{{0,20}}\b(?:was|is|were) (?:wrong|a mistake|incorrect|not right)"
    return re.search(f"{denied}|{wrong}", packed, re.IGNORECASE) is not None


def _around(words: str, found: re.Match[str], language: Language) -> str:
    """The sentence around a match."""
    start = max((end.end() for end in language.sentences.finditer(words, 0, found.start())), default=0)
    end = language.sentences.search(words, found.end())
    return words[start : end.start() if end else len(words)]


def later_remarks(cited: Sequence[CitedQuote], others: Sequence[CitedQuote]) -> tuple[CitedQuote, ...]:
    """Remarks of the cited people that come after the first one cited, and are not cited themselves."""
    first: dict[str, int] = {}
    for one in cited:
        first[one.login] = min(one.place, first.get(one.login, one.place))
    places = {one.place for one in cited}
    return tuple(
        one for one in others if one.place not in places and one.place > first.get(one.login, one.place)
    )
