"""The archive as tables: the rows of `export`, for one thread or one report at a time."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from vllm_digest.archive import Archive
from vllm_digest.errors import DocumentError
from vllm_digest.facts import ThreadFacts
from vllm_digest.place import Place
from vllm_digest.stories.document import story_document
from vllm_digest.stories.index import StoryIndex
from vllm_digest.stories.values import Story

Row = Mapping[str, Any]
"""Value by column: text, number, boolean, list of texts, or None."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "threads": (
        *("repo", "number", "kind", "title", "author", "state", "created_at", "closed_at", "merged_at"),
        *("closed_by", "merged_by", "state_reason", "labels", "draft", "is_bug", "relevance", "topic"),
        *("hardware", "additions", "deletions", "changed_files", "first_answer_at", "reports", "url"),
    ),
    "events": (
        *("repo", "number", "id", "kind", "at", "login", "bot", "association", "verdict", "length"),
        *("reason", "by_pull", "target", "url"),
    ),
    "statements": (
        *("repo", "number", "part", "language", "text", "source", "quote", "quote_url", "place", "end"),
    ),
    "judgements": ("repo", "number", "relevance", "code", "quotes", "topic", "hardware"),
    "gains": ("repo", "number", "title", "state", "hardware", "gain", "url"),
    "reports": (
        *("repo", "series", "start", "end", "place", "made_at", "made_from", "threads", "relevant"),
        *("new_issues", "closed_issues", "new_prs", "merged_prs", "closed_unmerged_prs", "people", "gaps"),
    ),
}
"""The tables and their columns, in order."""


def thread_rows(story: Story) -> Iterator[tuple[str, Row]]:
    """The rows of a thread in all tables except `reports`, each with its table's name."""
    facts, told = story.facts, story_document(story)
    judgement = facts.judgement
    common = {"repo": story.repo, "number": facts.number}
    subject = {"topic": judgement.topic or None, "hardware": list(judgement.hardware)}
    yield "threads", {**common, **_thread(facts, told), **subject, "reports": len(story.appearances)}
    for event, shown in zip(facts.events, told["events"], strict=True):
        unset = dict.fromkeys(("verdict", "reason", "by_pull", "target"))
        more = {"association": event.association or None, "length": event.length}
        yield "events", {**common, **unset, **shown, **more}
    for row in _statements(story):
        yield "statements", {**common, **row}
    for reason in judgement.reasons:
        row = {"relevance": judgement.relevance.value, "code": reason.code.value}
        yield "judgements", {**common, **row, **subject, "quotes": list(reason.quotes)}
    if facts.gain:
        row = {"title": facts.title, "state": facts.state.value, "gain": facts.gain, "url": story.url}
        yield "gains", {**common, **row, "hardware": subject["hardware"]}


def _thread(facts: ThreadFacts, told: Row) -> Row:
    words = (event for event in facts.events if event.is_human_remark)
    answers = [event.at for event in words if event.login != facts.author.login]
    return {
        **{name: told[name] for name in ("kind", "title", "author", "state", "labels", "url")},
        **{name: _iso(getattr(facts, name)) for name in ("created_at", "closed_at", "merged_at")},
        **{
            name: getattr(facts, name)
            for name in ("additions", "deletions", "changed_files", "draft", "is_bug")
        },
        "closed_by": facts.closed_by.login if facts.closed_by else None,
        "merged_by": facts.merged_by.login if facts.merged_by else None,
        "state_reason": facts.state_reason or None,
        "relevance": facts.judgement.relevance.value,
        "first_answer_at": _iso(min(answers, default=None)),
    }


def _statements(story: Story) -> Iterator[Row]:
    """A row for each text of a statement and each quote of its evidence."""
    for one in story.told:
        place = {
            "part": one.part.value,
            "place": one.appearance.place,
            "end": _iso(one.appearance.window.end),
        }
        for language, text in one.statement.texts.items():
            for quote in one.statement.evidence:
                shown = {"source": quote.source, "quote": quote.quote, "quote_url": quote.url}
                yield {**place, "language": language, "text": text, **shown}


def report_rows(archive: Archive, repo: str) -> Iterator[Row]:
    """A row for each stored report of a repository, sorted by series and time."""
    for owner, series in archive.series():
        windows = archive.listing(owner, series).windows if owner == repo else ()
        for window in windows:
            place = Place(repo, series, window)
            try:
                report = archive.load(place)
            except DocumentError:
                # `status` and runs name the damaged file.
                continue
            digest = report.digest
            yield {
                "repo": repo,
                "series": series,
                "start": _iso(window.start),
                "end": _iso(window.end),
                "place": str(place.path),
                "made_at": _iso(report.provenance.made_at),
                "made_from": report.provenance.made_from,
                "threads": len(digest.threads),
                "relevant": sum(row.judgement.relevance.value == "yes" for row in digest.threads),
                **{name: len(numbers) for name, numbers in digest.lists.items().items()},
                "people": digest.activity.people,
                "gaps": len(digest.gaps),
            }


def write_tables(
    archive: Archive, index: StoryIndex, repo: str, write: Mapping[str, Callable[[Row], None]]
) -> None:
    """Pass every row to the writer of its table; one thread is in memory at a time."""
    stories: Iterable[Story] = index.stories(repo, (one.number for one in index.threads(repo)))
    for story in stories:
        for table, row in thread_rows(story):
            write[table](row)
    for row in report_rows(archive, repo):
        write["reports"](row)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat().replace("+00:00", "Z") if moment else None
