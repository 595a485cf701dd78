"""The built site: the content of its pages, no active content, no broken links, nothing missing."""

import gzip
import json
import re
import shutil
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest

from tests import archives, jekyll
from tests.conftest import Run
from tests.servers.words import CHINESE
from tests.sites import BASE, DAY, HOSTILE, HOURS, PROSE, SHARED, Site, build, hostile_texts, links, url
from vllm_digest import pipeline
from vllm_digest.judgement import Relevance
from vllm_digest.markdown.collapsible import as_stored
from vllm_digest.markdown.escaping import clean
from vllm_digest.models import State
from vllm_digest.render import render
from vllm_digest.report import Digest

ATOM = "{http://www.w3.org/2005/Atom}"
PAGES = ("/", "/archive/", "/archive/2025-12/", "/trends/", "/search/", "/404.html")


def table(element: jekyll.Element) -> dict[str, list[str]]:
    """A table's rows without its head: the other cells by the first."""
    rows = [[cell.text() for cell in row.elements()] for row in element.find("tr")[1:]]
    return {first: rest for first, *rest in rows}


def data(site: Site, page: str) -> Any:
    """The JSON that a report's page links to."""
    return json.loads(site.html(f"{page.rstrip('/')}.json"))


def digest_of(site: Site, page: str) -> Digest:
    """The digest of that JSON."""
    path = Path("report.json")
    path.write_text(site.html(f"{page.rstrip('/')}.json"), encoding="utf-8")
    return archives.load(path).digest


def words(element: jekyll.Element) -> str:
    return " ".join(element.text().split())


# --- start page


def test_the_start_page_shows_the_newest_reports_by_day(site: Site) -> None:
    start = site.tree("/")
    days = [words(heading) for heading in start.find("h2") if "id" in heading.attributes]
    assert days == ["2025-12-10 周三 截至 19:42", "2025-12-09 周二", "2025-12-08 周一", "2025-12-07 周日"]
    hours = [words(folded) for folded in start.find("details")]
    assert hours[0].startswith("16 期，缺 2 段 18:42 – 19:42 1h 新 Issue ")
    assert hours[1].startswith("25 期 ")  # the heading links to the roll-up of the day
    assert BASE + url(DAY, "day") in [urljoin(f"{BASE}/", way) for way in links(start)]


def test_a_day_s_card_has_the_verdict_and_titles(site: Site) -> None:
    for name, card in cards(site).items():
        told = words(card)
        assert told.startswith("AMD：")
        headings = [heading.text() for heading in card.find("h3")]
        assert headings[0] == "AMD 要事", name
        assert "重点变更" in headings, name
        lines = card.find("ol")[0].elements()
        assert len(lines) == 3
        assert all(re.match(r"#\d+ .* [○✓×] (开放|已合并|已关闭) ·", words(line)) for line in lines), name
        titles = [link.text() for link in card.find("a")]
        assert len(set(titles)) == len(titles), "no thread stands there twice"


def test_a_card_tells_what_became_of_earlier_concerns(site: Site) -> None:
    """Of a day that is made of its hours: what one of them told."""
    told = {name: words(card).partition(" 此前关注的后续 ")[2] for name, card in cards(site).items()}
    assert re.fullmatch(r"(#10\d .+ 由 #110\d 修复 · 2 天后 ){3}另有 2 个", told.pop("2025-12-08"))
    assert set(told.values()) == {""}


def test_each_repository_has_a_card_and_longer_reports_a_line(run: Run) -> None:
    run("init", ".")
    archive = archives.opened(Path("archive"))
    for one in archives.reports(HOURS[-2:]):
        other = replace(one.digest, repo="another/engine", repo_url="https://github.com/another/engine")
        for report in (one, replace(one, digest=other)):
            pipeline.publish(report, archive)
    later = HOURS[-1].end + timedelta(days=7)
    week = Path(run("rollup", "--week", "2025-W50", now=later).out.strip())
    assert run("site", now=later).code == 0
    start, month = (
        jekyll.parse(Path(f"staging/{path}index.html").read_text("utf-8"))
        for path in ("", "archive/2025-12/")
    )
    # The configured repository comes first; the other one is labelled with its name.
    names = [words(card).split()[0] for card in start.find("article")]
    assert names == ["vllm-project/vllm", "another/engine"]
    # The week has not ended: it is not the latest report and has no bars.
    assert "最新一期截至 2025-12-10 19:42" in words(start)
    assert "12-11" not in Path("staging/trends/index.html").read_text("utf-8")
    address = f"{week.relative_to('archive').with_suffix('')}/"
    assert address in links(start)
    assert f"../../{address}" in links(month)


