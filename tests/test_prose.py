"""A model's Markdown: paragraphs, lists, bold, code, links into the repository; nothing else has effect."""

import json
import re
from pathlib import Path
from time import process_time

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from tests import jekyll
from vllm_digest.markdown.escaping import Safe, clean
from vllm_digest.markdown.prose import PROSE_LIMIT, inline, prose
from vllm_digest.text.excerpts import plain

REPO = "https://github.com/vllm-project/vllm"
SHARED = Path(__file__).parents[2] / "shared" / "data" / "hostile_texts.json"


def written(text: str) -> str:
    return prose(text, repo_url=REPO)


# --- what is kept


@pytest.mark.parametrize(
    "text",
    [
        "一段话，带 `代码` 和**重点**。",
        "第一段。\n\n第二段。",
        "*   **核心议题**：内容\n*   **争议焦点**：无",
        "1.  甲\n2.  乙\n    *   丙\n    *   丁\n        1.  戊\n3.  己",
        "导语：\n\n*   甲\n\n    乙\n*   丙",
        f"见 [#30382]({REPO}/issues/30382) 与 [讨论]({REPO}/pull/1#issuecomment-2?x=1)。",
        f"**[#1]({REPO}/pull/1)**：内容",
    ],
)
def test_prose_of_the_page_s_own_form_stays_as_it_is(text: str) -> None:
    assert written(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- 一\n  - 二\n    - 三", "*   一\n    *   二\n        *   三"),
        ("+ 一\n\n+ 二", "*   一\n*   二"),
        ("3) 一\n4) 二", "1.  一\n2.  二"),
        ("- 一\n* 二", "*   一\n*   二"),
        ("- - 一\n  - 二", "*   一\n*   二"),
        ("-\n- 一", "*   一"),
        ("* 一\n  1. 二\n  2. 三", "*   一\n    1.  二\n    2.  三"),
        ("说明：\n- 一", "说明：\n\n*   一"),
        ("    * 缩进的列表", "*   缩进的列表"),
        ("- 一\n1. 二", "*   一\n\n1.  二"),
        ("- 一\n  - 二\n  1. 三", "*   一\n    *   二\n\n    1.  三"),
    ],
)
def test_lists_are_indented_anew_on_four_columns(text: str, expected: str) -> None:
    assert written(text) == expected


def test_a_list_of_a_hundred_items_keeps_to_four_columns() -> None:
    rows = written("\n".join(f"{number}. 项\n     - 子项" for number in range(1, 121))).split("\n")
    assert rows[-2:] == ["99. 项", "    *   子项"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这是**“引用”**后面", "这是“**引用**”后面"),
        ("**影响：**后文", "**影响**：后文"),
        ("**（整句）**的", "（**整句**）的"),
        ("**重点（括号）**紧跟", "**重点（括号）** 紧跟"),
        ("设置**`max_len`**参数", "设置 **`max_len`** 参数"),
        ("前**“x”**", "前“**x**”"),
        ("**注意`x`**后", "**注意`x`** 后"),
        (f"见**[#1]({REPO}/pull/1)**后", f"见 **[#1]({REPO}/pull/1)** 后"),
        ("快**80%**了", "快**80%** 了"),
        ("**标题：“引用”**", "**标题：“引用”**"),
        ("甲，**“乙”**，丙", "甲，**“乙”**，丙"),
        ("**：**后", "：后"),
        ("***重点***后", "**重点**后"),
        ("**:**后", "\\:后"),
        ("前**“ x ”**后", "前“ **x** ”后"),
        ("**（a）和（b）**的", "**（a）和（b）** 的"),
        (f"前**(见[x]({REPO})**后", f"前 **(见[x]({REPO})** 后"),
        ("🚀**（a）b**", "🚀 **（a）b**"),
        ("前**🚀快**", "前 **🚀快**"),
        ("**后有空格 ** 的", "**后有空格** 的"),
    ],
)
def test_bold_moves_until_github_shows_it_next_to_chinese_signs(text: str, expected: str) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("这里 ** 前有空格** 和", "这里 前有空格 和"),
        ("**未闭合", "未闭合"),
        ("**跨\n\n段**落", "跨\n\n段落"),
        ("2 ** 3", "2 3"),
        ("****", ""),
        ("**甲****乙**", "**甲乙**"),
        ("**甲**[**乙**](https://evil.example)", "**甲乙**"),
        ("**[**甲**](https://evil.example)", "**甲**"),
        (r"\*\*甲\*\*", r"\*\*甲\*\*"),
        ("*斜体* _x_ __init__", r"\*斜体\* \_x\_ \_\_init\_\_"),
    ],
)
def test_stars_without_partner_go_and_other_emphasis_shows(text: str, expected: str) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("第一行\n第二行", "第一行第二行"),
        ("第一行\nEnglish", "第一行 English"),
        ("甲  \n乙", "甲乙"),
        ("one\\\ntwo", "one two"),
    ],
)
def test_a_line_break_leaves_no_stray_space_between_chinese(text: str, expected: str) -> None:
    assert written(text) == expected


