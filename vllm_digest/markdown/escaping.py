"""Escape untrusted text for a page, so that it is shown verbatim and has no effect.

A page is read by Jekyll (Liquid, then kramdown with its GFM parser) and by GitHub's view (cmark-gfm). They
differ on what is markup, so each special character is written in a form that both show as that character.
The tables below are all rules. Three limits of kramdown shape them:

- A backslash works only before ``\\ . * _ + ` < > ( ) [ ] { } # ! : | " ' $ = - ~``; others need an entity.
- Entities are not decoded in a code span, so code with special characters becomes an HTML ``<code>``.
- Its search for tables reads every backtick as code, escaped or not, so every pipe must be escaped.
"""

import json
import re
from typing import NamedTuple
from urllib.parse import quote


class Safe(str):
    """Markdown that is safe on a page. Joining it with other text gives a plain ``str`` again."""

    __slots__ = ()


class Rule(NamedTuple):
    """A pattern of special characters (``sign``) and why they need escaping.

    They are replaced by ``instead``; if that is None, a backslash is put before the last character.
    """

    sign: str
    why: str
    instead: str | None = None


ANYWHERE = (
    Rule(r"\\(?=\s*\Z)", "at a line's end it is a line break, doubled too (kramdown)", "&#92;"),
    Rule(r"\\", "it escapes the punctuation after it, or itself"),
    Rule(r"\{(?=%|\s*\Z)", "a Liquid tag; `\\{%` would still hold one", "&#123;"),
    Rule(r"\{", "a Liquid output when doubled, a kramdown attribute list before `:`"),
    Rule(r"\|", "one pipe in a line makes a table (kramdown), also inside a list"),
    Rule(r"<(?=\s*\Z)", "with `<code>` after it, an escape of both signs at once (kramdown)", "&lt;"),
    Rule(r"<", "HTML, an autolink, or guillemets when doubled"),
    Rule(r"(?<=>)>|>(?=>)", "guillemets (kramdown)"),
    Rule(r"`", "opens or closes code, even across our own text"),
    Rule(r"#(?=\s*\Z)", "ends a heading, and is not shown there"),
    Rule(r"\*", "emphasis; could close a bold label round it"),
    Rule(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])", "emphasis; inert only between ASCII letters or digits"),
    Rule(r"(?<=!)\[|\[(?=\^)", "an image, a footnote"),
    Rule(r"\[(?![^\[\]]*\])", "inert, but hundreds without partner stop the build for minutes (kramdown)"),
    Rule(r"\](?=\()", "a link; `][` and `[x]` are inert, as no line can define what they would refer to"),
    Rule(r"[\"']", "turned into curly quotes (kramdown)"),
    Rule(r"(?<=-)-", "dashes (kramdown)"),
    Rule(r"(?<=\.\.)\.", "an ellipsis (kramdown)"),
    Rule(r"\$", "mathematics: doubled in kramdown, single on GitHub"),
    Rule(r"~", "struck out, also single (GitHub)"),
    Rule(r"&(?=#?[\w:][\w:.-]*;)", "an entity, decoded", "&amp;"),
    Rule(r":(?=//)", "a bare address becomes a link (GitHub)"),
    Rule(r"(?i:www)\.", "a bare address becomes a link (GitHub)"),
    Rule(
        r"(?<=[\w.+-])@(?=[\w.-]*\.\w)",
        "a mail link; nothing but another node stops it (GitHub)",
        "<!-- -->@",
    ),
)
AT_START = (
    Rule(r"\A[#]", "a heading"),
    Rule(r"\A[-+]", "a list, a rule, the line under a heading, front matter"),
    Rule(r"\A\d+[.)](?=\s|\Z)", "a numbered list"),
    Rule(r"\A>", "a quote"),
    Rule(r"\A:", "a definition (kramdown), the second line of a table (GitHub)"),
    Rule(r"\A=", "the line under a heading"),
    Rule(r"\A\[", "a link definition, a task box: the whole line would vanish"),
    Rule(r"\A\^", "alone on a line it ends a block and vanishes (kramdown)", "&#94;"),
)
IN_LINK = (
    Rule(
        r"(?<=\]):",
        "at a line's start a definition, in spite of the backslash before `]` (kramdown)",
        "&#58;",
    ),
    Rule(r"\A\^", "a footnote", "&#94;"),
    Rule(r"[\[\]]", "ends the link's text, or nests one link in another"),
)


FIRST = r"[\\{|<>`#*_\[\]\"'.$~&:@wW-]"
"""The characters with which a sign can begin, except at the start of the text. Ruling out all others before
the signs are tried makes escaping a title 9 times as fast."""


