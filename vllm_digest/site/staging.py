"""Build the staging folder, which Jekyll builds the site from: theme, reports, and pages about all
reports."""

import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from markupsafe import Markup

from vllm_digest.archive import Archive
from vllm_digest.digest.highlights import most_important
from vllm_digest.errors import StorageError, UsageError, remedy_for
from vllm_digest.site import search, trends
from vllm_digest.site.calendar import days, longer, missing, months
from vllm_digest.site.cards import CHANGES, FOCUS, FOLLOW_UPS, Card, cards, notes
from vllm_digest.site.counting import month_figures
from vllm_digest.site.editions import Edition, Site, front_matter, page_keys, put_reports
from vllm_digest.site.feeds import Feed, Feeds, events_address
from vllm_digest.site.html import page, verdict_line
from vllm_digest.site.machine_readable import MachineReadable
from vllm_digest.site.threads import paged_numbers, thread_files
from vllm_digest.site.trends import Panel
from vllm_digest.stories.index import StoryIndex
from vllm_digest.templating import words
from vllm_digest.window import TimeWindow

_MARK = ".vllm-digest-staging"
"""A file that this program puts into the folder; a folder without it is never replaced."""
START_DAYS = 7
"""Days on the start page: a week, for readers who come once a week."""

_File = tuple[PurePosixPath, str]
"""A path in the staging folder and its text."""


class MissingCounts(NamedTuple):
    """`pages`: number of reports' pages that the site lacks. `refused`: files that are not valid reports."""

    pages: int
    refused: int


def build_staging(site: Site, archive: Archive, target: Path, now: datetime) -> MissingCounts:
    """Replace the folder `target` atomically by a new one; return the counts of what it lacks.

    `now`: UTC. Raises UsageError if `target` was not made by this program, StorageError if it cannot be
    written.
    """
    if target.exists() and not (target / _MARK).exists():
        raise UsageError(
            f"{target} was not made by this command, which would replace it.",
            "Name another folder with --to, or move that one away.",
        )
    # Both may be left by a killed run, which may also have left no target.
    draft, former = (target.with_name(f".{target.name}.{name}") for name in ("draft", "former"))
    try:
        for left in (draft, former):
            shutil.rmtree(left, ignore_errors=True)
        _copy(site.theme, draft)
        with StoryIndex(archive) as stories:
            numbers = paged_numbers(stories, site.repo)
            editions = put_reports(site, archive, draft, numbers)
            roots = {edition.language: edition.root for edition in editions}
            machine_readable = MachineReadable(site, roots)
            _write(draft, machine_readable.beside(thread_files(site, stories, numbers, roots)))
        made = _made(site, editions, now, _newest_cards(site, archive, editions[0]), numbers)
        _write(draft, machine_readable.beside(made))
        _write(draft, machine_readable.last(editions))
        (draft / _MARK).touch()
        # A folder cannot replace another one that is not empty, so the old one is moved away first.
        if target.exists():
            target.rename(former)
        draft.rename(target)
    except OSError as error:
        raise StorageError(
            f"{error.filename or target} cannot be written: {error.strerror}.",
            f"The reports are untouched. {remedy_for(error)}",
        ) from None
    finally:
        for left in (draft, former):
            shutil.rmtree(left, ignore_errors=True)
    pages = sum(len(edition.index.left_out) for edition in editions)
    return MissingCounts(pages, editions[0].index.refused)


def _copy(theme: Path, draft: Path) -> None:
    try:
        shutil.copytree(theme, draft)
    except shutil.Error as error:
        source, target, why = error.args[0][0]
        raise StorageError(
            f"{source} cannot be copied to {target}: {why}.", "The reports are untouched."
        ) from None


def _write(draft: Path, files: Iterable[_File]) -> None:
    for path, text in files:
        (draft / path).parent.mkdir(parents=True, exist_ok=True)
        (draft / path).write_text(text, encoding="utf-8")


def _newest_cards(site: Site, archive: Archive, edition: Edition) -> tuple[Card, ...]:
    """The cards of the days that the start page shows, newest first."""
    newest = days(edition.index.entries, site.zone)[:START_DAYS]
    found = (
        card for day in newest for card in sorted(cards(archive, day), key=lambda one: one.repo != site.repo)
    )
    return tuple(found)


def _made(
    site: Site, editions: Sequence[Edition], now: datetime, newest: Sequence[Card], numbers: Collection[int]
) -> Iterator[_File]:
    """The files that are made from all reports together."""
    yield PurePosixPath("_data/digest.json"), _json({"languages": site.languages})
    roots = {edition.language: edition.root for edition in editions}
    for edition in editions:
        language = edition.language
        yield PurePosixPath(f"_data/languages/{language}.json"), _json(_shared_words(site, edition))
        # A file, because the pages' content security policy forbids scripts within pages.
        yield (
            PurePosixPath(f"assets/words.{language}.js"),
            f'"use strict";\nconst WORDS = {_json(words(language).tree["script"]).rstrip()};\n',
        )
        by_day = {name: tuple(group) for name, group in groupby(newest, key=lambda card: card.name)}
        made = _Pages(site, edition, roots, {"day_cards": by_day, "made_at": now})
        yield from made.all()
        yield from map(made.feed, Feeds(site, edition, numbers).all(newest))
        yield from _search_index(site, edition, numbers)


