"""The folder that Jekyll builds: the site's look, the reports, and what is made of them all."""

import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from markupsafe import Markup

from vllm_digest.archive import Archive
from vllm_digest.errors import StorageError, UsageError, way_on
from vllm_digest.site import search, trends
from vllm_digest.site.calendar import days, missing, months, newest
from vllm_digest.site.editions import Edition, Site, front_matter, page_keys, put_reports
from vllm_digest.site.entries import Entry
from vllm_digest.site.html import page
from vllm_digest.site.threads import paged_numbers, thread_files
from vllm_digest.stories.index import StoryIndex
from vllm_digest.templating import words

_MARK = ".vllm-digest-staging"
_NEWEST_ROWS = 72
"""On the start page: three days of hourly reports, which keep it below 200 kB."""
_FEED_LENGTH = 48
"""Two days of hourly reports, for readers that look in once a day."""

_File = tuple[PurePosixPath, str]
"""A path in the staging folder and a text."""


class Lacking(NamedTuple):
    """How many pages of reports a site lacks, and how many files of the archive are no reports."""

    pages: int
    refused: int


def build_staging(site: Site, archive: Archive, target: Path, now: datetime) -> Lacking:
    """Make the folder `target` anew, whole or not at all; what it lacks.

    Raises UsageError if a folder of somebody else stands there, StorageError if it cannot be written.
    """
    if target.exists() and not (target / _MARK).exists():
        raise UsageError(
            f"{target} was not made by this command, which replaces what stands there.",
            "Name another folder with --to, or move that one away.",
        )
    # What a killed run leaves of these goes; it may have left no target.
    draft, former = (target.with_name(f".{target.name}.{name}") for name in ("draft", "former"))
    try:
        for left in (draft, former):
            shutil.rmtree(left, ignore_errors=True)
        _copy(site.look, draft)
        with StoryIndex(archive) as stories:
            numbers = paged_numbers(stories, site.repo)
            editions = put_reports(site, archive, draft, numbers)
            roots = {edition.language: edition.root for edition in editions}
            _write(draft, thread_files(site, stories, numbers, roots))
        _write(draft, _made(site, editions, now, numbers))
        (draft / _MARK).touch()
        if target.exists():
            target.rename(former)
        draft.rename(target)
    except OSError as error:
        raise StorageError(
            f"{error.filename or target} cannot be written: {error.strerror}.",
            f"The reports are untouched. {way_on(error)}",
        ) from None
    finally:
        for left in (draft, former):
            shutil.rmtree(left, ignore_errors=True)
    pages = sum(len(edition.index.left_out) for edition in editions)
    return Lacking(pages, editions[0].index.refused)


def _copy(look: Path, draft: Path) -> None:
    try:
        shutil.copytree(look, draft)
    except shutil.Error as error:
        source, target, why = error.args[0][0]
        raise StorageError(
            f"{source} cannot be copied to {target}: {why}.", "The reports are untouched."
        ) from None


def _write(draft: Path, files: Iterable[_File]) -> None:
    for path, text in files:
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        (draft / path).write_text(text, encoding="utf-8")


def _made(
    site: Site, editions: Sequence[Edition], now: datetime, stories: Collection[int]
) -> Iterator[_File]:
    """What is made of all reports together. `stories`: the threads that have a page of their own."""
    yield PurePosixPath("_data/digest.json"), _json({"languages": site.languages})
    roots = {edition.language: edition.root for edition in editions}
    for edition in editions:
        language = edition.language
        yield PurePosixPath(f"_data/languages/{language}.json"), _json(_shared_words(site, edition))
        yield (
            PurePosixPath(f"assets/words.{language}.js"),
            f'"use strict";\nconst WORDS = {_json(words(language).tree["script"]).rstrip()};\n',
        )
        yield from _Pages(site, edition, roots, now).all()
        yield from _search_index(site, edition, stories)


