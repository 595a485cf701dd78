"""Simulate days of hourly runs with faults: late, missed, doubled, killed, disk full, GitHub failing.

Stored files are sometimes damaged, and the branch that they are published on is rewritten.

The clock is simulated, the program and the HTTP between it and the local GitHub are real. The traffic is
generated, so that the truth of every window is known; `check` compares all that was stored with it.
"""

import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext, redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from pathlib import Path
from random import Random
from unittest.mock import patch

import yaml

from tests import archives
from tests.branches import PERSON, git
from tests.servers import faults
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import stream
from tests.servers.truth import truth
from tests.servers.world import PullRequest
from tests.servers.world import World as Traffic
from tests.trouble import FAULTS, HANGS, Photographer, Trouble
from vllm_digest.archive import lock_series
from vllm_digest.cli import run_command
from vllm_digest.place import Place
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime
from vllm_digest.sections import SECTIONS
from vllm_digest.stories.watch import WatchList, contribution, told_by
from vllm_digest.window import TimeWindow

REPO = "vllm-project/vllm"
START = datetime(2025, 12, 8, 0, 5, tzinfo=UTC)
SETTLE = timedelta(minutes=2)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
LISTS = {
    "new_issues": "new_issues",
    "closed_issues": "closed_issues",
    "new_prs": "new_pulls",
    "merged_prs": "merged_pulls",
    "closed_unmerged_prs": "unmerged_pulls",
}


