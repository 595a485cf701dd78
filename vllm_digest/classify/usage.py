"""Detect changes for users: breaks, deprecations, removals, options, variables, defaults, pinned versions.

By rules on the title, the labels, a footer in the body and the changed paths. The words are English and apply
to any repository; the paths are settings (`RepositoryWords.usage_paths`).
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain

from vllm_digest.classify.rules import RepositoryWords
from vllm_digest.facts import UsageChange, UsageKind
from vllm_digest.models import Thread
from vllm_digest.text.excerpts import unfolded

_THING = (
    r"(?:support\b"
    r"|(?:cli )?(?:flag|option|argument|arg|param|parameter|endpoint|backend|platform)s?\b(?! test)"
    r"|env(?:ironment)?[ _]?var\w*|\bapi\b|deprecated|legacy|--[a-z][\w-]+"
    r"|(?-i:\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b))"
)
"""Things that users use directly: a flag, a variable, an endpoint, a backend."""
_INNER = r"(?!.{0,40}\b(?:unused|unnecessary|redundant|dead|duplicated?|workarounds?|skips?|stale)\b)"
"""Words for removals that do not affect users."""
_TITLES: Mapping[UsageKind, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE)
    for kind, pattern in {
        UsageKind.BREAKING: (
            r"(?<!non-)(?<!not )\b(?:api[- ])?breaking(?: change)?\b(?! ci\b)|\bbackwards?[- ]incompatible"
        ),
        UsageKind.DEPRECATION: r"\bdeprecat(?:e|es|ed|ing|ion|ions)\b",
        UsageKind.REMOVAL: (
            r"\b(?:remov(?:e|es|ed|ing|al of)|drop(?:s|ped|ping)?|delet(?:e|es|ed))\b"
            rf"{_INNER}.{{0,40}}?{_THING}"
        ),
        UsageKind.RENAME: rf"\brenam(?:e|es|ed|ing)\b(?!.{{0,60}}\.py\b).{{0,40}}?{_THING}",
        UsageKind.VARIABLE: (
            r"\b(?:add|adds|added|introduc\w+|new|expose\w*)\b.{0,60}?"
            r"(?:(?-i:\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b)|env(?:ironment)?[ _]?var\w*)"
        ),
        UsageKind.OPTION: (
            r"\b(?:add|adds|added|introduc\w+|new|expose\w*|support\w*)\b.{0,60}?"
            r"(?:--[a-z][\w-]+|\b(?:cli|command[- ]line|server|engine) (?:flag|option|arg\w*)s?\b|\bflag\b)"
        ),
        UsageKind.DEFAULT: (
            r"\bby default\b|\b(?:chang|switch|set|mak|enabl|disabl|turn|us|flip)\w*\b.{0,40}?\bdefaults?\b"
            r"|\bdefaults? (?:to|value)\b|\bas (?:the )?default\b"
        ),
        UsageKind.PIN: (
            r"\b(?:bump\w*|upgrad\w*|downgrad\w*|(?:un)?pin(?:s|ned|ning)?)\b"
            r"|\bupdate\b.{0,40}?\b(?:to|version) ?v?\d+\.\d+"
            r"|\b(?:minimum|min|require\w*) (?:version|python|torch)\b"
        ),
    }.items()
}
_LABELS: Mapping[str, UsageKind] = {
    "breaking": UsageKind.BREAKING,
    "deprecat": UsageKind.DEPRECATION,
    "removal": UsageKind.REMOVAL,
}
"""By a substring of a label."""
_INTERNAL = re.compile(r"\[(?:ci|ci/build|test|tests|docs?|bench\w*|perf)\]", re.IGNORECASE)
"""Tags of internal changes; of these only the kinds in `_ALWAYS` count."""
_ALWAYS = (UsageKind.BREAKING, UsageKind.DEPRECATION)
_BODY_MARK = re.compile(r"^[ \t>*#-]*BREAKING[ -]CHANGES?\b.{0,80}", re.MULTILINE)
"""The footer of Conventional Commits, in capitals: https://www.conventionalcommits.org/en/v1.0.0/"""
_TEST_PATH = re.compile(r"(?:^|/)(?:tests?|benchmarks?)[/._-]")
_NO_MERGE = (
    r"(?:\bnot for merg(?:e|ing)\b|\b(?:do not|don'?t) merge\b"
    r"|\bnot (?:intended|meant) (?:for|to be) merg\w+)"
    r"(?!.{0,30}\b(?:until|before|unless|without|yet)\b)"
)
_TRIAL_TITLE = re.compile(rf"{_NO_MERGE}|\b(?:WIP|DNM)\b", re.IGNORECASE)
_TRIAL_BODY = re.compile(rf"{_NO_MERGE}|\A\W{{0,8}}(?:WIP|DNM)\b", re.IGNORECASE)
"""A pull request that its author does not mean to have merged changes nothing for users."""
_READ = 20_000
_QUOTE = 80


def usage_changes(thread: Thread, words: RepositoryWords) -> tuple[UsageChange, ...]:
    """The changes for users in a pull request, one per kind, with what indicates it.

    Empty for an issue, and for an open pull request marked as not for merging.
    """
    if not thread.is_pull or (thread.merged_at is None and _is_trial(thread)):
        return ()
    found: dict[UsageKind, UsageChange] = {}
    signs = (_of_title(thread), _of_labels(thread), _of_body(thread), _of_paths(thread, words))
    for change in chain.from_iterable(signs):
        found.setdefault(change.kind, change)
    return tuple(found[kind] for kind in UsageKind if kind in found)


def _is_trial(thread: Thread) -> bool:
    body = unfolded(thread.body[:_READ])
    return bool(_TRIAL_TITLE.search(thread.title) or _TRIAL_BODY.search(body))


def _of_title(thread: Thread) -> Iterator[UsageChange]:
    is_internal = _INTERNAL.search(thread.title) is not None
    for kind, pattern in _TITLES.items():
        if (match := pattern.search(thread.title)) and (kind in _ALWAYS or not is_internal):
            yield UsageChange(kind, "title", match[0][:_QUOTE])


def _of_labels(thread: Thread) -> Iterator[UsageChange]:
    for label in thread.labels:
        for part, kind in _LABELS.items():
            if part in label.casefold() and "non-breaking" not in label.casefold():
                yield UsageChange(kind, "label", label[:_QUOTE])


def _of_body(thread: Thread) -> Iterator[UsageChange]:
    if match := _BODY_MARK.search(unfolded(thread.body[:_READ])):
        yield UsageChange(UsageKind.BREAKING, "body", match[0].strip(" \t>*#-")[:_QUOTE])


def _of_paths(thread: Thread, words: RepositoryWords) -> Iterator[UsageChange]:
    for path in thread.paths:
        if _TEST_PATH.search(path):
            continue
        for start, kind in words.usage_paths:
            if path.startswith(start):
                yield UsageChange(kind, "path", path[:_QUOTE])