class _Writer:
    """Several tables as one pattern: each character is escaped once, and no rule sees another's output."""

    def __init__(self, *tables: tuple[Rule, ...]) -> None:
        self._rules = [rule for table in tables for rule in table]
        signs = "|".join(f"({rule.sign})" for rule in self._rules)
        self._pattern = re.compile(rf"(?:(?={FIRST})|\A)(?:{signs})")

    def _write(self, match: re.Match[str]) -> str:
        rule = self._rules[(match.lastindex or 1) - 1]
        sign = match[0]
        return f"{sign[:-1]}\\{sign[-1]}" if rule.instead is None else rule.instead

    def __call__(self, text: str) -> str:
        return self._pattern.sub(self._write, text)


_write_inside = _Writer(ANYWHERE)
_write_at_start = _Writer(AT_START, ANYWHERE)
_write_in_link = _Writer(IN_LINK, ANYWHERE)

# Control characters except tab and line feed, bidi marks, other invisible format characters, tags,
# surrogates, non-characters. The joiners U+200C and U+200D stay: Persian and Indic words and emoji need them.
_INVISIBLE = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
    + "]"
)
_SPACES = re.compile(r"[ \t\n]+")
_TICKS = re.compile(r"`+")


def visible(text: str) -> str:
    r"""``text`` without invisible characters; each line break of ``str.splitlines`` becomes ``\n``."""
    if text.isprintable():  # then it has none of them and no line break
        return text
    return _INVISIBLE.sub("", "\n".join(text.splitlines()))


def clean(text: str) -> str:
    """``text`` on one line: without invisible characters, with single spaces, stripped.

    This is what "verbatim" means in this project. Never fails; ``clean(clean(x)) == clean(x)``.
    """
    return _SPACES.sub(" ", visible(text)).strip()


def literal(text: str, *, at_start: bool = True, in_link: bool = False) -> Safe:
    """Escape one line of visible text, backticks included; spaces at its ends are kept.

    ``at_start``: as in ``escape``. ``in_link``: for the text between a link's brackets; ``at_start`` is then
    ignored.
    """
    write = _write_in_link if in_link else _write_at_start if at_start else _write_inside
    return Safe(write(text))


def code(text: str) -> Safe:
    """``text`` as inline code; empty if nothing visible is left."""
    text = clean(text)
    if re.search(r"[`|]|\{[{%]|\]:|\[(?![^\[\]]*\])", text) is None:
        return Safe(f"`{text}`" if text else "")
    encoded = re.sub(r"[\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]", lambda sign: f"&#{ord(sign[0])};", text)
    return Safe(f"<code>{encoded.replace('&#64;', '<!-- -->&#64;')}</code>")


def escape(text: str, *, at_start: bool = True) -> Safe:
    """Any text as Markdown that shows ``clean(text)`` and has no effect; empty if nothing visible is left.

    Code in single, paired backticks stays code, as GitHub shows it in titles; with any other backtick all are
    shown. After a text that may end in ``]`` or ``!``, do not write ``(`` or ``[`` without a space.

    Args:
        text: Untrusted text: a title, a label, a name. Not Markdown: escaping twice shows the escapes.
        at_start: Whether it may be first on its line or in its list item. ``False`` only if other text always
            precedes it; then ordinary titles need no escapes.
    """
    return _escape(text, at_start=at_start, in_link=False)


def _escape(text: str, *, at_start: bool, in_link: bool) -> Safe:
    text = clean(text)
    parts = text.split("`") if all(run == "`" for run in _TICKS.findall(text)) else [text]
    if len(parts) % 2 == 0 or any(part != part.strip() or not part for part in parts[1::2]):
        parts = [text]
    return Safe(
        "".join(
            code(part) if odd % 2 else literal(part, at_start=at_start and odd == 0, in_link=in_link)
            for odd, part in enumerate(parts)
        )
    )


_YAML_PLAIN = re.compile(
    r"[A-Za-z\u4e00-\u9fff]([A-Za-z0-9\u4e00-\u9fff ._/()+-]*[A-Za-z0-9\u4e00-\u9fff)])?"
)
_YAML_WORDS = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
"""Words that YAML 1.1, which Jekyll reads, takes for booleans or null: https://yaml.org/type/bool.html"""


def yaml_text(text: str) -> str:
    """``clean(text)`` as a YAML scalar for front matter: plain if every YAML reader reads it as this text,
    else as a JSON string, which is valid YAML."""
    text = clean(text)
    if _YAML_PLAIN.fullmatch(text) and text.lower() not in _YAML_WORDS:
        return text
    return json.dumps(text, ensure_ascii=False)


_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")


def link(text: Safe | str, url: str) -> Safe:
    """A link to ``url``; ``text`` is escaped unless it is ``Safe``. Empty without a text.

    Characters of ``url`` that could end the link are percent-encoded; existing ``%XX`` stay. With a scheme
    other than http and https the result is the text alone.
    """
    shown = text if isinstance(text, Safe) else _escape(text, at_start=False, in_link=True)
    target = quote(visible(url), safe="%/:?#@&=+,-._~!")
    scheme = _SCHEME.match(target)
    if not shown or not target or (scheme and scheme[0].lower() not in {"http:", "https:"}):
        return Safe(shown)
    return Safe(f"[{shown}]({target})")