# --- what becomes text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## 附录\n\n正文", "附录\n\n正文"),
        ("标题\n===\n正文", "标题\n\n正文"),
        ("甲\n\n---\n\n乙", "甲\n\n乙"),
        ("```python\nprint({{ x }})\n```", r"print(\{\{ x }})"),
        ("~~~\n没有关上\n* a", r"没有关上 \* a"),
        ("> 引用\n> - 一", "引用\n\n*   一"),
        ("| a | b |\n|---|---|", r"\| a \| b \| \|-\-\-\|-\-\-\|"),
        ("<div onclick=x>a</div>", r"\<div onclick=x>a\</div>"),
        ("<!-- 注 -->", r"\<!-\- 注 -\->"),
        ("![图](https://evil.example/p.png)", "图"),
        (f"![图]({REPO}/p.png)", "图"),
        ("脚注[^1]\n\n[^1]: 注入", "脚注\\[^1]\n\n\\[^1]: 注入"),
        ("[这里][1]\n\n[1]: https://evil.example", "\\[这里][1]\n\n\\[1]: https\\://evil.example"),
        ("[Bug]: crash", r"\[Bug]: crash"),
        ("感谢 @octocat，root@evil.example", "感谢 @octocat，root<!-- -->@evil.example"),
        ("$$O(n)$$ 与 $x$", r"\$\$O(n)\$\$ 与 \$x\$"),
        ("{:.x}\n\n{::nomarkdown}", "\\{:.x}\n\n\\{::nomarkdown}"),
        ("{{ a }} {% b %}", "\\{\\{ a }} &#123;% b %}"),
        ("`{{ a }}`", "<code>&#123;&#123; a &#125;&#125;</code>"),
        ("术语\n: 定义", "术语 : 定义"),
        ("项\x00目\u202e", "项目"),
    ],
)
def test_all_other_markup_shows_and_does_not_act(text: str, expected: str) -> None:
    assert written(text) == expected


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/vllm-project/vllm/issues/1",
        "https://github.com.evil.example/vllm-project/vllm/issues/1",
        "https://github.com@evil.example/vllm-project/vllm/issues/1",
        "https://user@github.com/vllm-project/vllm/issues/1",
        "https://github.com:8443/vllm-project/vllm/issues/1",
        "https://github.com/vllm-project/vllm@evil.example/",
        "https://github.com/vllm-project/vllm-evil/issues/1",
        "https://github.com/vllm-project/vllm/../../evil",
        "https://github.com/vllm-project/vllm/%2e%2e/%2E./evil",
        "https://github.com/vllm-project/vllm/..%2f..%5Cevil",
        "http://github.com/vllm-project/vllm/issues/1",
        "//github.com/vllm-project/vllm/issues/1",
        r"https:\/\/github.com\\@evil.example/vllm-project/vllm/",
        "https://github.com/vllm-project/vllm/\\\\evil.example",
        "https://gıthub.com/vllm-project/vllm/1",
        "https://[/vllm-project/vllm/",
        "javascript:alert(1)",
        "JaVaScRiPt&#58;alert(1)",
        "/vllm-project/vllm",
        "",
    ],
)
def test_a_link_that_leaves_the_repository_is_its_text_only(url: str) -> None:
    assert written(f"见 [#1]({url})。") == "见 #1。"


