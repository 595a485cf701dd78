"""Extract from titles and bodies what a thread does to other threads. Pure."""

import re
from collections.abc import Iterator
from itertools import islice

from vllm_digest.facts import LinkKind, Reference
from vllm_digest.models import Thread
from vllm_digest.text.excerpts import main_text

_UNDO = r"reverts?|undo(?:es)?|backs? out|rolls? back|rollback"
# Closing keywords are GitHub's:
# https://docs.github.com/en/issues/tracking-your-work-with-issues/using-issues/linking-a-pull-request-to-an-issue
# The other phrases are those seen in titles and bodies.
_PHRASES = {
    kind: re.compile(rf"\b{phrase}:? *\Z", re.IGNORECASE)
    for kind, phrase in {
        LinkKind.REVERTS: rf"(?:{_UNDO})(?: of| PR| pull request| commit [0-9a-f]{{7,40}} \(?)?",
        LinkKind.RELANDS: r"re-?(?:lands?|applies|apply)(?: of)?",
        LinkKind.CLOSES: r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)",
        LinkKind.DUPLICATES: r"duplicate of",
        LinkKind.FOLLOWS: r"(?:follow[- ]?up(?: (?:to|of|on|for|from))?|supersedes|continuation of)",
    }.items()
}
_ONLY_PULLS_DO = (LinkKind.REVERTS, LinkKind.RELANDS, LinkKind.CLOSES)
_PHRASE_LENGTH = 60
"""Characters before a reference in which a phrase is searched; `reverts commit` with a full hash has 57."""
# `revert to X` and `revert back to X` restore a setting, and `revert-safe` is an adjective: no reverts.
_TAGS = r"(?:\[[^\[\]]{1,30}\] ?){0,4}?"
_UNDOING_TITLE = re.compile(
    rf"{_TAGS}(?:\W{{0,3}}\b(?:{_UNDO}|revert(?:ed|ing))\b(?!-| (?:back )?to\b)[^\w#]{{0,3}})+", re.IGNORECASE
)
_RELANDING_TITLE = re.compile(
    rf"{_TAGS}\W{{0,3}}\bre-?(?:land|apply)(?:s|ed|ing)?\b[^\w#]{{0,3}}", re.IGNORECASE
)
_UNDOING = re.compile(rf"\b(?:{_UNDO}|revert(?:ed|ing))\b", re.IGNORECASE)
_FIRST_NUMBER = re.compile(
    r"(?:of )?(?:(?:the )?changes (?:of|from|in) )?(?:PR |pull request )?#(\d{1,7})\b", re.IGNORECASE
)
_TITLE_NUMBER = re.compile(r"\(#(\d{1,7})\)|[\"”'’] #(\d{1,7})(?=\W*\Z)")
"""In a title the number of a pull request is in parentheses, or follows the quoted title. Other numbers in it
may be of an issue: `Revert "Fix #12"`, `Revert the default because of #12`."""
_IN_PART = re.compile(r"\b(?:partial(?:ly)?|parts? of|some|only)\b", re.IGNORECASE)
_AS_A_NOUN = re.compile(
    r"(?<!\bis )(?<!\bas )\b(?:the|its|that|a|after|since|of|by|from|previous|earlier|following)\s\Z",
    re.IGNORECASE,
)
"""Before `revert of #7`: the sentence mentions another revert. `This is a revert of #7` is a revert."""
_DEEPEST = 8
"""Nested reverts in one title; no more than three have been seen."""
_NO_FACT = re.compile(
    r"\b(?:not|never|no longer|without|instead of|unless|if|whether|should|could|would|may|might|maybe"
    r"|perhaps|consider|propose[sd]?|want to|try(?:ing)? to|before|until)\b|n[’']t\b",
    re.IGNORECASE,
)
"""A sentence with one of these before the phrase is a denial, a question or a proposal."""
_SENTENCE_START = re.compile(r"[.!?;:。！？]\s|\n")
_READ = 20_000
"""Characters of a body that are searched; references are near its beginning."""
_MOST = 50
"""References stored for one thread; a pull request that lists a hundred issues is a release, not a fix."""


