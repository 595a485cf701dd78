"""A story as plain data: the output of `story --json` and the input of pages."""

from datetime import datetime
from typing import Any

from vllm_digest.digest.voices import remark_url
from vllm_digest.facts import Event
from vllm_digest.stories.values import Story
from vllm_digest.stories.watch import Ended, WatchEntry


def story_document(story: Story) -> dict[str, Any]:
    """The JSON object of a story; its keys are stable. Times are ISO 8601 in UTC.

    `number`, `title`, `state`, `url`; `events`, `reports`, `statements`, `watched` (null where it is not),
    `outcome` (the latest one, null without), `ended` (all of them), `known_since`, `holes`.
    """
    facts = story.facts
    return {
        "repo": story.repo,
        "number": facts.number,
        "kind": facts.kind.value,
        "title": facts.title,
        "state": facts.state.value,
        "author": facts.author.login,
        "labels": list(facts.labels),
        "url": story.url,
        "events": [_event(event, story.url) for event in facts.events],
        "reports": [
            {
                "series": one.series,
                "start": _iso(one.window.start),
                "end": _iso(one.window.end),
                "place": one.place,
            }
            for one in story.appearances
        ],
        "statements": [
            {
                "part": one.part.value,
                "texts": dict(one.statement.texts),
                "evidence": [
                    {"source": quote.source, "url": quote.url, "quote": quote.quote}
                    for quote in one.statement.evidence
                ],
                "place": one.appearance.place,
                "end": _iso(one.appearance.window.end),
            }
            for one in story.told
        ],
        "watched": _entry(story.watched) if story.watched else None,
        "outcome": _ended(story.ended[-1]) if story.ended and not story.watched else None,
        "ended": [_ended(one) for one in story.ended],
        "known_since": _iso(story.archive_start),
        "holes": [{"start": _iso(hole.start), "end": _iso(hole.end)} for hole in story.holes],
    }


def _event(event: Event, url: str) -> dict[str, Any]:
    rest = {"verdict": event.verdict, "reason": event.reason, "by_pull": event.pull, "target": event.target}
    return {
        "kind": event.kind.value,
        "id": event.id,
        "at": _iso(event.at),
        "login": event.login,
        "bot": event.bot,
        "url": remark_url(event, url) if event.is_remark else url,
        **{name: value for name, value in rest.items() if value},
    }


def _entry(entry: WatchEntry) -> dict[str, Any]:
    return {
        "kind": entry.kind.value,
        "since": _iso(entry.since),
        "place": entry.place,
        "target": entry.target,
    }


def _ended(ended: Ended) -> dict[str, Any]:
    outcome = ended.outcome
    return {
        "kind": outcome.kind.value,
        "at": _iso(outcome.at),
        "by": outcome.by,
        "watched": _entry(ended.entry),
    }


def _iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
