"""Roll-ups, stories and exports through the front door: stored hours become days, weeks and tables."""

import csv
import json
import os
import re
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from tests import archives
from tests.conftest import Ran, Run
from vllm_digest.archive import Archive, document, put
from vllm_digest.place import Place
from vllm_digest.render import render
from vllm_digest.report import Report
from vllm_digest.stories.index import StoryIndex
from vllm_digest.window import TimeWindow

DAY = TimeWindow(datetime(2025, 12, 9, 16, tzinfo=UTC), datetime(2025, 12, 10, 16, tzinfo=UTC))
NOW = datetime(2025, 12, 10, 17, tzinfo=UTC)
HOURS = tuple(DAY.split(timedelta(hours=1)))


def fill(windows: tuple[TimeWindow, ...] = HOURS, root: str = "archive") -> None:
    for window in windows:
        put(Path(root), *files(window))


@cache
def made(window: TimeWindow) -> Report:
    return archives.report(window, archives.with_earlier_ones(window))


@cache
def files(window: TimeWindow) -> tuple[Place, bytes, bytes]:
    """The place of a window's report, its data and its page."""
    report = made(window)
    return Place(archives.REPO, report.series, window), document(report), render(report).encode()


@pytest.fixture
def stored() -> None:
    fill()


def rollup(run: Run, *arguments: str) -> Ran:
    return run("rollup", "--day", "2025-12-10", "--no-llm", *arguments, now=NOW)


def data(ran: Ran) -> Any:
    return json.loads(Path(ran.out.strip()).with_suffix(".json").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("stored")
def test_a_day_is_made_of_its_hours_without_token_or_network(run: Run) -> None:
    ran = rollup(run)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "archive/reports/vllm-project/vllm/day/2025/12/20251209T1600Z-20251210T1600Z.md\n"
    assert {thread["number"] for thread in data(ran)["facts"]["threads"]} == set(in_reports())
    assert "未能取得" not in Path(ran.out.strip()).read_text(encoding="utf-8")


def test_a_missing_hour_is_a_gap_on_the_page(run: Run) -> None:
    fill(HOURS[:5] + HOURS[6:])
    ran = rollup(run)
    assert ran.code == 0
    assert "2025-12-10 05:00 (UTC+8) ~ 2025-12-10 06:00 (UTC+8)" in Path(ran.out.strip()).read_text("utf-8")


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_five_stories_at_the_top_of_a_longer_roll_up_have_two_lines_each(run: Run, language: str) -> None:
    ran = run("rollup", "--from", "2025-12-10", "--to", "2025-12-10T23:00", "--no-llm", now=NOW)
    page = run("render", ran.out.strip().replace(".md", ".json"), "--language", language).out
    top = re.findall(
        r"^    \d\.  (.*)\n(.*)$", page.partition("\n### ")[2].partition("\n### ")[0], re.MULTILINE
    )
    assert len(top) == 5
    for first, second in top:
        assert re.search(r"\[#\d+\]\(\S+\) “.+” ?[（(]by [\w-]+.*2025-\d\d-\d\d \d\d:\d\d.*[）)]  $", first)
        assert re.match(r" {8}\S.*[。.]$", second)
        assert not re.search(r"(窗口内 |in the window )\1|in the window in the window", second)


def test_an_hour_leads_to_every_roll_up_that_contains_it(run: Run) -> None:
    fill(HOURS[:7])
    for start, end in (("01:00", "06:00"), ("02:00", "04:00")):
        ran = run("rollup", "--from", f"2025-12-10T{start}", "--to", f"2025-12-10T{end}", "--no-llm", now=NOW)
        assert ran.code == 0, ran.err
    assert run("init", "site", now=NOW).code == 0
    Path("archive").rename("site/archive")
    assert run("site", "site", now=NOW).code == 0
    spans = []
    for hour in HOURS[:7]:
        (page,) = Path("site/staging").rglob(f"1h/*/*/{hour.slug}.md")
        within = yaml.safe_load(page.read_text("utf-8").split("---\n")[1])["within"]
        spans.append(sum("/range/" in url for url, _ in within))
    assert spans == [0, 1, 2, 2, 1, 1, 0]


@pytest.mark.usefixtures("stored")
def test_a_roll_up_is_made_once_and_again_only_when_told(run: Run) -> None:
    assert rollup(run).code == 0
    again = rollup(run)
    assert (again.code, again.out) == (2, "")
    assert "--force" in again.err
    assert rollup(run, "--force").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--day", "2025-12-11"), "not over"),
        (("--day", "2025-11-11"), "Nothing of series 1h is stored"),
        (("--week", "2025-50"), "not an ISO week"),
        (("--month", "2025"), "not a month"),
        (("--from", "2025-12-01"), "--from goes with --to"),
        ((), "one span"),
    ],
)
@pytest.mark.usefixtures("stored")
def test_what_cannot_be_rolled_up_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = run("rollup", "--no-llm", *arguments, now=NOW)
    assert (ran.code, ran.out) == (2, "")
    assert message in ran.err