def test_a_day_s_figures_are_the_same_wherever_they_stand(run: Run, site: Site) -> None:
    """On the card, in the calendar, in the trends and on a roll-up: each thread once."""
    shutil.copytree(site.folder / "archive", "archive")
    rolled_up = archives.load(Path(run("rollup", "--day", "2025-12-08").out.strip()).with_suffix(".json"))
    digest = rolled_up.digest
    about = str(len(digest.relevant(Relevance.YES)))
    figures = dict(re.findall(r"(\S+(?: \S+)?) (\d+)", words(cards(site)["2025-12-08"].find("p")[1])))
    assert figures["AMD"] == about
    assert figures["合并 PR"] == str(len(digest.lists.merged_prs))
    month = site.tree("/archive/2025-12/")
    in_calendar = {link.attributes["href"]: words(link) for link in month.find("table")[0].find("a")}
    assert in_calendar["#2025-12-08"] == f"8 {about}"
    assert table(site.tree("/trends/").find("table")[0])["12-08 周一"][4] == about


def cards(site: Site) -> dict[str, jekyll.Element]:
    """The start page's cards by their days."""
    sections = [one for one in site.tree("/").find("section") if one.find("article")]
    return {one.find("h2")[0].attributes["id"]: one.find("article")[0] for one in sections}


def test_the_start_page_says_what_is_missing_and_since_when(site: Site) -> None:
    start = words(site.tree("/").find("main")[0])
    assert "最新一期截至 2025-12-10 19:42 (UTC+8)，本站更新于 2025-12-10 20:07 (UTC+8)。" in start
    assert "缺 2 段" in start
    assert "10:42 – 12:42 没有报告" in start
    assert "14:42 – 15:42 页面未通过检查，暂缺" in start


def test_the_start_page_is_light(site: Site) -> None:
    assert site.file("/").stat().st_size < 100_000


LEFT_OUT = (".github", "_site", "-.x", "x.", "x.-", "a..b", "a.-.b", "node_modules", "x.md")
"""Names of repositories; Jekyll leaves some out, or takes them for its own."""


def test_reports_of_any_repository_have_a_page_and_no_two_one_address(run: Run, tmp_path: Path) -> None:
    assert run("init", "new").code == 0
    window, pages = HOURS[-1], set()
    report = archives.report(window, archives.threads(window))
    for owner in ("octo", "_octo"):
        for name in LEFT_OUT:
            other = replace(report, asked_as=f"{owner}/{name}")
            stored = archives.opened(Path("new/archive")).store(other, render(other))
            pages.add(stored.page.relative_to("new/archive").with_suffix(""))
    assert len(pages) == 2 * len(LEFT_OUT)
    assert run("site", "new").code == 0
    built = Site(Path("new"), tmp_path / "built")
    build(Path("new/staging"), built.built)
    led_to = set(links(built.tree("/")))
    for page in pages:
        assert report.digest.window.slug in built.html(f"/{page}/"), page
        assert json.loads(built.html(f"/{page}.json"))["asked_as"]
        assert f"{page}/" in led_to


def test_a_site_without_reports_says_so(run: Run, tmp_path: Path) -> None:
    assert run("init", "new").code == 0
    assert run("site", "new").code == 0
    jekyll_site = Site(Path("new"), tmp_path / "built")
    build(Path("new/staging"), jekyll_site.built)
    assert "还没有报告。" in words(jekyll_site.tree("/"))
    assert jekyll_site.atom("/feed.xml").bozo == 0


# --- a report


def test_a_report_leads_to_its_neighbours_its_month_and_its_data(site: Site) -> None:
    window, earlier, later = HOURS[-2], HOURS[-3], HOURS[-1]
    page = site.tree(url(window))
    ways = {link.attributes.get("rel"): link.attributes["href"] for link in page.find("a")}
    assert ways["prev"] == BASE + url(earlier)
    assert ways["next"] == BASE + url(later)
    assert f"{BASE}/archive/2025-12/" in links(page)
    assert f"{BASE}{url(window).rstrip('/')}.json" in links(page)
    assert data(site, url(window))["form"] == "vllm-digest/report/2"


def test_neighbours_pass_over_what_is_missing_and_stay_within_their_series(site: Site) -> None:
    after_gap = site.tree(url(HOURS[-7]))
    assert BASE + url(HOURS[-10]) in links(after_gap)
    ways = [link.attributes.get("rel") for link in site.tree(url(DAY, "24h")).find("a")]
    assert not {"prev", "next"} & set(ways)


def test_reports_of_one_day_are_told_apart_by_their_titles(site: Site) -> None:
    titles = {site.tree(url(window)).find("title")[0].text() for window in HOURS[-3:]}
    assert "vLLM 开发动态报告 - 2025-12-10（2025-12-10 18:42 – 19:42） · vLLM 开发动态" in titles
    assert len(titles) == 3


