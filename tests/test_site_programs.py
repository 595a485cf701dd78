"""The machine-readable files of a built site: `index.json`, and JSON Feeds equal to the Atom feeds."""

import json
import re
import xml.etree.ElementTree as ET
from typing import Any
from urllib.parse import urljoin

import pytest

from tests import jekyll
from tests.sites import BASE, HOURS, Site, url
from tests.test_site import ATOM

ADDRESS = f"https://example.org{BASE}/"
ROOT_FEEDS = ("feed", "focus", "amd", "days")
FEEDS = (*ROOT_FEEDS, *(f"en/{name}" for name in ROOT_FEEDS))
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def document(site: Site, path: str) -> Any:
    return json.loads(site.html(path))


@pytest.mark.parametrize("name", FEEDS)
def test_a_json_feed_is_valid_and_says_what_the_atom_feed_says(site: Site, name: str) -> None:
    feed, atom = document(site, f"/{name}.json"), site.atom(f"/{name}.xml")
    # What https://www.jsonfeed.org/version/1.1/ asks of a feed and of an item.
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["language"]) == (atom.feed.title, atom.feed.language)
    assert feed["feed_url"] == f"{ADDRESS}{name}.json"
    assert feed["home_page_url"] == ADDRESS + ("en/" if name.startswith("en/") else "")
    assert feed["authors"] == [{"name": "vllm-digest"}]
    entries = ET.fromstring(site.html(f"/{name}.xml")).findall(f"{ATOM}entry")
    assert [item["id"] for item in feed["items"]] == [one.findtext(f"{ATOM}id") for one in entries]
    for item, entry in zip(feed["items"], entries, strict=True):
        assert item["title"] == entry.findtext(f"{ATOM}title")
        assert item["url"].startswith(ADDRESS)
        assert _TIME.fullmatch(item["date_published"])
        assert _TIME.fullmatch(item["date_modified"])
        is_of_reports = name.removeprefix("en/") in {"feed", "focus"}
        attached = [one["mime_type"] for one in item.get("attachments", ())]
        assert attached == ["application/json"] * is_of_reports
        shown = jekyll.parse(item["content_html"])
        assert shown.text() == jekyll.parse(entry.findtext(f"{ATOM}content") or "").text()
        assert all("://" in link.attributes["href"] for link in shown.find("a"))


def test_pages_name_the_json_feeds_of_their_language(site: Site) -> None:
    thread = next(one["page"] for one in document(site, "/index.json")["stories"])
    for page, names in (
        ("/", ("feed", "days", "focus", "amd")),
        ("/en/", ("en/feed", "en/days", "en/focus", "en/amd")),
        (f"/{thread}", ("feed",)),
    ):
        found = [
            urljoin(f"{ADDRESS}{page.lstrip('/')}", link.attributes["href"])
            for link in site.tree(page).find("link")
            if link.attributes.get("type") == "application/feed+json"
        ]
        assert found == [f"{ADDRESS}{name}.json" for name in names]


def test_the_index_lists_reports_stories_and_feeds_with_their_addresses(site: Site) -> None:
    index = document(site, "/index.json")
    assert index["site"] == ADDRESS
    assert index["languages"] == {"zh": "", "en": "en/"}
    newest = index["reports"][-1]
    page = url(HOURS[-1]).lstrip("/")
    assert newest["pages"] == {"zh": page, "en": f"en/{page}"}
    assert (newest["series"], newest["end"]) == ("1h", "2025-12-10T11:42:00Z")
    addresses = [
        *(address for one in index["reports"] for address in (one["data"], *one["pages"].values())),
        *(one["page"] for kind in ("stories", "hardware") for one in index[kind]),
        *(feed[form] for feed in index["feeds"] for form in ("atom", "json")),
    ]
    assert len(addresses) > 100
    assert [address for address in addresses if not site.file(f"/{address}").is_file()] == []
    assert {feed["json"] for feed in index["feeds"]} == {f"{name}.json" for name in FEEDS}
