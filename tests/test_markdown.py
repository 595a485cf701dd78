"""Untrusted text appears on the page unchanged and has no effect, in Jekyll and in GitHub's view."""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import jekyll
from vllm_digest.markdown.escaping import (
    ANYWHERE,
    AT_START,
    FIRST,
    IN_LINK,
    Safe,
    clean,
    code,
    escape,
    link,
    visible,
    yaml_text,
)

SHARED = Path(__file__).parents[2] / "shared" / "data" / "hostile_texts.json"

ORDINARY = (
    "[Bug]: Issues with mistralai/Ministral-3-14B-Instruct-2512",
    "[v1] Add PrefixLM support to TritonAttention backend",
    "[Core] Whisper support `torch.compile`",
    "[BugFix] Fix minimax m2 model rope_parameters",
    "[CI/Build][AMD] Skip tests [1/N]",
)

NASTY = (
    "C# and F#",
    # Liquid
    "{{ site.posts }}",
    "say {{",
    "{{{ three }}}",
    "{ { apart } }",
    "{% assign x = 1 %}{{ x }}",
    "{%",
    "a {%- endraw -%} b",
    "{% comment %} gone?",
    "ends with a brace {",
    "`{{ code }}` and `{% code %}`",
    "`{{ me@host.example }}`",
    "`a|b` in code, c|d outside",
    # attribute lists and other extensions of kramdown
    "{:.red}",
    "word{:.red} word",
    "`code`{:#id}",
    "[x]{:target='_blank'}",
    "{::comment} hidden {:/comment}",
    "{:/}",
    "text {: style='display:none'}",
    "^",
    "^^",
    "^[a] caret",
    "*[GPU]: graphics unit",
    "[^note]: a footnote",
    "see[^note]",
    "$$ e^x $$",
    "$a$ and $b$",
    "it costs $$",
    # tables
    "|",
    "a|b",
    "| a | b |",
    "--|--",
    ":-:",
    "+---+---+",
    # HTML
    "<script>boom()</script>",
    "<think>no thought</think>",
    "</li></ul></main>",
    "<!-- note -->",
    "<!DOCTYPE x>",
    "<?php echo 1 ?>",
    "<![CDATA[x]]>",
    "<b",
    "a < b > c <= d => e",
    "vector<vector<int>>",
    "<<EOF >>",
    "ends with <",
    "<`{{a}}`",
    "<user@host.example>",
    "<https://host.example>",
    "<details><summary>s</summary>",
    "<a href='javascript:x' onclick=y>z</a>",
    # entities
    "&lt;b&gt;",
    "&#123;&#x7b; &notanentity; &",
    "Q&A &copy 1 &amp",
    "&nbsp;",
    # ticks
    "`",
    "``",
    "``two``",
    "```fence",
    "`a` b `c",
    "`a` `b`",
    "`a``b`",
    "` spaced `",
    "`\\`",
    "\\`a`",
    "`[x](y)` `]: z`",
    "`**`kwargs`**`",
    "`<b>` `&amp;` `--`",
    "`_`_`_`",
    # emphasis
    "*a*",
    "**a**",
    "***a***",
    "a * b",
    "a** b **c",
    "snake_case __dunder__ _private _",
    "5_000 a_1 1_a 中_文_字",
    "~a~ ~~b~~ ~",
    "~~~",
    # links
    "[a](b)",
    "[a][b]",
    "[a]: b",
    "[a]",
    "[",
    "]",
    "[[a]](b)",
    "[a [b] c](d)",
    "![a](b)",
    "!",
    "wow!",
    "[x] done",
    "[ ] open",
    "](x)",
    "[\\](x)",
    "[Bug]: [Core] [V1] (x) [y]",
    "https://host.example/a_b?c=*d*",
    "HTTP://HOST.EXAMPLE www.host.example WWW.HOST.EXAMPLE",
    "http:// ://",
    "me@host.example, @you, actions/cache@v4.1.2, a@b",
    "mailto:me@host.example xmpp:me@host.example",
    "#12 org/repo#12 GH-12",
    # typography
    "it's \"quoted\" 'so' 90's",
    '"',
    "a-b -- c --- d ---- e",
    ". .. ... .... .......",
    "-",
    "--",
    "---",
    # starts
    "# heading",
    "####### seven",
    "#tag",
    "- item",
    "+ item",
    "* item",
    "1. item",
    "2) item",
    "10.",
    "3.12 is out",
    "> quote",
    ">> twice",
    "=",
    "===",
    "=> x",
    ": definition",
    ":: x",
    "___",
    "***",
    "- - -",
    "    code by spaces",
    # backslashes
    "\\",
    "\\\\",
    "C:\\dir\\file",
    "\\*a\\*",
    "\\{{ x }}",
    "ends with \\",
    "\\[x\\](y)",
    # invisible and wide
    "a\r\nb\vc\fd\x1ce\x85f\u2028g",
    "a\x00b\x1b[0mc\x7f",
    "a\u200bb\u2060c\ufeffd\u00ade",
    "abc\u202edef\u2066ghi\u200f",
    "\U000e0041\U000e0042hidden tags",
    "\ud800 half \udfff",
    "\ufffe\uffff\U0010ffff",
    "a\u00a0b\u3000c",
    "\u00a0edge\u3000",
    "👩\u200d🚀 e\u0301 🇨🇳",
    "（中文）：“引号”，‘单’。……——",
    "中文*强调*中文`代码`中文",
    "xlayout: null",
    "null",
    "yes",
    "1e3",
    "2025-12-10",
    "~",
    "a: b",
    "a #b",
    "'",
    "% TAG",
    "@at",
    "? key",
    "!tag x",
    "&anchor",
)

