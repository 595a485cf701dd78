"""What a page may say of one thread."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath

from vllm_digest.classify.heat import human_messages, human_remarks
from vllm_digest.judgement import Judgement
from vllm_digest.models import Remark, Thread
from vllm_digest.report import Heat, ThreadFacts, Voice
from vllm_digest.text.excerpts import plain
from vllm_digest.window import TimeWindow

_EXCERPT = 200
"""Characters of a body or remark that are quoted at most."""
_GAIN = re.compile(
    r"\d\s?(?:%|[x×]\b|tok(?:ens?)?/s)(?=.{0,80}(?:fast|speed|slow|gain|improv|reduc|throughput|latency|accura"
    r"|TTFT|TPOT|ITL|better|worse|memory))|(?:fast|speed|gain|improv|reduc|throughput|latency|TTFT|TPOT|perform)"
    r".{0,80}?\d\s?(?:%|[x×]\b|tok(?:ens?)?/s)",
    re.IGNORECASE,
)
"""A measured effect: `+4.9% tokens/s`, `1.3x faster`, `TTFT from 14.2 to 13.3 (-6%)`."""
_SENTENCE_END = re.compile(r"(?<=[.!?])(?= )|(?<=[。！？])")


def facts(
    thread: Thread,
    judgement: Judgement,
    heat: Heat,
    window: TimeWindow,
    bots: frozenset[str],
    *,
    with_excerpts: bool,
) -> ThreadFacts:
    """The thread without its texts; with excerpts of them where the page speaks of it."""
    text = plain(thread.body) if with_excerpts else ""
    return ThreadFacts(
        number=thread.number,
        kind=thread.kind,
        title=thread.title,
        url=thread.url,
        author=thread.author,
        association=thread.association,
        state=thread.state,
        created_at=thread.created_at,
        judgement=judgement,
        heat=heat,
        closed_at=thread.closed_at,
        merged_at=thread.merged_at,
        state_reason=thread.state_reason,
        closed_by=thread.closed_by,
        closed_by_pull=thread.closed_by_pull,
        duplicate_of=thread.duplicate_of,
        draft=thread.draft,
        labels=thread.labels,
        closes=thread.closes,
        additions=thread.additions,
        deletions=thread.deletions,
        changed_files=thread.changed_files,
        areas=areas(thread),
        excerpt=_excerpt(text),
        gain=_gain(text),
        voices=tuple(_voices(thread, window, bots)) if with_excerpts else (),
    )


def areas(thread: Thread) -> tuple[str, ...]:
    """The folders a pull request changes, two levels deep at most, those with most files first.

    A file at the top of the repository counts as a folder of its own.
    """
    counted = Counter("/".join(PurePosixPath(path).parts[:-1][:2]) or path for path in thread.paths)
    return tuple(sorted(counted, key=lambda area: (-counted[area], area)))


def last_verdicts(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> dict[str, str]:
    """Each reviewer's last verdict in the window (`APPROVED`, `CHANGES_REQUESTED`, `DISMISSED`)."""
    reviews = human_remarks(thread, window, bots)
    return {r.author.login: r.verdict for r in reviews if r.verdict not in {"", "COMMENTED"}}


def _voices(thread: Thread, window: TimeWindow, bots: frozenset[str]) -> Iterator[Voice]:
    said: dict[str, list[Remark]] = {}
    for remark in human_messages(thread, window, bots):
        said.setdefault(remark.author.login, []).append(remark)
    verdicts = last_verdicts(thread, window, bots)
    for login, remarks in said.items():
        longest = max(remarks, key=lambda remark: len(remark.body))
        yield Voice(
            login=login,
            is_author=login == thread.author.login,
            association=longest.association,
            remarks=len(remarks),
            verdict=verdicts.get(login, ""),
            url=longest.url,
            excerpt=_excerpt(plain(longest.body)),
        )


def _gain(text: str) -> str:
    sentences = _SENTENCE_END.split(text)
    return next((_excerpt(sentence.strip()) for sentence in sentences if _GAIN.search(sentence)), "")


def _excerpt(text: str) -> str:
    """How the text begins: whole sentences where they fit, else words and an ellipsis."""
    if len(text) <= _EXCERPT:
        return text
    ends = [end.start() for end in _SENTENCE_END.finditer(text, 0, _EXCERPT)]
    if ends and ends[-1] > _EXCERPT // 3:
        return text[: ends[-1]]
    cut = text[: _EXCERPT - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"