class Simulation:
    """`Simulation(seed, folder).play()`, then `check()`; the archive is in `folder`.

    `happened` counts what was done to the runs, and how they ended.
    """

    def __init__(
        self, seed: int, folder: Path, *, runs: int = 48, rate: float = 2.0, hangs: bool = False
    ) -> None:
        self.rng = Random(seed)  # noqa: S311 - a simulation is to be repeatable
        self.root = folder / "archive"
        self.series = self.root / "reports" / REPO / "1h"
        self.runs = runs
        self.world = stream(seed, START - 3 * HOUR, hours=runs + 30, rate=rate, long=0)
        self.happened: Counter[str] = Counter()
        self._faults = {**FAULTS, **(HANGS if hangs else {})}
        self._now = START
        self._remote = folder / "remote.git"
        self._strangers = Random(seed)  # noqa: S311 - to be repeatable
        self._damaged: set[Path] = set()
        self._rewriting = cycle(("emptied", "removed", "left"))

    def play(self) -> None:
        """All runs, and a last one without any trouble."""
        with GitHub(self.world, now=START) as self._github:
            outage = 0
            for hour in range(self.runs):
                if hour == self.runs * 2 // 3:
                    self._rename()
                outage = max(outage - 1, self._drawn({0: 90, 1: 6, 3: 3, 9: 1}) - 1)
                if outage >= 0:
                    self.happened["missed"] += 1
                    continue
                late = timedelta(seconds=round(self.rng.expovariate(1 / 400)))
                self._now = max(START + hour * HOUR + late, self._now + timedelta(seconds=1))
                if self._strangers.random() < 0.2:
                    self._damage_a_report()
                self._run(self._trouble())
                if hour % 16 == 15:
                    self._publish()
                if self.rng.random() < 0.1:
                    self.happened["doubled"] += 1
                    self._now += timedelta(seconds=self.rng.choice((1, 20, 400)))
                    self._run(Trouble())
            self._now = max(self._now, START + self.runs * HOUR)
            self._run(Trouble())

    def _drawn(self, weights: dict[int, int]) -> int:
        return self.rng.choices(list(weights), list(weights.values()))[0]

    def _rename(self) -> None:
        self.world = replace(self.world, repo=f"{REPO}-renamed", former_names=(REPO,))
        self._github.world = self.world

    def _trouble(self) -> Trouble:
        rng = self.rng
        trouble = Trouble()
        match self._drawn({0: 28, 1: 26, 2: 25, 3: 5, 4: 3, 5: 8, 6: 5}):
            case 1:
                trouble.fault = rng.choice(list(self._faults))
                trouble.nth = rng.choice((1, 1, 2, 3))
                trouble.times = rng.choice((1, 1, 2, None))
            case 2:
                trouble.killed_at = rng.randrange(6)
                trouble.fault = rng.choice((None, "502", "reset"))
            case 3:
                trouble.full_at = rng.randrange(5)
            case 4:
                trouble.busy = True
            case 5:
                trouble.skew = timedelta(seconds=rng.choice((-4_000, -90, 100, 400, 3_000)))
            case 6:
                trouble.deleted = True
        return trouble

    def _run(self, trouble: Trouble) -> None:
        for name in trouble.names:
            self.happened[name] += 1
        if trouble.deleted:
            self._delete_a_report()
        ours = self._now + trouble.skew
        github = self._github
        github.now = self._now
        github.faults.clear()
        photographer = Photographer(self.series, trouble)
        github.fault(faults.meanwhile(lambda _: photographer.step()), operation="Details")
        if trouble.fault:
            github.fault(self._faults[trouble.fault](), nth=trouble.nth, times=trouble.times)
        lock = lock_series(self.root, REPO, "1h", wait=timedelta(), sleep=lambda _: None)
        with lock if trouble.busy else nullcontext(), patch.object(os, "fsync", photographer.fsync):
            code, printed = self._command("run", "--no-llm", "-q", skew=trouble.skew)
        self.happened[f"exit {code}"] += 1
        assert code in trouble.codes, (code, trouble, printed)
        if photographer.photo:
            self.happened["killed"] += 1
            photographer.restore()
        elif code == 0:
            reached = max(window.end for window in archives.stored_windows(self.root, REPO, "1h"))
            assert reached >= (ours - SETTLE).replace(second=0, microsecond=0)

    def _command(self, *arguments: str, skew: timedelta = timedelta()) -> tuple[int, str]:
        def sleep(seconds: float) -> None:
            self._now += timedelta(seconds=seconds)
            self._github.now = self._now

        environ = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_API_URL": self._github.url,
            "VLLM_DIGEST_GITHUB_TIMEOUT": "1",
            "VLLM_DIGEST_REPORT_OUTPUT": str(self.root),
        }
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
        err = io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = run_command(arguments, Runtime(lambda: self._now + skew, environ, sleep))
        out.seek(0)
        return code, out.read() + err.getvalue()

    def _delete_a_report(self) -> None:
        """Remove a report that is not the first, and recent enough for a run to make it again."""
        pages = sorted(self.series.glob("*/*/*.md"))[1:][-100:]
        if pages:
            page = self.rng.choice(pages)
            page.unlink()
            page.with_suffix(".json").unlink()

    def _damage_a_report(self) -> None:
        """One that is young enough for a run to make it again, as a bad disk or another version leaves it."""
        paths = sorted(self.series.glob("*/*/*.json"))[1:][-100:]
        if not paths:
            return
        self.happened["damaged"] += 1
        path = self._strangers.choice(paths)
        content = path.read_bytes()
        old = content.replace(b"report/2", b"report/1", 1)
        self._damaged.add(path)
        path.write_bytes(self._strangers.choice((b"", content[:900], content[900:], b"{}", old)))

    def _publish(self) -> None:
        """Push, rewrite the branch as another writer, and pull: local reports are kept."""
        if not self._remote.exists():
            git("init", "--quiet", "--bare", str(self._remote))
        assert self._command("push", "-q", "--remote", str(self._remote))[0] == 0
        what = next(self._rewriting)
        self.happened[f"branch {what}"] += 1
        if what == "emptied":
            git("update-ref", "refs/heads/reports", self._commit_of_nothing(), folder=self._remote)
        elif what == "removed":
            git("update-ref", "-d", "refs/heads/reports", folder=self._remote)
        before = self._stored()
        code, said = self._command("pull", "-q", "--remote", str(self._remote))
        assert self._stored() == before
        assert code == 5 or (code, what) == (0, "left"), said

    def _commit_of_nothing(self) -> str:
        nothing = git("hash-object", "-w", "-t", "tree", os.devnull, folder=self._remote).strip()
        return git(*PERSON, "commit-tree", "-m", "emptied", nothing, folder=self._remote).strip()

    def _stored(self) -> dict[str, bytes]:
        """The files in the archive's folder, git's aside."""
        paths = (path for path in self.root.rglob("*") if path.is_file())
        inner = {path: path.relative_to(self.root) for path in paths}
        return {str(name): path.read_bytes() for path, name in inner.items() if name.parts[0] != ".git"}

    # Conditions that must hold at the end.

    def check(self) -> None:
        """Every moment in one window, every window true, every page whole, and nothing else in the folder.

        A damaged report may still be there if the windows made in its place begin or end otherwise.
        """
        windows = archives.stored_windows(self.root, REPO, "1h")
        paths = [self.root / Place(REPO, "1h", window).data for window in windows]
        reports = [archives.load(path) for path in paths]
        assert [(a.slug, b.slug) for a, b in pairwise(windows) if a.end != b.start] == []
        assert windows[-1].end >= START + self.runs * HOUR - SETTLE - MINUTE
        whole = {name for path in paths for name in self._names(path)}
        others = {name for path in self._damaged for name in self._names(path)} - whole
        assert whole <= set(self._stored()) <= whole | others
        for report in reports:
            self.happened["gaps told"] += check_truth(self.world, report)
            self._check_page(report)
        self._check_follow_ups(reports)
        self._check_updates(reports)
        self._check_every_event_once(reports, TimeWindow(windows[0].start, windows[-1].end))

    def _names(self, path: Path) -> tuple[str, str]:
        """A report's data file and page, from the archive's folder."""
        data = path.relative_to(self.root)
        return str(data), str(data.with_suffix(".md"))

    def _check_every_event_once(self, reports: list[Report], whole: TimeWindow) -> None:
        new = Counter(n for r in reports for n in (*r.digest.lists.new_issues, *r.digest.lists.new_prs))
        merged = Counter(n for r in reports for n in r.digest.lists.merged_prs)
        real = truth(self.world, whole.start, whole.end)
        assert new == Counter((*real.new_issues, *real.new_pulls))
        assert merged == Counter(real.merged_pulls)
        said_by_bots = sum(report.digest.activity.bot_remarks for report in reports)
        told = sum(1 for at, is_bot in self._said() if is_bot and at in whole)
        assert said_by_bots == told or (said_by_bots < told and self.happened["gaps told"])

    def _check_follow_ups(self, reports: list[Report]) -> None:
        """Every watched entry has exactly one outcome, told once, or is still listed."""
        watching = WatchList(contribution(report) for report in reports)
        told = Counter(key for report in reports for key in told_by(report.follow_ups))
        ended = {(one.entry.number, one.outcome.at) for one in watching.ended}
        self.happened["outcomes told"] += len(told)
        self.happened["still watched"] += len(watching.open)
        assert [entry for entry, count in told.items() if count > 1] == []
        assert sorted(told) == sorted(ended)

    def _check_updates(self, reports: list[Report]) -> None:
        """What is told as an update was described by the earlier report that is named."""
        described = {str(report.place): report for report in reports}
        for report in reports:
            self.happened["updates told"] += len(report.told_before)
            for one in report.told_before:
                first = described[one.place]
                assert first.digest.window.end <= report.digest.window.start
                assert one.number in first.digest.described & report.digest.described

    def _said(self) -> Iterator[tuple[datetime, bool]]:
        """When each thing was said, and whether by an app; what is in a review, when it was handed in."""
        for thread in self.world.threads:
            said = [(comment.at, comment.author) for comment in thread.comments]
            for review in thread.reviews if isinstance(thread, PullRequest) else ():
                if review.at is not None:
                    said.append((review.at, review.author))
                    said += [(max(review.at, remark.at), remark.author) for remark in review.comments]
            yield from ((at, author is not None and author.kind == "Bot") for at, author in said)

    def _check_page(self, report: Report) -> None:
        stem = self.root / report.place
        page = stem.with_suffix(".md").read_text(encoding="utf-8")
        _, front, body = page.split("---\n", 2)
        assert yaml.safe_load(front)["layout"]
        assert len(re.findall(r"^### ", body, re.MULTILINE)) == len(SECTIONS) + len(LISTS)
        code, again = self._command("render", str(stem.with_suffix(".json")))
        assert (code, again) == (0, page)


def check_truth(traffic: Traffic, report: Report) -> int:
    """What the report lists is how things stood at its window's end, however late it was made.

    Gives the number of threads that it says it lacks; none of them is in a list.
    """
    window = report.digest.window
    real = truth(traffic, window.start, window.end)
    for ours, theirs in LISTS.items():
        assert getattr(report.digest.lists, ours) == getattr(real, theirs), (window, ours)
    threads = {thread.number for thread in report.digest.threads}
    gaps = {gap.number for gap in report.digest.gaps}
    assert threads <= real.listed | real.touched, window
    assert (real.listed | real.touched) - threads <= gaps, window
    return len(gaps)