PIECES = st.sampled_from(
    [
        *"\\`*_{}[]()<>#+-.!|~$&;:/@\"'^=%,?01az中。“”（）…—🚀é\xa0\u200d \n\t",
        "{{",
        "{%",
        "%}",
        "}}",
        "{:",
        "{::",
        "]:",
        "](",
        "][",
        "--",
        "...",
        "<<",
        ">>",
        "$$",
        "~~",
        "&amp;",
        "&#9;",
        "://",
        "http://a.b",
        "www.a",
        "a@b.cd",
        "<b>",
        "</li>",
        "<!--",
        "-->",
        "`x`",
        "`{{a}}`",
        "`a|b`",
        "1.",
        "1)",
        "[^1]",
        "![",
        "[x] ",
        "[ ] ",
        "**",
        "__",
        "\\\\",
        "\\{",
        "|---|",
        "  ",
        "{:.x}",
        "*[A]:",
        "[a]: b",
        "<code>",
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=12).map("".join)


def drawn(count: int) -> list[str]:
    """Random texts, the same on every run because hypothesis is told so in conftest."""
    texts: list[str] = []

    @settings(max_examples=count, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(TEXTS)
    def draw(text: str) -> None:
        texts.append(text)

    draw()
    return texts


def shared() -> list[str]:
    return [entry["text"] for entry in json.loads(SHARED.read_text("utf-8"))] if SHARED.exists() else []


@dataclass(frozen=True)
class Place:
    """A place of texts on a page: how a text is written there, and what must be visible of it."""

    write: Callable[[str], str]
    shows: Callable[[str], str]
    element: str
    inside: tuple[str, ...]


def middle(text: str) -> str:
    return escape(text, at_start=False)


URL = "https://github.com/o/r/pull/1"
PLACES = {
    "list row": Place(
        lambda text: (
            f"- [#1]({URL}) {middle(text)} — {middle(text)} — by {middle(text)} (创建于: 2025-12-10)"
        ),
        lambda seen: f"#1 {seen} — {seen} — by {seen} (创建于: 2025-12-10)",
        "li",
        ("a",),
    ),
    "bold title": Place(
        lambda text: (
            f"*   **Issue #1: “{middle(text)}”**\n    *   **核心**：{middle(text)}，见（{middle(text)}）"
        ),
        lambda seen: f"Issue #1: “{seen}”核心：{seen}，见（{seen}）",
        "li",
        ("strong", "ul", "li", "strong"),
    ),
    "paragraph": Place(lambda text: f"{escape(text)}\n", lambda seen: seen, "p", ()),
    "line in a paragraph": Place(
        lambda text: f"甲\n{escape(text)}\n{escape(text)}\n乙\n", lambda seen: f"甲{seen}{seen}乙", "p", ()
    ),
    "nested items": Place(
        lambda text: f"*   {escape(text)}\n    1.  {escape(text)}\n        *   {escape(text)}\n    2.  乙",
        lambda seen: f"{seen}{seen}{seen}乙",
        "li",
        ("ol", "li", "ul", "li", "li"),
    ),
    "link text": Place(
        lambda text: f"{link(text, URL)}：见{link(text, URL)}。\n",
        lambda seen: f"{seen}：见{seen}。",
        "p",
        ("a", "a"),
    ),
}


@pytest.fixture(scope="module")
def texts() -> list[str]:
    return [text for text in (*ORDINARY, *NASTY, *shared(), *drawn(400)) if clean(text)]


@pytest.fixture(scope="module")
def bodies(texts: list[str]) -> dict[str, str]:
    """The Markdown of one page for each place, holding all texts."""
    return {name: "\n".join(place.write(text) for text in texts) + "\n" for name, place in PLACES.items()}


@pytest.fixture(scope="module")
def built(texts: list[str], bodies: dict[str, str]) -> dict[str, jekyll.Page]:
    """All pages, built in one go: a page for each place, and one whose front matter holds all texts."""
    pages = {name: f"---\nlayout: default\ntitle: x\n---\n{body}" for name, body in bodies.items()}
    titles = "\n".join(f"  text{number}: {yaml_text(text)}" for number, text in enumerate(texts))
    pages["front matter"] = (
        f"---\nlayout: default\ntitle: {yaml_text(NASTY[0])}\ntexts:\n{titles}\n---\n"
        "{% for pair in page.texts %}<pre>{{ pair[1] | escape }}</pre>{% endfor %}\n"
    )
    found = jekyll.build({f"{name.replace(' ', '-')}.md": page for name, page in pages.items()})
    return {name: found[f"{name.replace(' ', '-')}.md"] for name in pages}


def check(place: Place, texts: list[str], content: jekyll.Element) -> None:
    """Every text has its element, is shown verbatim and adds no element or attribute."""
    roots = [element for element in content.elements() if element.tag in {"ul", place.element}]
    elements = roots if place.element == "p" else [item for root in roots for item in root.elements()]
    for text, element in zip(texts, elements, strict=False):
        seen = re.sub(r"\n *", "", element.text(ticks=True)).strip(" ")
        assert seen == place.shows(clean(text))
        below = [inner for inner in element.walk() if inner.tag not in {"code", "p"}]
        assert tuple(inner.tag for inner in below) == place.inside, text
        assert all(inner.attributes == ({"href": URL} if inner.tag == "a" else {}) for inner in below), text
        assert all(set(inner.attributes) <= {"class"} for inner in element.find("code")), text
    assert len(elements) == len(texts)


@pytest.mark.parametrize("name", PLACES)
def test_every_text_shows_to_the_letter_in_jekyll(
    name: str, texts: list[str], built: dict[str, jekyll.Page]
) -> None:
    check(PLACES[name], texts, built[name].content)


@pytest.mark.parametrize("name", PLACES)
def test_every_text_shows_to_the_letter_on_github(
    name: str, texts: list[str], bodies: dict[str, str]
) -> None:
    check(PLACES[name], texts, jekyll.github(bodies[name]).content)


def test_every_text_comes_through_front_matter(texts: list[str], built: dict[str, jekyll.Page]) -> None:
    page = built["front matter"]
    assert page.title == NASTY[0]
    assert [element.text() for element in page.content.find("pre")] == [clean(text) for text in texts]


def test_the_shared_texts_were_among_them(texts: list[str]) -> None:
    if not SHARED.exists():
        pytest.skip(f"THE SHARED HOSTILE TEXTS ARE ABSENT ({SHARED}): only this module's own were tried")
    assert set(filter(clean, shared())) <= set(texts)


@settings(max_examples=300)
@given(TEXTS)
def test_any_text_shows_to_the_letter_on_github(text: str) -> None:
    if clean(text):
        for place in PLACES.values():
            check(place, [text], jekyll.github(place.write(text)).content)


@settings(max_examples=150)
@given(TEXTS | st.text())
def test_no_escaped_text_holds_what_stops_a_build(text: str) -> None:
    for written in (escape(text), middle(text), link(text, text), code(text)):
        assert isinstance(written, Safe)
        assert re.search(r"\{\{|\{%|(?<!\\)\||\n", written) is None


@pytest.mark.parametrize("title", ORDINARY)
def test_ordinary_titles_stay_as_they_are(title: str) -> None:
    assert escape(title, at_start=False) == title


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{{ x }}", r"\{\{ x }}"),
        ("{% x %}", "&#123;% x %}"),
        ("`{{ x }}`", "<code>&#123;&#123; x &#125;&#125;</code>"),
        ("a | b", r"a \| b"),
        ("<think>", r"\<think>"),
        ("stray ` tick", r"stray \` tick"),
        ("`**kwargs` and **kwargs", r"`**kwargs` and \*\*kwargs"),
        ("_a_b_", r"\_a_b\_"),
        ("[a](b) [c][d] ![e]", r"[a\](b) [c][d] !\[e]"),
        ("[a [b]", r"\[a [b]"),
        ('it\'s "so"', r"it\'s \"so\""),
        ("a -- b --- c", r"a -\- b -\-\- c"),
        ("wait...", r"wait..\."),
        ("a >> b -> c", r"a \>\> b -> c"),
        ("$$x$$", r"\$\$x\$\$"),
        ("~~x~~", r"\~\~x\~\~"),
        ("&lt; & Q&A", "&amp;lt; & Q&A"),
        ("https://x.y www.x.y", r"https\://x.y www\.x.y"),
        ("me@x.y @me", "me<!-- -->@x.y @me"),
        ("a\\b\\", r"a\\b&#92;"),
        ("# 1. - no start", "# 1. - no start"),
    ],
)
def test_a_sign_that_would_act_in_a_line_is_escaped(text: str, written: str) -> None:
    assert escape(text, at_start=False) == written


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("#30382 is", r"\#30382 is"),
        ("- a", r"\- a"),
        ("+ a", r"\+ a"),
        ("12. a", r"12\. a"),
        ("1) a", r"1\) a"),
        ("3.12 is out", "3.12 is out"),
        ("> a", r"\> a"),
        (": a", r"\: a"),
        ("= a", r"\= a"),
        ("[Bug]: a", r"\[Bug]: a"),
        ("^", "&#94;"),
        ("`a`# b", "`a`# b"),
    ],
)
def test_a_sign_that_would_act_at_a_line_s_start_is_escaped_there(text: str, written: str) -> None:
    assert escape(text) == written