def test_a_thread_that_was_told_before_is_told_as_an_update(run: Run) -> None:
    day_before = tuple(TimeWindow(DAY.start - timedelta(days=1), DAY.start).split(timedelta(hours=1)))
    fill(HOURS)
    alone = rollup(run)
    assert not data(alone).get("told_before")
    assert "更新：" not in Path(alone.out.strip()).read_text("utf-8")
    fill(day_before)
    ran = rollup(run, "--force")
    page = Path(ran.out.strip()).read_text("utf-8")
    first = {one["number"]: one["place"] for one in data(ran)["told_before"]}
    tellings = [made(hour) for hour in day_before]
    assert first == {
        number: str(next(one.place for one in tellings if number in one.digest.described))
        for number in archives.load(Path(ran.out.strip()).with_suffix(".json")).digest.described
        if any(number in one.digest.described for one in tellings)
    }
    assert page.count("（更新：首次见于 [2025-12-09](../../../../1h/2025/12/20251") == len(first) > 0
    rollup(run, "--force")
    assert Path(ran.out.strip()).read_text("utf-8").split("\n---\n")[:-1] == page.split("\n---\n")[:-1]


@pytest.mark.usefixtures("stored")
def test_a_dry_run_counts_parts_and_makes_nothing(run: Run) -> None:
    ran = rollup(run, "--dry-run", "--json")
    assert json.loads(ran.out)["parts"] == 24
    assert not Path("archive/reports/vllm-project/vllm/day").exists()


def in_reports() -> list[int]:
    """The thread numbers of every stored hour, one after the other."""
    reports = (made(window) for window in HOURS)
    return [row.number for report in reports for row in report.digest.threads]


def in_two_hours() -> int:
    """A thread in two of the stored hours."""
    numbers = in_reports()
    return next(number for number in numbers if numbers.count(number) == 2)


@pytest.mark.usefixtures("stored")
def test_a_story_has_its_events_its_reports_and_why_it_is_watched(run: Run) -> None:
    number = in_two_hours()
    told = json.loads(run("story", str(number), "--json", now=NOW).out)
    assert {"number", "events", "reports", "statements", "watched", "outcome"} <= set(told)
    assert told["number"] == number
    assert len(told["reports"]) == 2
    times = [event["at"] for event in told["events"]]
    assert times == sorted(times)
    shown = run("story", f"#{number}", now=NOW).out
    assert f"#{number}" in shown.splitlines()[0]


@pytest.mark.usefixtures("stored")
def test_a_thread_that_no_report_has_is_refused(run: Run) -> None:
    ran = run("story", "7", now=NOW)
    assert (ran.code, ran.out) == (2, "")
    assert run("story", "seven", now=NOW).code == 2


@pytest.mark.usefixtures("stored")
def test_an_index_that_is_damaged_anywhere_is_made_again(run: Run) -> None:
    number = str(in_two_hours())
    told = run("story", number, now=NOW)
    index = next(Path("cache").rglob("*.stories.sqlite"))
    whole, at_random = index.read_bytes(), Random(1)  # noqa: S311 - to be repeatable
    for size in (1, 40, 2_000, 4_096) * 3:
        start = at_random.randrange(len(whole) - size)
        index.write_bytes(whole[:start] + at_random.randbytes(size) + whole[start + size :])
        assert run("story", number, now=NOW) == told
    index.write_bytes(b"")
    assert run("story", number, now=NOW) == told


