"""The site's feeds: all reports, reports with threads of the focus, whole days, and events of those threads.

The id of an entry is permanent: it does not depend on the site's URL or on when the site is made. Feed
readers show an entry with a new id as a new one: https://www.rfc-editor.org/rfc/rfc4287#section-4.2.6
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from vllm_digest.markdown.escaping import escape
from vllm_digest.models import EventKind
from vllm_digest.pagecheck import sections
from vllm_digest.render import render
from vllm_digest.site.calendar import moment_label
from vllm_digest.site.cards import Card
from vllm_digest.site.editions import Edition, Site
from vllm_digest.site.entries import Entry, FocusThread
from vllm_digest.site.html import verdict_line, weekday_name
from vllm_digest.templating import words

_REPORTS = 48
"""Two days of hourly reports, for feed readers that fetch once a day."""
_EVENTS = 100
"""About three days of a busy focus; the feed stays far below 100 kB."""
_TAKEN = frozenset({"feed", "focus", "days"})
"""Names of the other feeds, which the feed of a focus called `Days` must not overwrite."""
_NAME = re.compile(r"[^a-z0-9]+")
_SAME = timedelta(minutes=1)
"""A closing within this time of a merge is GitHub's own closing of the merged pull request."""


@dataclass(frozen=True, slots=True)
class Item:
    """An entry of a feed.

    `published`, `updated`: UTC. `text`: trusted Markdown. `page`: URL path below the root of its language.
    `base`: URL path that relative links of the text refer to. `thread`: URL of the thread at GitHub, or
    empty.
    `data`: URL path of the report's JSON, or empty.
    """

    id: str
    title: str
    published: datetime
    updated: datetime
    text: str
    page: str
    base: str
    thread: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed. `url`: URL path below the root of its language. `items`: newest first."""

    url: str
    id: str
    title: str
    items: tuple[Item, ...]


def events_address(focus: str) -> str:
    """The URL path of the feed of a focus's events, such as `/amd.xml`."""
    name = _NAME.sub("-", focus.casefold()).strip("-")
    return f"/{name}.xml" if name and name not in _TAKEN else "/focus-events.xml"