def test_a_page_stays_at_the_address_in_its_front_matter(site: Site) -> None:
    for page in (site.folder / "archive/reports").rglob("*.md"):
        address = re.search(r'^permalink: "(.*)"$', page.read_text("utf-8"), re.MULTILINE)
        assert address
        assert site.file(address[1]).is_file()


def test_what_is_stored_stands_whole_on_the_staged_page_and_is_not_folded(site: Site) -> None:
    for page in (url(HOURS[-1]), url(DAY, "24h"), url(DAY, "day"), url(PROSE)):
        stored, staged = (
            (site.folder / folder / f"{page.strip('/')}.md").read_text("utf-8")
            for folder in ("archive", "staging")
        )
        with_stories = set(re.sub(r" \[↳\]\([^)]*\)", "", as_stored(staged)).split("\n"))
        assert set(stored.split("\n")) < with_stories, page
        assert re.search(r"^ *<|later|\n\n\n", stored, re.MULTILINE) is None, page


def test_only_folds_of_ours_are_on_built_pages(site: Site) -> None:
    for root in ("", "/en"):
        for page in (url(DAY, "24h"), url(DAY, "day"), url(HOSTILE), url(PROSE)):
            report = site.tree(root + page).find("article")[0]
            staged = (site.folder / "staging" / f"{root}{page}".strip("/")).with_suffix(".md")
            folds = re.findall(
                r'^ *<details class="(\w+)" markdown="1"><summary>([^<]+)</summary>$',
                staged.read_text("utf-8"),
                re.MULTILINE,
            )
            built = [(fold.attributes["class"], fold.elements()[0].text()) for fold in report.find("details")]
            assert built == folds, page
            places = [span.attributes["id"] for span in report.find("span") if "id" in span.attributes]
            assert len(places) == len({*places}) > 0, page


def test_hours_lead_to_their_day_and_days_to_their_hours(site: Site) -> None:
    hour = next(window for window in HOURS if DAY.start <= window.start and window.end <= DAY.end)
    up = site.tree(url(hour)).find("nav")[2]
    assert [link.text() for link in up.find("a")] == ["属于 2025-12-09"]
    assert f"{BASE}{url(DAY, 'day')}" in links(up)
    assert words(site.tree(url(hour)).find("h1")[0]).endswith("2025-12-09 00:42 – 01:42")
    down = site.tree(url(DAY, "day")).find("nav")[2]
    assert [link.text() for link in down.find("a")][:2] == ["00:42", "01:42"]
    assert len(links(down)) == 23
    alone = HOURS[-1]
    assert f"{BASE}/archive/2025-12/#2025-12-10" in links(site.tree(url(alone)).find("nav")[2])


def test_every_link_within_the_site_leads_somewhere(site: Site) -> None:
    pages = [page for page in site.built.rglob("*.html") if page.name != "404.html"]
    assert len(pages) > 70
    lost = []
    for page in pages:
        here = (
            f"https://example.org{BASE}/{page.relative_to(site.built).as_posix().removesuffix('index.html')}"
        )
        for way in links(jekyll.parse(page.read_text("utf-8"))):
            target = urlsplit(urljoin(here, way))
            if target.netloc != "example.org":
                continue
            path = target.path.removeprefix(BASE)
            if not target.path.startswith(BASE) or not site.file(path).is_file():
                lost.append((here, way))
    assert lost == []


def test_headings_can_be_linked_to(site: Site) -> None:
    headings = site.tree(url(HOURS[-1])).find("h2", "h3")
    ids = [heading.attributes.get("id") for heading in headings]
    assert len(ids) == 13
    assert all(ids)
    assert len(set(ids)) == 13


# --- months, trends


def test_a_month_lists_every_report_and_gap(site: Site) -> None:
    month = site.tree("/archive/2025-12/")
    days = [one for one in month.find("li") if "id" in one.attributes]
    assert [one.attributes["id"] for one in days] == [f"2025-12-{day:02}" for day in (10, 9, 8, 7)]
    rows = [words(row) for day in days for row in day.find("li")]
    assert sum("–" in row for row in rows) == len(HOURS) - 2 + 1
    assert sum(row.startswith("全天 24h ") for row in rows) == 1
    assert "10:42 – 12:42 没有报告（vllm-project/vllm 1h）" in rows
    whole = [link for day in days for link in day.find("a") if link.text() == "12-09 周二"]
    assert [urljoin(f"{BASE}/archive/2025-12/", one.attributes["href"]) for one in whole] == [
        BASE + url(DAY, "day")
    ]


