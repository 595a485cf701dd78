"""Language packs: that each is whole, that a page is in one language, and that code has no words of pages."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from itertools import cycle, product
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
import yaml

from tests import jekyll
from tests.conftest import Run
from tests.sites import hostile_texts
from tests.values import ALL_BY_RULES, WINDOW, digest, issue, pull, said
from vllm_digest.check.languages import checks_of
from vllm_digest.digest.heat import FORMULAS
from vllm_digest.facts import LinkKind
from vllm_digest.judgement import Judgement, JudgementReason, ReasonCode, Relevance
from vllm_digest.languages import LANGUAGES, LocalText
from vllm_digest.markdown.escaping import clean
from vllm_digest.models import Account, Gap, GapCode, Kind, State
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Evidence,
    Fallback,
    FallbackReason,
    Finding,
    Narrative,
    Overview,
    OverviewPart,
    Statement,
)
from vllm_digest.pagecheck import find_problem, sections
from vllm_digest.render import render
from vllm_digest.report import (
    ConcernKind,
    Digest,
    Intensity,
    Lists,
    Provenance,
    Report,
)
from vllm_digest.sections import LISTS, SECTIONS, outline, title
from vllm_digest.templating import Words, folder, words
from vllm_digest.write.prompts import brief_instructions, overview_instructions

ROOT = Path(__file__).parent.parent
CHINESE = re.compile(r"[\u2e80-\u2fff\u3005-\u3007\u3400-\u9fff\uf900-\ufaff]")
CHINESE_MARKS = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")
"""Chinese words or punctuation."""
MADE = Provenance(WINDOW.end, "github", WINDOW.end, requests=2, points=7, version="0.1.0")


def report(facts: Digest, narrative: Narrative | None = None) -> Report:
    return Report("2h", "Asia/Shanghai", facts, MADE, narrative or Narrative())


# --- packs


def leaves(tree: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Each text of a pack by its dotted key; lists count as one."""
    for name, value in tree.items():
        if isinstance(value, dict) and value.keys() != {"one", "other"}:
            yield from leaves(value, f"{path}{name}.")
        else:
            yield f"{path}{name}", value


def forms(value: Any) -> list[str]:
    return list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else [value]


