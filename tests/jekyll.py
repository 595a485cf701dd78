"""Render pages as readers see them: with the real Jekyll, or with GitHub's Markdown library.

``build`` puts Markdown files through Jekyll with its own defaults (safe mode, kramdown with the GFM parser,
curly quotes on); ``github`` gives GitHub's file view. Both give a ``Page`` of elements and texts.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest

cmarkgfm = pytest.importorskip("cmarkgfm", reason="GITHUB'S VIEW IS NOT TESTED: cmarkgfm is missing")

LAYOUT = """<!DOCTYPE html>
<html><head><meta charset="utf-8"><title>{{ page.title | escape }}</title></head>
<body id="{{ page.path }}"><main>
{{ content }}
</main></body></html>
"""
_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
COMPLAINT = re.compile(r"liquid (warning|exception)|error|warning|invalid", re.IGNORECASE)


@dataclass(frozen=True)
class Element:
    """One HTML element; ``children`` are elements and texts in their order."""

    tag: str
    attributes: Mapping[str, str]
    children: list["Element | str"] = field(default_factory=list)

    def elements(self) -> list["Element"]:
        """The child elements, without texts."""
        return [child for child in self.children if isinstance(child, Element)]

    def walk(self) -> Iterator["Element"]:
        """Every element below this one, in the order of their start tags."""
        for child in self.elements():
            yield child
            yield from child.walk()

    def find(self, *tags: str) -> list["Element"]:
        """The elements below this one that have one of these tags."""
        return [element for element in self.walk() if element.tag in tags]

    def text(self, ticks: bool = False) -> str:
        """The text below this element, letter by letter; ``ticks`` puts back-ticks round what is code."""
        inner = "".join(child if isinstance(child, str) else child.text(ticks) for child in self.children)
        return f"`{inner}`" if ticks and self.tag == "code" else inner


@dataclass(frozen=True)
class Page:
    """One page: its HTML, the text of its ``<title>``, its content as a tree, and the file it came from."""

    html: str
    title: str
    content: Element
    source: str


class _Tree(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in _VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def parse(html: str) -> Element:
    """HTML as a tree under one nameless element; comments are left out."""
    tree = _Tree()
    tree.feed(html)
    tree.close()
    return tree.open[0]


def need() -> None:
    """Skip the running test, saying so, on a machine without Jekyll."""
    if shutil.which("jekyll") is None:
        pytest.skip("JEKYLL IS MISSING: pages were NOT built, so escaping is unproven on this machine")


def build(pages: Mapping[str, str], *, config: str = "") -> dict[str, Page]:
    """Build whole Markdown files, front matter included, with one run of the real Jekyll in safe mode.

    Args:
        pages: File name such as ``a.md`` to the file's text; the front matter should say ``layout: default``.
        config: Lines for ``_config.yml``; without any, Jekyll's defaults hold.

    Returns:
        The same names to the pages built. The test fails if Jekyll fails or warns.
    """
    need()
    with tempfile.TemporaryDirectory() as folder:
        source, site = Path(folder, "source"), Path(folder, "site")
        (source / "_layouts").mkdir(parents=True)
        (source / "_layouts" / "default.html").write_text(LAYOUT, "utf-8")
        (source / "_config.yml").write_text(config or "title: test\n", "utf-8")
        for name, text in pages.items():
            (source / name).write_text(text, "utf-8")
        run = subprocess.run(
            ["jekyll", "build", "--safe", "--strict_front_matter", "-s", str(source), "-d", str(site)],
            capture_output=True,
            check=False,
            cwd=source,
            env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "JEKYLL_ENV": "production"},
        )
        log = (run.stdout + run.stderr).decode("utf-8", "replace")
        assert run.returncode == 0, log
        assert COMPLAINT.search(log) is None, log
        # Front matter may put a page at any path; the layout says which one it is.
        built = {page.source: page for page in map(_page, site.rglob("*.html"))}
        return {name: built[name] for name in pages}


def _page(path: Path) -> Page:
    html = path.read_text("utf-8")
    tree = parse(html)
    return Page(
        html=html,
        title=tree.find("title")[0].text(),
        content=tree.find("main")[0],
        source=tree.find("body")[0].attributes["id"],
    )


def github(markdown: str) -> Page:
    """Markdown, without front matter, as GitHub's file view renders it before its sanitizer."""
    options = cmarkgfm.cmark.Options.CMARK_OPT_UNSAFE | cmarkgfm.cmark.Options.CMARK_OPT_FOOTNOTES
    html = cmarkgfm.github_flavored_markdown_to_html(markdown, options=options)
    return Page(html=html, title="", content=parse(html), source="")