def test_a_month_is_a_calendar_from_monday_on(site: Site) -> None:
    calendar = site.tree("/archive/2025-12/").find("table")[0]
    assert words(calendar.find("thead")[0]) == "周一周二周三周四周五周六周日"
    weeks = [row.elements() for row in calendar.find("tbody")[0].find("tr")]
    assert [words(day).partition(" ")[0] for day in weeks[0]] == list("1234567")
    assert [words(day) for day in weeks[4]] == ["29", "30", "31", "", "", "", ""]
    assert {day.attributes.get("class", "") for day in weeks[1][:3]} <= {f"heat-{n}" for n in range(5)}


def test_trends_count_each_thread_once_and_leave_gaps_empty(site: Site) -> None:
    trends = site.tree("/trends/")
    days, hours = trends.find("table")
    rows = table(hours)
    assert rows["10:42"] == ["—"] * 6
    assert rows["11:42"] == ["—"] * 6
    lists = digest_of(site, url(HOURS[-1])).lists.items()
    assert rows["18:42"][:2] == [str(len(lists[name])) for name in ("new_issues", "closed_issues")]
    by_day = list(table(days))
    # They begin with the first report; the day's own covers the ninth as a whole.
    assert by_day == ["12-10 周三*", "12-09 周二", "12-08 周一", "12-07 周日*"]


def test_every_chart_says_its_numbers_in_words(site: Site) -> None:
    drawings = site.tree("/trends/").find("svg")
    assert len(drawings) == 8
    assert all(re.search(r"\d", svg.attributes["aria-label"]) for svg in drawings)
    bars = {bar.attributes["aria-label"]: bar.attributes["href"] for bar in drawings[2].find("a")}
    told = {label.partition("：")[0]: way for label, way in bars.items()}
    assert urljoin(f"{BASE}/trends/", told["12-09 周二"]) == BASE + url(DAY, "day")
    assert told["12-08 周一"] == "../archive/2025-12/#2025-12-08"
    key = words(site.tree("/trends/").find("figure")[2].find("figcaption")[0])
    assert re.fullmatch(r"AMD 相关 \d+ 中位 [\d.]+（\d+–\d+）", key)


# --- feeds, sitemap, search


@pytest.mark.parametrize("name", ["feed.xml", "focus.xml"])
def test_a_feed_is_atom_with_absolute_links_and_ids_of_its_own(site: Site, name: str) -> None:
    text = site.html(f"/{name}")
    feed = ET.fromstring(text)
    assert site.atom(f"/{name}").bozo == 0
    for element in (feed, *feed.findall(f"{ATOM}entry")):
        # What RFC 4287 asks of a feed and of an entry.
        assert [len(element.findall(ATOM + tag)) for tag in ("id", "title", "updated")] == [1, 1, 1]
        for link in element.findall(f"{ATOM}link"):
            assert link.attrib["href"].startswith(f"https://example.org{BASE}/")
    ids = [element.text for element in feed.iter(f"{ATOM}id")]
    assert len(set(ids)) == len(ids)
    assert feed.find(f"{ATOM}author/{ATOM}name") is not None
    own = [link.attrib["href"] for link in feed.findall(f"{ATOM}link[@rel='self']")]
    assert own == [f"https://example.org{BASE}/{name}"]


def test_the_feed_holds_the_newest_reports_whole_but_for_the_lists(site: Site) -> None:
    entries = site.atom("/feed.xml").entries
    assert len(entries) == 48
    assert entries[0].link == f"https://example.org{BASE}{url(HOURS[-1])}"
    assert entries[0].title.startswith("2025-12-10 18:42 – 19:42（vllm-project/vllm 1h）：新 Issue ")
    shown = words(jekyll.parse(entries[0].content[0].value))
    assert "📊 每日开发状态摘要" in shown
    assert "💡 值得关注的问题" in shown
    assert "附录" not in shown


def test_the_focus_has_a_feed_of_its_own(site: Site) -> None:
    feed = site.atom("/focus.xml")
    assert feed.feed.title == "vLLM 开发动态：有 AMD 动态的各期"
    assert 0 < len(feed.entries) <= 48
    assert not any(entry.title.endswith("AMD 0") for entry in feed.entries)


@pytest.mark.parametrize(("root", "merged"), [("", "已合并"), ("/en", "Merged")])
def test_the_focus_s_events_have_a_feed_with_an_entry_each(site: Site, root: str, merged: str) -> None:
    text = site.html(f"{root}/amd.xml")
    feed = site.atom(f"{root}/amd.xml")
    assert feed.bozo == 0
    assert len(gzip.compress(text.encode())) < 100_000
    ids = [entry.id for entry in feed.entries]
    assert 20 < len(ids) == len(set(ids)) <= 100
    assert any(re.match(rf"{merged} #\d+ \S", entry.title) for entry in feed.entries)
    assert [entry.published for entry in feed.entries] == sorted(
        (entry.published for entry in feed.entries), reverse=True
    )
    for entry in feed.entries:
        number = re.findall(r"#(\d+)", entry.title)[0]
        assert entry.link.startswith("https://github.com/vllm-project/vllm/")
        assert entry.link.endswith(f"/{number}")
        related = [link.href for link in entry.links if link.rel == "related"]
        assert related[0].startswith(f"https://example.org{BASE}{root}/reports/")