@dataclass(frozen=True)
class Feeds:
    """The feeds of a site in one language. `stories`: numbers of the threads that have a page on the site."""

    site: Site
    edition: Edition
    stories: Collection[int]

    def all(self, cards: Iterable[Card]) -> Iterator[Feed]:
        """All feeds. `cards`: of the newest days, newest first."""
        index, project = self.edition.index, self.site.project
        said = words(self.edition.language)
        yield self._feed("/feed.xml", said.say("site.feed", project=project), self._reports(index.entries))
        yield self._feed("/days.xml", said.say("site.days_feed", project=project), self._days(cards))
        if focus := self.site.focus:
            about = [entry for entry in index.entries if entry.relevant]
            title = said.say("site.focus_feed", project=project, focus=focus)
            yield self._feed("/focus.xml", title, self._reports(about))
            title = said.say("site.events_feed", project=project, focus=focus)
            yield self._feed(events_address(focus), title, self._events(index.entries))

    def _feed(self, url: str, title: str, items: Iterable[Item]) -> Feed:
        return Feed(url, self._urn(url), title, tuple(items))

    def _reports(self, entries: Sequence[Entry]) -> Iterator[Item]:
        """The newest reports, each with its page without the long lists."""
        for entry in reversed(entries[-_REPORTS:]):
            yield Item(
                id=self._urn(entry.url),
                title=self._title(entry),
                published=entry.window.end,
                updated=entry.made_at,
                text=self.edition.sections(entry),
                page=entry.url,
                base=entry.url,
                data=f"/{entry.place}.json",
            )

    def _title(self, entry: Entry) -> str:
        said = words(self.edition.language)
        label = moment_label(entry.window, self.site.zone, self.edition.language)
        if len(self.edition.index.series) > 1:
            label = said.say("site.in_series", label=label, repo=entry.repo, series=entry.series)
        comma = said.say("site.comma")
        counts = comma.join(f"{said.say(f'counts.{name}')} {count}" for name, count in entry.counts.items())
        if not entry.focus:
            return said.say("site.feed_entry_alone", label=label, counts=counts)
        count = len(entry.relevant)
        return said.say("site.feed_entry", label=label, counts=counts, focus=entry.focus, count=count)

    def _days(self, cards: Iterable[Card]) -> Iterator[Item]:
        """The completed days, each with the page of its report without the long lists."""
        known = {entry.place for entry in self.edition.index.entries}
        language, root = self.edition.language, self.edition.root
        for card in cards:
            # Many feed readers show an entry as they first fetched it, so a day must be complete.
            if not card.is_over:
                continue
            stored = card.entry if card.entry and card.entry.place in known else None
            text = (
                self.edition.sections(stored)
                if stored
                else sections(render(card.report, language, root, self.stories))
            )
            weekday = weekday_name(card.report.digest.window.start, self.site.zone, language)
            several = len({repo for repo, _ in self.edition.index.series}) > 1
            name = f"{card.name} {weekday}{f' {card.repo}' if several else ''}"
            # As plain text, because the feed's template escapes titles.
            line = verdict_line(card.report.digest, language).unescape()
            yield Item(
                id=self._urn(f"/days/{card.repo}/{card.name}"),
                title=words(language).say("site.day_entry", day=name, verdict=line),
                published=card.report.digest.window.end,
                updated=card.report.provenance.made_at,
                text=text,
                page=stored.url if stored else f"/archive/{card.name[:7]}/#{card.name}",
                base=f"/{card.report.place}/",
            )

    def _events(self, entries: Iterable[Entry]) -> Iterator[Item]:
        """The newest openings, closings, reopenings and merges of the focus's threads."""
        found: dict[str, Item] = {}
        for entry in entries:
            for thread in entry.relevant:
                for kind, identity, at, login in _changes(thread):
                    # By GitHub's id: overlapping reports have the same event, and the feed has it once.
                    urn = self._urn(f"/events/{entry.repo}/{thread.number}/{kind}/{identity}")
                    found[urn] = self._event(urn, entry, thread, (kind, at, login))
        yield from sorted(found.values(), key=lambda item: (item.published, item.id), reverse=True)[:_EVENTS]

    def _event(
        self, urn: str, entry: Entry, thread: FocusThread, change: tuple[EventKind, datetime, str]
    ) -> Item:
        kind, at, login = change
        said = words(self.edition.language)
        several = len({repo for repo, _ in self.edition.index.series}) > 1
        what = f"{entry.repo if several else ''}#{thread.number} {thread.title or said.say('untitled')}"
        by = said.say("site.event_by", what=said.say(f"site.event_kinds.{kind}"), login=login)
        about = [by, *thread.hardware, *thread.labels, *([f"“{thread.gain}”"] if thread.gain else [])]
        return Item(
            id=urn,
            title=f"{said.say(f'site.event_titles.{kind}')} {what}",
            published=at,
            updated=at,
            text=" · ".join(map(escape, about)),
            page=entry.url,
            base=entry.url,
            thread=thread.url,
        )

    def _urn(self, url: str) -> str:
        """An id that does not change when the site moves to another host."""
        return uuid5(NAMESPACE_URL, f"vllm-digest:{self.edition.root}{url}").urn


def _changes(thread: FocusThread) -> Iterator[tuple[EventKind, str, datetime, str]]:
    """The changes of a thread's state, without the closing that comes with a merge."""
    merges = [at for kind, _, at, _ in thread.changes if kind is EventKind.MERGED]
    for change in thread.changes:
        kind, _, at, _ = change
        if kind is EventKind.CLOSED and any(abs(at - merge) <= _SAME for merge in merges):
            continue
        yield change
