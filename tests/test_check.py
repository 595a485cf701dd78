"""Checks of a model's answer: each kind of false or malformed text is rejected, true text is kept."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.values import RULES, digest, issue, pull, said, snapshot
from vllm_digest.check.briefs import BriefResult, read_brief
from vllm_digest.check.counts import window_facts
from vllm_digest.check.evidence import ThreadEvidence, thread_evidence
from vllm_digest.check.overviews import OverviewEvidence, OverviewResult, read_overview
from vllm_digest.check.sentences import CheckContext
from vllm_digest.models import Account, Thread
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Evidence,
    FallbackReason,
    FocusNote,
    OverviewPart,
    Statement,
)
from vllm_digest.report import Digest

HOUSE = CheckContext(
    "https://github.com/vllm-project/vllm", "只写材料写明的事实，不猜测动机、计划、雇主与身份。"
)
BODY = (
    "The decode step takes 18% longer on MI300X since v0.12.0, 1,420 instead of 1,760 tokens/s with "
    "`--enforce-eager` off. It began with #77 and `block_table.py`. 见“前缀缓存命中率下降”。"
)
THREAD = pull(
    30,
    "[ROCm] Speed up decode",
    body=BODY,
    by="ann",
    created_at=0,
    merged_at=50,
    labels=("rocm",),
    additions=120,
    deletions=7,
    changed_files=3,
    remarks=(
        said("bob-1", 5, "I measured 1.5x with FP8 and see no reason to wait, ask @zoe."),
        said("cid", 9, "This breaks the CUDA path, please keep the old kernel as a fallback."),
        said("helper[bot]", 10, "Automatic summary of the change."),
        said("dan", 20, "LGTM", verdict="APPROVED"),
    ),
)
OTHERS = (
    issue(31, "A crash", by="eve", created_at=3),
    pull(32, "Clean up", by="fay", merged_at=1),
    pull(33, 'Revert "Clean up" (#32)', by="gus", merged_at=40),
    issue(34, "Old", closed_at=9, closed_by=Account("stale", is_bot=True), state_reason="not_planned"),
)
FACTS = digest(THREAD, *OTHERS)
EVIDENCE = [{"source": "body", "quote": "takes 18% longer on MI300X"}]


def material_of(
    number: int, facts: Digest = FACTS, threads: tuple[Thread, ...] = (THREAD, *OTHERS)
) -> ThreadEvidence:
    kept = {thread.number: thread for thread in snapshot(threads).threads}
    return thread_evidence(kept, facts, RULES.bots)[number]


MATERIAL = material_of(30)
LOGINS = frozenset({"ann", "bob-1", "cid", "dan", "eve", "fay", "gus"})


def read(answer: Mapping[str, Any], material: ThreadEvidence = MATERIAL) -> BriefResult:
    empty: dict[str, Any] = dict.fromkeys(
        ("topic", "dispute", "state", "reading", "impact", "focus", "watch")
    ) | {"positions": []}
    return read_brief(
        {**empty, **answer}, material, given=set(material.sources), elsewhere=LOGINS, context=HOUSE
    )


def topic(text: str, evidence: list[dict[str, str]] | None = None) -> BriefResult:
    return read({"topic": {"text": text, "evidence": EVIDENCE if evidence is None else evidence}})


def reasons(reading: BriefResult | OverviewResult) -> set[FallbackReason]:
    return {fault.reason for fault in reading.faults}


@pytest.mark.parametrize(
    "text",
    [
        "自 v0.12.0 起，MI300X 上的解码步骤慢了 **18%**，吞吐由 1,760 降至 1420 tokens/s。",
        "回归始于 #77，涉及 `block_table.py`，与 `--enforce-eager` 的取值有关。",
        "该 PR 已合并，共改动 3 个文件，新增 120 行、删除 7 行。",
        "作者 ann 报告了解码变慢的问题，讨论中提到“前缀缓存命中率下降”。",
        "参见 [#77](https://github.com/vllm-project/vllm/pull/77) 的改动，它引入了这一回归。",
        "建议在合并前补充测试，并保留旧内核作为后备方案。",
        "百分之十八的退化只出现在 MI300X 上，其余硬件未见报告。",
    ],
)
def test_what_is_true_and_fit_stands(text: str) -> None:
    reading = topic(text)
    assert reading.faults == ()
    assert reading.brief.text(BriefPart.TOPIC, "zh") == text
    assert reading.brief.statements[BriefPart.TOPIC].evidence[0].url == THREAD.url


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("回归始于 #99 的改动，影响了解码步骤。", FallbackReason.NUMBER),
        ("参见 [此处](https://github.com/vllm-project/vllm/pull/98) 的改动说明。", FallbackReason.NUMBER),
        ("解码步骤在 MI300X 上慢了 81%，影响明显。", FallbackReason.FIGURE),
        ("解码步骤在 MI325X 上慢了 18%，影响明显。", FallbackReason.FIGURE),
        ("吞吐由 1,760 降至 1,240，影响了解码步骤。", FallbackReason.FIGURE),
        ("自 v0.11.0 起，解码步骤变慢，影响明显。", FallbackReason.FIGURE),
        ("性能因此提升了三倍，收益十分明显。", FallbackReason.FIGURE),
        ("解码吞吐因此直接翻倍，收益十分明显。", FallbackReason.FIGURE),
        ("解码步骤慢了百分之八十，影响十分明显。", FallbackReason.FIGURE),
        ("共有九位开发者参与了这次的讨论过程。", FallbackReason.FIGURE),
        ("这项改动同样适用于 TPU 平台的部署。", FallbackReason.FIGURE),
        ("改动位于 `paged_cache.py`，影响解码步骤。", FallbackReason.QUOTE),
        ("讨论中提到“the kernel is broken on every GPU”的问题。", FallbackReason.QUOTE),
        ("用户 nobody-42 报告了解码变慢的问题。", FallbackReason.LOGIN),
        ("mallory 指出解码步骤在升级之后变慢了。", FallbackReason.LOGIN),
        ("eve 也参与了这里关于解码变慢的讨论。", FallbackReason.LOGIN),
        ("cid 指出解码步骤在升级之后明显变慢了。", FallbackReason.LOGIN),
        ("zoe 认为解码步骤在升级之后明显变慢了。", FallbackReason.LOGIN),
        ("该 PR 仍处于开放状态，等候进一步的评审。", FallbackReason.STATE),
        ("该 PR 未被合并，解码变慢的问题依旧存在。", FallbackReason.STATE),
        ("该 PR 已被关闭，解码变慢的问题依旧存在。", FallbackReason.STATE),
        ("该 PR 已被回退，解码变慢的问题依旧存在。", FallbackReason.STATE),
        ("维护者可能会在下个版本中处理解码变慢的问题。", FallbackReason.GUESS),
        ("来自 AMD 的工程师报告了解码变慢的问题。", FallbackReason.GUESS),
        ("### 解码步骤在升级之后变慢了", FallbackReason.MARKUP),
        ("解码步骤变慢了。\n\n| 型号 | 变化 |\n|---|---|\n| a | b |", FallbackReason.MARKUP),
        ("![图](https://github.com/vllm-project/vllm/a.png)解码步骤变慢了。", FallbackReason.MARKUP),
        ("解码步骤变慢了，<script>alert()</script>影响明显。", FallbackReason.MARKUP),
        ("解码步骤变慢了，{{ site.title }} 影响明显。", FallbackReason.MARKUP),
        ("解码步骤变慢了，{% include x %} 影响明显。", FallbackReason.MARKUP),
        ("解码步骤变慢了，详见 [这里](https://evil.example/x)。", FallbackReason.MARKUP),
        ("解码步骤变慢了，详见 https://evil.example/x 页面。", FallbackReason.MARKUP),
        ("解码步骤变慢了，详见 [这里](javascript:alert)。", FallbackReason.MARKUP),
        (
            "解码步骤变慢了，详见 [这里](https://github.com/vllm-project/vllm/../../evil)。",
            FallbackReason.MARKUP,
        ),
        ("```\n解码步骤在升级之后变慢了，影响明显。", FallbackReason.MARKUP),
        ("解码步骤变慢了，请 @ann 查看这个问题。", FallbackReason.MARKUP),
        ("解码步骤变慢了，请联系 ann@example.org 处理。", FallbackReason.MARKUP),
        ("The decode step became slower after the upgrade of the engine.", FallbackReason.LANGUAGE),
        (
            "解码步骤变慢了很多，because the new kernel was not tuned for this block size。",
            FallbackReason.LANGUAGE,
        ),
        ("デコードのステップが遅くなりました。解码步骤变慢。", FallbackReason.LANGUAGE),
        ("這個問題導致解碼步驟變慢，影響了使用者。", FallbackReason.TRADITIONAL),
        ("解码步骤在升级之後变慢，影响十分明显。", FallbackReason.TRADITIONAL),
        ("变慢。", FallbackReason.LENGTH),
        ("解码步骤在升级之后变慢了，主要原因是，", FallbackReason.LENGTH),
        ("解码步骤变慢了，影响明显。" * 40, FallbackReason.LENGTH),
        ("解码步骤变慢了，解码步骤变慢了，解码步骤变慢了，影响明显。", FallbackReason.LOOP),
        ("好的，以下是对这个线程的核心议题的总结。", FallbackReason.CHATTER),
        ("作为一名专业的技术编辑，这个线程讨论了解码。", FallbackReason.CHATTER),
        ("只写材料写明的事实，不猜测动机、计划，解码步骤变慢了。", FallbackReason.CHATTER),
        ("我无法访问这个线程的内容，因此不能总结。", FallbackReason.CHATTER),
    ],
)
def test_what_is_false_or_unfit_sinks(text: str, reason: FallbackReason) -> None:
    reading = topic(text)
    assert reason in reasons(reading)
    assert reading.is_empty


@pytest.mark.parametrize(
    ("evidence", "reason"),
    [
        ([], FallbackReason.SCHEMA),
        ([{"source": "c9", "quote": "takes 18% longer on MI300X"}], FallbackReason.SOURCE),
        ([{"source": "body", "quote": "takes 19% longer on MI300X"}], FallbackReason.QUOTE),
        ([{"source": "c1", "quote": "takes 18% longer on MI300X"}], FallbackReason.QUOTE),
        ([{"source": "body", "quote": "the"}], FallbackReason.QUOTE),
        ([{"source": "body", "quote": ""}], FallbackReason.QUOTE),
        ([{"source": "body", "quote": "takes 18% … on MI300X"}], FallbackReason.QUOTE),
        ([*EVIDENCE, {"source": "body", "quote": "words of nobody"}], FallbackReason.QUOTE),
    ],
)
def test_a_statement_without_true_evidence_sinks(
    evidence: list[dict[str, str]], reason: FallbackReason
) -> None:
    reading = topic("解码步骤在升级之后明显变慢了。", evidence)
    assert reasons(reading) == {reason}
    assert reading.is_empty


def test_a_remark_that_the_model_was_not_shown_is_no_evidence() -> None:
    told = {
        "text": "改动会破坏 CUDA 路径，需要保留旧内核作为后备。",
        "evidence": [{"source": "c2", "quote": "keep the old kernel as a fallback"}],
    }
    nothing: dict[str, Any] = dict.fromkeys(("dispute", "state", "reading", "impact", "focus", "watch"))
    for shown, expected in (({"body", "c2"}, set()), ({"body", "c1"}, {FallbackReason.SOURCE})):
        reading = read_brief(
            {**nothing, "topic": told, "positions": []},
            MATERIAL,
            given=shown,
            elsewhere=LOGINS,
            context=HOUSE,
        )
        assert reasons(reading) == expected


def test_white_space_is_no_part_of_a_quote_and_a_short_remark_may_be_quoted_whole() -> None:
    reading = topic(
        "解码步骤在升级之后明显变慢了。", [{"source": "body", "quote": "takes  18%\nlonger on MI300X"}]
    )
    assert reading.faults == ()
    assert topic("评审者认可了这项改动的做法。", [{"source": "c3", "quote": "LGTM"}]).faults == ()


def position(**changes: Any) -> BriefResult:
    return read(
        {
            "positions": [
                {
                    "stance": "评审者",
                    "login": "cid",
                    "text": "指出改动破坏了 CUDA 路径，要求保留旧内核作为后备。",
                    "evidence": [{"source": "c2", "quote": "keep the old kernel as a fallback"}],
                    **changes,
                }
            ]
        }
    )


def test_a_position_is_tied_to_its_author_and_its_comment() -> None:
    reading = position()
    assert reading.faults == ()
    assert reading.brief.positions[0].login == "cid"
    assert reading.brief.positions[0].url == THREAD.remarks[1].url
    assert reading.brief.positions[0].said.evidence[0].source == THREAD.remarks[1].id


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"login": "bob-1"}, FallbackReason.LOGIN),
        ({"login": "nobody"}, FallbackReason.LOGIN),
        ({"text": "bob-1 指出改动破坏了 CUDA 路径，要求保留旧内核。"}, FallbackReason.LOGIN),
        (
            {"evidence": [{"source": "c1", "quote": "keep the old kernel as a fallback"}]},
            FallbackReason.QUOTE,
        ),
        ({"text": "指出改动使性能变为 1.5x，要求保留旧内核。"}, FallbackReason.FIGURE),
        ({"stance": "<b>评审者</b>"}, FallbackReason.MARKUP),
        ({"stance": "reviewer"}, FallbackReason.LENGTH),
        ({"stance": 7}, FallbackReason.SCHEMA),
        ({"evidence": "c2"}, FallbackReason.SCHEMA),
    ],
)
def test_a_position_of_somebody_else_sinks(changes: dict[str, Any], reason: FallbackReason) -> None:
    reading = position(**changes)
    assert reason in reasons(reading)
    assert reading.brief.positions == ()


def test_what_a_bot_says_is_no_source() -> None:
    assert [source.login for source in MATERIAL.sources.values()] == ["ann", "bob-1", "cid", "dan"]


def test_the_focus_has_its_own_hardware_and_a_gain_the_figures_it_quotes() -> None:
    gain = {
        "text": "FP8 下测得 1.5x 的提升，没有理由再等待。",
        "evidence": [{"source": "c1", "quote": "I measured 1.5x with FP8"}],
    }
    told = read(
        {"focus": {"gpus": ["mi300x"], "asked_gpus": [], "component": "block_table.py", "gain": gain}}
    )
    assert told.faults == ()
    assert told.brief.focus == FocusNote(gpus=("MI300X",), component="block_table.py")
    assert told.brief.statements_of(BriefPart.GAIN)
    elsewhere = gain | {"text": "解码由 1,420 提升到 1,760 tokens/s。"}
    far = read({"focus": {"gpus": ["MI300X"], "asked_gpus": [], "component": None, "gain": elsewhere}})
    assert FallbackReason.FIGURE in reasons(far)
    assert far.brief.focus is not None
    assert not far.brief.statements_of(BriefPart.GAIN)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"gpus": ["MI355X"]}, "focus.gpus"),
        ({"gpus": ["H100"]}, "focus.gpus"),
        ({"asked_gpus": ["CUDA"]}, "focus.gpus"),
        ({"component": "CUDA"}, "focus.component"),
        ({"component": "MI300X"}, "focus.component"),
        ({"component": "nowhere.py"}, "focus.component"),
    ],
)
def test_hardware_of_others_and_platforms_as_components_are_left_out_alone(
    changes: dict[str, Any], where: str
) -> None:
    """A model put `H100` and `cuda` there, which the thread only names for a re-run."""
    note = {"gpus": ["MI300X"], "asked_gpus": [], "component": "block_table.py", "gain": None} | changes
    told = read({"focus": note})
    assert [(fault.where, fault.reason) for fault in told.faults] == [(where, FallbackReason.FIGURE)]
    assert told.brief.focus is not None


@pytest.mark.parametrize(
    "answer",
    [
        {"topic": "text"},
        {"topic": {"text": None, "evidence": EVIDENCE}},
        {"topic": {"text": "解码步骤在升级之后变慢了。"}},
        {"positions": None},
        {"positions": ["x"]},
        {"focus": []},
    ],
)
def test_an_answer_of_another_shape_is_worth_nothing(answer: dict[str, Any]) -> None:
    reading = read(answer)
    assert reasons(reading) == {FallbackReason.SCHEMA}
    assert reading.is_empty


def test_the_rest_of_an_answer_stands_when_a_part_sinks() -> None:
    good = {"text": "解码步骤在升级之后明显变慢了。", "evidence": EVIDENCE}
    reading = read(
        {"topic": good, "state": good, "impact": {"text": "慢了 81%，影响很大。", "evidence": EVIDENCE}}
    )
    assert reading.brief.statements_of(BriefPart.TOPIC)
    assert [(fault.where, fault.reason) for fault in reading.faults] == [
        ("state", FallbackReason.LOOP),
        ("impact", FallbackReason.FIGURE),
    ]


def test_a_mended_answer_adds_to_what_stood_and_never_takes_away() -> None:
    good = {"text": "解码步骤在升级之后明显变慢了。", "evidence": EVIDENCE}
    bad = {"text": "解码步骤慢了 81%，影响很大。", "evidence": EVIDENCE}
    both = read({"topic": good, "impact": bad}).merged_with(read({"topic": bad, "impact": good}))
    assert both.faults == ()
    assert both.brief.statements_of(BriefPart.TOPIC)
    assert both.brief.statements_of(BriefPart.IMPACT)
    only = read({"topic": good, "impact": bad}).merged_with(
        read({"positions": None, "state": bad, "impact": good | {"text": "解码步骤明显变慢，影响使用者。"}})
    )
    assert only.faults == ()
    assert {*only.brief.statements} == {BriefPart.TOPIC, BriefPart.IMPACT}
    neither = read({"impact": bad}).merged_with(read({}))
    assert [fault.where for fault in neither.faults] == ["impact"]


# --- the whole window


def reading_of(number: int, text: str) -> Brief:
    return Brief(number, {BriefPart.READING: Statement({"zh": text}, (Evidence("body", "", "words"),))})


BRIEFS = (
    reading_of(30, "改动提升了 MI300X 上的解码速度，cid 与 ann 参与了讨论。"),
    reading_of(31, "用户报告启动时发生崩溃。"),
    reading_of(32, "该改动清理了代码，随后被 #33 回退。"),
    reading_of(34, "问题没有人回应。"),
)


def overview(facts: Digest = FACTS, **sections: Any) -> OverviewResult:
    threads = (THREAD, *OTHERS)
    kept = {thread.number: thread for thread in snapshot(threads).threads}
    window = OverviewEvidence(
        digest=facts,
        briefs=BRIEFS,
        thread_evidence=thread_evidence(kept, facts, RULES.bots),
        facts=window_facts(facts),
        logins=LOGINS,
        context=HOUSE,
    )
    empty: dict[str, Any] = {"state": [], "focus": [], "trends": [], "activity": [], "concerns": []}
    return read_overview(empty | sections, window)


def test_an_answer_within_a_minute_has_a_response_time_of_0() -> None:
    answered = digest(issue(1, created_at=1, remarks=(said("ann", 1),)))
    assert window_facts(answered)["median_response_minutes"] == 0
    assert "median_response_minutes" not in window_facts(digest(issue(1, created_at=1)))


def finding(
    text: str, threads: tuple[int, ...] = (), facts: tuple[str, ...] = (), title: str = ""
) -> list[Any]:
    return [
        {
            "title": title,
            "text": text,
            "statements": [f"{one}.reading" for one in threads],
            "facts": list(facts),
        }
    ]


@pytest.mark.parametrize(
    ("text", "threads", "facts"),
    [
        ("窗口内新增 PR 1 个，合并 3 个 PR。", (), ("new_prs", "merged_prs")),
        ("#30 提升了 MI300X 上的解码速度，值得关注。", (30,), ()),
        ("#32 已被 #33 回退，清理工作需要重新进行。", (32,), ()),
        ("关闭的 Issue 由机器人处理，并非真正的解决。", (34,), ("closed_by_bot",)),
    ],
)
def test_a_finding_that_rests_on_what_it_names_stands(
    text: str, threads: tuple[int, ...], facts: tuple[str, ...]
) -> None:
    reading = overview(trends=finding(text, threads, facts, "趋势"))
    assert reading.faults == ()
    assert [one.text("zh") for one in reading.overview.findings_of(OverviewPart.TRENDS, "zh")] == [text]


@pytest.mark.parametrize(
    ("text", "threads", "facts", "reason"),
    [
        ("窗口内的开发节奏总体上保持平稳。", (), (), FallbackReason.SOURCE),
        ("窗口内的开发节奏总体上保持平稳。", (), ("mood",), FallbackReason.SOURCE),
        ("#99 的改动提升了解码步骤的速度。", (99,), (), FallbackReason.SOURCE),
        ("#31 的崩溃需要尽快得到处理和修复。", (30,), (), FallbackReason.NUMBER),
        ("窗口内合并 PR 4 个，节奏总体上保持平稳。", (), ("merged_prs",), FallbackReason.FIGURE),
        ("窗口内合并 PR 1 个，节奏总体上保持平稳。", (), ("new_prs", "merged_prs"), FallbackReason.FIGURE),
        ("社区解决了 1 个 Issue，处理效率保持平稳。", (), ("closed_issues",), FallbackReason.FIGURE),
        ("#30 的改动在讨论之后仍处于开放状态。", (30,), (), FallbackReason.STATE),
        ("#32 清理了代码，是本窗口的重要成果。", (32,), (), FallbackReason.STATE),
        ("cid 与 ann 提交了代码，推进了解码的优化。", (30,), (), FallbackReason.LOGIN),
        ("本窗口没有 AMD 相关的更新，整体较为平静。", (31,), ("new_issues",), FallbackReason.FOCUS),
    ],
)
def test_a_finding_that_does_not_is_left_out(
    text: str, threads: tuple[int, ...], facts: tuple[str, ...], reason: FallbackReason
) -> None:
    reading = overview(trends=finding(text, threads, facts))
    assert reason in reasons(reading)
    assert not reading.overview.findings_of(OverviewPart.TRENDS, "zh")


def test_no_news_of_the_focus_may_be_said_where_there_is_none() -> None:
    quiet = digest(*OTHERS)
    reading = overview(quiet, state=finding("本窗口没有 AMD 相关的更新。", (), ("new_issues",)))
    assert reading.faults == ()


def test_sections_that_are_no_lists_are_worth_nothing() -> None:
    reading = overview(state="text", trends=[7])
    assert reasons(reading) == {FallbackReason.SCHEMA}


@given(st.text(max_size=300))
def test_no_text_whatever_breaks_the_checks(text: str) -> None:
    topic(text, [{"source": text[:5], "quote": text}])
    overview(state=finding(text, (30,), (text[:5],), text))
    position(text=text, stance=text, login=text)
