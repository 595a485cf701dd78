"""Two real days of vllm-project/vllm, served locally: every list must come out as it was published."""

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests import jekyll
from tests.conftest import Run
from tests.servers.github import TOKEN, GitHub
from tests.servers.world import Actor, Closed, Issue, PullRequest, Thread, World

DAYS = Path(__file__).parents[2] / "shared" / "data" / "days"
SHANGHAI = timezone(timedelta(hours=8))
LISTS = {
    "new_issues": "new_issues",
    "closed_issues": "closed_issues",
    "new_prs": "new_prs",
    "merged_prs": "merged_prs",
    "closed_prs": "closed_unmerged_prs",
}

pytestmark = pytest.mark.skipif(not DAYS.is_dir(), reason=f"NOT CHECKED ON REAL DAYS: {DAYS} is not there")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def world(recorded: dict[str, Any], start: datetime) -> World:
    """The recorded rows as threads; what is not recorded of them happened before."""
    rows: dict[int, dict[str, Any]] = {}
    for name in LISTS:
        for row in recorded[name]:
            rows.setdefault(row["number"], {"lists": {}, **row})["lists"][name] = moment(row["at"])
    threads: list[Thread] = []
    for number, row in rows.items():
        lists = row["lists"]
        author = Actor(row["author"], "Bot" if row["author"] == "dependabot" else "User")
        created = lists.get("new_issues") or lists.get("new_prs") or start - timedelta(days=9)
        ended = lists.get("closed_issues") or lists.get("closed_prs") or lists.get("merged_prs")
        history = (Closed(ended, author, merged="merged_prs" in lists),) if ended else ()
        make = Issue if {"new_issues", "closed_issues"} & lists.keys() else PullRequest
        threads.append(
            make(number, created, row["title"], author=author, labels=tuple(row["labels"]), history=history)
        )
    return World("vllm-project/vllm", tuple(threads))


@pytest.mark.parametrize("name", ["2025-12-09_to_2025-12-10", "2025-12-12_to_2025-12-13"])
@pytest.mark.parametrize("age", [timedelta(0), timedelta(days=30)], ids=["at its end", "a month later"])
def test_a_real_day_s_lists_come_out_row_by_row(run: Run, name: str, age: timedelta) -> None:
    recorded = json.loads((DAYS / f"{name}.json").read_text(encoding="utf-8"))
    start, end = (moment(text) for text in recorded["window"])
    with GitHub(world(recorded, start), now=end + age) as github:
        ran = run(
            *("run", "--since", start.isoformat(), "--until", end.isoformat(), "--json"),
            environ={"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url},
            now=end + age,
        )
    assert ran.code == 0, ran.err
    report = json.loads(ran.out)
    page = Path(report["page"]).read_text(encoding="utf-8")
    assert f"> 数据统计: {recorded['stats']}\n" in page
    for there, ours in LISTS.items():
        assert report["lists"][ours] == sorted((row["number"] for row in recorded[there]), reverse=True)
    shown = jekyll.build({"day.md": page})["day.md"].content.text(ticks=True)
    for there in LISTS:
        for row in recorded[there]:
            labels = ",".join(row["labels"]) or "无标签"
            title = " ".join(row["title"].split())
            time = f"({row['event']}: {row['at']} (UTC+8))"
            assert f"#{row['number']} {title} — {labels} — by {row['author']} {time}" in shown
