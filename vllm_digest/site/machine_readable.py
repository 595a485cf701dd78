"""The site's machine-readable files: `index.json`, and for each Atom feed the same as JSON Feed.

A JSON Feed is made from the Atom feed, so that both have the same content. URLs are Liquid expressions,
because only Jekyll knows the site's URL.
"""

import json
import posixpath
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from vllm_digest.site.editions import Edition, Site

_File = tuple[PurePosixPath, str]
INDEX = PurePosixPath("index.json")
_INDEX_FORM = "vllm-digest/index/1"
_VERSION = "https://jsonfeed.org/version/1.1"
_ATOM = "{http://www.w3.org/2005/Atom}"
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ADDRESS = re.compile(r"\{\{ '([^']*)' \| absolute_url \| xml_escape \}\}")
"""A URL of this site in our Atom feeds."""
_RELATIVE = re.compile(r'(?<= href=")((?!//|#)[A-Za-z0-9._/#-]+)(?=")')
"""A link without a scheme, which would have a colon, without a host, and not only an anchor."""
_BRACE, _SITE = "\ufffe", "\uffff"
"""Placeholders for `{` and around URLs of this site, until `_with_liquid`: characters that XML cannot
contain."""


class MachineReadable:
    """Records a site's files as they are made, and makes the machine-readable files from them.

    `roots`: root by language, see `languages.root_of`.
    """

    def __init__(self, site: Site, roots: Mapping[str, str]) -> None:
        self._site, self._roots = site, roots
        self._feeds: dict[str, list[dict[str, str]]] = {language: [] for language in roots}
        self._pages: dict[str, list[str]] = {"threads": [], "hardware": []}

    def beside(self, files: Iterable[_File]) -> Iterator[_File]:
        """Yield the files, and a JSON Feed after each Atom feed."""
        for path, text in files:
            yield path, text
            if path.suffix == ".xml":
                twin = path.with_suffix(".json")
                title, feed = json_feed(f"/{path}", text)
                yield twin, _with_liquid(f"/{twin}", feed)
                self._feeds[self._language(path)].append(
                    {"title": title, "atom": f"/{path}", "json": f"/{twin}"}
                )
            elif path.parts[0] in self._pages:
                self._pages[path.parts[0]].append(f"{path.parent}/")

    def last(self, editions: Sequence[Edition]) -> Iterator[_File]:
        """The files that need all others: the list of feeds for the layouts, and `index.json`."""
        for language, feeds in self._feeds.items():
            yield PurePosixPath(f"_data/feeds/{language}.json"), f"{json.dumps(feeds, ensure_ascii=False)}\n"
        yield INDEX, _with_liquid(f"/{INDEX}", self._index(editions))

    def _index(self, editions: Sequence[Edition]) -> dict[str, Any]:
        """All reports, pages of threads and hardware, and feeds of the site; URLs are relative to `site`."""
        pages: dict[PurePosixPath, dict[str, str]] = {}
        for edition in editions:
            for entry in edition.index.entries:
                address = f"{edition.root}{entry.url}".lstrip("/")
                pages.setdefault(entry.place, {})[edition.language] = address
        return {
            "form": _INDEX_FORM,
            "site": f"{_SITE}/{_SITE}",
            "project": _marked(self._site.project),
            "languages": {language: f"{root}/".lstrip("/") for language, root in self._roots.items()},
            "forms": {
                "data": "vllm-digest/report/2, application/json",
                "pages": "text/html",
                "page": "text/html",
                "atom": "application/atom+xml",
                "json": "application/feed+json",
            },
            "reports": [
                {
                    "repo": entry.repo,
                    "series": entry.series,
                    "start": _iso(entry.window.start),
                    "end": _iso(entry.window.end),
                    "made_at": _iso(entry.made_at),
                    "gaps": entry.has_gaps,
                    "data": f"{entry.place}.json",
                    "pages": pages[entry.place],
                }
                for entry in editions[0].index.entries
            ],
            "stories": [
                {"number": int(PurePosixPath(page).name), "page": page} for page in self._pages["threads"]
            ],
            "hardware": [
                {"name": PurePosixPath(page).name, "page": page} for page in self._pages["hardware"]
            ],
            "feeds": [
                {
                    "title": _marked(feed["title"]),
                    "language": language,
                    "atom": feed["atom"].lstrip("/"),
                    "json": feed["json"].lstrip("/"),
                }
                for language, feeds in self._feeds.items()
                for feed in feeds
            ],
        }

    def _language(self, path: PurePosixPath) -> str:
        """The language that a file belongs to, by its path."""
        below = [one for one, root in self._roots.items() if root and path.is_relative_to(root.lstrip("/"))]
        return next(iter(below), next(iter(self._roots)))


