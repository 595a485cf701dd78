"""The days of the start page and the feed of days: a stored report, or one folded from shorter reports."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vllm_digest.archive import Archive
from vllm_digest.digest.highlights import GROUPS
from vllm_digest.facts import UsageKind
from vllm_digest.follow_ups import FollowUp
from vllm_digest.judgement import Relevance
from vllm_digest.markdown.escaping import code, escape
from vllm_digest.markdown.prose import inline
from vllm_digest.narrative import Brief, BriefPart
from vllm_digest.place import Place
from vllm_digest.report import Report, ThreadRow
from vllm_digest.site.calendar import Day
from vllm_digest.site.entries import Entry
from vllm_digest.stories.rollup import reusable, rolled_up
from vllm_digest.templating import words
from vllm_digest.window import TimeWindow

FOCUS, CHANGES, FOLLOW_UPS = 3, 2, 3
"""Lines of a card: a day should take at most one and a half screens of a phone."""
_NOT_TOLD_BY_STATE = frozenset({"opened", "reviewed", "discussed"})
"""Groups of events that the state beside the title does not show, unlike a merge or a closing."""
_HARDWARE = 2
"""Names of hardware beside a title."""
_FIRST_SENTENCE = re.compile(r".+?(?:[。！？]|[.!?](?=\s|$)|$)")
"""A full stop of ASCII ends a sentence only before a space: the ones in `v0.12.0` do not."""


@dataclass(frozen=True, slots=True)
class Card:
    """One day of a repository.

    `name`: the day's date. `report`: the report of the day so far. `entry`: the entry of the stored report of
    exactly that day, None if `report` was folded from shorter ones. `is_over`: reports reach the day's end.
    """

    repo: str
    name: str
    report: Report
    entry: Entry | None
    is_over: bool

    @property
    def relevant(self) -> tuple[ThreadRow, ...]:
        return self.report.digest.relevant(Relevance.YES)


def cards(archive: Archive, day: Day) -> Iterator[Card]:
    """A card for each repository that has reports of a day. Raises DocumentError if one cannot be read."""
    for repo in day.repos:
        entry = day.whole(repo)
        if entry is not None:
            yield Card(repo, day.name, _load(archive, entry), entry, is_over=True)
        else:
            parts = day.of(repo)
            is_over = max(part.window.end for part in parts) >= day.window.end
            report = _folded([_load(archive, part) for part in parts], day)
            yield Card(repo, day.name, report, None, is_over)


def notes(row: ThreadRow, report: Report, language: str, *, with_talk: bool) -> Iterator[str]:
    """The notes after a thread's title and state in a card: short texts in Markdown.

    `with_talk`: include the amount of discussion, because the thread is listed for it.
    """
    said = words(language)
    group = next((name for name, kinds in GROUPS.items() if row.happened in kinds), "")
    if group in _NOT_TOLD_BY_STATE and not with_talk:
        yield escape(said.say(f"happened.{group}"))
    if row.judgement.hardware:
        yield escape(said.say("site.comma").join(row.judgement.hardware[:_HARDWARE]))
    brief = report.narrative.brief(row.number) or Brief(row.number)
    part = BriefPart.TOPIC if with_talk else BriefPart.READING
    told = _FIRST_SENTENCE.match(brief.text(part, language))
    if row.heat.participants and (with_talk or not told):
        remarks = said.say("site.remarks", count=row.heat.comments + row.heat.reviews)
        yield escape(said.say("site.of_people", remarks=remarks, count=len(row.heat.participants)))
    if told:
        yield inline(told[0], repo_url=report.digest.repo_url)
    elif row.usage and row.usage[0].kind is not UsageKind.INTERFACE:
        yield f"{escape(said.say(f'usage.{row.usage[0].kind}'))} {code(row.usage[0].quote)}"
    elif row.gain:
        yield escape(f"“{row.gain}”")


def _load(archive: Archive, entry: Entry) -> Report:
    return archive.load(Place(entry.repo, entry.series, entry.window))


def _folded(parts: Sequence[Report], day: Day) -> Report:
    """A day's report folded from the reports that overlap it, up to their latest end."""
    windows = [part.digest.window for part in parts]
    start, end = min(window.start for window in windows), max(window.end for window in windows)
    span = TimeWindow(max(day.window.start, start), min(day.window.end, end))
    # Settings may have changed within the day; those of its latest report count.
    newest = max(parts, key=lambda part: part.digest.window.end)
    digest = rolled_up(parts, span, newest.digest.rules)
    return replace(
        newest,
        series="day",
        digest=digest,
        narrative=reusable(parts, digest),
        provenance=replace(newest.provenance, made_from="archive", requests=0, points=0),
        follow_ups=tuple(_latest_outcomes(parts)),
        before=(),
    )


def _latest_outcomes(parts: Sequence[Report]) -> Iterator[FollowUp]:
    """The follow-ups of all parts; for each thread that of the latest part."""
    told = {one.number: one for part in sorted(parts, key=_end) for one in part.follow_ups}
    yield from told.values()


def _end(part: Report) -> TimeWindow:
    return part.digest.window