def names(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_words_of_the_first_with_the_same_names_to_fill_in(language: str) -> None:
    first, other = dict(leaves(words(LANGUAGES[0]).tree)), dict(leaves(words(language).tree))
    assert other.keys() == first.keys()
    for key, value in other.items():
        assert all(isinstance(form, str) and form for form in forms(value)), key
        # Escaping takes the spaces at the ends of a text; only HTML keeps them.
        assert all(form == form.strip() or key == "site.comma" for form in forms(value)), key
        for form, expected in product(forms(value), forms(first[key])):
            assert names(form) == names(expected), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_templates_of_the_first(language: str) -> None:
    def templates(one: str) -> set[Path]:
        pack = folder() / one
        return {path.relative_to(pack) for path in pack.rglob("*.j2")}

    assert templates(language) == templates(LANGUAGES[0])
    assert {path.parent.name for path in folder().glob("*/words.yaml")} == set(LANGUAGES)


def by_language(tree: Any) -> Iterator[Mapping[str, str]]:
    """Each text of a file of rules that differs by language."""
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    if isinstance(tree, dict) and LANGUAGES[0] in tree:
        yield tree
    for child in children:
        yield from by_language(child)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_checks_and_built_in_texts_and_is_asked_for(language: str) -> None:
    assert checks_of(language).code == language
    for path in (ROOT / "vllm_digest/focus").glob("*.yaml"):
        for texts in by_language(yaml.safe_load(path.read_text("utf-8"))):
            assert language in texts, (path.name, texts)
    others = tuple(one for one in LANGUAGES if one != language)
    for instructions in (brief_instructions, overview_instructions):
        asked = instructions("AMD", (language, *others))
        for one in LANGUAGES:
            assert f'"{one}": "…"' in asked
            assert words(one).say("name") in asked


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_code_of_the_data_has_its_words(language: str) -> None:
    tree = words(language).tree
    lists = {field.name for field in fields(Lists)}
    codes_by_key: dict[str, set[Any]] = {
        "sections": {section.key for section in SECTIONS},
        "lists": lists,
        "counts": lists,
        "events": lists,
        "kinds": set(Kind),
        "states": set(State),
        "concerns": set(ConcernKind),
        "links": set(LinkKind),
        "proposed_links": set(LinkKind) - {LinkKind.FOLLOWS},
        "intensities": set(Intensity),
        "heat": {str(version) for version in FORMULAS},
        "judgements": set(ReasonCode),
        "fallbacks": set(FallbackReason),
    }
    for key, codes in codes_by_key.items():
        assert set(tree[key]) == {str(code) for code in codes}, key
    assert set(LISTS) == lists


@pytest.mark.parametrize("language", LANGUAGES)
def test_layouts_print_their_words_as_they_are(language: str) -> None:
    for group in ("layout", "tag", "name"):
        said = words(language).tree[group]
        for word in said.values() if isinstance(said, dict) else [said]:
            assert not re.search('[<>&"]', word), word


def test_no_language_but_chinese_has_chinese_words() -> None:
    for language in set(LANGUAGES) - {"zh"}:
        for path in (folder() / language).rglob("*"):
            if path.is_file():
                found = CHINESE_MARKS.findall(path.read_text("utf-8"))
                assert not found, path


def test_what_all_languages_share_has_words_of_none() -> None:
    packs = {folder() / language for language in LANGUAGES}
    shared = [path for path in folder().rglob("*") if path.is_file() and not packs & set(path.parents)]
    assert [path for path in shared if CHINESE_MARKS.search(path.read_text("utf-8"))] == []


def test_a_word_is_said_in_the_form_that_its_number_asks_for() -> None:
    pack = Words({"a": {"few": {"one": "{count} thread", "other": "{count} threads of {name}"}}})
    assert pack.say("a.few", count=1, name="x") == "1 thread"
    assert pack.say("a.few", count=0, name="{x}") == "0 threads of {x}"
    for key, values in {"a.none": {}, "a": {}, "a.few": {"count": 2}}.items():
        with pytest.raises(KeyError):
            pack.say(key, **values)


# --- pages


def busy() -> Digest:
    """A window with something of every kind, in ASCII except for untrusted titles and quotes."""
    merged = [pull(number, f"[ROCm] Faster attention {number}", merged_at=1) for number in range(1, 6)]
    threads = (
        *merged,
        pull(9, 'Revert "[ROCm] Faster attention 1" (#1)', merged_at=5),
        pull(10, "[ROCm][CI] Test", created_at=1, draft=True),
        pull(
            11,
            "Change",
            created_at=1,
            closed_at=8,
            closed_by=Account("ann"),
            labels=("v1",),
            paths=("a/b.py",),
        ),
        issue(12, "[Bug]: no answer", created_at=1, labels=("bug",)),
        issue(13, "Old", closed_at=9, closed_by=Account("stale[bot]", True), state_reason="not_planned"),
        issue(14, "Asked twice", closed_at=9, state_reason="duplicate", duplicate_of=13),
        issue(15, "标题", body="正文。", remarks=[said(f"p{n}", n, f"Words {n}.") for n in range(1, 12)]),
        pull(
            16, "Argue", remarks=(said("ann", 5, "No.", verdict="CHANGES_REQUESTED"), said("bob", 6, "Hm."))
        ),
        issue(17, "MI300X beside others", remarks=(said("cid", 7, "On MI300X it works."),)),
    )
    facts = digest(*threads)
    reasons = tuple(
        JudgementReason(code, ("a", "b"), 1, 2, LocalText.of({"zh": "因为", "en": "because"}), n % 2 == 0)
        for n, code in enumerate(ReasonCode)
    )
    told = {2: Judgement(Relevance.YES, reasons), 17: Judgement(Relevance.PASSING, reasons)}
    rows = (replace(row, judgement=told.get(row.number, row.judgement)) for row in facts.threads)
    gaps = tuple(Gap(code, 3, "detail", 1, 2, WINDOW.start, WINDOW.end) for code in GapCode)
    return replace(facts, threads=tuple(rows), gaps=gaps)


def in_chinese(page: str) -> list[str]:
    """The Chinese text of a page, without untrusted texts."""
    return [line for line in page.replace("标题", "").replace("正文", "").split("\n") if CHINESE.search(line)]


@pytest.mark.parametrize("facts", [digest(), digest(issue(1, "Quiet", created_at=1)), busy()])
def test_a_page_is_in_one_language_from_its_title_to_its_last_line(facts: Digest) -> None:
    english = render(report(facts), "en", "/en")
    assert in_chinese(english) == []
    assert find_problem(english, outline(facts, "en")) == ""
    assert english.startswith(
        "---\ntitle: vLLM development report - 2025-12-10\ndate: 2025-12-10\nlayout: default\n"
    )
    assert "\n# vLLM development report - 2025-12-10\n" in english
    assert 'permalink: "/en/reports/vllm-project/vllm/2h/' in english
    chinese = render(report(facts), "zh")
    assert find_problem(chinese, outline(facts, "zh")) == ""
    assert find_problem(chinese, outline(facts, "en")) != ""
    # Whatever a page says of threads it says in every language.
    links = re.compile(r"\[#\d+\]\([^)]*\)")
    assert sorted(links.findall(english)) == sorted(links.findall(chinese))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_repository_without_a_focus_has_no_chapter_on_one(language: str) -> None:
    plain = digest(issue(1, created_at=1), pull(2, merged_at=3))
    nothing = replace(plain.rules.focus, name="")
    facts = replace(plain, rules=replace(plain.rules, focus=nothing))
    page = render(report(facts), language)
    assert find_problem(page, outline(facts, language)) == ""
    assert "🎯" not in page
    assert len(outline(facts, language)) == len(outline(plain, language)) - 1
    count = words(language).tree["numerals"][len(SECTIONS) - 1]
    assert (f"{count}个章节" if language == "zh" else f"all {count} sections") in page.splitlines()[-1]
    assert sections(page).partition("\n")[2].strip(), "the first section says something"


def test_rows_of_the_lists_are_the_same_but_for_our_words() -> None:
    facts = digest(pull(2, "T", created_at=5, labels=("a", "b")), issue(1, "`x` {{ y }}", created_at=5))
    english, chinese = (render(report(facts), language).split("\n") for language in ("en", "zh"))
    url, at = "https://github.com/vllm-project/vllm", "2025-12-10 18:47 (UTC+8)"
    assert f"- [#2]({url}/pull/2) T — a,b — by author (created: {at})" in english
    assert rf"- [#1]({url}/issues/1) `x` \{{\{{ y }}}} — no labels — by author (created: {at})" in english
    assert f"- [#2]({url}/pull/2) T — a,b — by author (创建于: {at})" in chinese
    assert english.count("- none") == chinese.count("- 无") == 3


def test_numbers_agree_with_their_nouns() -> None:
    text = render(report(digest(issue(1, created_at=1, remarks=(said("ann", 3),)))), "en")
    assert "1 issue or PR was searched" in text
    assert "1 comment, 1 person" in text
    assert re.search(r"\b1 (threads|issues|PRs|comments|reviews|persons|points)\b", text) is None


def narrative(*languages: str) -> Narrative:
    """One statement and one finding with texts in these languages."""

    def texts(text: str) -> dict[str, str]:
        return {language: f"{text} {language}." for language in languages}

    evidence = (Evidence("body", "https://github.com/vllm-project/vllm/pull/2", "quote"),)
    briefs = (Brief(2, {BriefPart.READING: Statement(texts("Reading"), evidence)}),)
    finding = Finding(texts("Title"), texts("Trend"), ("2.reading",))
    fallbacks = (
        Fallback("brief-2.impact", FallbackReason.LENGTH, "en"),
        Fallback("brief-2.topic", FallbackReason.QUOTE),
    )
    return Narrative("test-model", languages, briefs, Overview({OverviewPart.TRENDS: (finding,)}), fallbacks)


def test_a_model_s_text_stands_on_the_page_of_its_language_only() -> None:
    facts = digest(pull(2, "[ROCm] Tune", body="It says so.", created_at=1))
    both = report(facts, narrative("zh", "en"))
    english, chinese = render(both, "en"), render(both, "zh")
    assert "Reading en." in english
    assert "1.  **Title en\\.**" in english.replace("en.**", "en\\.**")
    assert "zh." not in english
    assert "Reading zh." in chinese
    assert "en." not in chinese
    last = english.splitlines()[-1]
    assert (
        "2 sections with checked sentences of the model test-model, all other text written by rules" in last
    )
    assert "2 not used: " in last
    assert "1 处" not in last
    assert "未采用 1 处" in chinese.splitlines()[-1]
    assert "another language" not in last


def test_rules_write_what_a_model_wrote_in_another_language_alone_and_the_last_line_says_so() -> None:
    facts = digest(pull(2, "[ROCm] Tune", body="It says so.", created_at=1))
    english = render(report(facts, narrative("zh")), "en")
    assert in_chinese(english) == []
    assert "The author writes: “It says so.”" in english
    last = english.splitlines()[-1]
    count = words("en").tree["numerals"][len(SECTIONS)]
    assert f"all {count} sections written by rules" in last
    assert "2 statements of the model are in another language only, so rules write that text here." in last
    chinese = render(report(facts, narrative("en")), "zh")
    assert ALL_BY_RULES in chinese
    assert "；另有模型的 2 处文字只有其他语言的版本，本页由规则代写。" in chinese


def below(name: str, page: str) -> str:
    """The page with an address below `name`, for a build of several pages that have the same one."""
    return page.replace('permalink: "/', f'permalink: "/{name}/')


def test_hostile_texts_show_to_the_letter_in_every_language() -> None:
    texts = [text for text in hostile_texts() if clean(text)]
    threads = [
        pull(number, text, body=text, created_at=1, labels=(text, "rocm"), remarks=(said(text, 3, text),))
        for number, text in enumerate(texts, start=1)
    ]
    facts = digest(*threads)
    hostile = replace(facts, gaps=tuple(Gap(GapCode.SEARCH_CUT, None, text) for text in texts))
    pages = {f"{language}.md": below(language, render(report(hostile), language)) for language in LANGUAGES}
    for (name, page), language in zip(pages.items(), LANGUAGES, strict=True):
        assert find_problem(page, outline(hostile, language)) == "", name
    for name, built in jekyll.build(pages).items():
        rows = [row.text(ticks=True).replace("`", "") for row in built.content.find("li")]
        for text in texts:
            plain = clean(text).replace("`", "")
            assert any(f" {plain} — " in row for row in rows), (name, text)


def test_names_of_the_settings_show_to_the_letter_in_the_headings() -> None:
    """A heading that the page's check confuses with another one would make every page fail."""
    plain = digest(issue(1, created_at=1))
    texts = [text for text in (*hostile_texts(), "C#", "C #", "# ##", "a {#id}") if clean(text)]
    # Headings are escaped in the same way in each language, so each text is tried in one of them.
    named = {
        f"page{place}": (language, text)
        for place, (text, language) in enumerate(zip(texts, cycle(LANGUAGES)))
    }
    pages = {}
    for name, (language, text) in named.items():
        focus = replace(plain.rules.focus, name=text, heading=LocalText.of(text))
        facts = replace(plain, rules=replace(plain.rules, project=text, focus=focus))
        page = render(report(facts), language)
        assert find_problem(page, outline(facts, language)) == "", text
        pages[f"{name}.md"] = below(name, page)
    built = jekyll.build(pages)
    for name, (language, text) in named.items():
        headings = [heading.text() for heading in built[f"{name}.md"].content.find("h1", "h3")]
        for shown, own in ((headings[0], title(report(plain), language)), (headings[2], "🎯")):
            wanted = f"{clean(text)} {own.removeprefix('vLLM ')}" if own != "🎯" else f"🎯 {clean(text)}"
            assert shown.replace("`", "").split() == wanted.replace("`", "").split()


# --- the command


def test_render_makes_the_page_of_any_language_from_a_stored_report(run: Run) -> None:
    stored = Path(run("run", "--sample").out.strip())
    chinese = stored.read_text("utf-8")
    english = run("render", str(stored.with_suffix(".json")), "--language", "en")
    assert (english.code, english.err) == (0, "")
    assert in_chinese(english.out) == []
    assert run("render", str(stored.with_suffix(".json")), "--language", "zh").out == chinese
    assert run("render", str(stored.with_suffix(".json"))).out == chinese
    assert english.out.count("[#30382]") == chinese.count("[#30382]")


def test_the_sample_s_english_page_is_the_one_kept_beside_the_chinese_one(run: Run) -> None:
    stored = Path(run("run", "--sample", "--now", "2025-12-10T20:00").out.strip())
    kept = Path(__file__).with_name("sample_en.md")
    assert run("render", str(stored.with_suffix(".json")), "--language", "en").out == kept.read_text("utf-8")


def test_the_first_language_of_the_settings_stands_at_the_usual_addresses(run: Run) -> None:
    environ = {"VLLM_DIGEST_REPORT_LANGUAGES": "[en, zh]"}
    stored = Path(run("run", "--sample", environ=environ).out.strip())
    page = stored.read_text("utf-8")
    assert "title: vLLM development report - 2025-12-10" in page
    assert 'permalink: "/reports/' in page
    data = str(stored.with_suffix(".json"))
    assert run("render", data, environ=environ).out == page
    assert 'permalink: "/zh/reports/' in run("render", data, "--language", "zh", environ=environ).out
    assert json.loads(run("run", "--sample", "--json", environ=environ).out)["sections"].keys() == {
        section.key for section in SECTIONS
    }


@pytest.mark.parametrize("command", [("render", "x.json"), ("notify", "x.md", "--dry-run")])
def test_a_language_without_a_pack_is_refused(run: Run, command: tuple[str, ...]) -> None:
    refused = run(*command, "--language", "xx")
    assert refused.code == 2
    told = f"vllm-digest: 'xx' is not a supported language.\nThere are {', '.join(LANGUAGES)}."
    assert told in refused.err


@pytest.mark.parametrize(
    ("value", "why"),
    [("[xx]", "'xx' is not a supported language"), ("[]", "at least one"), ("[zh, zh]", "only once")],
)
def test_settings_name_languages_that_there_are(run: Run, value: str, why: str) -> None:
    refused = run("run", "--sample", "--dry-run", environ={"VLLM_DIGEST_REPORT_LANGUAGES": value})
    assert refused.code == 2
    assert why in refused.err


MESSAGE = """\
vLLM development report

2025-12-10 18:42 (UTC+8) ~ 2025-12-10 19:42 (UTC+8)
AMD: no updates.
× closed #30382 [Bug]: Issues with mistralai/Ministral-3-14B-Instruct-2512
○ open #30375 [Bug]: [TPU] ShapeDtypeStruct error when loading custom safetensors checkpoint …
○ open #30383 [RFC]: Multi-Process Benchmark Architecture for Scaling Beyond Single-Core Limi…
https://example.org/digest{}/reports/vllm-project/vllm/sample/2025/12/20251210T1042Z-20251210T1142Z/
"""


@pytest.mark.parametrize(("languages", "root"), [("[zh, en]", "/en"), ("[zh]", ""), ("[en, zh]", "")])
def test_a_message_comes_in_the_language_asked_for_and_links_to_what_there_is(
    run: Run, languages: str, root: str
) -> None:
    stored = run("run", "--sample").out.strip()
    command = ("notify", "--dry-run", "--site", "https://example.org/digest/", "--language", "en", stored)
    assert run(*command, environ={"VLLM_DIGEST_REPORT_LANGUAGES": languages}).out == MESSAGE.format(root)


# --- the table of sections


def test_the_docs_name_the_heading_of_the_lists(run: Run) -> None:
    told = (ROOT / "docs/page.md").read_text("utf-8")
    for language in ("zh", "en"):
        assert words(language).say("appendix") in told
    summary = json.loads(run("run", "--sample", "--dry-run", "--json").out)
    assert list(summary["sections"]) == [section.key for section in SECTIONS]


# --- another section, by the recipe of CONTRIBUTING.md


def test_the_recipe_for_another_section_works(tmp_path: Path) -> None:
    for name in ("vllm_digest", "templates"):
        shutil.copytree(ROOT / name, tmp_path / name)
    table = tmp_path / "vllm_digest/sections.py"
    row = '    Section("activity", OverviewPart.ACTIVITY),\n'
    edited = table.read_text("utf-8").replace(row, f'    Section("newcomers"),\n{row}')
    assert edited != table.read_text("utf-8")
    table.write_text(edited, "utf-8")
    for language, heading, text in (("zh", "🌱 新人", "共 {} 人。"), ("en", "🌱 Newcomers", "{} in all.")):
        pack = tmp_path / "templates" / language
        said = (pack / "words.yaml").read_text("utf-8")
        (pack / "words.yaml").write_text(
            said.replace("\nsections:\n", f"\nsections:\n  newcomers: {heading}\n"), "utf-8"
        )
        count = "{{ digest.activity.newcomers | count }}"
        (pack / "sections/newcomers.md.j2").write_text(f"{text.format(count)}\n", "utf-8")

    def digest_of(*arguments: str) -> str:
        command = [sys.executable, "-m", "vllm_digest", "run", "--sample", *arguments]
        environ = {"PYTHONPATH": str(tmp_path), "HOME": str(tmp_path), "PYTHONUTF8": "1"}
        ran = subprocess.run(
            command, cwd=tmp_path, env={**os.environ, **environ}, capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout.decode()

    page = (tmp_path / digest_of().strip()).read_text("utf-8")  # and the page has passed its check
    assert "\n\n### 🌱 新人\n共 0 人。\n\n### 📈 开发活跃度观察\n" in page
    more = len(SECTIONS) + 1
    assert f"{words('zh').tree['numerals'][more]}个章节均由规则撰写" in page
    data = str(next(tmp_path.rglob("*Z.json")))
    command = [sys.executable, "-m", "vllm_digest", "render", data, "--language", "en"]
    english = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert "\n\n### 🌱 Newcomers\n0 in all.\n\n### 📈 Development activity\n" in english
    assert f"all {words('en').tree['numerals'][more]} sections written by rules" in english
    assert list(json.loads(digest_of("--dry-run", "--json"))["sections"])[-3:-1] == ["newcomers", "activity"]


# --- code


def test_no_code_has_chinese_in_it_but_the_checks_of_chinese() -> None:
    package = ROOT / "vllm_digest"
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        if CHINESE.search(path.read_text("utf-8")) and package / "check" / "zh" not in path.parents
    }
    assert found == set()