def _shared_words(site: Site, edition: Edition) -> dict[str, object]:
    """What layouts say in a language."""
    said = words(edition.language)
    title = said.say("site.title", project=site.project)
    filled = {
        "subscribe_focus": said.say("layout.subscribe_focus", focus=site.focus),
        "focus_feed": said.say("layout.focus_feed", title=title, focus=site.focus),
    }
    return {
        "tag": said.say("tag"),
        "name": said.say("name"),
        "root": edition.root,
        "title": title,
        "focus": site.focus,
        "words": said.tree["layout"] | filled,
    }


class _Pages:
    """The pages of a site in one language besides the reports, its feeds and its index for searching."""

    def __init__(self, site: Site, edition: Edition, roots: Mapping[str, str], now: datetime) -> None:
        self._site, self._edition, self._roots = site, edition, roots
        index = edition.index
        self._common: dict[str, Any] = {
            "site": site,
            "root": edition.root,
            "state": edition.state,
            "several": len(index.series) > 1,
            "latest": index.entries[-1] if index.entries else None,
            "made_at": now,
        }

    def all(self) -> Iterator[_File]:
        index = self._edition.index
        lost = missing(index, self._site.repo, self._site.series)
        every = days((*index.entries, *lost), self._site.zone)
        by_month = months(every)
        panels = {
            repo: trends.panels(
                [entry for entry in index.entries if entry.repo == repo],
                self._site.zone,
                with_focus=bool(self._site.focus),
            )
            for repo in dict(index.series)
        }
        recent = newest(every, _NEWEST_ROWS)
        yield self._page("start.html.j2", "/", days=recent, months=by_month, lost=lost, panels=panels)
        yield self._page("archive.html.j2", "/archive/", months=by_month)
        for month, later, earlier in zip(by_month, (None, *by_month), (*by_month[1:], None), strict=False):
            neighbours = {"earlier": earlier, "later": later}
            yield self._page("month.html.j2", f"/archive/{month.name}/", month=month, **neighbours)
        yield self._page("trends.html.j2", "/trends/", panels=panels)
        yield self._page("search.html.j2", "/search/")
        yield self._feed("/feed.xml", "", index.entries)
        if self._site.focus:
            relevant = tuple(entry for entry in index.entries if entry.relevant)
            yield self._feed("/focus.xml", self._site.focus, relevant)

    def _page(self, template: str, url: str, **values: Any) -> _File:
        keys = page_keys(self._edition.language, url, self._roots)
        front = Markup(front_matter({**keys, "permalink": self._edition.root + url}))  # noqa: S704 - ours
        return self._path(url), self._rendered(template, url, front=front, **values)

    def _feed(self, url: str, name: str, entries: Sequence[Entry]) -> _File:
        """A feed of the newest reports: each with its page but for the long lists."""
        items = [
            {"entry": one, "id": self._urn(one.url), "text": self._edition.sections(one)}
            for one in reversed(entries[-_FEED_LENGTH:])
        ]
        return self._path(url), self._rendered("feed.xml.j2", url, name=name, items=items, id=self._urn(url))

    def _rendered(self, template: str, url: str, **values: Any) -> str:
        return page(template, url, self._site.zone, self._edition.language, **self._common, **values)

    def _path(self, url: str) -> PurePosixPath:
        path = (self._edition.root + url).lstrip("/")
        return PurePosixPath(path, "index.html" if url.endswith("/") else "")

    def _urn(self, url: str) -> str:
        """A name that stays when the site moves to another host."""
        return uuid5(NAMESPACE_URL, f"vllm-digest:{self._edition.root}{url}").urn


def _search_index(site: Site, edition: Edition, stories: Collection[int]) -> Iterator[_File]:
    """What the search page reads: the months as [name, has it sentences], and a file or two for each."""
    folder = PurePosixPath(edition.root.lstrip("/"), "search")
    found = search.months(edition.index.entries, site.zone, edition.language, site.repo, stories)
    yield folder / "months.json", _json([[name, int(bool(month.said))] for name, month in found.items()])
    for name, month in found.items():
        yield folder / f"{name}.json", _json(month.threads)
        if month.said:
            yield folder / f"{name}.said.json", _json(month.said)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
