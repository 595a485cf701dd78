"""The site in a real Chromium: phone and desktop, light and dark, on paper and without scripts."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="PLAYWRIGHT IS MISSING: pages were NOT looked at on this machine")

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests import browser as chromium
from tests.browser import Scheme, viewed
from tests.sites import BASE, DAY, HOSTILE, HOURS, Site, url

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


@pytest.fixture(scope="module")
def browser(site: Site) -> Iterator[Browser]:  # noqa: ARG001 - without a site there is nothing to look at
    with chromium.opened() as opened:
        yield opened


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    with chromium.served(site.built, BASE) as address:
        yield address


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_fit_and_load_quietly(browser: Browser, address: str, width: int, scheme: Scheme) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    for name, path in PAGES.items():
        with viewed(browser, address + path, width=width, scheme=scheme) as view:
            view.page.screenshot(path=SCREENSHOTS / f"{name}-{width}-{scheme}.png")
            assert view.overflow == 0, name
            assert view.complaints == [], name


@pytest.mark.parametrize(
    ("width", "scheme", "names"),
    [
        (390, "dark", ("start", "report", "search", "start-en")),
        (1280, "light", ("start", "report", "month", "trends", "report-en")),
    ],
)
def test_pages_are_readable_by_all(
    browser: Browser, address: str, width: int, scheme: Scheme, names: tuple[str, ...]
) -> None:
    for name in names:
        with viewed(browser, address + PAGES[name], width=width, scheme=scheme) as view:
            assert _barriers(view.page) == [], name


def _barriers(page: Any) -> list[str]:
    """What axe, the usual judge of accessibility, finds; contrast of text is among it."""
    # The page's heading levels are the format's: H1, then H3.
    options = {"resultTypes": ["violations"], "rules": {"heading-order": {"enabled": False}}}
    found = Axe().run(page, options=options).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:120]} ({len(one['nodes'])})" for one in found]


def test_search_finds_titles_and_numbers_and_leads_to_the_report(browser: Browser, address: str) -> None:
    with viewed(browser, f"{address}/search/") as view:
        page = view.page
        page.fill("#query", "prefixlm tritonattention")
        expect(page.locator("#status")).to_have_text("找到 1 条。")
        row = page.locator("#results li")
        assert "[v1] Add PrefixLM support to TritonAttention backend" in row.inner_text()
        number = re.findall(r"#(\d+)", row.inner_text())[0]
        page.fill("#query", f"#{number}")
        expect(page.locator("#results li")).to_have_count(1)
        expect(row).to_contain_text(f"#{number} ")
        page.locator("#results a").click()
        assert page.url == address + url(HOSTILE)
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
        expect(page.locator("#status")).to_have_text("1 found.")
        page.locator("#results a").click()
        assert page.url == f"{address}/en{url(HOSTILE)}"
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
