"""Short constructors for threads, remarks and digests."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from vllm_digest.classify import Rules, classify
from vllm_digest.config import Settings
from vllm_digest.digest import make_digest
from vllm_digest.models import (
    Account,
    EventKind,
    Kind,
    Remark,
    RemarkKind,
    Snapshot,
    State,
    Thread,
    TimelineEvent,
)
from vllm_digest.report import Digest
from vllm_digest.rules import rules_of
from vllm_digest.sections import SECTIONS
from vllm_digest.templating import words
from vllm_digest.window import TimeWindow

START = datetime(2025, 12, 10, 10, 42, tzinfo=UTC)
WINDOW = TimeWindow(START, START + timedelta(hours=2))
BEFORE = START - timedelta(days=3)
RULES = replace(rules_of(Settings()), bots=frozenset({"vllm-bot"}))
ALL_BY_RULES = f"{words('zh').tree['numerals'][len(SECTIONS)]}个章节均由规则撰写"


def minute(count: int) -> datetime:
    """So many minutes after the window's start."""
    return START + timedelta(minutes=count)


def said(login: str, at: int | datetime, body: str = "words", **fields: Any) -> Remark:
    """A comment; `at` in minutes after the window's start. `verdict="APPROVED"` makes it a review."""
    when = minute(at) if isinstance(at, int) else at
    is_review = "verdict" in fields
    return Remark(
        **{
            "id": f"{login}-{at}",
            "kind": RemarkKind.REVIEW if is_review else RemarkKind.COMMENT,
            "author": Account(login, login.endswith("[bot]")),
            "association": "NONE",
            "at": when,
            "url": f"https://github.com/vllm-project/vllm/issues/1#{login}-{at}",
            "body": body,
            **fields,
        }
    )


def issue(number: int, title: str = "An issue", **fields: Any) -> Thread:
    return _thread(number, Kind.ISSUE, "issues", {"title": title, **fields})


def pull(number: int, title: str = "A pull request", **fields: Any) -> Thread:
    return _thread(number, Kind.PULL_REQUEST, "pull", {"title": title, **fields})


def _thread(number: int, kind: Kind, path: str, fields: dict[str, Any]) -> Thread:
    times = {
        name: minute(value) if isinstance(value, int) else value
        for name, value in fields.items()
        if name.endswith("_at")
    }
    author = fields.pop("by", "author")
    merged, closed = times.get("merged_at"), times.get("closed_at")
    if "timeline" not in fields:
        fields["timeline"] = tuple(_timeline(merged, closed, fields))
    return Thread(
        **{
            "number": number,
            "kind": kind,
            "body": "",
            "url": f"https://github.com/vllm-project/vllm/{path}/{number}",
            "author": Account(author, author.endswith("[bot]")),
            "association": "NONE",
            "state": State.MERGED if merged else State.CLOSED if closed else State.OPEN,
            "created_at": BEFORE,
            **fields,
            **times,
            "closed_at": closed or merged,
        }
    )


def _timeline(
    merged: datetime | None, closed: datetime | None, fields: dict[str, Any]
) -> Iterator[TimelineEvent]:
    """The events that lead to the state that the fields name."""
    by = fields.get("closed_by", Account("somebody"))
    if (target := fields.get("duplicate_of")) is not None:
        marked = closed or BEFORE
        yield TimelineEvent("duplicate", EventKind.DUPLICATE, marked, by, target=target)
    if merged:
        yield TimelineEvent("merged", EventKind.MERGED, merged, by)
    elif closed:
        pull = fields.get("closed_by_pull")
        yield TimelineEvent("closed", EventKind.CLOSED, closed, by, fields.get("state_reason", ""), pull=pull)


def digest(*threads: Thread, rules: Rules = RULES) -> Digest:
    """What the rules make of these threads in `WINDOW`."""
    return make_digest(classify(snapshot(threads), rules), rules.digest)


def snapshot(threads: Iterable[Thread]) -> Snapshot:
    ordered = tuple(sorted(threads, key=lambda thread: thread.number, reverse=True))
    return Snapshot("vllm-project/vllm", WINDOW, WINDOW.end, ordered).within(WINDOW)
