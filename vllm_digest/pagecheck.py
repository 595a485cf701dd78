"""Check a finished page before it is stored. Pure.

One bad page makes the build of the whole site fail, and thereby hides every later report. Escaping should
prevent such pages; this check parses the finished page again, independently of how it was made.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

import yaml

from vllm_digest.languages import LANGUAGES
from vllm_digest.markdown.escaping import clean
from vllm_digest.markdown.outline import read

_FENCE = "---\n"
"""The line before and after front matter: https://jekyllrb.com/docs/front-matter/"""
_FENCE_OF_JEKYLL = re.compile(r"^(?:---|\.\.\.)[ \t\r\f\v]*\n", re.MULTILINE)
"""https://github.com/jekyll/jekyll/blob/master/lib/jekyll/document.rb, YAML_FRONT_MATTER_REGEXP"""
_LONGEST_FRONT = 8_000
"""Characters of a front matter; that of this program has five short keys."""
_LONGEST_LINE = 60_000
"""Characters of a line; a model's paragraph has at most 20,000."""
_MOST_OPEN, _MOST_SIGNS = 50, 2_000
"""Unclosed brackets, and brackets, backticks or quotes, in one line. kramdown takes 25 s for 2,000 unclosed
brackets and 12 s for 20,000 backticks."""
_ESCAPED = re.compile(r"\\.")
_LIQUID = re.compile(r"\{[{%].{0,30}")
_PERMALINK = re.compile(rf"(/({'|'.join(LANGUAGES)}))?/reports(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+/")
_OUR_HTML = frozenset({"<code>", "</code>", "<!-- -->"})
"""The HTML that escaping writes where Markdown has no equivalent."""


def find_problem(page: str, headings: Sequence[str]) -> str:
    """Why the page must not be published, in one sentence; empty if it may be.

    `headings`: the required headings below the title, as `sections.outline` returns them.
    """
    return breakage(page) or _body(page, headings)


def breakage(page: str) -> str:
    """Why the page would break or delay the build of a site, in one sentence; empty if it would not."""
    front, body = _parts(page)
    if not front:
        return "It has no front matter."
    try:
        keys = _keys(front)
    except (yaml.YAMLError, ValueError) as error:
        return f"Its front matter does not load: {' '.join(str(error).split())}."
    if wrong := _front_matter(keys):
        return wrong
    liquid = _LIQUID.search(body)
    # Jekyll runs Liquid before Markdown, in code blocks as well: https://jekyllrb.com/docs/rendering-process/
    return f"Liquid would run in it: {liquid[0]!r}." if liquid else _slowness(body)


def _slowness(body: str) -> str:
    """Why Jekyll would take minutes for the page, in one sentence; empty if it would not."""
    for line in body.split("\n"):
        if len(line) > _LONGEST_LINE:
            return f"It has a line of {len(line)} characters: {line[:40]!r}."
        bare = _ESCAPED.sub("", line) if len(line) > _MOST_OPEN else ""
        if bare.count("[") - bare.count("]") > _MOST_OPEN or any(
            bare.count(one) > _MOST_SIGNS for one in "[`>"
        ):
            return f"It has a line with too many brackets, backticks or quotes: {line[:40]!r}."
    return ""


def title_of(page: str) -> str:
    """The title in a page's front matter; only for pages that passed `breakage`."""
    return str(_keys(_parts(page)[0])["title"])


def sections(page: str) -> str:
    """The sections of a page with their headings, in Markdown."""
    _, mark, rest = page.partition("\n### ")
    return (mark + rest.partition("\n---\n")[0]).strip()


def _shown(heading: str) -> str:
    """A heading in the form of `outline.read`: without backticks."""
    return clean(heading).replace("`", "")


def _front_matter(keys: Any) -> str:
    if not isinstance(keys, dict):
        return "Its front matter has no keys."
    if keys.get("layout") != "default":
        return f"Its layout is {keys.get('layout')!r} and not 'default'."
    if not isinstance(keys.get("title"), str) or not keys["title"]:
        return "Its front matter has no title."
    if type(keys.get("date")) is not date:
        return f"Its date is {keys.get('date')!r} and no day."
    if _PERMALINK.fullmatch(str(keys.get("permalink"))) is None:
        return f"Its permalink {keys.get('permalink')!r} is outside the reports."
    return ""


def _parts(page: str) -> tuple[str, str]:
    """Front matter without its fences (empty if there is none) and the rest of the page.

    Jekyll also accepts `...` and trailing white space as the end; pages of this program have `---` only.
    """
    end = _FENCE_OF_JEKYLL.search(page, len(_FENCE)) if page.startswith(_FENCE) else None
    if end is None or end[0] != _FENCE or end.start() > _LONGEST_FRONT:
        return "", page
    return page[len(_FENCE) : end.start()], page[end.end() :]


def _keys(front: str) -> Any:
    """The keys of a front matter with plain scalars. Raises ValueError if it has anything else.

    Aliases and nesting could exhaust memory. PyYAML raises ValueError for a date like 02-30.
    """
    # Events come before aliases are resolved, so a small file that would expand to gigabytes is refused here.
    for event in yaml.parse(front, yaml.CSafeLoader):
        match event:
            case yaml.AliasEvent() | yaml.SequenceStartEvent():
                is_plain = False
            case yaml.ScalarEvent(anchor=anchor, tag=tag) | yaml.MappingStartEvent(anchor=anchor, tag=tag):
                is_plain = anchor is tag is None
            case _:
                is_plain = True
        if not is_plain:
            raise ValueError("it has more than keys and plain values")
    return yaml.load(front, yaml.CSafeLoader)


def _body(page: str, headings: Sequence[str]) -> str:
    front, body = _parts(page)
    reading = read(body)
    if foreign := [piece for piece in reading.html if piece not in _OUR_HTML]:
        return f"It holds HTML: {foreign[0][:60]!r}."
    expected = [_shown(heading) for heading in (f"# {_keys(front)['title']}", *headings)]
    found = reading.headings
    for place, (wanted, heading) in enumerate(zip(expected, found, strict=False), start=1):
        if wanted != heading:
            return f"Its heading {place} is {heading[:60]!r} and not {wanted!r}."
    if len(found) != len(expected):
        return f"It has {len(found)} headings and not {len(expected)}."
    return ""