@pytest.mark.parametrize("path", ["", "/", "/issues/30382", "/pull/1#discussion_r2", "/compare/v1...v2"])
def test_a_link_below_the_repository_is_kept(path: str) -> None:
    assert written(f"[x]({REPO}{path})") == f"[x]({REPO}{path})"
    assert inline(f"[x]({REPO}{path})", repo_url=f"{REPO}/") == f"[x]({REPO}{path})"


def test_brackets_in_a_link_s_text_do_not_end_it() -> None:
    assert written(rf"[\[a\]: \]b]({REPO})") == rf"[\[a\]&#58; \]b]({REPO})"


def test_an_exclamation_mark_before_a_link_makes_no_image() -> None:
    assert written(rf"快看\![#1]({REPO}/pull/1)") == rf"快看\![#1]({REPO}/pull/1)"


def test_code_that_meets_code_stays_two() -> None:
    assert written("`a`****`b`") == "`a`<!-- -->`b`"


def test_a_line_holds_a_field_of_several_blocks() -> None:
    text = "### 观点\n\n1. **甲：**赞成。\n   - 因为 `x`\n2. 乙：反对\n\n> {{ x }}"
    assert inline(text, repo_url=REPO) == r"观点 **甲**：赞成。因为 `x` 乙：反对 \{\{ x }}"
    assert isinstance(inline(text, repo_url=REPO), Safe)
    assert inline("# 1\n\n- ", repo_url=REPO) == "1"


def test_too_long_an_answer_is_shown_whole_but_plain() -> None:
    text = "**a** | b\n\n" * PROSE_LIMIT
    assert written(text).count(r"\*\*a\*\* \| b") == PROSE_LIMIT


# --- how it renders

SIGNS = [
    *"\\`*_{}[]()<>#+-.!|~$;:/@\"'^=%?ab中文。，：“”（）…🚀\u00a0 \n",
    *[
        "\n\n",
        "\n- ",
        "\n* ",
        "\n    - ",
        "\n1. ",
        "\n   ",
        "\n> ",
        "\n# ",
        "\n---\n",
        "\n=\n",
        "**",
        "**",
        "**",
    ],
    *[
        "{{",
        "{%",
        "%}",
        "{:.x}",
        "--",
        "...",
        "<<",
        "$$",
        "~~",
        "`a`",
        "`{{a}}`",
        "`a|b`",
        "<b>",
        "<!--",
        "[^a]",
    ],
    *[
        "|a|b|\n|-|-|\n",
        "[a]: b",
        "*[A]: b",
        "***",
        "****",
        "“**",
        "**”",
        "：**",
        "\\*",
        "a@b.cd",
        "://",
        "www.a",
    ],
]
LINKS = [
    f"[a]({REPO}/pull/1)",
    "[**b**](https://evil.example)",
    f"[`a]: b`]({REPO})",
    "![a](x)",
    "&amp;",
    "\n```\n",
]
TEXTS = st.lists(st.sampled_from(SIGNS), min_size=1, max_size=25).map("".join)
LINKED = st.lists(st.sampled_from(SIGNS + LINKS), min_size=1, max_size=25).map("".join)
SAMPLES = (
    "*   **Issue #1: “[Bug]: {{ x }} <think> a_b_c `y`”**\n    *   **影响：**后文",
    "## 标题\n\n段落 **“引”**后\n- 一\n  1. 二\n\n     续\n  2. 三\n\n尾",
    "```\n{% raw %}\n```\n<details>\n\n| a |\n|---|\n",
    "**甲**乙**“丙”**丁**`戊`**己**庚：**",
    "路径 C:\\ **",
    "- 一\n  - 二\n  1. 三\n- 四\n\n  五",
    "**甲：** 乙 **“丙” **丁**(戊)**[**己**](x)",
    "[" * 2000,
    "[[a] " * 500,
)