def test_days_have_a_feed_with_their_whole_text(site: Site) -> None:
    text = site.html("/days.xml")
    feed = site.atom("/days.xml")
    assert feed.bozo == 0
    assert len(gzip.compress(text.encode())) < 100_000
    # Without the day that has not ended.
    assert [entry.title.partition("：")[0] for entry in feed.entries] == [
        "2025-12-09 周二",
        "2025-12-08 周一",
        "2025-12-07 周日",
    ]
    assert feed.entries[0].link == f"https://example.org{BASE}{url(DAY, 'day')}"
    assert feed.entries[1].link == f"https://example.org{BASE}/archive/2025-12/#2025-12-08"
    for entry in feed.entries:
        assert "AMD：" in entry.title
        shown = words(jekyll.parse(entry.content[0].value))
        assert "📊 每日开发状态摘要" in shown
        assert "💡 值得关注的问题" in shown
        assert "附录" not in shown


def test_the_sitemap_lists_every_page(site: Site) -> None:
    listed = re.findall(r"<loc>(.*?)</loc>", site.html("/sitemap.xml"))
    assert {f"https://example.org{BASE}{page}" for page in PAGES[:-1]} <= set(listed)
    assert f"https://example.org{BASE}{url(HOURS[-1])}" in listed
    assert len(listed) == len(set(listed))


def test_the_search_index_knows_what_threads_can_be_found_by(site: Site) -> None:
    (month, is_told), *earlier = json.loads(site.html("/search/months.json"))
    assert (month, is_told, earlier) == ("2025-12", 1, [])
    index = json.loads(site.html("/search/2025-12.json"))
    reports = [address for address, _ in index["reports"]]
    hostile = reports.index(url(HOSTILE))
    titles = {title for *_, title, _, places in index["threads"] if hostile in places}
    assert {clean(text) for text in hostile_texts()} <= titles
    day = digest_of(site, url(DAY, "day"))
    assert day.lists.numbers <= {number for number, *_ in index["threads"]}
    found = {number: (place, row) for place, (number, *row) in enumerate(index["threads"])}
    row = day.relevant(Relevance.YES)[0]
    place, (repo, is_pull, state, is_focus, has_page, title, names, places) = found[row.number]
    assert index["repos"][repo] == "https://github.com/vllm-project/vllm"
    assert (is_pull, state, is_focus, title) == (row.is_pull, list(State).index(row.state), 1, row.title)
    assert has_page == site.file(f"/threads/{row.number}/").is_file()
    assert {row.author.login, *row.labels, *row.judgement.hardware} <= {index["names"][one] for one in names}
    assert url(DAY, "day") in [reports[one] for one in places]
    assert "量化模型" in json.loads(site.html("/search/2025-12.said.json"))[str(place)]
    assert "accuracy" in json.loads(site.html("/en/search/2025-12.said.json"))[str(place)]


# --- languages


def alternates(tree: jekyll.Element) -> dict[str, str]:
    """The addresses of a page in each language, from its head."""
    return {
        link.attributes["hreflang"]: link.attributes["href"]
        for link in tree.find("link")
        if "hreflang" in link.attributes
    }


def test_every_page_stands_in_each_language_and_leads_to_its_counterpart(site: Site) -> None:
    for page in (*PAGES[:-1], *(url(window) for window in HOURS[-3:]), url(DAY, "24h")):
        for root, tag, other_root, other in (("", "zh-CN", "/en", "English"), ("/en", "en", "", "中文")):
            tree = site.tree(root + page)
            assert tree.find("html")[0].attributes["lang"] == tag
            assert alternates(tree) == {
                "zh-CN": f"https://example.org{BASE}{page}",
                "en": f"https://example.org{BASE}/en{page}",
                "x-default": f"https://example.org{BASE}{page}",
            }
            switch = [link for link in tree.find("header")[0].find("a") if "hreflang" in link.attributes]
            assert [(link.text(), link.attributes["href"]) for link in switch] == [
                (other, BASE + other_root + page)
            ]


def test_pages_of_threads_and_hardware_lead_to_their_counterparts(site: Site) -> None:
    kinds = [next(iter(sorted((site.built / kind).iterdir()))) for kind in ("threads", "hardware")]
    for folder in kinds:
        page = f"/{folder.relative_to(site.built)}/"
        for root, other_root, tag, up in (("", "/en", "en", "../../"), ("/en", "", "zh-CN", "../../../")):
            tree = site.tree(root + page)
            assert alternates(tree)[tag] == up + f"{other_root}{page}".lstrip("/")
            switch = [link for link in tree.find("header")[0].find("a") if "hreflang" in link.attributes]
            assert [link.attributes["href"] for link in switch] == [alternates(tree)[tag]]