def references(thread: Thread, repo: str, repo_url: str) -> tuple[Reference, ...]:
    """The distinct references of a thread: in its title, in GitHub's links, in the prose of its body.

    `repo`: OWNER/NAME. `repo_url`: of its page. Code, quotes, HTML comments and folded parts of the body are
    ignored, and so are denials, questions and wishes. Only pull requests revert, reland or close.
    """
    found = (*_of_title(thread), *_of_github(thread), *_of_body(thread, repo, repo_url))
    distinct = dict.fromkeys(one for one in found if one.target != thread.number)
    return tuple(islice(distinct, _MOST))


def _of_title(thread: Thread) -> Iterator[Reference]:
    """`Revert "X (#1)"` reverts 1; `Revert "Revert "X (#1)" (#2)"` reverts 2 and relands 1; and so on."""
    if not thread.is_pull:
        return
    title = thread.title
    if undoing := _UNDOING_TITLE.match(title):
        if _IN_PART.match(title, undoing.end()):
            return
        # GitHub's button makes the title `Revert "TITLE"`, so each level of nesting adds one word in front.
        depth = min(_DEEPEST, len(_UNDOING.findall(undoing[0])))
        numbers = _numbers(thread, undoing.end())
        # The last number is of the pull request that this one reverts, the one before it of what that one
        # had reverted, which is thereby restored.
        for step, number in zip(range(depth), reversed(numbers), strict=False):
            yield Reference(LinkKind.RELANDS if step % 2 else LinkKind.REVERTS, number)
    elif relanding := _RELANDING_TITLE.match(title):
        for number in _numbers(thread, relanding.end())[-1:]:
            yield Reference(LinkKind.RELANDS, number)


def _numbers(thread: Thread, start: int) -> list[int]:
    """The pull requests that a title names after its first words, which end at `start`."""
    first = _FIRST_NUMBER.match(thread.title, start)
    named = [first[1]] if first else ["".join(found) for found in _TITLE_NUMBER.findall(thread.title)]
    return [number for number in map(int, named) if number != thread.number]


def _of_github(thread: Thread) -> Iterator[Reference]:
    return (Reference(LinkKind.CLOSES, number) for number in thread.closes)


def _of_body(thread: Thread, repo: str, repo_url: str) -> Iterator[Reference]:
    for before, after, target in _named(_prose(thread.body[:_READ]), repo, repo_url):
        for kind, phrase in _PHRASES.items():
            if kind in _ONLY_PULLS_DO and not thread.is_pull:
                continue
            said = phrase.search(before)
            if said and not (
                _is_doubted(before, after) or _is_of_another(kind, before[: said.start()], after)
            ):
                yield Reference(kind, target)


def _prose(body: str) -> str:
    """The visible prose of a body, without code and quotes."""
    lines = (line for line in main_text(body).split("\n") if not line.lstrip().startswith(">"))
    return re.sub(r"`[^`\n]*`", " ", "\n".join(lines))


def _is_doubted(before: str, after: str) -> bool:
    """Whether the sentence around a phrase is a denial, a question or a wish."""
    sentence = _SENTENCE_START.split(before)[-1]
    return _NO_FACT.search(sentence) is not None or re.match(r"[^.!\n。！]{0,80}[?？]", after) is not None


def _is_of_another(kind: LinkKind, before: str, after: str) -> bool:
    """Whether the words tell of another revert (`since the revert of #7`), or of one of a part."""
    if kind not in (LinkKind.REVERTS, LinkKind.RELANDS):
        return False
    in_part = re.search(r"\bpartial(?:ly)? \Z", before) or re.match(r" (?:partially|in part)\b", after)
    return bool(in_part) or _AS_A_NOUN.search(before) is not None


def _named(text: str, repo: str, repo_url: str) -> Iterator[tuple[str, str, int]]:
    """The threads that a text names (`#1`, `OWNER/NAME#1`, an address): text before, text after, number."""
    address = rf"{re.escape(repo_url)}/(?:issues|pull)/(\d{{1,7}})\b"
    for pattern in (r"#(\d{1,7})\b", address):
        for match in re.finditer(pattern, text):
            start = max(0, match.start() - len(repo) - _PHRASE_LENGTH)
            before = text[start : match.start()].removesuffix(repo)
            # What remains of `OTHER/NAME#1` ends in a name: a thread of another repository.
            if not re.search(r"[\w/.-]\Z", before):
                yield before, text[match.end() : match.end() + 100], int(match[1])
