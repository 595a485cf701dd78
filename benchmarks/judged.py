"""Judged statements and their threads: the files that `benchmarks.statements` measures with.

`THREADS.json` is one object: `repository`, `window` (`start`, `end`; UTC, half-open), `bots`, `items`.
An item is an issue or pull request with GitHub's fields; what is dated at the window's end or later does not
count. `STATEMENTS.jsonl` has one object a line: `thread`, `field`, `text`, `evidence` (each `source`,
`quote`), for positions `login` and `stance`, `truth`, `kind`, `id`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from vllm_digest.models import (
    GHOST,
    Account,
    EventKind,
    Kind,
    Remark,
    RemarkKind,
    Snapshot,
    Thread,
    TimelineEvent,
    state_at,
)
from vllm_digest.window import TimeWindow

_EVENTS = {kind.value: kind for kind in (EventKind.CLOSED, EventKind.REOPENED, EventKind.MERGED)}
# GitHub's closing keywords ("Linking a pull request to an issue"); the files do not tell the links.
_CLOSES = re.compile(r"\b(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?):? #(\d{1,7})\b", re.IGNORECASE)


class UnreadableFileError(Exception):
    """A file does not have the documented format; the text says which file and where."""


class _Form(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Quote(_Form):
    source: str
    quote: str


class Statement(_Form):
    """A line of `STATEMENTS.jsonl`."""

    id: int | str = ""
    thread: int
    field: Literal["topic", "positions", "dispute", "state", "reading", "impact", "watch"]
    text: str
    evidence: tuple[Quote, ...]
    truth: bool
    kind: str = ""
    login: str = ""
    stance: str = ""


class _Comment(_Form):
    id: int | str
    author: str | None = None
    created_at: AwareDatetime
    author_association: str = "NONE"
    body: str | None = ""


class _Review(_Form):
    id: int | str
    author: str | None = None
    state: str
    submitted_at: AwareDatetime
    author_association: str = "NONE"
    body: str | None = ""
    comments: tuple[_Comment, ...] = ()


class _File(_Form):
    path: str
    additions: int = 0
    deletions: int = 0


class _Event(_Form):
    id: int | str = ""
    event: str
    actor: str | None = None
    created_at: AwareDatetime
    state_reason: str | None = None


class _Item(_Form):
    number: int
    type: Literal["issue", "pr"]
    title: str
    body: str | None = ""
    author: str | None = None
    author_association: str = "NONE"
    created_at: AwareDatetime
    updated_at: AwareDatetime
    closed_at: AwareDatetime | None = None
    closed_by: str | None = None
    merged_at: AwareDatetime | None = None
    merged_by: str | None = None
    state_reason: str | None = None
    draft: bool = False
    labels: tuple[str, ...] = ()
    comments: tuple[_Comment, ...] = ()
    reviews: tuple[_Review, ...] = ()
    files: tuple[_File, ...] = ()
    events: tuple[_Event, ...] = ()


class _Span(_Form):
    start: AwareDatetime
    end: AwareDatetime


class _Threads(_Form):
    repository: str
    window: _Span
    bots: tuple[str, ...] = ()
    items: tuple[_Item, ...]

    def snapshot(self) -> Snapshot:
        """The threads as of the window's end, with the earlier events."""
        window = TimeWindow(self.window.start, self.window.end)
        bots = frozenset(_login(name) for name in self.bots)
        threads = (_thread(item, self.repository, bots).as_of(window.end) for item in self.items)
        ordered = tuple(sorted(threads, key=lambda thread: -thread.number))
        return Snapshot(self.repository, window, window.end, ordered)


def _login(name: str) -> str:
    return name.removesuffix("[bot]")


def _account(name: str | None, bots: frozenset[str]) -> Account:
    if name is None:
        return GHOST
    return Account(_login(name), is_bot=name.endswith("[bot]") or name in bots)


def _thread(item: _Item, repo: str, bots: frozenset[str]) -> Thread:
    is_pull = item.type == "pr"
    url = f"https://github.com/{repo}/{'pull' if is_pull else 'issues'}/{item.number}"
    timeline = tuple(_timeline(item, bots))
    then = state_at(timeline, max([item.updated_at, *(event.at for event in timeline)]))
    return Thread(
        number=item.number,
        kind=Kind.PULL_REQUEST if is_pull else Kind.ISSUE,
        title=item.title,
        body=item.body or "",
        url=url,
        author=_account(item.author, bots),
        association=item.author_association,
        state=then.state,
        created_at=item.created_at,
        timeline=timeline,
        draft=item.draft,
        labels=item.labels,
        closes=tuple(int(number) for number in _CLOSES.findall(item.body or "")) if is_pull else (),
        paths=tuple(file.path for file in item.files),
        additions=sum(file.additions for file in item.files) if is_pull else None,
        deletions=sum(file.deletions for file in item.files) if is_pull else None,
        changed_files=len(item.files) if is_pull else None,
        remarks=tuple(sorted(_remarks(item, url, bots), key=lambda remark: remark.at)),
    )


def _timeline(item: _Item, bots: frozenset[str]) -> Iterator[TimelineEvent]:
    """The events that change the state; if a file lists none, those that its fields imply."""
    told = [event for event in item.events if event.event in _EVENTS]
    for event in sorted(told, key=lambda event: event.created_at):
        yield TimelineEvent(
            id=str(event.id),
            kind=_EVENTS[event.event],
            at=event.created_at,
            actor=_account(event.actor, bots),
            reason=event.state_reason or "",
        )
    if not told and item.merged_at:
        yield TimelineEvent("merged", EventKind.MERGED, item.merged_at, _account(item.merged_by, bots))
    elif not told and item.closed_at:
        actor = _account(item.closed_by, bots)
        yield TimelineEvent("closed", EventKind.CLOSED, item.closed_at, actor, item.state_reason or "")


def _remarks(item: _Item, url: str, bots: frozenset[str]) -> Iterator[Remark]:
    for comment in item.comments:
        yield _remark(RemarkKind.COMMENT, comment, f"{url}#issuecomment-{comment.id}", bots)
    for review in item.reviews:
        yield Remark(
            id=str(review.id),
            kind=RemarkKind.REVIEW,
            author=_account(review.author, bots),
            association=review.author_association,
            at=review.submitted_at,
            url=f"{url}#pullrequestreview-{review.id}",
            body=review.body or "",
            verdict=review.state,
        )
        for comment in review.comments:
            yield _remark(RemarkKind.REVIEW_COMMENT, comment, f"{url}#discussion_r{comment.id}", bots)


def _remark(kind: RemarkKind, comment: _Comment, url: str, bots: frozenset[str]) -> Remark:
    return Remark(
        id=str(comment.id),
        kind=kind,
        author=_account(comment.author, bots),
        association=comment.author_association,
        at=comment.created_at,
        url=url,
        body=comment.body or "",
    )


def read_threads(path: Path) -> Snapshot:
    """The threads of a file as of its window's end. Raises UnreadableFileError."""
    try:
        return _Threads.model_validate_json(_text(path)).snapshot()
    except ValidationError as error:
        raise UnreadableFileError(f"{path}: {_problem(error)}") from None


def read_statements(path: Path) -> list[Statement]:
    """The statements of a file, one JSON object a line. Raises UnreadableFileError."""
    read = []
    for place, line in enumerate(_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        try:
            read.append(Statement.model_validate_json(line))
        except ValidationError as error:
            raise UnreadableFileError(f"{path}, line {place}: {_problem(error)}") from None
    return read


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableFileError(f"{path} cannot be read: {error}") from None


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}".removeprefix(": ")