def shared() -> list[str]:
    entries = json.loads(SHARED.read_text("utf-8")) if SHARED.exists() else []
    return [entry["text"] for entry in entries]


@pytest.fixture(scope="module")
def texts() -> list[str]:
    found: list[str] = [*SAMPLES, *shared()]

    @settings(max_examples=300, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(LINKED)
    def draw(text: str) -> None:
        found.append(text)

    draw()
    return [text for text in found if written(text)]


@pytest.fixture(scope="module")
def body(texts: list[str]) -> str:
    """One page with every text twice under its own heading: as blocks, and on one line in nested items."""
    return "\n\n".join(
        f"#### {number}\n\n{written(text)}\n\n---\n\n*   **甲**：{one}\n    *   {one}\n"
        for number, text in enumerate(texts)
        for one in [inline(text, repo_url=REPO)]
    )


def parts(content: jekyll.Element) -> list[list[jekyll.Element]]:
    """The page's top elements, cut at the headings."""
    found: list[list[jekyll.Element]] = []
    for element in content.elements():
        if element.tag == "h4":
            found.append([])
        else:
            found[-1].append(element)
    return found


def outline(elements: list[jekyll.Element]) -> list[object]:
    """What a reader sees: tags, texts and targets, without the paragraphs of loose list items."""
    seen: list[object] = []
    for element in elements:
        for child in element.children:
            if isinstance(child, str):
                seen.append(child.strip("\n "))
            elif child.tag == "p":
                seen += outline([child])
            else:
                seen.append([child.tag, child.attributes.get("href"), outline([child])])
    return [part for part in seen if part]


@pytest.fixture(scope="module")
def on_jekyll(body: str) -> list[list[jekyll.Element]]:
    page = jekyll.build({"prose.md": f"---\nlayout: default\ntitle: x\n---\n{body}"})["prose.md"]
    return parts(page.content)


def test_only_what_is_kept_is_rendered(texts: list[str], on_jekyll: list[list[jekyll.Element]]) -> None:
    assert len(on_jekyll) == len(texts)
    for text, elements in zip(texts, on_jekyll, strict=True):
        below = [inner for element in elements for inner in [element, *element.walk()]]
        assert [inner.tag for inner in below].count("hr") == 1
        for inner in below:
            assert inner.tag in {"p", "ul", "ol", "li", "strong", "code", "a", "hr"}, text
            assert set(inner.attributes) <= ({"href"} if inner.tag == "a" else {"class"}), text
            assert inner.attributes.get("href", REPO).startswith(REPO), text


def test_github_s_view_shows_the_same(
    body: str, texts: list[str], on_jekyll: list[list[jekyll.Element]]
) -> None:
    on_github = parts(jekyll.github(body).content)
    assert len(on_github) == len(texts)
    for text, here, there in zip(texts, on_jekyll, on_github, strict=True):
        assert outline(here) == outline(there), text


def test_no_stars_are_left_over(texts: list[str], on_jekyll: list[list[jekyll.Element]]) -> None:
    for text, elements in zip(texts, on_jekyll, strict=True):
        if "\\*" not in text and "```" not in text:
            seen = "".join(element.text(ticks=True) for element in elements)
            assert "**" not in re.sub(r"`[^`]*`", "", seen), text


def test_the_shared_texts_were_among_them(texts: list[str]) -> None:
    if not SHARED.exists():
        pytest.skip(f"THE SHARED HOSTILE TEXTS ARE ABSENT ({SHARED}): only this module's own were tried")
    assert {text for text in shared() if written(text)} <= set(texts)


def letters(text: str) -> str:
    return "".join(re.findall(r"[a-zA-Z\u4e00-\u9fff]", text))


@settings(max_examples=400)
@given(TEXTS)
def test_no_word_of_an_answer_is_lost(text: str) -> None:
    if "](" not in text:
        assert letters(jekyll.github(written(text)).content.text()) == letters(text)
        assert letters(jekyll.github(inline(text, repo_url=REPO)).content.text()) == letters(text)


@settings(max_examples=300)
@example("<**：**a")
@given(LINKED)
def test_written_prose_is_written_the_same_again(text: str) -> None:
    once = written(text)
    if "<code>" not in once and "<!-- -->" not in once:
        assert written(once) == once


@settings(max_examples=150)
@given(LINKED | st.text())
def test_prose_never_holds_what_stops_a_build(text: str) -> None:
    assert re.search(r"\{\{|\{%|(?<!\\)\|", written(text)) is None
    assert re.search(r"\{\{|\{%|(?<!\\)\||\n", inline(text, repo_url=REPO)) is None


# --- bodies


BODY = """\
### Your current environment

<details>
<summary>The output of <code>python collect_env.py</code></summary>

```text
PyTorch version: 2.9
</details> in a log
```
</details>

<!-- Please
fill in -->
### 🐛 Describe the bug

> quoted reply

Calling `generate()` with **two** *prompts* fails, see [this](https://x.y/z) ![shot](https://x.y/s.png)
and ~~that~~ <kbd>Ctrl</kbd>:

~~~~
Traceback
~~~
still code
~~~~

1. a &amp; b
   - c\\*

| GPU | tok/s |
|-----|-------|
| MI300X | 12 |

```bash
never closed
"""


def test_a_body_s_visible_text_is_left_on_one_line() -> None:
    assert plain(BODY) == (
        "Calling generate() with two prompts fails, see this and that Ctrl: a & b c* GPU tok/s MI300X 12"
    )


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("", ""),
        ("a\x00\u202eb\r\n\r\nc", "ab c"),
        ("```one``` line", "one line"),
        ("`<details>` and `<!--` in code", "<details> and <!-- in code"),
        ("a <!-- b --> c <b>d</b>", "a c d"),
        ("<p align='center'>\n  hello\n</p>", "hello"),
        ("<script>\nx()\n</script>\n\na", "a"),
        ("<details>\nnever closed\n\na", "never closed a"),
        ("<details><details>a</details>b</details>c", "c"),
        ("<!-- never closed\n\na", ""),
        ("> a\nlazy\n\nb", "b"),
        ("    indented code\n\na", "a"),
        ("[Bug]: crash", "[Bug]: crash"),
        ("- [x] done", "[x] done"),
        ("INFO a\nINFO b\n\nIt hangs.", "It hangs."),
        ("INFO a\nINFO b", "INFO a INFO b"),
        ("a\n***\nb", "a b"),
    ],
)
def test_plain_keeps_what_a_reader_of_the_body_sees(text: str, seen: str) -> None:
    assert plain(text) == seen


@settings(max_examples=200)
@given(LINKED | st.text())
def test_plain_never_fails_and_gives_a_clean_line(text: str) -> None:
    assert plain(text) == clean(plain(text))


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "![",
        "[a](",
        "[[a]](b)",
        "*a ",
        "*_",
        "`",
        "``a ",
        "> ",
        "* a\n",
        "1. a\n",
        "<",
        "<!--",
        "<a ",
        "&#x",
        "\n",
        "<details>\n",
        "<details>\n</details>\n",
        "</details>",
        "~~~\n",
        "```\na\n```\n",
        "|a|b\n|-|-|\n",
        " ",
        "\u200b",
    ],
)
def test_a_hostile_megabyte_is_read_in_a_blink(unit: str) -> None:
    """It takes at most 50 ms on the machine this was written on; ten times that is still far from a hang."""
    text = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    start = process_time()
    plain(text)
    assert process_time() - start < 0.5
