"""`redact`: what it names is in no output, and what was derived from it is removed as well."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import archives
from tests.conftest import Run
from tests.values import WINDOW, issue, pull, said
from vllm_digest.archive import Archive, Redaction
from vllm_digest.archive.form import from_stored, to_stored
from vllm_digest.follow_ups import FirstReport
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Evidence,
    Fact,
    Finding,
    Narrative,
    Overview,
    OverviewPart,
    Position,
    Statement,
)
from vllm_digest.render import render
from vllm_digest.report import Report

URL = "https://github.com/vllm-project/vllm/issues/8"
THREADS = [
    issue(7, "[ROCm] Crash on load", created_at=3, by="alice", body="Our secret setup hangs on ROCm."),
    issue(
        8,
        "Slow kernel",
        created_at=4,
        by="bob",
        remarks=(said("Alice", 9, "It is my laptop."), said("carol", 12)),
    ),
    pull(9, "Fix the crash, thanks @alice", created_at=5, by="carol", body="Fixes #7", closes=(7,)),
]


def report(**narrative: Any) -> Report:
    made = archives.report(WINDOW, THREADS)
    return replace(made, narrative=Narrative(model="a-model", languages=("zh",), **narrative))


def statement(text: str, *evidence: Evidence) -> Statement:
    return Statement({"zh": text}, evidence or (Evidence("body", URL, "words", "carol"),))


@pytest.fixture
def stored() -> Callable[[Report], Callable[..., Report]]:
    """`stored(report)(logins=["alice"])`: a report as it is read where the settings say so."""

    def store(made: Report) -> Callable[..., Report]:
        archives.opened(Path("archive")).store(made, render(made))
        (data,) = Path("archive").rglob("*.json")

        def read(logins: list[str] = [], threads: list[tuple[str, int]] = []) -> Report:  # noqa: B006
            redaction = Redaction(frozenset(threads), frozenset(logins))
            return Archive(Path("archive"), WINDOW.end, redaction=redaction).read(data)

        return read

    return store


def test_a_person_s_words_and_name_are_on_no_page(stored: Callable[[Report], Callable[..., Report]]) -> None:
    read = stored(report())
    before, after = render(read()), render(read(logins=["ALICE"]))
    for words in ("alice", "secret setup"):
        assert words in before.casefold()
        assert words not in after.casefold()
    found = read(logins=["alice"]).digest
    assert "laptop" not in str(found)
    assert found.thread(7).author.login == "ghost"
    assert [voice.login for voice in found.thread(8).voices] == ["carol"]
    assert "thanks @ghost" in found.thread(9).title
    assert "1 个条目或发言（应要求移除）" in after


def test_a_thread_is_in_no_list_link_or_count(stored: Callable[[Report], Callable[..., Report]]) -> None:
    made = report()
    read = stored(replace(made, told_before=(FirstReport(7, str(made.place)),)))
    found = read(threads=[("vllm-project/vllm", 7)])
    assert found.digest.lists.new_issues == (8,)
    assert found.digest.thread(9).closes == ()
    assert "#7" not in render(found)
    assert read(threads=[("other/repo", 7)]) == read()


def test_statements_that_rest_on_it_or_name_it_go(stored: Callable[[Report], Callable[..., Report]]) -> None:
    his = Evidence("body", URL, "secret", "alice")
    hers = Evidence("c1", URL, "words", "carol")
    brief = Brief(
        number=8,
        statements={
            BriefPart.TOPIC: statement("慢。", hers),
            BriefPart.STATE: statement("有人给出了配置。", his),
            BriefPart.IMPACT: statement("Alice 认为影响很大。", hers),
            BriefPart.READING: statement("与 #7 相同。", hers),
        },
        positions=(
            Position("alice", {"zh": "提交者"}, statement("要修。", his)),
            Position("carol", {"zh": "评论者"}, statement("不要修。", hers)),
        ),
    )
    findings = (
        Finding({}, {"zh": "很慢。"}, ("8.topic",)),
        Finding({}, {"zh": "有配置。"}, ("8.state", "8.topic")),
        Finding({}, {"zh": "有人反对。"}, ("8.positions[1]",)),
        Finding({}, {"zh": "新增 2 个。"}, (), (Fact("new_issues", 2),)),
    )
    made = report(briefs=(brief, Brief(7)), overview=Overview({OverviewPart.TRENDS: findings}))
    narrative = stored(made)(logins=["alice"], threads=[("", 7)]).narrative
    (left,) = narrative.briefs
    assert list(left.statements) == [BriefPart.TOPIC]
    assert [position.login for position in left.positions] == ["carol"]
    assert [one.statements for one in narrative.overview.findings[OverviewPart.TRENDS]] == [
        ("8.topic",),
        ("8.positions[0]",),
    ]


def test_where_nothing_is_to_go_the_report_is_the_same(
    stored: Callable[[Report], Callable[..., Report]],
) -> None:
    read = stored(report())
    assert read(logins=["nobody"], threads=[("", 99)]) == read()


@given(
    logins=st.frozensets(st.sampled_from([*archives.PEOPLE, "ghost", "a.b(", "raj"])),
    numbers=st.frozensets(st.integers(150_000, 150_020)),
)
def test_what_was_taken_out_once_is_out(logins: frozenset[str], numbers: frozenset[int]) -> None:
    (window,) = archives.hours(WINDOW.end, 1)
    made = to_stored(archives.report(window, archives.threads(window)))
    redaction = Redaction(frozenset(("", number) for number in numbers), logins)
    once = redaction.apply(made)
    assert redaction.apply(once) == once
    page = render(from_stored(once))
    for login in logins - {"ghost", "raj"}:
        assert login not in page


def test_the_settings_reach_every_reader(run: Run) -> None:
    run("init", ".")
    run("run", "--sample")
    (data,) = Path("archive").rglob("*.json")
    stored = data.read_text("utf-8")
    login = archives.load(data).digest.threads[0].author.login
    number = archives.load(data).digest.threads[-1].number
    assert login in run("render", str(data)).out
    with Path("config.yaml").open("a", encoding="utf-8") as config:
        config.write(f"\nredact: {{logins: ['@{login}'], threads: ['vllm-project/vllm#{number}']}}\n")
    said = [run("render", str(data)).out, run("notify", "--dry-run", str(data)).out]
    run("site")
    said += [path.read_text("utf-8") for path in Path("staging").rglob("*") if path.is_file()]
    said += [run("story", f"#{number}").out, run("export", "threads", "--repo", "vllm-project/vllm").out]
    assert not [text for text in said if login in text or f"#{number}" in text or f"/{number}" in text]
    assert data.read_text("utf-8") == stored


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("redact: {threads: [x]}", "redact.threads"),
        ("redact: {threads: [0]}", "names no thread"),
        ("redact: {logins: ['a b']}", "is not a login"),
        ("redact: {login: [a]}", "Did you mean redact.logins?"),
    ],
)
def test_what_names_nothing_is_refused(run: Run, written: str, complaint: str) -> None:
    Path("config.yaml").write_text(written, "utf-8")
    ran = run("status")
    assert ran.code == 2
    assert complaint in ran.err
