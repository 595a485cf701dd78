"""Build a publishing repository, from `init` to the site, once for all tests of a session."""

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import cycle
from pathlib import Path
from typing import Any

import feedparser

from tests import archives, jekyll
from tests.test_markdown import NASTY, ORDINARY
from tests.test_prose import SAMPLES
from vllm_digest import pipeline
from vllm_digest.cli import run_command
from vllm_digest.follow_ups import FollowUp, Outcome, OutcomeKind, WatchKind
from vllm_digest.judgement import Relevance
from vllm_digest.languages import LANGUAGES
from vllm_digest.markdown.escaping import clean
from vllm_digest.models import Account, Thread
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Evidence,
    Finding,
    FocusNote,
    Narrative,
    Overview,
    OverviewPart,
    Position,
    Statement,
)
from vllm_digest.report import Digest, Report, ThreadRow
from vllm_digest.runtime import Runtime
from vllm_digest.window import TimeWindow

SHARED = Path(__file__).parents[2] / "shared" / "data" / "hostile_texts.json"
END = datetime(2025, 12, 10, 11, 42, tzinfo=UTC)
HOUR = timedelta(hours=1)
MADE_AT = END + timedelta(minutes=25)
BASE = "/digest"
CONFIG = f"url: https://example.org\nbaseurl: {BASE}\nplugins: [jekyll-feed, jekyll-sitemap]\n"

HOURS = archives.hours(END, 80)
GAP = TimeWindow(HOURS[-9].start, HOURS[-8].end)
HOSTILE = HOURS[-3]
PROSE = HOURS[-4]
ASIDE = HOURS[-5]
FOLLOWING = HOURS[-60]
DAY = TimeWindow(datetime(2025, 12, 8, 16, tzinfo=UTC), datetime(2025, 12, 9, 16, tzinfo=UTC))


@dataclass(frozen=True)
class Site:
    """`folder` is the publishing repository, `built` what Jekyll made of it for `https://example.org/digest/`."""

    folder: Path
    built: Path

    def html(self, url: str) -> str:
        return self.file(url).read_text(encoding="utf-8")

    def tree(self, url: str) -> jekyll.Element:
        """The parsed page, cached for all tests; it is not changed."""
        return _tree(self.file(url))

    def atom(self, url: str) -> Any:
        """A feed as feedparser reads it, cached for all tests; its texts are not changed."""
        return _atom(self.file(url))

    def file(self, url: str) -> Path:
        return self.built / url.lstrip("/") / ("index.html" if url.endswith("/") else "")


@cache
def _tree(path: Path) -> jekyll.Element:
    return jekyll.parse(path.read_text(encoding="utf-8"))


@cache
def _atom(path: Path) -> Any:
    return feedparser.parse(path.read_bytes(), sanitize_html=False, resolve_relative_uris=False)


def url(window: TimeWindow, series: str = "1h") -> str:
    return f"/reports/{archives.REPO}/{series}/{window.start:%Y/%m}/{window.slug}/"


def hostile_texts() -> list[str]:
    """Our own hostile texts, and the shared ones if available; each has a visible part."""
    shared = [entry["text"] for entry in json.loads(SHARED.read_text("utf-8"))] if SHARED.exists() else []
    return list(dict.fromkeys(text for text in (*ORDINARY, *NASTY, *SAMPLES, *shared) if clean(text)))


def published(folder: Path) -> Site:
    """The site in `folder`, built by the first process that asks for it; the others wait."""
    folder.mkdir(exist_ok=True)
    site = Site(folder / "repository", folder / "built")
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "done").exists():
            _publish(site)
            (folder / "done").touch()
    return site


def _publish(site: Site) -> None:
    archive = archives.opened(site.folder / "archive")
    windows = [window for window in HOURS if window.end <= GAP.start or window.start >= GAP.end]
    for report in archives.reports(windows):
        window = report.digest.window
        if window == HOSTILE:
            pipeline.publish(archives.report(window, _hostile_threads(window)), archive)
        elif window == PROSE:
            pipeline.publish(_hostile_prose(report), archive)
        elif window == FOLLOWING:
            pipeline.publish(replace(report, follow_ups=tuple(_follow_ups(window))), archive)
        elif window == ASIDE:
            archive.set_aside(report, "{{ broken")
        else:
            pipeline.publish(report, archive)
    day = archives.busy_day(DAY.end)
    pipeline.publish(day, archive)
    pipeline.publish(replace(day, series="day", narrative=_prose(day.digest)), archive)
    assert command("init", str(site.folder)) == 0
    config = site.folder / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("languages: [zh]", "languages: [zh, en]"), "utf-8")
    assert command("site", str(site.folder)) == 7  # one page is set aside
    build(site.folder / "staging", site.built, CONFIG)


