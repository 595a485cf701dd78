"""Which threads of a window belong together: reverts, fixes, duplicates, follow-ups."""

import re
from collections.abc import Iterable, Iterator

from vllm_digest.models import Thread
from vllm_digest.report import Link, LinkKind

# The closing keywords are GitHub's ("Linking a pull request to an issue"); the rest is how people write.
_PHRASES = {
    kind: re.compile(rf"\b{phrase}:? *\Z", re.IGNORECASE)
    for kind, phrase in {
        LinkKind.REVERTS: r"reverts?",
        LinkKind.CLOSES: r"(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?)",
        LinkKind.DUPLICATES: r"duplicate of",
        LinkKind.FOLLOWS: (
            r"(?:follow[- ]?up(?: (?:to|of|on|for|from))?|supersedes|relands|continuation of)"
        ),
    }.items()
}
_PHRASE_LENGTH = 24
_REVERT_TITLE = re.compile(r"\[?revert\b[^#]*#(\d{1,7})\b", re.IGNORECASE)
"""A revert quotes the title of what it reverts, which ends in its number when it was squashed."""
_READ = 20_000
"""Characters of a body that are looked at: references stand near its beginning or nowhere."""


def links(threads: Iterable[Thread], repo: str) -> tuple[Link, ...]:
    """The links whose two ends are both among the threads, each once, in the order of their sources.

    A revert counts whether or not what it reverts is among them.
    """
    known = {thread.number: thread for thread in threads}
    found = (link for thread in known.values() for link in _links_of(thread, repo))
    return tuple(
        dict.fromkeys(
            link
            for link in found
            if link.source != link.target and (link.target in known or link.kind is LinkKind.REVERTS)
        )
    )


def _links_of(thread: Thread, repo: str) -> Iterator[Link]:
    number = thread.number
    title = _REVERT_TITLE.match(thread.title)
    if title:
        yield Link(LinkKind.REVERTS, number, int(title[1]))
    yield from (Link(LinkKind.CLOSES, number, issue) for issue in thread.closes)
    if thread.closed_by_pull is not None:
        yield Link(LinkKind.CLOSES, thread.closed_by_pull, number)
    if thread.duplicate_of is not None:
        yield Link(LinkKind.DUPLICATES, number, thread.duplicate_of)
    for before, target in _references(thread.body[:_READ], repo):
        for kind, phrase in _PHRASES.items():
            if phrase.search(before) and (thread.is_pull or kind is not LinkKind.CLOSES):
                yield Link(kind, number, target)


def _references(body: str, repo: str) -> Iterator[tuple[str, int]]:
    """The threads a text names (`#1`, `OWNER/NAME#1`, an address), each with what stands before the name."""
    address = rf"https://github\.com/{re.escape(repo)}/(?:issues|pull)/(\d{{1,7}})\b"
    for pattern in (r"#(\d{1,7})\b", address):
        for match in re.finditer(pattern, body):
            start = max(0, match.start() - len(repo) - _PHRASE_LENGTH)
            before = body[start : match.start()].removesuffix(repo)
            if not re.search(r"[\w/.-]\Z", before):
                yield before, int(match[1])
