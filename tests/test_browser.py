"""The site in a real Chromium: phone and desktop, light and dark, on paper and without scripts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

pytest.importorskip("playwright", reason="PLAYWRIGHT IS MISSING: pages were NOT looked at on this machine")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests import browser as chromium
from tests.browser import Scheme, viewed
from tests.sites import BASE, DAY, HOSTILE, HOURS, Site, url
from vllm_digest.templating import words

SCREENSHOTS = Path(__file__).parent.parent / "build" / "screenshots"
"""What the pages looked like; CI keeps them."""
PAGES = {
    "start": "/",
    "report": url(HOURS[-1]),
    "day": url(DAY, "24h"),
    "hostile": url(HOSTILE),
    "month": "/archive/2025-12/",
    "trends": "/trends/",
    "search": "/search/?q=scheduler",
    "start-en": "/en/",
    "report-en": f"/en{url(HOURS[-1])}",
    "day-en": f"/en{url(DAY, '24h')}",
    "trends-en": "/en/trends/",
    "search-en": "/en/search/?q=scheduler",
}

expect.set_options(timeout=60_000)  # for busy machines; nothing waits longer than it must


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:  # noqa: ARG001 - without a site there is nothing to look at
    with chromium.opened() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with chromium.served(site.built, BASE) as address:
        yield address


READ: dict[tuple[int, Scheme], tuple[str, ...]] = {
    (390, "dark"): ("start", "report", "search", "trends"),
    (1280, "light"): ("start-en", "report-en", "month", "trends"),
}
"""The pages that axe checks, by width and scheme: each kind once, those with special colors twice."""


@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_loads_quietly_and_is_readable_by_all(browser: Browser, address: str, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with viewed(browser, address + PAGES[name]) as view:
        for (width, scheme), read in READ.items():
            view.page.set_viewport_size({"width": width, "height": 844})
            view.page.emulate_media(color_scheme=scheme)
            view.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png")
            assert view.overflow == 0, scheme
            if name in read:
                assert _barriers(view.page) == []
        assert view.complaints == []


def _barriers(page: Any) -> list[str]:
    """The problems that axe, an accessibility checker, finds, including the contrast of text."""
    # The page's heading levels are the format's: H1, then H3.
    options = {"resultTypes": ["violations"], "rules": {"heading-order": {"enabled": False}}}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})" for one in found]


def test_a_day_takes_a_screen_and_a_half_of_a_phone_and_a_week_eight(browser: Browser, address: str) -> None:
    for page in ("/", "/en/"):
        with viewed(browser, address + page, width=390) as view:
            tall = view.page.evaluate(
                "[...document.querySelectorAll('.day')].map((day) => day.getBoundingClientRect().height)"
            )
            head = view.page.evaluate("document.querySelector('.day').getBoundingClientRect().top")
            assert len(tall) == 4
            assert max(tall) <= 1.5 * 844
            assert head + 7 * sum(tall) / len(tall) <= 8 * 844
            view.page.locator(".hours summary").first.click()
            assert view.page.locator(".hours a").first.is_visible()


def test_a_month_fits_on_two_screens_and_its_days_are_found_from_the_calendar(
    browser: Browser, address: str
) -> None:
    with viewed(browser, f"{address}/archive/2025-12/", width=390) as view:
        page = view.page
        rows = page.locator(".days > li")
        heights = [row.evaluate("(row) => row.getBoundingClientRect().height") for row in rows.all()]
        assert max(heights) < 45, "a line each"
        page.click(".calendar a[href='#2025-12-08']")
        assert page.evaluate("document.querySelector(':target').id") == "2025-12-08"
        page.locator("#\\32 025-12-08 summary").click()
        assert page.locator("#\\32 025-12-08 .hours a").first.is_visible()
        assert view.overflow == 0


def test_a_bar_tells_its_value_to_keyboard_and_touch_and_leads_to_its_day(
    browser: Browser, address: str
) -> None:
    with viewed(browser, f"{address}/trends/") as view:
        plot = view.page.locator(".plot").nth(2)
        value = plot.locator(".value")
        assert re.fullmatch(r"12-10 周三：AMD 相关 \d+（不足一整段）", value.inner_text())
        plot.locator("svg a").last.focus()
        view.page.keyboard.press("ArrowLeft")
        assert re.fullmatch(r"12-09 周二：AMD 相关 \d+", value.inner_text())
        view.page.keyboard.press("Enter")
        view.page.wait_for_url(address + url(DAY, "day"))
    with viewed(browser, f"{address}/trends/", width=390, touch=True) as view:
        plot = view.page.locator(".plot").nth(2)
        plot.locator("svg a").nth(1).tap()
        assert plot.locator(".value").inner_text().startswith("12-08 周一：AMD 相关 ")
        assert view.page.url == f"{address}/trends/"
        plot.locator("svg a").nth(1).tap()
        view.page.wait_for_url(f"{address}/archive/2025-12/#2025-12-08")
        assert view.complaints == []


FINDS = {
    "MI300X": "MI300X",
    "gfx942": "[Bug]: ROCm 7.0 on gfx942 hangs in CUDA graph capture",
    "量化": "量化",
    "rocm": "rocm",
    "3153": "#3153",
    "３１５３９": "#31539 ",
    "#31539": "#31539 ",
    "amy-smith": "amy-smith",
    "https://github.com/vllm-project/vllm/issues/31539#issuecomment-1": "#31539 ",
    "vllm-project/vllm#31539": "#31539 ",
    "精度与改动之前一致": "精度与改动之前一致",
    "prefixlm tritonattention": "[v1] Add PrefixLM support to TritonAttention backend",
}
"""What is searched for, and what every hit shows."""


def found(page: Page, query: str) -> list[str]:
    """The hits for a query, each as its text."""
    page.fill("#query", query)
    page.wait_for_url(lambda address: parse_qs(urlsplit(address).query).get("q") == [query])
    expect(page.locator("#status")).to_have_text(re.compile("^[^…]+$"))
    return page.locator("#results li").all_inner_texts()


def test_search_finds_what_titles_numbers_names_and_sentences_say(browser: Browser, address: str) -> None:
    with viewed(browser, f"{address}/search/") as view:
        for query, words in FINDS.items():
            hits = found(view.page, query)
            assert hits, query
            assert [hit for hit in hits if words.lower() not in hit.lower()] == [], query
        assert view.complaints == []


def test_a_hit_leads_to_its_place_on_the_report_to_github_and_to_its_story(
    browser: Browser, address: str
) -> None:
    with viewed(browser, f"{address}/search/", width=390) as view:
        page = view.page
        (hit,) = found(page, "31539")
        assert hit.startswith("○ 开放 ")
        ways = page.locator("#results a")
        assert re.fullmatch(
            r"https://github\.com/vllm-project/vllm/(issues|pull)/31539",
            ways.nth(1).get_attribute("href") or "",
        )
        ways.first.click()
        expect(page).to_have_url(re.compile(r"/20251208T1600Z-20251209T1600Z/#t31539$"))
        assert page.locator(":target").evaluate("(it) => it.parentElement.checkVisibility()")
        page.goto(f"{address}/search/?q=155422")
        page.get_by_text("经过").click()
        assert page.url == f"{address}/threads/155422/"
        assert view.complaints == []


def test_hits_can_be_narrowed_down_and_an_empty_search_says_what_it_knows(
    browser: Browser, address: str
) -> None:
    with viewed(browser, f"{address}/search/?q=deprecate&focus=1&kind=1&state=0&month=2025-12") as view:
        page = view.page
        expect(page.locator("#status")).to_have_text(re.compile(r"^找到 \d+ 条。$"))
        hits = page.locator("#results li").all_inner_texts()
        assert hits
        assert all(hit.startswith("○ 开放 PR ") and "AMD" in hit for hit in hits)
        page.select_option("[name=kind]", "0")
        expect(page.locator("#status")).to_have_text(re.compile("^没有找到。可以搜索标题、编号"))
        assert "kind=0" in page.url
        page.fill("#query", "")
        page.select_option("[name=state]", "1")
        expect(page.locator("#results li").first).to_have_text(re.compile("^× 已关闭 Issue "))
        assert view.complaints == []


def test_hostile_titles_show_to_the_letter_in_search_results(browser: Browser, address: str) -> None:
    with viewed(browser, f"{address}/search/?q=boom()") as view:
        view.page.wait_for_selector("#results li")
        assert "<script>boom()</script>" in view.page.inner_text("#results")
        assert view.complaints == []


def test_a_long_list_is_folded_and_opens(browser: Browser, address: str) -> None:
    with viewed(browser, address + url(DAY, "24h"), width=390) as view:
        rows = view.page.locator(".appendix").nth(2).locator("li")
        assert rows.count() > 30
        assert sum(row.is_visible() for row in rows.all()) == 20
        button = view.page.locator(".unfold").nth(0)
        assert re.fullmatch(r"显示全部 \d+ 条", button.inner_text())
        while view.page.locator(".unfold").count():
            view.page.locator(".unfold").first.click()
        assert all(row.is_visible() for row in rows.all())


CHAPTER = """() => {
  const [heading, next] = [...document.querySelectorAll(".report h3")].slice(1, 3);
  return next.getBoundingClientRect().top - heading.getBoundingClientRect().top;
}"""
FIRST_SCREEN = """() => {
  const walker = document.createTreeWalker(document.querySelector(".report"), NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  let text = "";
  while (walker.nextNode()) {
    range.selectNode(walker.currentNode);
    const [box] = range.getClientRects();
    if (box && box.top < innerHeight) text += walker.currentNode.data;
  }
  return text;
}"""
OWN_TEXTS = """() => [...document.querySelectorAll(".report :is(p, li)")].map((element) => {
  const own = element.cloneNode(true);
  for (const inner of own.querySelectorAll("ul, ol, p, details")) inner.remove();
  const links = [...own.querySelectorAll("a")].filter((link) => link.textContent !== "↳");
  return [own.textContent, links.length];
})"""
SENTENCE_END = re.compile(r"[。！？]|[.!?](?=\s|$)")
DAYS = [url(DAY, "24h"), url(DAY, "day"), f"/en{url(DAY, 'day')}"]
"""A busy day: by rules, by a model, and that in English."""


@pytest.mark.parametrize("page", DAYS, ids=["rules", "model", "English"])
def test_a_busy_day_is_short_on_a_phone_and_on_paper(browser: Browser, address: str, page: str) -> None:
    language = "en" if page.startswith("/en/") else "zh"
    with viewed(browser, address + page, width=390) as view:
        assert view.page.locator(".report .why").count() >= 38
        assert view.page.evaluate(CHAPTER) <= 4 * 844
        talk = view.page.locator(".report .group").first
        assert talk.locator(".why").count() > 5
        assert talk.locator("xpath=following-sibling::ul").locator(".why").count() == 0
        assert view.page.locator(".report h3 + p + ul > li").first.locator("li").count() == 3
        shown = view.page.evaluate(FIRST_SCREEN)
        assert {"zh": "值得关注：", "en": "Worth attention:"}[language] in shown
        for count in words(language).tree["counts"].values():
            assert shown.count(f" {count} ") == 1, count
    with viewed(browser, address + page) as view:
        assert len(re.findall(rb"/Type\s*/Page\b", view.page.pdf(format="A4"))) < 12


@pytest.mark.parametrize("page", DAYS[::2], ids=["rules", "a model in English"])
def test_no_paragraph_is_a_wall_and_folds_open(browser: Browser, address: str, page: str) -> None:
    with viewed(browser, address + page, width=390) as view:
        for text, links in view.page.evaluate(OWN_TEXTS):
            said = re.sub("“[^”]*”", "", text)
            assert len(SENTENCE_END.findall(said)) <= 4, text
            assert links <= 8, text
        notes = view.page.locator(".report .why").first
        assert not notes.locator("li").first.is_visible()
        notes.locator("summary").click()
        assert notes.locator("li").first.is_visible()
        view.page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
        assert _barriers(view.page) == []
        assert view.overflow == 0


def test_headings_link_to_themselves_and_contents_lead_there(browser: Browser, address: str) -> None:
    with viewed(browser, address + url(HOURS[-1])) as view:
        anchors = view.page.locator(".report .anchor")
        assert anchors.count() == 14
        view.page.locator(".contents a").nth(3).click()
        assert view.page.evaluate("document.querySelector(':target').textContent").startswith("🔥")


def test_without_scripts_every_report_and_link_is_there(browser: Browser, address: str) -> None:
    with viewed(browser, address + url(DAY, "24h"), width=390, script=False) as view:
        rows = view.page.locator(".report h2 ~ ul > li")
        assert rows.count() > 80
        assert rows.last.is_visible()
    with viewed(browser, f"{address}/search/", script=False) as view:
        assert "需要 JavaScript" in view.page.inner_text("main")


def test_on_paper_lists_are_whole_and_navigation_is_gone(browser: Browser, address: str) -> None:
    with viewed(browser, address + url(DAY, "24h")) as view:
        view.page.emulate_media(media="print")
        assert view.page.locator(".pager").first.is_hidden()
        assert view.page.locator(".unfold").first.is_hidden()
        assert view.page.locator(".folded li").last.is_visible()


def test_a_reader_is_told_when_the_next_report_never_came(browser: Browser, address: str) -> None:
    with viewed(browser, f"{address}/") as view:
        assert re.fullmatch(r"已有 \d+ 天没有新报告。", view.page.inner_text("#late"))


def test_scripts_speak_the_language_of_their_page(browser: Browser, address: str) -> None:
    with viewed(browser, f"{address}/en/") as view:
        assert re.fullmatch(r"No new report for \d+ days\.", view.page.inner_text("#late"))
    with viewed(browser, f"{address}/en/search/") as view:
        page = view.page
        page.fill("#query", "prefixlm tritonattention")
        expect(page.locator("#status")).to_have_text(re.compile(r"^\d found\.$"))
        page.locator("#results a").first.click()
        expect(page).to_have_url(re.compile(rf"^{address}/en{url(HOSTILE)}#t\d+$"))
    with viewed(browser, f"{address}/en{url(DAY, '24h')}") as view:
        assert re.fullmatch(r"Show all \d+", view.page.locator(".unfold").first.inner_text())
        assert view.page.locator(".contents summary").text_content() == "On this page"
        assert (view.page.locator(".anchor").first.get_attribute("aria-label") or "").startswith(
            "Link to “vLLM "
        )
        assert view.complaints == []


def test_readers_change_the_language_and_stay_on_the_page(browser: Browser, address: str) -> None:
    page_of_day = url(DAY, "24h")
    with viewed(browser, address + page_of_day, width=390) as view:
        view.page.click("header.site a[hreflang=en]")
        assert view.page.url == f"{address}/en{page_of_day}"
        assert view.page.inner_text("h1").startswith("vLLM development report")
        view.page.click("header.site a[hreflang='zh-CN']")
        assert view.page.url == address + page_of_day
        assert view.complaints == []