def _follow_ups(window: TimeWindow) -> Iterator[FollowUp]:
    """One that is fixed, one that is open, and more than a card has room for; titles are hostile."""
    since, place = window.end - timedelta(days=2), str(archives.report(window, ()).place)
    for number, title in enumerate(hostile_texts()[:6], 101):
        outcome = Outcome(OutcomeKind.FIXED, window.end, number + 1000) if number > 101 else None
        yield FollowUp(number, title, False, WatchKind.REGRESSION, since, place, days=2, outcome=outcome)


def _hostile_threads(window: TimeWindow) -> list[Thread]:
    texts = hostile_texts()
    plain = archives.threads(window, texts)
    return [
        replace(
            thread,
            # Beyond all others: there are more of these than an hour has numbers.
            number=thread.number + 1_000_000,
            url=thread.url.replace(str(thread.number), str(thread.number + 1_000_000)),
            author=Account(text),
            labels=(text, "rocm"),
            body=text,
            remarks=tuple(replace(one, body=text, author=Account(text)) for one in thread.remarks),
        )
        for thread, text in zip(plain, texts, strict=True)
    ]


def _hostile_prose(report: Report) -> Report:
    """The report with every text in every place of a model's text, each more than once."""
    texts = hostile_texts()
    findings = tuple(Finding(_in_all(text), _in_all(text)) for text in texts)
    told = cycle(texts)
    briefs = tuple(_brief(thread, told) for thread in report.digest.threads)
    overview = Overview(dict.fromkeys(OverviewPart, findings))
    narrative = Narrative(model="test-model", languages=LANGUAGES, briefs=briefs, overview=overview)
    return replace(report, narrative=narrative)


def _prose(digest: Digest) -> Narrative:
    """A model's text about a day, of usual length."""
    told = {row.number for row in digest.relevant(Relevance.YES)}
    told |= {*digest.shown_hot, *digest.changes, *(one.number for one in digest.concerns)}
    briefs = tuple(_plausible(row) for row in digest.threads if row.number in told)
    numbers = [row.number for row in digest.threads]
    overview = {
        part: tuple(
            Finding(dict(_TITLES), {code: f"#{n} {text}" for code, text in _SAID.items()})
            for n in numbers[:3]
        )
        for part in OverviewPart
    }
    return Narrative(model="test-model", languages=LANGUAGES, briefs=briefs, overview=Overview(overview))


_TITLES = {"zh": "注意力后端的默认选择", "en": "Which attention backend is the default"}
_SAID = {
    "zh": "把融合后的内核用于 MI300X 上的 FP8 量化模型，作者在单卡上测得吞吐提升，"
    "且精度与改动之前一致，其他平台的路径保持不变。",
    "en": "uses the fused kernel for FP8 models on MI300X; its author measured more throughput on one card, "
    "with the accuracy as before, and other platforms keep their path.",
}


def _plausible(row: ThreadRow) -> Brief:
    said = Statement(dict(_SAID), (Evidence("body", row.url, row.gain or row.title, row.author.login),))
    stances = {"zh": "支持方", "en": "In favour"}
    without = {BriefPart.POSITIONS} if row.gain else {BriefPart.POSITIONS, BriefPart.GAIN}
    return Brief(
        number=row.number,
        statements={part: said for part in BriefPart if part not in without},
        positions=tuple(Position(voice.login, stances, said) for voice in row.voices[:4]),
        focus=FocusNote(row.judgement.hardware, (), "attention"),
    )


def _in_all(text: str) -> dict[str, str]:
    return dict.fromkeys(LANGUAGES, text)


def _brief(thread: ThreadRow, told: Iterator[str]) -> Brief:
    def say() -> Statement:
        text = next(told)
        return Statement(_in_all(text), (Evidence("body", thread.url, text),))

    return Brief(
        number=thread.number,
        statements={part: say() for part in BriefPart if part is not BriefPart.POSITIONS},
        positions=tuple(Position(next(told), _in_all(next(told)), say()) for _ in range(9)),
        focus=FocusNote((next(told),), (next(told),), next(told)),
    )


def command(*arguments: str, environ: dict[str, str] | None = None) -> int:
    return run_command(arguments, Runtime(lambda: MADE_AT, environ or {}, lambda _: None))


def build(staging: Path, target: Path, config: str = "") -> None:
    """Run the real Jekyll in safe mode, which must neither fail nor warn."""
    jekyll.need()
    extra = staging.parent / "jekyll-test.yml"
    extra.write_text(config, "utf-8")
    ran = subprocess.run(
        [
            *("jekyll", "build", "--safe", "--strict_front_matter", "-s", staging, "-d", target),
            *("--config", f"{staging / '_config.yml'},{extra}"),
        ],
        capture_output=True,
        check=False,
        env={**os.environ, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "JEKYLL_ENV": "production"},
    )
    log = (ran.stdout + ran.stderr).decode("utf-8", "replace")
    assert ran.returncode == 0, log
    assert jekyll.COMPLAINT.search(log) is None, log


def links(tree: jekyll.Element) -> Sequence[str]:
    return [link.attributes["href"] for link in tree.find("a", "link") if "href" in link.attributes]