def json_feed(url: str, atom: str) -> tuple[str, dict[str, Any]]:
    """The title of an Atom feed of ours, and the same as JSON Feed, https://www.jsonfeed.org/version/1.1/.

    `url`: the Atom feed's URL path below the site's URL. URLs and `{` are marked for `_with_liquid`.
    """
    # What follows the front matter.
    feed = ET.fromstring(atom.split("---\n", 2)[2])  # noqa: S314 - ours, without a document type
    title = feed.findtext(f"{_ATOM}title") or ""
    return title, {
        "version": _VERSION,
        "title": _marked(title),
        "home_page_url": _link(feed, "alternate"),
        "feed_url": f"{_SITE}{PurePosixPath(url).with_suffix('.json')}{_SITE}",
        "language": feed.attrib.get(_LANGUAGE, ""),
        "authors": [{"name": name.text or ""} for name in feed.iterfind(f"{_ATOM}author/{_ATOM}name")],
        "items": [_item(entry) for entry in feed.iterfind(f"{_ATOM}entry")],
    }


def _item(entry: ET.Element) -> dict[str, Any]:
    """An entry as an item; a link to GitHub becomes the item's `external_url`."""
    alternate, related = _link(entry, "alternate"), _link(entry, "related")
    content = entry.find(f"{_ATOM}content")
    base = _address(content.attrib.get(_BASE, "")) if content is not None else ""
    item = {
        "id": _text(entry, "id"),
        "url": related or alternate,
        "external_url": alternate if related else "",
        "title": _text(entry, "title"),
        "content_html": _absolute(_text(entry, "content"), base or related or alternate),
        "date_published": _text(entry, "published"),
        "date_modified": _text(entry, "updated"),
        "attachments": [
            {"url": _address(link.attrib["href"]), "mime_type": link.attrib["type"]}
            for link in entry.iterfind(f"{_ATOM}link[@rel='enclosure']")
        ],
    }
    # An item must have a content, even an empty one; other keys may be left out.
    return {name: value for name, value in item.items() if value or name == "content_html"}


def _text(element: ET.Element, name: str) -> str:
    return _marked(element.findtext(f"{_ATOM}{name}") or "")


def _marked(text: str) -> str:
    """A text with `{` replaced, so that Liquid does not interpret it."""
    return text.replace("{", _BRACE)


def _link(element: ET.Element, rel: str) -> str:
    link = element.find(f"{_ATOM}link[@rel='{rel}']")
    return _address(link.attrib["href"]) if link is not None else ""


def _address(href: str) -> str:
    """A URL unchanged; one of this site between markers."""
    return _marked(_ADDRESS.sub(rf"{_SITE}\1{_SITE}", href))


def _absolute(html: str, base: str) -> str:
    """HTML with absolute links to pages of this site, because JSON Feed has nothing like Atom's `xml:base`.

    `base`: URL of the page that links are relative to.
    """
    if not base.startswith(_SITE):
        return html
    folder = posixpath.dirname(base.strip(_SITE))

    def whole(found: re.Match[str]) -> str:
        path, hash_, rest = found[1].partition("#")
        # `normpath` removes a final slash, without which GitHub Pages redirects.
        end = "/" if path.endswith("/") else ""
        return f"{_SITE}{posixpath.normpath(posixpath.join(folder, path))}{end}{_SITE}{hash_}{rest}"

    return _RELATIVE.sub(whole, html)


def _with_liquid(url: str, value: object) -> str:
    """A JSON file for Jekyll in which only URLs of this site are Liquid expressions."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = text.replace(_BRACE, "\\u007b")
    text = re.sub(f"{_SITE}(.*?){_SITE}", r"{{ '\1' | absolute_url }}", text)
    # Jekyll runs Liquid only in files with front matter; others it copies.
    return f"---\nlayout: null\npermalink: {url}\n---\n{text}\n"


def _iso(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
