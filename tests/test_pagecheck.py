"""The check of a page before it is stored: what would break a site, and missing or changed headings."""

from pathlib import Path

import pytest

from vllm_digest.pagecheck import breakage, find_problem, sections

PAGE = Path(__file__).with_name("sample.md").read_text(encoding="utf-8")
FOCUS = "AMD/ROCm 生态相关动态"
HEADINGS = tuple(line for line in PAGE.split("\n") if line.startswith(("## ", "### ")))


def test_a_page_of_ours_passes() -> None:
    assert find_problem(PAGE, HEADINGS) == ""


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("---\ntitle", "title", "It has no front matter."),
        ("\n---\n\n# vLLM", "\n\n# vLLM", "Its front matter does not load: "),
        ("title: vLLM", "title: [vLLM", "Its front matter does not load: "),
        ("date: 2025-12-10", "date: someday", "Its date is 'someday' and no day."),
        ("layout: default", "layout: none", "Its layout is 'none' and not 'default'."),
        ("title: vLLM 开发动态报告 - 2025-12-10\n", "title: 5\n", "Its front matter has no title."),
        ("\n---\n\n# vLLM", "\n...\n\n# vLLM", "It has no front matter."),
        ("\nrepo:", "\n... \nlayout: none\nrepo:", "It has no front matter."),
        ("\n---\n\n# vLLM", "\n---  \n\n# vLLM", "It has no front matter."),
        ("date: 2025-12-10", "date: 2025-02-30", "Its front matter does not load: "),
        ("date: 2025-12-10", "date: &a 2025-12-10", "Its front matter does not load: it has more than"),
        ("repo: vllm", "repo: !ruby/object:Gem::Requirement vllm", "Its front matter does not load: "),
        ("repo: vllm", f"repo: {'[' * 5_000}", "Its front matter does not load: "),
        ("repo: vllm", "a: &a [x]\nb: [*a, *a]\nrepo: vllm", "Its front matter does not load: "),
        ("repo: vllm", f"repo: {'x' * 9_000}", "It has no front matter."),
        ("Add PrefixLM", "[" * 60_000, "It has a line of "),
        ("Add PrefixLM", "[" * 2_000, "It has a line with too many brackets"),
        ("Add PrefixLM", "[a](" * 5_000, "It has a line with too many brackets"),
        ("Add PrefixLM", "`" * 20_000, "It has a line with too many brackets"),
        ("Add PrefixLM", f"`\\` {'[' * 3_000} `x`", "It has a line with too many brackets"),
        ("Add PrefixLM", f"a ` {'[' * 3_000} ` b", "It has a line with too many brackets"),
        ('permalink: "/reports/', 'permalink: "/../', "Its permalink '/../"),
        ("Add PrefixLM", "Add {{ PrefixLM", "Liquid would run in it: '{{ PrefixLM"),
        ("Add PrefixLM", "Add `{% PrefixLM %}`", "Liquid would run in it: '{% PrefixLM %}`"),
    ],
)
def test_what_would_stop_the_build_is_told(before: str, after: str, why: str) -> None:
    page = PAGE.replace(before, after, 1)
    assert page != PAGE
    assert find_problem(page, HEADINGS).startswith(why)
    assert breakage(page) == find_problem(page, HEADINGS)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("Add PrefixLM", "Add <b>PrefixLM", "It holds HTML: '<b>'."),
        ("- 无\n", "<div>\n", "It holds HTML: '<div>"),
        ("### 新增 PR\n", "", "Its heading 12 is '### 已合并 PR' and not '### 新增 PR'."),
        ("### 新增 PR\n", "### 新增 PR\n\n## 更多\n", "Its heading 13 is '## 更多' and not '### 已合并 PR'."),
        ("*   **最活跃", "*   # AMD\n*   **最活跃", "Its heading 3 is '# AMD' and not "),
        (f"### 🎯 {FOCUS}", "### 🎯 Intel XPU", "Its heading 3 is '### 🎯 Intel XPU' and not "),
        ("本页由", "### 完\n\n本页由", "It has 15 headings and not 14."),
        ("本页由", "后记\n---\n本页由", "It has 15 headings and not 14."),
    ],
)
def test_what_is_not_the_page_s_outline_is_told(before: str, after: str, why: str) -> None:
    page = PAGE.replace(before, after, 1)
    assert page != PAGE
    assert find_problem(page, HEADINGS).startswith(why)
    assert breakage(page) == ""


def test_a_title_s_own_marks_are_no_difference() -> None:
    page = PAGE.replace("vLLM 开发", "a_`b`_c 开发", 2)
    escaped = page.replace("# a_`b`_c", "# a\\_`b`\\_c")
    assert find_problem(escaped, HEADINGS) == ""


def test_the_parts_that_other_pages_quote() -> None:
    assert sections(PAGE).startswith("### 📊 每日开发状态摘要\n")
    assert "附录" not in sections(PAGE)
    assert sections("") == ""