def test_every_rule_is_tried_by_some_text() -> None:
    rules = {rule.sign for table in (ANYWHERE, AT_START, IN_LINK) for rule in table}
    assert {sign for sign in rules if any(re.search(sign, clean(text)) for text in NASTY)} == rules


@settings(max_examples=200)
@given(TEXTS | st.text())
def test_every_sign_begins_with_a_character_that_is_looked_for(text: str) -> None:
    for rule in (*ANYWHERE, *AT_START, *IN_LINK):
        for sign in re.finditer(rule.sign, clean(text)):
            assert sign.start() == 0 or re.match(FIRST, sign[0]), rule


def test_a_text_that_python_calls_printable_has_nothing_invisible() -> None:
    printable = "".join(filter(str.isprintable, map(chr, range(sys.maxunicode + 1))))
    assert visible(f"{printable}\n{printable}") == f"{printable}\n{printable}"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("  a \t b\r\nc\rd\u2028e\x85f  ", "a b c d e f"),
        ("a\x00\x07\x1b\x7f\x9bb", "ab"),
        ("a\u200b\u2060\ufeff\u202e\u2066\u061cb", "ab"),
        ("a\ud800\udfffb\ufffe\uffff\ufdd0\U0001ffffc", "abc"),
        ("a\U000e0041b", "ab"),
        ("👩\u200d🚀 \u0645\u06cc\u200c\u062e", "👩\u200d🚀 \u0645\u06cc\u200c\u062e"),
        ("a\u00a0 b\u3000c", "a\u00a0 b\u3000c"),
        ("\u3000 \u200b \u00a0", ""),
    ],
)
def test_clean_leaves_one_line_of_what_can_be_seen(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@settings(max_examples=200)
@given(st.text(st.characters()) | TEXTS)
def test_clean_never_fails_and_cleans_once_for_all(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize("text", ["", "   ", "\u200b\n\x00", "\ud800"])
def test_a_text_of_nothing_leaves_nothing(text: str) -> None:
    assert (escape(text), code(text), link(text, URL), yaml_text(text)) == ("", "", "", '""')


@pytest.mark.parametrize(
    "text", ["vLLM 开发动态报告 - 2025-12-10", "vLLM", "a-b + c (d)", "v1.2/x_y", "Nothing", "日报"]
)
def test_a_front_matter_text_that_is_surely_plain_stays_plain(text: str) -> None:
    assert yaml_text(text) == text


@pytest.mark.parametrize(
    "text", ["a: b", "a #b", "null", "YES", "n", "1e3", "2025-12-10", "[a]", "a:", "- a", "a b'"]
)
def test_any_other_front_matter_text_is_quoted(text: str) -> None:
    assert yaml_text(text) == json.dumps(text)


@settings(max_examples=300)
@given(TEXTS | st.text() | st.text("aehnltruyosf.-+,( 01", max_size=6))
def test_yaml_reads_the_cleaned_text_back(text: str) -> None:
    assert yaml.safe_load(f"title: {yaml_text(text)}") == {"title": clean(text)}


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (URL, URL),
        (f"{URL}#issuecomment-1?a=b&c=%20d", f"{URL}#issuecomment-1?a=b&c=%20d"),
        (
            "https://x.y/a(b) \"c\" 'd' {e}|<f>\\`g`",
            "https://x.y/a%28b%29%20%22c%22%20%27d%27%20%7Be%7D%7C%3Cf%3E%5C%60g%60",
        ),
        ("https://x.y/\na\x00中?&copy;", "https://x.y/%0Aa%E4%B8%AD?&copy%3B"),
        ("/reports/2025/", "/reports/2025/"),
    ],
)
def test_an_address_cannot_leave_its_link(url: str, target: str) -> None:
    assert link("a", url) == f"[a]({target})"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "JavaScript:x", "data:text/html,x", "vbscript:x", ""])
def test_an_address_that_is_no_web_address_makes_no_link(url: str) -> None:
    assert link("a*", url) == r"a\*"


def test_a_link_escapes_its_text_unless_it_is_safe() -> None:
    assert link("[Bug]: *x*", URL) == rf"[\[Bug\]&#58; \*x\*]({URL})"
    assert link(Safe("**x**"), URL) == f"[**x**]({URL})"
    assert isinstance(link("x", URL), Safe)


def test_a_sum_with_other_text_is_no_longer_safe() -> None:
    assert not isinstance(escape("a") + "<b>", Safe)
