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
from vllm_digest.text.excerpts import main_text

_THING = (
    r"(?:support\b"
    r"|(?:cli )?(?:flag|option|argument|arg|param|parameter|endpoint|backend|platform)s?\b(?! test)"
    r"|env(?:ironment)?[ _]?var\w*|\bapi\b|deprecated|legacy|--[a-z][\w-]+"
    r"|(?-i:\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b))"
)
"""Things that users use directly: a flag, a variable, an endpoint, a backend. Names in capitals with an
underscore are variables; these are matched with case (`(?-i:`)."""
_INNER = (
    r"(?!.{0,40}\b(?:unused|unnecessary|redundant|dead|duplicated?|workarounds?|skips?|stale|usages?|uses|references"
    r"|tests?|asserti\w+|checks?|calls?)\b)"
)
"""What a removal may be of without affecting users, anywhere in the next words."""
_NEW = (
    r"\b(?:add|adds|added|introduc\w+|new|expose\w*)\b"
    r"(?:(?!\b(?:tips?|docs?|document\w*|notes?|warnings?|tests?|messages?|hints?|examples?|checks?|validat\w+|missing"
    r"|fix\w*)\b).){0,60}?"
)
"""Adding something; not a test, a check or a description of it."""
_ENVIRONMENT = r"\benv(?:ironment)?[ _]?var\w*"
_TITLES: Mapping[UsageKind, re.Pattern[str]] = {
    kind: re.compile(pattern, re.IGNORECASE)
    for kind, pattern in {
        UsageKind.BREAKING: (
            r"(?<!non-)(?<!not )(?<!no )\b(?:api[- ]breaking|breaking(?: api)?[- ]changes?)\b"
            r"|\[breaking\]|\A\W*breaking\b(?=[!:])|\bbackwards?[- ]incompatible"
        ),
        UsageKind.DEPRECATION: (
            r"\bdeprecat(?:e|es|ing)\b|\b(?:(?:is|are|as|now|marked)(?: now)?|mark .{0,30}) deprecated\b"
            r"|\badd\w* (?:an? |the )?deprecation\b|\bdeprecations?\b(?! (?:warning|message))"
        ),
        UsageKind.REMOVAL: (
            r"\b(?:remov(?:e|es|ed|ing|al of)|delet(?:e|es|ed)"
            r"|drop(?:s|ped|ping)?(?! (?:with|in|by|from|to|when|after|on|for)\b))\b"
            rf"{_INNER}.{{0,40}}?{_THING}"
        ),
        UsageKind.RENAME: rf"\brenam(?:e|es|ed|ing)\b(?!.{{0,60}}\.py\b).{{0,40}}?{_THING}",
        UsageKind.VARIABLE: rf"{_NEW}(?:{_ENVIRONMENT}|(?-i:\b[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+\b))",
        UsageKind.OPTION: (
            rf"{_NEW}(?:--[a-z][\w-]+|\bflag\b"
            r"|\b(?:cli|command[- ]line|server|engine) (?:flag|option|arg\w*)s?\b)"
            r"|\bsupport\w* (?:for )?(?:the )?--[a-z][\w-]+"
            r"|\bsupport\w*\b.{0,60}? as an? (?:cli|command[- ]line) (?:flag|option|arg\w*)\b"
        ),
        UsageKind.DEFAULT: (
            r"\bby default\b|\b(?:chang(?:e|es|ed|ing)|switch(?:es|ed)?|flip(?:s|ped)?|set(?:s|ting)?)\b"
            r".{0,40}?\bdefaults?\b"
            r"|\bdefaults? to\b|\b(?:as|for) (?:the )?default\b"
        ),
        UsageKind.PIN: (
            r"\b(?:bump|upgrad|downgrad)\w*\b(?! actions/)(?=.{0,60}(?:\d|\blatest\b|\bversions?\b))"
            r"|(?<!memory )(?<!thread )(?<!cpu )\b(?:un)?pin(?:s|ned|ning)?\b"
            r"(?![ -]?(?:memory|mem|host|cpus?|cores?|threads?|buffers?|tensors?|process\w*|numa)\b)"
            r"|\bupdate\b.{0,40}?\b(?:to|version) ?v?\d+\.\d+"
            r"|\b(?:minimum|min|require\w*) (?:version|python|torch)\b"
        ),
    }.items()
}
_REPAIRS = re.compile(
    r"\b(?:fix(?:e[sd])?|avoid\w*|prevent\w*|handl\w+|adapt\w*|suppress\w*|silenc\w+|tests?)\b", re.IGNORECASE
)
"""Before a sign, these say that the pull request repairs what the sign names."""
_TAG = re.compile(r"\[[^\[\]]{1,30}\]")
_REVERTS = re.compile(
    r"(?:\[[^\[\]]{1,30}\] ?){0,4}?\W{0,3}(?:revert|undo|back out|roll ?back)", re.IGNORECASE
)
"""A revert quotes the title of what it reverts, so the words do not describe a change of its own."""
_LABELS: Mapping[str, UsageKind] = {
    "breaking": UsageKind.BREAKING,
    "deprecat": UsageKind.DEPRECATION,
    "removal": UsageKind.REMOVAL,
}
"""By a substring of a label."""
_INTERNAL = re.compile(
    r"\[(?:ci|ci/build|test|tests|docs?|bench\w*|perf|refactor|cleanup|chore)\]", re.IGNORECASE
)
"""Title tags of internal changes; with such a tag only the kinds in `_ALWAYS` count."""
_ALWAYS = (UsageKind.BREAKING, UsageKind.DEPRECATION)
_BODY_MARK = re.compile(r"^[ \t>*#-]*BREAKING[ -]CHANGES?\b.{0,80}", re.MULTILINE)
"""The footer of Conventional Commits, in capitals: https://www.conventionalcommits.org/en/v1.0.0/"""
_TEST_PATH = re.compile(r"(?:^|/)(?:tests?|benchmarks?)[/._-]")
# "Do not merge before 0.12" is a condition, not a trial.
_NO_MERGE = (
    r"(?:\bnot for merg(?:e|ing)\b|\b(?:do not|don'?t) merge\b"
    r"|\bnot (?:intended|meant) (?:for|to be) merg\w+)"
    r"(?!.{0,30}\b(?:until|before|unless|without|yet)\b)"
)
_TRIAL_TITLE = re.compile(rf"{_NO_MERGE}|\b(?:WIP|DNM)\b", re.IGNORECASE)
_TRIAL_BODY = re.compile(rf"{_NO_MERGE}|\A\W{{0,8}}(?:WIP|DNM)\b", re.IGNORECASE)
"""A pull request that its author does not want to be merged changes nothing for users. In a body `WIP` counts
only at the start: further on it may be about a part of the work."""
_READ = 20_000
"""Characters of a body that are searched, as in `references`."""
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
    body = main_text(thread.body[:_READ])
    return bool(_TRIAL_TITLE.search(thread.title) or _TRIAL_BODY.search(body))