@pytest.mark.usefixtures("stored")
def test_a_report_that_changed_or_went_changes_the_story(run: Run) -> None:
    number = in_two_hours()
    assert run("story", str(number), now=NOW).code == 0
    for path in Path("archive").rglob("*.json"):
        path.unlink()
    assert run("story", str(number), now=NOW).code == 2


@pytest.mark.usefixtures("stored")
def test_tables_hold_every_thread_and_event_once(run: Run) -> None:
    ran = run("export", "tables", now=NOW)
    assert ran.code == 0
    rows = {
        Path(line).stem: [json.loads(row) for row in Path(line).read_text("utf-8").splitlines()]
        for line in ran.out.splitlines()
    }
    assert set(rows) == {"threads", "events", "reports", "statements", "judgements", "gains"}
    numbers = [row["number"] for row in rows["threads"]]
    assert sorted(numbers) == sorted(set(in_reports()))
    events = [(row["number"], row["kind"], row["id"]) for row in rows["events"]]
    assert len(events) == len(set(events))
    assert len(rows["reports"]) == 24


@pytest.mark.usefixtures("stored")
def test_cells_of_a_csv_do_not_act_as_formulas(run: Run) -> None:
    assert run("export", "tables", "--format", "csv", now=NOW).code == 0
    with Path("tables/threads.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert not row["title"].startswith(("=", "+", "-", "@"))
    assert run("export", "tables", "--format", "xml", now=NOW).code == 2


@pytest.mark.usefixtures("stored")
def test_the_site_has_a_page_for_what_is_watched_and_mentions_lead_to_it(run: Run) -> None:
    assert run("init", "site", now=NOW).code == 0
    Path("archive").rename("site/archive")
    assert run("site", "site", now=NOW).code == 0
    pages = sorted(Path("site/staging/threads").iterdir(), key=lambda path: int(path.name))
    assert pages
    number = pages[0].name
    page = (pages[0] / "index.html").read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert f"#{number}" in page
    assert "{{" not in page
    mentions = [
        path
        for path in Path("site/staging/reports").rglob("*.md")
        if f"/threads/{number}/" in path.read_text("utf-8")
    ]
    assert mentions
    depth = len(mentions[0].relative_to("site/staging").with_suffix("").parts)
    assert f"]({'../' * depth}threads/{number}/)" in mentions[0].read_text("utf-8")


def roll_ups(ran: Ran) -> tuple[int, list[str], list[str], list[str]]:
    """The exit code of `status --json`, and of the days what is missing, due again, and next."""
    series = {one["series"]: one for one in json.loads(ran.out)["series"]}
    days = series.get("day", {"missing": [], "again": [], "next": []})
    missing, again, upcoming = (
        [span["end"][:13] for span in days[name]] for name in ("missing", "again", "next")
    )
    return ran.code, missing, again, upcoming


def test_status_tells_roll_ups_that_are_missing_or_whose_parts_changed(run: Run) -> None:
    fill(HOURS[:5] + HOURS[6:])
    Path("config.yaml").write_text("report: {rollups: [day]}", encoding="utf-8")

    def status(*arguments: str) -> Ran:
        return run("status", *arguments, now=NOW)

    day = "2025-12-10T16"
    # The hole between the hours is not a subject of this test.
    assert roll_ups(status("--json")) == (1, [day], [], [day])
    assert not list(Path("cache").rglob("*.stories.sqlite")), "it reads every report to make that"
    assert "missing   2025-12-10 00:00 (UTC+8) ~ 2025-12-11 00:00 (UTC+8)" in status().out
    assert rollup(run).code == 0
    assert roll_ups(status("--json")) == (1, [], [], [])
    fill(HOURS[5:6])
    assert roll_ups(status("--json")) == (0, [], [day], [day])
    assert "due again 2025-12-10 00:00 (UTC+8) ~ 2025-12-11 00:00 (UTC+8)" in status().out


@pytest.mark.usefixtures("stored")
def test_an_old_roll_up_is_due_again_but_not_one_of_another_series(run: Run) -> None:
    Path("config.yaml").write_text("report: {rollups: [day], catch_up: 24h}", encoding="utf-8")
    assert rollup(run).code == 0
    later = archives.hours(NOW + timedelta(days=9, hours=12), 2)
    fill(later)
    assert roll_ups(run("status", "--json", now=later[-1].end))[1:] == ([], [], [])
    next(Path("archive/reports/vllm-project/vllm/1h").rglob("*T0100Z.json")).unlink()
    assert roll_ups(run("status", "--json", now=later[-1].end))[2] == ["2025-12-10T16"]
    assert roll_ups(run("status", "--json", "--window", "2h", now=later[-1].end))[2] == []


@pytest.mark.usefixtures("stored")
def test_a_report_is_read_once_whatever_a_checkout_does_to_the_times_of_files() -> None:
    read: list[Place] = []

    class Watched(Archive):
        def load(self, place: Place) -> Report:
            read.append(place)
            return super().load(place)

    def reading() -> int:
        read.clear()
        StoryIndex(Watched(Path("archive"), NOW, Path("cache"))).__exit__()
        return len(read)

    assert (reading(), reading()) == (24, 0)
    files = list(Path("archive").rglob("*.json"))
    for path in files:
        os.utime(path, (1, 1))
    assert reading() == 0
    files[0].write_bytes(files[0].read_bytes() + b"\n")
    assert (reading(), reading()) == (1, 0)


def test_counts_of_periods_before_are_those_of_their_hours_where_no_roll_up_is_stored(run: Run) -> None:
    day = timedelta(days=1)
    before = tuple(TimeWindow(hour.start - day, hour.end - day) for hour in HOURS)
    fill((*before, *HOURS))
    of_hours = data(rollup(run))["before"]
    assert run("rollup", "--day", "2025-12-09", "--no-llm", now=NOW).code == 0
    assert data(rollup(run, "--force"))["before"] == of_hours
    assert len(of_hours) == 1
    next(Path("archive").rglob("day/*/*/*-20251209T1600Z.json")).unlink()
    next(Path("archive").rglob(f"1h/*/*/{before[7].slug}.json")).unlink()
    assert not data(rollup(run, "--force")).get("before")


@pytest.mark.parametrize("day", ["2025-12-09", "2025-12-10"])
def test_a_comparison_says_that_reports_are_missing_in_one_of_its_periods(run: Run, day: str) -> None:
    before = tuple(TimeWindow(hour.start - DAY.length, hour.end - DAY.length) for hour in HOURS)
    fill(tuple(hour for hour in (*before, *HOURS) if f"{hour.end:%Y-%m-%d %H}" != f"{day} 06"))
    assert run("rollup", "--day", "2025-12-09", "--no-llm", now=NOW).code == 0
    ran = rollup(run)
    assert len(data(ran)["before"]) == 1
    told = "**与上一期相比**（所比的时段中有的缺少报告，缺少的未计入）：新 Issue "
    assert told in Path(ran.out.strip()).read_text("utf-8")
    fill((*before, *HOURS))
    assert run("rollup", "--day", "2025-12-09", "--no-llm", "--force", now=NOW).code == 0
    assert "**与上一期相比**：新 Issue " in Path(rollup(run, "--force").out.strip()).read_text("utf-8")


def test_counts_stand_beside_those_of_the_four_periods_just_before(run: Run) -> None:
    day = timedelta(days=1)
    fill(
        tuple(TimeWindow(hour.start - n * day, hour.end - n * day) for n in range(6) for hour in HOURS[8:11])
    )

    def rolled_up(number: int) -> Any:
        return data(run("rollup", "--day", f"2025-12-{number:02}", "--no-llm", "--force", now=NOW))

    def merged(report: Any) -> int:
        start, end = report["facts"]["window"]["start"], report["facts"]["window"]["end"]
        events = [event for thread in report["facts"]["threads"] for event in thread["events"]]
        return sum(kind == "merged" and start <= at < end for kind, _, at, *_ in events)

    made = {number: rolled_up(number) for number in (5, 6, 7, 8, 9, 10)}
    assert not made[5].get("before")
    assert "上一期没有完整的存档" in next(
        Path("archive/reports/vllm-project/vllm/day").rglob("20251204*.md")
    ).read_text("utf-8")
    counts = [one["counts"]["merged_prs"] for one in made[10]["before"]]
    assert counts == [merged(made[number]) for number in (9, 8, 7, 6)]
    assert len(set(counts)) > 1
    next(Path("archive/reports/vllm-project/vllm/day").rglob("*-20251209T1600Z.json")).unlink()
    assert not rolled_up(10).get("before")
