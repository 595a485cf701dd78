"""Extract from titles and bodies what a thread does to other threads. Pure."""

import re
from collections.abc import Iterator
from itertools import islice

from vllm_digest.facts import LinkKind, Reference
from vllm_digest.models import Thread
from vllm_digest.text.excerpts import unfolded

# Closing keywords: GitHub's, see "Linking a pull request to an issue" in its documentation. Others: from use.
_PHRASES = {
    kind: re.compile(rf"\b{phrase}:? *\Z", re.IGNORECASE)
    for kind, phrase in {
        LinkKind.REVERTS: r"(?:reverts?|reverts? (?:of|PR|pull request|commit [0-9a-f]{7,40} \(?))",
        LinkKind.RELANDS: r"re-?(?:lands?|applies|apply)(?: of)?",
        LinkKind.CLOSES: r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)",
        LinkKind.DUPLICATES: r"duplicate of",
        LinkKind.FOLLOWS: r"(?:follow[- ]?up(?: (?:to|of|on|for|from))?|supersedes|continuation of)",
    }.items()
}
_ONLY_PULLS_DO = (LinkKind.REVERTS, LinkKind.RELANDS, LinkKind.CLOSES)
_PHRASE_LENGTH = 60
_UNDOING_TITLE = re.compile(r"(?:\W{0,3}\brevert(?:s|ed|ing)?\b(?!-)\W{0,3})+", re.IGNORECASE)
_RELANDING_TITLE = re.compile(r"\W{0,3}\bre-?(?:land|apply)(?:s|ed|ing)?\b", re.IGNORECASE)
_REVERT = re.compile(r"\brevert", re.IGNORECASE)
_NUMBER = re.compile(r"#(\d{1,7})\b")
_DEEPEST = 8
"""Nested reverts in one title; no more than three have been seen."""
_NOT_SO = re.compile(
    r"\b(?:not|never|no longer|without|instead of|unless|if|whether|should|could|would|may|might|maybe"
    r"|perhaps|consider|propose[sd]?|want to|try(?:ing)? to|before|until)\b|n[’']t\b",
    re.IGNORECASE,
)
"""A sentence with one of these before the phrase is a denial, a question or a proposal."""
_SENTENCE_START = re.compile(r"[.!?;:。！？]\s|\n")
_READ = 20_000
"""Characters of a body that are searched; references are near its beginning."""
_MOST = 50
"""References kept for one thread; a pull request with a hundred fixed issues is a release, not a fix."""


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
    numbers = [n for n in map(int, _NUMBER.findall(thread.title)) if n != thread.number]
    if undoing := _UNDOING_TITLE.match(thread.title):
        depth = min(_DEEPEST, len(_REVERT.findall(undoing[0])))
        for step, number in zip(range(depth), reversed(numbers), strict=False):
            yield Reference(LinkKind.RELANDS if step % 2 else LinkKind.REVERTS, number)
    elif numbers and _RELANDING_TITLE.match(thread.title):
        yield Reference(LinkKind.RELANDS, numbers[-1])


def _of_github(thread: Thread) -> Iterator[Reference]:
    return (Reference(LinkKind.CLOSES, number) for number in thread.closes)


def _of_body(thread: Thread, repo: str, repo_url: str) -> Iterator[Reference]:
    for before, after, target in _named(_prose(thread.body[:_READ]), repo, repo_url):
        for kind, phrase in _PHRASES.items():
            if kind in _ONLY_PULLS_DO and not thread.is_pull:
                continue
            if phrase.search(before) and not _is_doubted(before, after):
                yield Reference(kind, target)


def _prose(body: str) -> str:
    """The visible prose of a body, without code and quotes."""
    lines = (line for line in unfolded(body).split("\n") if not line.lstrip().startswith(">"))
    return re.sub(r"`[^`\n]*`", " ", "\n".join(lines))


def _is_doubted(before: str, after: str) -> bool:
    """Whether the sentence around a phrase is a denial, a question or a wish."""
    sentence = _SENTENCE_START.split(before)[-1]
    return _NOT_SO.search(sentence) is not None or re.match(r"[^.!\n。！]{0,80}[?？]", after) is not None


def _named(text: str, repo: str, repo_url: str) -> Iterator[tuple[str, str, int]]:
    """The threads that a text names (`#1`, `OWNER/NAME#1`, an address): text before, text after, number."""
    address = rf"{re.escape(repo_url)}/(?:issues|pull)/(\d{{1,7}})\b"
    for pattern in (r"#(\d{1,7})\b", address):
        for match in re.finditer(pattern, text):
            start = max(0, match.start() - len(repo) - _PHRASE_LENGTH)
            before = text[start : match.start()].removesuffix(repo)
            if not re.search(r"[\w/.-]\Z", before):
                yield before, text[match.end() : match.end() + 100], int(match[1])