def _of_title(thread: Thread) -> Iterator[UsageChange]:
    if _REVERTS.match(thread.title):
        return
    is_internal = _INTERNAL.search(thread.title) is not None
    for kind, pattern in _TITLES.items():
        match = pattern.search(thread.title)
        if match is None or (is_internal and kind not in _ALWAYS):
            continue
        # Without tags: `[Bugfix] Remove the deprecated flag` removes it.
        is_repaired = _REPAIRS.search(_TAG.sub("", thread.title[: match.start()])) is not None
        if not is_repaired and (kind is not UsageKind.VARIABLE or _is_variable(match[0], thread)):
            yield UsageChange(kind, "title", match[0][:_QUOTE])


def _is_variable(words: str, thread: Thread) -> bool:
    """Whether the words name an environment variable: by saying so, or by the repository's name at its start.

    Other names in capitals are mostly those of backends and formats: `TRITON_MLA`, `FP8_E4M3`.
    """
    project = thread.url.rsplit("/", 3)[-3]
    return re.search(_ENVIRONMENT, words, re.IGNORECASE) is not None or f" {project.upper()}_" in words


def _of_labels(thread: Thread) -> Iterator[UsageChange]:
    for label in thread.labels:
        for part, kind in _LABELS.items():
            if part in label.casefold() and "non-breaking" not in label.casefold():
                yield UsageChange(kind, "label", label[:_QUOTE])


def _of_body(thread: Thread) -> Iterator[UsageChange]:
    if match := _BODY_MARK.search(main_text(thread.body[:_READ])):
        yield UsageChange(UsageKind.BREAKING, "body", match[0].strip(" \t>*#-")[:_QUOTE])


def _of_paths(thread: Thread, words: RepositoryWords) -> Iterator[UsageChange]:
    for path in thread.paths:
        if _TEST_PATH.search(path):
            continue
        for start, kind in words.usage_paths:
            if path.startswith(start):
                yield UsageChange(kind, "path", path[:_QUOTE])