def test_english_pages_are_english(site: Site) -> None:
    # The start page shows what a hostile model wrote; its own words are looked at below.
    for page in (*PAGES[1:-1], url(DAY, "24h"), url(HOURS[-1])):
        chinese = [
            text
            for element in site.tree(f"/en{page}").walk()
            for text in (*element.attributes.values(), *element.children)
            if isinstance(text, str) and re.search(r"[\u4e00-\u9fff]", text)
        ]
        strangers = [text for text in chinese if any(one in text for one in CHINESE)]
        assert [text for text in chinese if text not in strangers] == ["中文"], page


def test_the_english_start_page_says_what_the_chinese_one_says(site: Site) -> None:
    start = words(site.tree("/en/").find("main")[0])
    assert (
        "The latest report ends at 2025-12-10 19:42 (UTC+8); this site was updated at 2025-12-10 20:07"
        in start
    )
    assert (
        "2 windows are missing, as marked below and in the Archive; the latest: 2025-12-10 14:42 – 15:42."
        in start
    )
    assert "10:42 – 12:42 no report (vllm-project/vllm 1h)" in start
    assert "14:42 – 15:42 the page failed its check and is missing for now" in start
    assert re.search(
        r"New issues \d+ Closed issues \d+ New PRs \d+ Merged PRs \d+ Closed unmerged PRs \d+ AMD \d+ ", start
    )
    assert "2025-12-10 Wed until 19:42" in start
    assert re.search(r"#\d+ \S.* [○✓×] (open|merged|closed) ·", start)
    assert "AMD: " in start
    assert re.search(r"2025-12 \d+ reports, 2 windows missing", start)


@pytest.mark.parametrize("name", ["feed.xml", "focus.xml"])
def test_each_language_has_feeds_with_ids_and_links_of_its_own(site: Site, name: str) -> None:
    chinese, english = (site.atom(f"{root}/{name}") for root in ("", "/en"))
    assert english.bozo == 0
    assert english.feed.language == "en"
    about = " with AMD updates" if name == "focus.xml" else ""
    assert english.feed.title == f"vLLM development reports{about}"
    assert not {chinese.feed.id, *(one.id for one in chinese.entries)} & {
        english.feed.id,
        *(one.id for one in english.entries),
    }
    assert [one.link.replace("/en/reports/", "/reports/") for one in english.entries] == [
        one.link for one in chinese.entries
    ]
    assert re.match(
        r"2025-12-10 \d\d:42 – \d\d:42 \(vllm-project/vllm 1h\): New issues \d+, ", english.entries[0].title
    )
    assert "💡 Worth attention" in words(jekyll.parse(english.entries[0].content[0].value))


def test_the_sitemap_and_the_page_that_is_not_there_are_of_all_languages(site: Site) -> None:
    listed = set(re.findall(r"<loc>(.*?)</loc>", site.html("/sitemap.xml")))
    assert {f"https://example.org{BASE}/en{page}" for page in (*PAGES[:-1], url(HOURS[-1]))} <= listed
    lost = site.tree("/404.html")
    assert [part.attributes["lang"] for part in lost.find("section")] == ["zh-CN", "en"]
    assert {f"{BASE}/archive/", f"{BASE}/en/search/"} <= set(links(lost))
    assert "Look in the archive by date" in words(lost).replace("Archive", "archive")


def test_only_the_first_language_s_pages_are_stored(site: Site) -> None:
    assert list((site.folder / "archive").rglob("en")) == []
    for page in (site.folder / "archive/reports").rglob("*.md"):
        assert "开发动态报告" in page.read_text("utf-8")