def _shared_words(site: Site, edition: Edition) -> dict[str, object]:
    """The words of the layouts in one language."""
    said = words(edition.language)
    title = said.say("site.title", project=site.project)
    filled = {
        name: said.say(f"layout.{name}", focus=site.focus) for name in ("subscribe_focus", "subscribe_events")
    }
    return {
        "tag": said.say("tag"),
        "name": said.say("name"),
        "root": edition.root,
        "title": title,
        "focus": site.focus,
        "events": events_address(site.focus),
        "words": said.tree["layout"] | filled,
    }


class _Pages:
    """The pages of a site in one language, without those of reports and threads.

    `roots`: root by language. `common`: values for every template.
    """

    def __init__(
        self, site: Site, edition: Edition, roots: Mapping[str, str], common: Mapping[str, Any]
    ) -> None:
        self._site, self._edition, self._roots = site, edition, roots
        index = edition.index
        lost = missing(index, site.repo, site.series)
        self._days = days((*index.entries, *lost), site.zone)
        self._by_name = {day.name: day for day in self._days}
        self._longer = longer(index.entries)
        self._common: dict[str, Any] = {
            **common,
            "site": site,
            "root": edition.root,
            "several": len(index.series) > 1,
            "several_repos": len(dict(index.series)) > 1,
            "latest": index.observed[-1] if index.observed else None,
            "lost": lost,
        }

    def all(self) -> Iterator[_File]:
        by_month = months(self._days, self._longer, self._site.zone)
        yield self._page("start.html.j2", "/", **self._start(), months=by_month)
        yield self._page("archive.html.j2", "/archive/", months=by_month)
        for month, later, earlier in zip(by_month, (None, *by_month), (*by_month[1:], None), strict=False):
            neighbours = {"earlier": earlier, "later": later}
            figures = month_figures(month, with_focus=bool(self._site.focus))
            yield self._page("month.html.j2", f"/archive/{month.name}/", month=month, **figures, **neighbours)
        yield self._page(
            "trends.html.j2", "/trends/", panels=dict(self._panels()), bucket_url=self._bucket_url
        )
        yield self._page("search.html.j2", "/search/")

    def feed(self, feed: Feed) -> _File:
        values = {"id": feed.id, "title": feed.title, "items": feed.items}
        return self._path(feed.url), self._rendered("feed.xml.j2", feed.url, **values)

    def _start(self) -> dict[str, Any]:
        """What the start page shows."""
        newest = {entry.series: entry for entry in reversed(self._longer)}
        language = self._edition.language
        return {
            "days": self._days[:START_DAYS],
            "longer": tuple(newest.values()),
            "most_important": most_important,
            "notes": lambda row, report, with_talk: notes(row, report, language, with_talk=with_talk),
            "verdict": lambda digest: verdict_line(digest, language),
            "most": {"focus": FOCUS, "changes": CHANGES, "follow_ups": FOLLOW_UPS},
        }

    def _panels(self) -> Iterator[tuple[str, tuple[Panel, ...]]]:
        observed = self._edition.index.observed
        for repo in dict(self._edition.index.series):
            of_repo = [entry for entry in observed if entry.repo == repo]
            yield repo, trends.panels(of_repo, self._site.zone, with_focus=bool(self._site.focus))

    def _bucket_url(self, repo: str, window: TimeWindow) -> str:
        """Where a bar leads: to the report of its day or hour, else to the day in the archive."""
        middle = window.start + window.length / 2
        day = self._by_name.get(f"{window.start.astimezone(self._site.zone):%Y-%m-%d}")
        if day and window == day.window:
            entry = day.whole(repo)
        else:
            holding = [
                one for one in self._edition.index.entries if one.repo == repo and middle in one.window
            ]
            entry = min(holding, key=lambda one: one.window.length, default=None)
        local = window.start.astimezone(self._site.zone)
        return entry.url if entry else f"/archive/{local:%Y-%m}/#{local:%Y-%m-%d}"

    def _page(self, template: str, url: str, **values: Any) -> _File:
        keys = page_keys(self._edition.language, url, self._roots)
        front = Markup(front_matter({**keys, "permalink": self._edition.root + url}))  # noqa: S704 - ours
        return self._path(url), self._rendered(template, url, front=front, **values)

    def _rendered(self, template: str, url: str, **values: Any) -> str:
        return page(template, url, self._site.zone, self._edition.language, **self._common, **values)

    def _path(self, url: str) -> PurePosixPath:
        path = (self._edition.root + url).lstrip("/")
        return PurePosixPath(path, "index.html" if url.endswith("/") else "")


def _search_index(site: Site, edition: Edition, stories: Collection[int]) -> Iterator[_File]:
    """The files of the search page: the list of months as [name, has sentences], and one or two files for
    each."""
    folder = PurePosixPath(edition.root.lstrip("/"), "search")
    found = search.months(edition.index.entries, site.zone, edition.language, site.repo, stories)
    yield folder / "months.json", _json([[name, int(bool(month.said))] for name, month in found.items()])
    for name, month in found.items():
        yield folder / f"{name}.json", _json(month.threads)
        if month.said:
            yield folder / f"{name}.said.json", _json(month.said)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"
