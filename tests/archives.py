"""Generate archives of reports from seeded threads, with the program's own stages."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tests.servers.words import AREAS, LABELS, sentences, title
from vllm_digest import __version__
from vllm_digest.archive import Archive
from vllm_digest.classify import classify
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
from vllm_digest.report import Provenance, Report
from vllm_digest.rules import rules_of
from vllm_digest.window import TimeWindow, format_length

REPO = "vllm-project/vllm"
RULES = replace(rules_of(Settings()), bots=frozenset())
_FIRST = datetime(2024, 11, 1, tzinfo=UTC)
PEOPLE = ("weichen", "amy-smith", "jun-li", "lena-novak", "raj94", "tomas-gpu", "yuki-t", "noor", "maria-dev")


def opened(root: Path) -> Archive:
    """An archive with the current time long after all of its windows."""
    return Archive(root, datetime(2030, 1, 1, tzinfo=UTC))


def stored_windows(root: Path, repo: str, series: str) -> tuple[TimeWindow, ...]:
    """The windows of a series that have both files, oldest first."""
    return opened(root).listing(repo, series).windows


def load(path: Path) -> Report:
    """The report of a data file."""
    return opened(Path("archive")).read(path)


def reports(windows: Sequence[TimeWindow]) -> Iterator[Report]:
    """A report for each window."""
    return (report(window, threads(window)) for window in windows)


def report(window: TimeWindow, found: Sequence[Thread]) -> Report:
    newest_first = tuple(sorted(found, key=lambda thread: -thread.number))
    snapshot = Snapshot(REPO, window, window.end, newest_first, requests=4, points=9).within(window)
    made = Provenance(window.end + timedelta(minutes=20), "github", window.end, 4, 9, __version__)
    return Report(
        format_length(window.length),
        "Asia/Shanghai",
        make_digest(classify(snapshot, RULES), RULES.digest),
        made,
    )


def day(end: datetime) -> Report:
    """One report on the 24 hours before `end`, with the threads that `reports` generates for each hour."""
    windows = hours(end, 24)
    found = [thread for window in windows for thread in threads(window)]
    return report(TimeWindow(windows[0].start, end), found)


_BUSY_ISSUES = (
    "[Bug]: ROCm 7.0 on gfx942 hangs in CUDA graph capture when prefix caching is enabled",
    "[Usage]: Accuracy of Qwen3 drops after FP8 quantization on MI300X, which options are needed",
    "[Feature]: Support expert parallel with RCCL across two MI325X nodes",
)
_BUSY_PULLS = (
    "[ROCm][CI] Use the new image for MI300X runners and skip the two tests that need eight cards",
    "[ROCm][Quantization] Load Quark MXFP4 checkpoints of Qwen3 without a copy on MI355X",
    "[Bugfix][ROCm] Fix AITER MLA decode with block size 1 and FP8 KV cache for DeepSeek-V3.2",
    "[ROCm] Deprecate VLLM_ROCM_USE_AITER_PAGED_ATTN in favour of one switch for all backends",
    "[ROCm][Perf] Fuse RMSNorm and FP8 quantization in one Triton kernel for MI300X",
)


def busy_day(end: datetime) -> Report:
    """The same day, on which some forty threads are about the ecosystem: in every third hour one has
    another title, and people talk in an old one, at first so much that it is hot."""
    windows = hours(end, 24)
    found = []
    for place, window in enumerate(windows):
        first, *others = threads(window)
        titles = _BUSY_PULLS if first.is_pull else _BUSY_ISSUES
        retitled = replace(first, title=titles[place // 3 % len(titles)])
        found += [retitled, *others, _talked_of(window, place)] if place % 3 == 0 else [first, *others]
    return report(TimeWindow(windows[0].start, end), found)


def _talked_of(window: TimeWindow, place: int) -> Thread:
    """An open thread of a year before in which people talk in an hour."""
    rng = Random(f"talk {window.slug}")  # noqa: S311 - nothing is secret
    back = timedelta(days=300)
    title = f"[RFC]: Which attention backend should ROCm use by default on MI300X and MI355X, part {place}"
    old, *_ = threads(TimeWindow(window.start - back, window.end - back), [title])
    count = 2 if place else 30
    at = [window.start + (window.end - window.start) * (n + 1) / (count + 2) for n in range(count)]
    remarks = tuple(_remark(rng, f"{old.number}-talk-{n}", old.url, moment) for n, moment in enumerate(at))
    number = 31_530 + place
    return replace(
        old,
        number=number,
        url=f"https://github.com/{REPO}/{'pull' if old.is_pull else 'issues'}/{number}",
        state=State.OPEN,
        closed_at=None,
        merged_at=None,
        timeline=(),
        remarks=remarks,
    )


def hours(end: datetime, count: int) -> tuple[TimeWindow, ...]:
    """The given number of adjacent hours, oldest first."""
    return tuple(
        TimeWindow.last(timedelta(hours=1), end - timedelta(hours=back)) for back in reversed(range(count))
    )


def threads(window: TimeWindow, titles: Sequence[str] = ()) -> list[Thread]:
    """What happens in an hour of vLLM, about ten listed threads, the same ones each time it is asked for.

    `titles` are given to the first threads instead of plausible ones.
    """
    rng = Random(window.slug)  # noqa: S311 - nothing is secret
    busy = 0.4 + 0.6 * abs((window.start.hour - 12) / 12)
    count = max(len(titles), round(rng.uniform(5, 14) * busy))
    first = 20_000 + (window.start - _FIRST) // timedelta(hours=1) * 14
    return [_thread(window, rng, first + n, titles[n] if n < len(titles) else None) for n in range(count)]


def with_earlier_ones(window: TimeWindow) -> list[Thread]:
    """The threads of an hour, and some of the ten days before that get a comment or are closed in it."""
    rng = Random(f"again {window.slug}")  # noqa: S311 - nothing is secret
    found = {thread.number: thread for thread in threads(window)}
    for _ in range(rng.randint(2, 5)):
        back = timedelta(hours=rng.randint(1, 240))
        earlier = threads(TimeWindow(window.start - back, window.end - back))
        if earlier:
            thread = _again(rng.choice(earlier), window, rng)
            found[thread.number] = thread
    return list(found.values())


def _again(thread: Thread, window: TimeWindow, rng: Random) -> Thread:
    at = window.start + (window.end - window.start) * rng.random() * 0.98
    remark = _remark(rng, f"{thread.number}-{window.slug}", thread.url, at)
    timeline = thread.timeline
    if thread.state is State.OPEN and rng.random() < 0.5:
        merged = thread.is_pull and rng.random() < 0.7
        kind = EventKind.MERGED if merged else EventKind.CLOSED
        timeline += (TimelineEvent(f"{thread.number}-later", kind, at, Account(rng.choice(PEOPLE))),)
    return replace(thread, timeline=timeline, remarks=(*thread.remarks, remark)).as_of(window.end)


def _thread(window: TimeWindow, rng: Random, number: int, given: str | None) -> Thread:
    def within(start: datetime) -> datetime:
        return start + (window.end - start) * rng.random() * 0.98

    is_pull = rng.random() < 0.65
    is_new = given is not None or rng.random() < 0.6
    created = within(window.start) if is_new else window.start - timedelta(days=rng.uniform(1, 90))
    ended = within(max(created, window.start)) if rng.random() < (0.2 if is_new else 0.8) else None
    merged = ended if is_pull and rng.random() < 0.75 else None
    author = rng.choice(PEOPLE)
    labels = tuple(sorted({rng.choice(LABELS) for _ in range(rng.randrange(3))}))
    name = given if given is not None else title(rng, issue=not is_pull)
    path = "pull" if is_pull else "issues"
    url = f"https://github.com/{REPO}/{path}/{number}"
    area = rng.choice(AREAS).lower().replace("/", "_").replace(" ", "_")
    closer = Account(rng.choice(PEOPLE))
    end = EventKind.MERGED if merged else EventKind.CLOSED
    return Thread(
        number=number,
        kind=Kind.PULL_REQUEST if is_pull else Kind.ISSUE,
        title=name,
        body=f"## Purpose\n\n{sentences(rng, rng.randint(1, 4))}",
        url=url,
        author=Account(author),
        association="CONTRIBUTOR",
        state=State.MERGED if merged else State.CLOSED if ended else State.OPEN,
        created_at=created.replace(microsecond=0),
        closed_at=ended,
        merged_at=merged,
        closed_by=closer if ended else None,
        merged_by=closer if merged else None,
        timeline=(TimelineEvent(f"{number}-end", end, ended, closer),) if ended else (),
        labels=labels,
        paths=(f"vllm/{area}/core.py", f"tests/{area}/test_core.py") if is_pull else (),
        additions=rng.randrange(400) if is_pull else None,
        deletions=rng.randrange(200) if is_pull else None,
        changed_files=rng.randint(2, 9) if is_pull else None,
        remarks=tuple(
            _remark(rng, f"{number}-{n}", url, within(max(created, window.start)))
            for n in range(int(rng.expovariate(1 / 1.6)))
        ),
    )


def _remark(rng: Random, name: str, url: str, at: datetime) -> Remark:
    return Remark(
        id=name,
        kind=RemarkKind.COMMENT,
        author=Account(rng.choice(PEOPLE)),
        association=rng.choice(("MEMBER", "NONE", "CONTRIBUTOR")),
        at=at,
        url=f"{url}#issuecomment-{name}",
        body=sentences(rng, rng.randint(1, 3)),
    )