def test_a_site_in_one_language_speaks_of_no_other(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    assert run("site").code == 0
    assert not Path("staging/en").exists()
    assert {path.name for path in Path("staging/_data/languages").iterdir()} == {"zh.json"}
    assert not any(
        "alternates" in path.read_text("utf-8")
        for path in Path("staging").rglob("*.html")
        if "_layouts" not in path.parts
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_site_without_a_focus_speaks_of_none(run: Run, language: str) -> None:
    run("init", ".")
    config = Path("config.yaml")
    text = config.read_text("utf-8").replace("languages: [zh]", f"languages: [{language}]")
    config.write_text(f"{text}\nfocus: none\n", "utf-8")
    run("run", "--sample", "--config", "config.yaml")
    assert run("site").code == 0
    build(Path("staging"), Path("built"))
    assert not Path("built/focus.xml").exists()
    for page in Path("built").rglob("*.html"):
        assert not re.search("AMD|🎯|focus.xml|none 生态|None", page.read_text("utf-8")), page
    months = jekyll.parse(Path("built/archive/2025-12/index.html").read_text("utf-8"))
    assert len({len(row.elements()) for row in months.find("tr") if len(row.elements()) > 1}) == 1
    said = run("notify", "--dry-run", *map(str, Path("archive").rglob("*.md"))).out
    assert len(said.splitlines()) == 7
    assert "AMD" not in said


def test_another_first_language_makes_stored_pages_anew(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    stored = {path: path.read_bytes() for path in Path("archive").rglob("*.*")}
    config = Path("config.yaml")
    config.write_text(config.read_text("utf-8").replace("languages: [zh]", "languages: [en, zh]"), "utf-8")
    assert run("site").code == 0
    page = next(Path("staging/reports").rglob("*.md")).read_text("utf-8")
    assert "\ntitle: vLLM development report - " in page
    assert '\npermalink: "/reports/' in page
    chinese = next(Path("staging/zh/reports").rglob("*.md")).read_text("utf-8")
    assert "\ntitle: vLLM 开发动态报告 - " in chinese
    assert '\npermalink: "/zh/reports/' in chinese
    assert {path: path.read_bytes() for path in Path("archive").rglob("*.*")} == stored


def test_a_page_that_fails_its_check_in_one_language_is_missing_in_that_one_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("init", ".")
    run("run", "--sample")
    config = Path("config.yaml")
    config.write_text(config.read_text("utf-8").replace("languages: [zh]", "languages: [zh, en]"), "utf-8")
    monkeypatch.setattr("vllm_digest.site.editions.render_for_site", lambda *_: "---\ntitle: {{ x\n---\n")
    made = run("site")
    assert made.code == 7
    assert "has no page in en: Its front matter does not load" in made.err
    assert "Not shown: 1 page of reports; the others are in" in made.err
    assert list(Path("staging/en").rglob("*.md")) == []
    assert "the page failed its check" in Path("staging/en/index.html").read_text("utf-8")
    page = next(Path("staging/reports").rglob("*.md")).read_text("utf-8")
    assert "alternates" not in page


# --- hostile texts on whole pages


def test_hostile_titles_labels_and_logins_show_to_the_letter_on_the_built_page(site: Site) -> None:
    for root in ("", "/en"):
        tree = site.tree(root + url(HOSTILE))
        rows = [row.text(ticks=True) for row in tree.find("li") if " — by " in row.text()]
        assert rows
        shown = "\n".join(rows).replace("`", "")
        for text in hostile_texts():
            plain = clean(text).replace("`", "")
            assert f" {plain} — " in shown, text
            assert f" — by {plain} (" in shown, text


def test_github_s_view_of_the_hostile_page_shows_the_same(site: Site) -> None:
    source = (site.folder / "archive" / f"{url(HOSTILE).strip('/')}.md").read_text("utf-8")
    page = jekyll.github(source.partition("\n---\n")[2])
    shown = page.content.text().replace("`", "")
    for text in hostile_texts():
        assert f" — by {clean(text).replace('`', '')} (" in shown, text


def test_a_model_s_hostile_words_stay_words_of_their_section(site: Site) -> None:
    for root in ("", "/en"):
        report = site.tree(root + url(PROSE)).find("article")[0]
        tags = [heading.tag for heading in report.find("h1", "h2", "h3", "h4", "h5", "h6")]
        assert tags == ["h1", *["h3"] * 7, "h2", *["h3"] * 5]
        assert report.find("table", "pre", "img", "dl", "input", "sup", "del") == []
        folds = report.find("details")
        assert {fold.attributes["class"] for fold in folds} <= {"why", "quotes", "rest", "group", "more"}
        assert all(fold.elements()[0].tag == "summary" for fold in folds)
        shown = words(report)
        for text in ("<script>boom()</script>", "{{ site.posts }}", "<think>no thought</think>"):
            assert text in shown


def test_nothing_of_a_hostile_page_acts_anywhere_on_the_site(site: Site) -> None:
    scripts = {f"{BASE}/assets/{name}.js" for name in ("site", "search", "words.zh", "words.en")}
    everything = (url(HOSTILE), url(PROSE), *PAGES)
    for page in (*everything, *(f"/en{one}" for one in everything if one != "/404.html")):
        tree = site.tree(page)
        for element in tree.walk():
            assert not any(name.startswith("on") for name in element.attributes), page
            assert element.tag not in {"img", "iframe", "think", "style", "object"}, page
            if element.tag == "script":
                assert element.attributes["src"] in scripts
                assert not element.text()
        outward = {urlsplit(way).netloc for way in {*links(tree)} - {*alternates(tree).values()}} - {""}
        assert outward <= {"github.com"}, page
    for feed in ("/feed.xml", "/en/feed.xml"):
        entries = site.atom(feed).entries
        hostile = [entry for entry in entries if url(HOSTILE) in entry.link]
        tags = {element.tag for element in jekyll.parse(hostile[0].content[0].value).walk()}
        assert tags <= {"h3", "p", "ul", "ol", "li", "a", "strong", "code", "em"}


def test_the_shared_texts_were_among_them() -> None:
    if not SHARED.exists():
        pytest.skip(f"THE SHARED HOSTILE TEXTS ARE ABSENT ({SHARED}): only our own were published")
    assert len(hostile_texts()) > 190


# --- the command


def test_init_lays_out_a_whole_repository_and_prints_it(run: Run) -> None:
    made = run("init", "pub")
    assert made.code == 0
    paths = set(made.out.split())
    assert {"pub/config.yaml", "pub/README.md", "pub/.gitignore", "pub/jekyll/_config.yml"} <= paths
    assert {str(path) for path in Path("pub").rglob("*") if path.is_file()} == paths
    assert run("run", "--sample", "--config", "pub/config.yaml", "--dry-run").code == 0


def test_init_again_changes_nothing_that_a_person_edited(run: Run) -> None:
    run("init", "pub")
    style = Path("pub/jekyll/assets/style.css")
    style.write_text("body { color: red }\n", "utf-8")
    Path("pub/jekyll/404.html").unlink()
    again = run("init", "pub")
    assert again.code == 0
    assert again.out == "pub/jekyll/404.html\n"
    assert "pub/jekyll/assets/style.css is left as it is" in again.err
    assert again.err.count("is left as") == 1
    assert style.read_text("utf-8") == "body { color: red }\n"


def test_site_asks_for_a_repository_that_init_laid_out(run: Run) -> None:
    refused = run("site", "nowhere")
    assert refused.code == 2
    assert "`vllm-digest init nowhere` lays one out." in refused.err


def test_site_replaces_no_folder_that_it_did_not_make(run: Run) -> None:
    run("init", "pub")
    Path("mine").mkdir()
    Path("mine/letter.txt").write_text("dear", "utf-8")
    refused = run("site", "pub", "--to", "mine")
    assert refused.code == 2
    assert "mine was not made by this command" in refused.err
    assert Path("mine/letter.txt").read_text("utf-8") == "dear"


def test_a_folder_that_cannot_be_made_leaves_the_old_one_as_it_is(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    run("site")
    before = {path: path.read_bytes() for path in Path("staging").rglob("*") if path.is_file()}
    Path("jekyll/feed.xml").mkdir()
    failed = run("site")
    assert failed.code == 5
    assert "feed.xml cannot be written" in failed.err
    assert {path: path.read_bytes() for path in Path("staging").rglob("*") if path.is_file()} == before
    assert not list(Path().glob(".staging*"))


def test_the_same_reports_give_the_same_files(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    run("site")
    first = {path: path.read_bytes() for path in Path("staging").rglob("*") if path.is_file()}
    run("site")
    assert {path: path.read_bytes() for path in Path("staging").rglob("*") if path.is_file()} == first


def test_stored_pages_are_not_trusted_but_made_again_from_their_data(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    run("site")
    first = {path: path.read_bytes() for path in Path("staging").rglob("*") if path.is_file()}
    page = next(Path("archive").rglob("*.md"))
    for text in ("{% include x %}", "---\nlayout: none\n...\n<script>", "[" * 60_000, "\xff"):
        page.write_text(text, "latin-1")
        assert run("site").code == 0
        assert {path: path.read_bytes() for path in Path("staging").rglob("*") if path.is_file()} == first


def test_data_that_is_damaged_is_left_out_and_named(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    data = next(Path("archive").rglob("*.json"))
    data.write_text("{", "utf-8")
    left_out = run("site")
    assert left_out.code == 7
    assert f"{data} is set aside: it is not JSON" in left_out.err
    assert list(Path("staging").rglob("*.md")) == []
    assert "页面已损坏" in Path("staging/index.html").read_text("utf-8")


def test_a_page_that_fails_its_check_is_set_aside_and_the_next_run_tries_again(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("vllm_digest.render.render", lambda *_: "---\ntitle: {{ x\n---\n")
        failed = run("run", "--sample")
    assert failed.code == 7
    assert "failed its own check" in failed.err
    aside = next(Path("archive/set-aside").rglob("*.md"))
    assert [path.suffix for path in Path("archive/reports").rglob("*.*")] == [".json"]
    mended = run("run", "--sample")
    assert mended.code == 0
    assert aside.name in mended.out
    assert not aside.exists()
