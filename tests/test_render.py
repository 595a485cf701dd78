"""Pages written by rules: what they say about a window's threads, and what they must not say."""

import re
from dataclasses import replace

import pytest

from tests.values import ALL_BY_RULES, BEFORE, WINDOW, digest, issue, minute, pull, said
from vllm_digest.follow_ups import FollowUp, WatchKind
from vllm_digest.models import Account, EventKind, Gap, GapCode, Thread, TimelineEvent
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Evidence,
    Fact,
    Finding,
    FocusNote,
    Narrative,
    Overview,
    OverviewPart,
    Position,
    Statement,
)
from vllm_digest.render import render
from vllm_digest.report import Provenance, Report

REPO = "https://github.com/vllm-project/vllm"
HOT = "💬 高热度讨论分析"
CONCERNS = "💡 值得关注的问题"
TRENDS = "🔥 热门话题与趋势分析"
CHANGES = "🛠️ 重点技术变更"
ACTIVITY = "📈 开发活跃度观察"
LEDGER = "🎯 AMD/ROCm 生态相关动态"
MADE = Provenance(WINDOW.end, "github", WINDOW.end, requests=2, points=7, version="0.1.0")


def page(*threads: Thread) -> str:
    return render(Report("2h", "Asia/Shanghai", digest(*threads), MADE))


def page_by_model(*threads: Thread, briefs: tuple[Brief, ...]) -> str:
    """The page with what a model wrote of its threads."""
    told = Narrative(model="author", languages=("zh",), briefs=briefs)
    return render(Report("2h", "Asia/Shanghai", digest(*threads), MADE, told))


def brief(number: int, **texts: str) -> Brief:
    """What a model told of a thread, by the names of `BriefPart`."""
    quote = (Evidence("body", f"{REPO}/pull/{number}", "words"),)
    return Brief(number, {BriefPart(part): Statement({"zh": text}, quote) for part, text in texts.items()})


def section(text: str, heading: str) -> str:
    """A chapter of the page, without its heading."""
    return text.partition(f"### {heading}\n")[2].partition("\n### ")[0].partition("\n---\n")[0]


def test_a_hot_discussion_is_told_by_who_said_what_and_where() -> None:
    talk = section(
        page(
            pull(
                1,
                "Change it",
                body="It changes things.",
                by="ann",
                created_at=0,
                remarks=(
                    said("ann", 5, "Please look."),
                    said("bob", 10, "I would not.", verdict="CHANGES_REQUESTED"),
                    said("cid", 20, "I would."),
                    said("dan", 30, "Me, too.", verdict="APPROVED", association="MEMBER"),
                ),
            )
        ),
        HOT,
    )
    assert f"*   **PR [#1]({REPO}/pull/1): “Change it”**\n" in talk
    assert "    *   **核心议题**：正文写道：“It changes things.”\n" in talk
    assert "    *   **观点与结论**：窗口内 2 条评论、2 次评审，4 人参与" in talk
    assert "        1.  **提交者 (ann)**：“Please look.”（[原文](" in talk
    assert "        2.  **参与者 (bob)**：“I would not.”（[原文](" in talk
    assert "评审结论：要求修改" in talk
    assert "    *   **争议焦点**：bob 在评审中要求修改。\n" in talk
    assert "    *   **当前状态**：○ 开放。\n" in talk


def test_of_many_voices_those_with_words_are_quoted_and_the_others_counted() -> None:
    voices = [said(f"person{n}", n, "" if n % 2 else f"Words {n}.", verdict="APPROVED") for n in range(1, 17)]
    talk = section(page(issue(1, created_at=0, remarks=voices)), HOT)
    assert talk.count("“Words ") == 6
    assert "未附文字" not in talk
    assert "\n        另有 10 人发言或评审，未逐一引用。\n" in talk


def test_nobody_speaks_by_the_review_that_github_wraps_round_a_reply() -> None:
    talk = section(
        page(issue(1, remarks=(said("ann", 1, "Hello."), said("bob", 2, "", verdict="COMMENTED")))), HOT
    )
    assert "1 条评论，1 人参与" in talk
    assert "bob" not in talk


def test_without_anything_hot_the_most_active_thread_is_shown_for_what_it_is() -> None:
    talk = section(page(issue(1, remarks=(said("ann", 1, "Hello."),))), HOT)
    assert talk.startswith(
        f"没有讨论达到高热度标准（18 分），[#1]({REPO}/issues/1) 是相对最活跃的一个（1 分）。"
    )
    assert "“Hello.”" in talk


def test_the_ledger_has_every_relevant_thread_with_its_reasons() -> None:
    ledger = section(
        page(
            pull(1, "[ROCm] Tune a kernel", merged_at=5, labels=("rocm",)),
            issue(2, "Slow on MI300X", closed_at=9, closed_by=Account("ann"), state_reason="not_planned"),
            pull(3, "[AMD] Closed again", closed_at=9),
        ),
        LEDGER,
    )
    assert ledger.startswith("本周期 AMD 相关活动中等：查看的 3 个 Issue 与 PR 中有 3 个以其为主题（100%）")
    for number in (1, 2, 3):
        assert ledger.count(f"[#{number}]") == 1
    assert "    *   by author，由 somebody 合并于 2025-12-10 18:47 (UTC+8)\n" in ledger
    assert "    *   by author，不计划处理，由 ann 关闭于 2025-12-10 18:51 (UTC+8)\n" in ledger
    assert "标签 rocm" in ledger


def test_a_ledger_entry_quotes_its_author_what_was_measured_and_the_hardware() -> None:
    body = (
        "Uses the fused kernel on MI300X and MI355X (gfx950). It was written by hand and is off by default. "
        "Set the variable to have it: nothing else changes, and other platforms keep their path as it is. "
        "Throughput of MI300X rises by 12.5%. More to come."
    )
    ledger = section(page(pull(1, "[ROCm] Fuse two kernels", body=body, created_at=1)), LEDGER)
    assert "    *   作者写道：“Uses the fused kernel on MI300X and MI355X (gfx950)." in ledger
    assert f"*   ○ 开放 PR [#1]({REPO}/pull/1) “[ROCm] Fuse two kernels” — MI300X、MI355X — " in ledger
    assert " — “Throughput of MI300X rises by 12.5%.” — 内核与性能\n" in ledger


@pytest.mark.parametrize(
    "sentence",
    [
        "1.3x faster than before.",
        "Decode is 20% faster.",
        "TTFT goes from 14.2 to 13.3 (-6%).",
        "+4.9% tok/s speed.",
    ],
)
def test_a_measured_effect_is_found(sentence: str) -> None:
    body = f"{'It works as one would hope it does. ' * 8}{sentence} That is all."
    ledger = section(page(pull(1, "[ROCm] Tune", body=body, created_at=1)), LEDGER)
    assert f"“[ROCm] Tune” — “{sentence}” — " in ledger.replace("\\", "")


def test_of_a_long_sentence_the_line_shows_the_words_round_its_figure() -> None:
    words = "With the fused kernel and the new layout of the cache on eight cards"
    sentence = f"{words} throughput rises by 12.5% for long prompts and by less for all the short ones."
    body = f"{'It works as one would hope it does. ' * 8}{sentence}"
    ledger = section(page(pull(1, "[ROCm] Tune", body=body, created_at=1)), LEDGER)
    line, *notes = ledger.splitlines()[4:]
    assert "of the cache" not in line.partition("— “…")[0]
    assert re.search(r" — “….*throughput rises by 12\.5% for .*…” — ", line)
    assert f"    *   作者给出的数据：“{sentence}”" in notes


def test_a_number_without_an_effect_is_no_measurement() -> None:
    body = f"{'It works as one would hope it does. ' * 8}It needs 2x MI300X. Version 7.2 is at 100%."
    assert (
        "100%" not in section(page(pull(1, "[ROCm] Tune", body=body, created_at=1)), LEDGER).splitlines()[4]
    )


def test_a_long_ledger_is_grouped_by_what_happened_and_summed_up() -> None:
    threads = (
        pull(1, "[ROCm][CI] Skip a test", merged_at=1),
        pull(2, "[Bugfix][ROCm] Fix Quark loading", merged_at=2, remarks=(said("ann", 3),)),
        pull(3, "[ROCm] Faster attention on MI355X", created_at=1),
        pull(4, "[AMD] Change things", created_at=1, paths=("tests/kernels/a.py", "tests/b.py", "docs/c.md")),
        issue(5, "[Bug]: MI355X and MI300X answer nothing", closed_at=1),
        pull(6, "[ROCm] AITER MoE", closed_at=1),
        issue(7, "Something else", created_at=1),
    )
    ledger = section(page(*threads), LEDGER)
    assert ledger.startswith("本周期 AMD 相关活动密集：查看的 7 个 Issue 与 PR 中有 6 个以其为主题（86%）")
    groups = [
        ledger.index(f"\n\n**{name}（2）**\n\n*   ")
        for name in ("已合并", "新增", "关闭、重开或重复标记有变")
    ]
    where = {number: ledger.index(f"[#{number}]") for number in range(1, 7)}
    assert groups == sorted(groups)
    assert max(where[1], where[2]) < groups[1] < min(where[3], where[4])
    assert max(where[3], where[4]) < groups[2] < min(where[5], where[6])
    assert " — 量化\n" in ledger
    assert ledger.rstrip().endswith(
        "**小结**：内核与性能 2 个、量化 1 个、CI 与测试 2 个、平台修复及其他 1 个。"
        f"其中最活跃的讨论是 [#2]({REPO}/pull/2)（窗口内 1 条评论，1 人）。点名的硬件：MI355X、MI300X。"
    )


def in_both(*threads: Thread) -> str:
    """The pages in Chinese and in English, one after the other."""
    report = Report("2h", "Asia/Shanghai", digest(*threads), MADE)
    return render(report, "zh") + render(report, "en")


def test_a_long_ledger_of_one_topic_is_summed_up_by_that_topic() -> None:
    text = in_both(*(pull(number, f"[ROCm][CI] Fix test {number}", created_at=1) for number in range(1, 7)))
    assert "**小结**：CI 与测试 6 个。" in text
    assert "**Summary**: CI and tests 6." in text


def test_hardware_of_a_long_ledger_is_not_cut_without_a_word() -> None:
    cards = ("MI210", "MI250X", "MI300A", "MI300X", "MI308X", "MI325X", "MI355X")
    text = in_both(*(pull(n, f"[ROCm] Fix {card}", created_at=1) for n, card in enumerate(cards, 1)))
    assert " 等 7 种。" in text
    assert " and 2 more." in text


def test_five_threads_about_the_focus_are_never_called_few() -> None:
    others = (issue(number, created_at=1) for number in range(100, 180))
    text = in_both(*(pull(n, "[ROCm] Fix it", merged_at=1) for n in range(1, 6)), *others)
    assert "AMD 相关活动中等：查看的 85 个 Issue 与 PR 中有 5 个" in text
    assert "AMD activity is moderate: 5 of the 85" in text


def test_of_equally_active_discussions_none_is_told_as_the_one() -> None:
    text = in_both(*(issue(number, remarks=(said("ann", 5),)) for number in range(1, 4)))
    assert "（窗口内 1 条评论，1 人，同分的另有 2 个）" in text
    assert "是相对最活跃的一个（1 分，同分的另有 2 个）" in text
    assert "(1 comment, 1 person in the window; tied with 2 more)" in text
    assert "is the most active one (1 point; tied with 2 more)" in text


def test_the_quotes_of_a_discussion_say_which_remark_they_are() -> None:
    changed = said("ann", 5, "It is a bug in the sampler."), said("ann", 9, "I was wrong.")
    text = in_both(issue(1, remarks=changed))
    assert "各方原话摘录如下，多次发言的引最长的一次，未必是最后的看法。" in text
    assert "the longest remark of each person, which may not be the latest." in text
    assert "多次发言的引" not in page(issue(1, remarks=changed[:1]))


@pytest.mark.parametrize(
    ("thread", "zh", "en"),
    [
        (
            pull(1, remarks=(said("z", BEFORE, verdict="CHANGES_REQUESTED"), said("a", 5))),
            "规则不判断分歧，见各方原话；各人在窗口内的最后一次评审结论都不是“要求修改”。",
            "rules do not judge disagreement; see the quotes. Nobody's last review verdict in the window",
        ),
        (
            pull(1, remarks=(said("z", 1, verdict="CHANGES_REQUESTED"), said("z", 5, verdict="APPROVED"))),
            "规则不判断分歧，见各方原话；各人在窗口内的最后一次评审结论都不是“要求修改”。",
            "rules do not judge disagreement; see the quotes. Nobody's last review verdict in the window",
        ),
        (issue(1, remarks=(said("a", 5),)), "规则不判断分歧", "rules do not judge disagreement"),
    ],
)
def test_a_dispute_is_not_denied_beyond_what_was_looked_at(thread: Thread, zh: str, en: str) -> None:
    text = in_both(thread)
    assert f"    *   **争议焦点**：{zh}" in text
    assert f"    *   **Points of dispute**: {en}" in text


@pytest.mark.parametrize("kind", [EventKind.REOPENED, EventKind.DUPLICATE])
def test_what_only_changed_its_state_is_not_called_discussed(kind: EventKind) -> None:
    text = in_both(issue(1, "[Bug]: ROCm", timeline=(TimelineEvent("b", kind, minute(6), Account("max")),)))
    assert "AMD：旧条目有动静，但没有合并、新增或关闭。" in text
    assert "AMD: activity on older threads only, none merged, new or closed." in text
    assert "**关闭、重开或重复标记有变（1）**" in text
    assert "**Closed, reopened or duplicate (1)**" in text


@pytest.mark.parametrize(
    ("kind", "zh", "en"),
    [
        (WatchKind.REVERT, "3 天后仍未重新合入", "not relanded after 3 days"),
        (WatchKind.HOT_AND_OPEN, "3 天后仍未关闭", "still open after 3 days"),
    ],
)
def test_a_merged_revert_is_not_told_as_still_open(kind: WatchKind, zh: str, en: str) -> None:
    earlier = FollowUp(9, "It", is_pull=True, kind=kind, since=BEFORE, place="a/b", days=3)
    report = replace(Report("2h", "Asia/Shanghai", digest(), MADE), follow_ups=(earlier,))
    assert zh in render(report, "zh")
    assert en in render(report, "en")


def test_a_bot_s_comment_is_no_discussion() -> None:
    text = in_both(issue(1, "[Bug]: ROCm", remarks=(said("helper[bot]", 5),)))
    assert "**仅有机器人或被隐藏的发言（1）**" in text
    assert "**Only remarks by bots or hidden remarks (1)**" in text
    reviewed = pull(1, "[ROCm] X", by="ann", remarks=(said("helper[bot]", 5, verdict="COMMENTED"),))
    assert "有评审" not in page(reviewed)
    own = replace(reviewed, remarks=(said("ann", 5, "notes", verdict="COMMENTED"),))
    assert "**仅有评论（1）**" in page(own)
    assert "评审 0 次（另有提交者对自己 PR 的评审 1 次，未计入）；评论 0 条。" in page(own)
    assert "0 reviews (and 1 by authors on their own PRs, not counted); 0 comments." in in_both(own)
    assert "窗口内 1 次评审，1 人" in page(own)
    assert "1 review, 1 person in the window" in in_both(own)


def test_older_threads_are_told_of_only_where_there_are_any() -> None:
    assert "共查看 1 个 Issue 与 PR，检查了" in in_both(issue(1, created_at=1))
    assert "共查看 1 个 Issue 与 PR（列表内 0 个，其余是" in in_both(issue(1, remarks=(said("a", 5),)))
    empty = in_both()
    assert "窗口内没有任何条目可查看。" in empty
    assert "There was no issue or PR to search in the window." in empty


def test_the_talk_of_a_thread_is_that_of_the_window() -> None:
    old = said("z", BEFORE, "Long ago."), said("a", 5, "Now.")
    text = in_both(issue(1, "[Bug]: ROCm", remarks=old))
    assert text.count("窗口内 1 条评论，1 人") == 3
    assert text.count("1 comment, 1 person in the window") == 3


def test_the_sum_of_a_long_ledger_names_what_was_reverted() -> None:
    merged = [pull(number, f"[ROCm] Faster attention {number}", merged_at=1) for number in range(1, 6)]
    ledger = section(
        page(
            *merged,
            pull(9, 'Revert "[ROCm] Faster attention 1" (#1)', merged_at=5),
            pull(10, "[ROCm][CI] Test", created_at=1),
        ),
        LEDGER,
    )
    assert f"；已被回退、不算成果的有 [#1]({REPO}/pull/1)。" in ledger


def test_an_empty_ledger_says_what_was_searched_and_why_near_misses_are_none() -> None:
    dump = "ROCM used to build PyTorch: N/A\nGPU 0: NVIDIA H100\nModel name: AMD EPYC 7763"
    ledger = section(page(issue(1, created_at=1, body=dump)), LEDGER)
    assert ledger.startswith("**本周期无 AMD 相关更新。**\n\n共查看 1 个 Issue 与 PR")
    assert f"**形似而无关（1）**\n\n*   [#1]({REPO}/issues/1)：环境为 “GPU 0: NVIDIA H100”" in ledger
    assert "EPYC" in ledger


def test_a_reverted_change_is_told_so_wherever_it_stands() -> None:
    text = page(
        pull(1, "[ROCm] Clean up", merged_at=1, additions=900),
        pull(2, 'Revert "[ROCm] Clean up" (#1)', merged_at=50),
    )
    reverted = f"已被 [#2]({REPO}/pull/2) 回退"
    assert reverted in section(text, LEDGER)
    changes = section(text, "🛠️ 重点技术变更")
    assert changes.startswith(
        "窗口内新增与合并的 PR 都未列出：它们由机器人提交、未合并即关闭、被回退或本身是回退。"
    )
    assert f"被回退的改动不算成果：[#2]({REPO}/pull/2) 回退 [#1]({REPO}/pull/1)。" in changes
    assert "**有改动被回退**" in section(text, "💡 值得关注的问题")
    state = section(text, "📊 每日开发状态摘要")
    assert f"有改动被回退，[#2]({REPO}/pull/2) 回退了 [#1]({REPO}/pull/1)。" in state
    assert "重点变更" not in state


def test_a_change_that_was_brought_back_is_no_longer_told_as_reverted() -> None:
    text = page(
        pull(1, "[ROCm] Clean up", merged_at=1, additions=900),
        pull(2, 'Revert "[ROCm] Clean up" (#1)', merged_at=50),
        pull(3, 'Reapply "[ROCm] Clean up"', merged_at=60, body="Reverts vllm-project/vllm#2"),
    )
    assert f"回退了 [#1]({REPO}/pull/1)" not in text
    assert f"被回退的改动不算成果：[#3]({REPO}/pull/3) 回退 [#2]({REPO}/pull/2)。" in text
    assert f"1.  **PR [#1]({REPO}/pull/1): “[ROCm] Clean up”**" in section(text, CHANGES)


def test_a_proposed_revert_is_no_key_change() -> None:
    text = section(page(pull(2, 'Revert "Clean up (#1)"', created_at=5, additions=900)), CHANGES)
    assert text.startswith("窗口内新增与合并的 PR 都未列出")
    assert section(page(issue(1, created_at=1)), CHANGES).startswith("窗口内没有新增或合并的 PR。")


def test_a_pull_request_that_was_closed_is_not_called_done() -> None:
    ledger = section(page(pull(1, "[AMD] Change it", closed_at=1, closed_by=Account("ann"))), LEDGER)
    assert "    *   by author，未合并，由 ann 关闭于 2025-12-10 18:43 (UTC+8)\n" in ledger


def test_a_ledger_entry_names_the_threads_it_is_linked_with() -> None:
    ledger = section(page(issue(1, closed_at=5), pull(2, "[ROCm] Mend it", merged_at=5, closes=(1,))), LEDGER)
    assert f"。关联：[#2]({REPO}/pull/2) 解决 [#1]({REPO}/issues/1)。\n" in ledger


HOT_ONE = pull(
    1, "Change it", created_at=0, remarks=[said(f"person{n}", n, "I would not.") for n in range(1, 9)]
)


def test_a_hot_discussion_left_open_is_among_the_concerns_where_it_is_told_above() -> None:
    concerns = section(page(HOT_ONE), CONCERNS)
    assert concerns.strip() == f"1.  **高热度讨论，仍未关闭**：PR [#1]({REPO}/pull/1)，见上。"


def test_without_concerns_the_page_says_what_was_looked_for_and_claims_no_more() -> None:
    closed = issue(1, closed_at=5, closed_by=Account("ann"), remarks=(said("bob", 9),))
    concerns = section(page(closed), CONCERNS)
    assert concerns.startswith("按规则没有需要特别关注的问题。规则查的是：合并了的回退、")
    assert "Bug" not in concerns
    bug = issue(1, "[Bug]: It hangs", labels=("bug",), created_at=110)
    assert concerns.replace("。\n", "、报告半小时后仍无人回应的新 Bug。\n") == section(page(bug), CONCERNS)


def test_what_a_model_says_of_a_hot_discussion_is_shown_and_counted() -> None:
    text = page_by_model(HOT_ONE, briefs=(brief(1, watch="还没有结论。"),))
    assert section(text, CONCERNS).strip().endswith("，见上。还没有结论。")
    assert "；1 个章节含模型 author 撰写" in text


def test_a_model_s_topic_of_a_concern_counts_where_it_is_shown() -> None:
    bug = issue(1, "[Bug]: It hangs", created_at=0, labels=("bug",))
    text = page_by_model(bug, briefs=(brief(1, topic="启动时卡住。"),))
    assert section(text, CONCERNS).strip().endswith("（○ 开放）。启动时卡住。")
    assert "；1 个章节含模型 author 撰写" in text


def test_linked_threads_are_shown_together() -> None:
    trends = section(page(issue(1, closed_at=5), pull(2, merged_at=5, closes=(1,))), "🔥 热门话题与趋势分析")
    assert (
        f"**关联**（窗口内的条目之间，以及回退）：[#2]({REPO}/pull/2) 解决 [#1]({REPO}/issues/1)。" in trends
    )


def test_what_a_list_of_labels_or_folders_leaves_out_is_told() -> None:
    tied = [pull(n, created_at=1, labels=(f"l{n}", "ready"), paths=(f"d{n}/a.py",)) for n in range(10, 20)]
    one = pull(1, created_at=1, labels=("v1", "cpu"), paths=("v1/a.py",))
    trends = section(page(one, pull(2, created_at=1, labels=("v1",), paths=("v1/a.py",)), *tied), TRENDS)
    assert "*   **标签**（不计状态标签 `ready`）：`v1` 2 个（17%），另有 11 种标签。\n" in trends
    assert "*   **改动目录**：`v1` 2 个，另有 10 个目录。\n" in trends
    assert "*   **标签**（不计状态标签 `ready`）：共 10 种标签，并列太多，未列出。\n" in section(
        page(*tied), TRENDS
    )


def test_reviewers_are_not_cut_between_equals() -> None:
    reviews = [said(f"person{n}", n, verdict="APPROVED") for n in range(1, 8)]
    talk = section(page(pull(1, remarks=reviews)), ACTIVITY)
    assert "评审 7 次，出自 7 人；" in talk
    again = (*reviews, said("person7", 9, verdict="APPROVED"))
    talk = section(page(pull(1, remarks=again)), ACTIVITY)
    assert "评审 8 次，其中 person7（2 次），其余出自另外 6 人；" in talk


def test_who_closed_issues_is_told_where_it_says_something() -> None:
    bot = issue(1, closed_at=5, closed_by=Account("stale[bot]", is_bot=True), state_reason="not_planned")
    own = issue(2, by="ann", closed_at=5, closed_by=Account("ann"))
    fixed = issue(3, by="max", closed_at=5, closed_by=Account("max"), closed_by_pull=9)
    other = issue(4, by="ann", closed_at=5, closed_by=Account("bob"), state_reason="not_planned")
    told = section(page(bot, own, fixed, other), ACTIVITY)
    assert (
        "关闭的 4 个 Issue 中，1 个由机器人关闭，不计作处理结果，1 个由提交者自己关闭，"
        "由人标为不计划处理的有 1 个。" in told
    )
    assert "**问题解决效率**：关闭 Issue 1 个。" in section(page(fixed), ACTIVITY)


def test_the_verdict_counts_what_was_closed() -> None:
    text = page(pull(1, "[ROCm] Tune", merged_at=1), issue(2, "[ROCm] Hangs", closed_at=1))
    assert "\nAMD：合并 1，关闭 1。" in text


def test_the_three_first_of_many_are_called_so() -> None:
    rows = [pull(number, f"[ROCm] Tune {number}", created_at=1) for number in range(1, 5)]
    assert "\n*   **AMD**（4 个中按规则排在最前的 3 个）：\n" in page(*rows)
    assert "\n*   **AMD**：\n" in page(*rows[:3])


def test_points_of_heat_are_explained() -> None:
    for heat in (HOT_ONE, issue(1, remarks=(said("ann", 1),))):
        assert "每位维护者 2 分、讨论每持续一小时 1 分" in section(page(heat), HOT)


def test_a_state_stands_once_in_a_group_that_is_named_after_it() -> None:
    ledger = section(page(pull(1, "[ROCm] Tune", merged_at=5, closed_by=Account("max"))), LEDGER)
    assert f"**已合并（1）**\n\n*   PR [#1]({REPO}/pull/1) “[ROCm] Tune”" in ledger
    assert "    *   by author，由 max 合并于 2025-12-10 18:47 (UTC+8)\n" in ledger
    assert "✓" not in ledger


def test_a_change_has_its_effects_and_its_state_on_lines_of_their_own() -> None:
    fix = pull(1, "Mend it", merged_at=5, closes=(2,), labels=("ready", "v1"), paths=("vllm/v1/a.py",))
    changes = section(page(fix, issue(2, closed_at=5)), CHANGES)
    assert f"    *   **影响**：解决 [#2]({REPO}/issues/2)，涉及 `vllm/v1`。\n" in changes
    assert "    *   **状态**：✓ 已合并（2025-12-10 18:47 (UTC+8)），标签 `v1`。\n" in changes


def test_what_the_ecosystem_s_chapter_tells_of_a_change_is_not_told_again() -> None:
    tuned, other = pull(1, "[ROCm] Tune", merged_at=5), pull(2, "Tune", merged_at=5)
    told = brief(1, reading="调整了一个参数。", impact="解码更快。")
    text = page_by_model(tuned, other, briefs=(told,))
    assert text.count("调整了一个参数。") == text.count("解码更快。") == 1
    assert "    *   **技术解读**：✓ 已合并，详见上文。改动规模未知。\n" in section(text, CHANGES)
    assert "；1 个章节含模型 author 撰写" in text


def test_the_notes_of_a_model_are_named_by_what_they_hold() -> None:
    slow = issue(1, "Slow on MI300X", created_at=1)
    for note, line in (
        (FocusNote(component="EAGLE"), "**组件**：`EAGLE`"),
        (FocusNote(asked_gpus=("MI300X",)), "**仅被问及的硬件**：MI300X"),
    ):
        text = page_by_model(slow, briefs=(replace(brief(1, reading="慢。"), focus=note),))
        assert f"    *   {line}\n" in section(text, LEDGER)


def test_the_ecosystem_s_findings_are_a_tight_list() -> None:
    found = Finding({}, {"zh": "一句话。"}, ("1.reading",))
    told = Narrative("author", ("zh",), overview=Overview({OverviewPart.FOCUS: (found, found)}))
    facts = digest(pull(1, "[ROCm] Tune", merged_at=5))
    ledger = section(render(Report("2h", "UTC", facts, MADE, told)), LEDGER)
    assert "（100%）。\n\n*   一句话。\n*   一句话。\n\n**已合并" in ledger


def test_counts_that_rules_print_are_not_told_again() -> None:
    counted = Finding({"zh": "评审"}, {"zh": "评审 0 次。"}, (), (Fact("reviews", 0),))
    asked = Finding({"zh": "征求意见"}, {"zh": "作者征求意见。"}, ("1.impact",))
    for findings, count in (((counted, asked), "1 个章节含模型"), ((counted,), ALL_BY_RULES)):
        told = Narrative("author", ("zh",), overview=Overview({OverviewPart.ACTIVITY: findings}))
        text = render(Report("2h", "UTC", digest(pull(1, merged_at=5)), MADE, told))
        assert ("*   **征求意见**：作者征求意见。" in section(text, ACTIVITY)) is (asked in findings)
        assert "**评审**" not in text
        assert count in text


def test_a_file_that_the_body_names_is_told_once() -> None:
    paths = ("requirements/rocm-build.txt", "docker/a", "cmake/b")
    body = "Try a release candidate: `requirements/rocm-build.txt` and two others."
    ledger = section(page(pull(1, "Try torch", created_at=1, body=body, paths=paths)), LEDGER)
    assert ledger.rstrip().endswith("：改动的 3 个文件中有 1 个属于该平台：“requirements/rocm-build.txt”")
    alone = section(page(pull(1, "[ROCm] Pin", created_at=1, paths=paths[:1])), LEDGER)
    assert "改动的文件是 “requirements/rocm-build.txt”" in alone


@pytest.mark.parametrize(
    ("words", "quote"),
    [
        ("It uses AiterFlashAttentionMetadata here.", "AiterFlashAttentionMetadata"),
        ("Run `rocm/vllm:nightly-7.0`.", "rocm/vllm:nightly-7.0"),
        ("Built with rocm6.4.", "rocm6.4"),
        ("在ROCm上运行。", "ROCm"),
    ],
)
def test_reasons_quote_whole_words(words: str, quote: str) -> None:
    assert f"“{quote}”" in section(page(issue(1, created_at=1, body=words)), LEDGER)


def test_who_is_not_among_a_model_s_positions_is_counted() -> None:
    said_so = brief(1, topic="一个问题。").statements[BriefPart.TOPIC]
    held = Brief(1, {}, (Position("person1", {"zh": "反对方"}, said_so),))
    talk = section(page_by_model(HOT_ONE, briefs=(held,)), HOT)
    assert "        1.  **反对方 ([person1](" in talk
    assert "\n        另有 7 人发言或评审，未逐一列出。\n" in talk


def test_where_a_model_told_positions_and_no_dispute_the_page_points_to_them() -> None:
    said_so = brief(1, topic="一个问题。").statements[BriefPart.TOPIC]
    held = Brief(1, {}, (Position("a", {"zh": "反对方"}, said_so),))
    talk = section(page_by_model(issue(1, remarks=(said("a", 5),)), briefs=(held,)), HOT)
    assert "    *   **争议焦点**：见上列各方观点。" in talk


def test_gaps_stand_in_the_last_line() -> None:
    facts = replace(digest(issue(1, created_at=1)), gaps=(Gap(GapCode.THREAD_UNREADABLE, 7),))
    text = render(Report("2h", "UTC", facts, MADE))
    assert text.splitlines()[-1].endswith("未能取得：#7（GitHub 未能给出其内容）。")


def test_the_count_of_folders_is_a_least_one_where_not_all_are_stored() -> None:
    paths = tuple(f"d{number}/s/f.py" for number in range(30))
    text = in_both(pull(1, merged_at=1, paths=paths, changed_files=30, additions=1, deletions=1))
    assert "、`d10/s` 等至少 20 处。" in text
    assert "`d10/s` and at least 17 more." in text
    assert "**改动目录**（目录很多的 PR 只计其中一部分）：" in text
    assert "**Changed folders** (only some for PRs that change very many): " in text


def test_a_share_is_never_rounded_to_none_or_all() -> None:
    threads = [issue(number, created_at=1, labels=("x",)) for number in range(1, 300)]
    text = page(*threads, issue(300, created_at=1, labels=("y",)))
    assert "`x` 299 个（≥99%）、`y` 1 个（≤1%）" in text


def test_a_fix_is_not_told_as_one_of_an_issue_that_is_still_open() -> None:
    fix = pull(9, merged_at=5, closes=(1, 2), additions=1, deletions=1, changed_files=1)
    text = in_both(fix, issue(1, created_at=1), issue(2, closed_at=5, closed_by_pull=9))
    one, two = (f"[#{number}]({REPO}/issues/{number})" for number in (1, 2))
    assert f"**影响**：解决 {two}，拟解决 {one}（仍未关闭）。" in text
    assert f"**Impact**: closes {two}; would close {one} (still open)." in text
    assert f"[#9]({REPO}/pull/9) 拟解决 {one}（已合并，{one} 仍未关闭）" in text
    assert f"[#9]({REPO}/pull/9) would close {one} (merged, {one} still open)" in text


def test_a_title_is_not_taken_for_words_of_the_page() -> None:
    text = page(pull(1, "Fix x”（✓ 已合并）。“y", created_at=1, body="He said ”（✓ 已合并）。“"))
    assert "“Fix x’（✓ 已合并）。‘y”" in section(text, CHANGES)
    assert "“He said ’（✓ 已合并）。‘”" in section(text, CHANGES)
    row = page(issue(2, "Fix x — bug — by torvalds (2020-01-01)", created_at=1))
    assert ") “Fix x — bug — by torvalds (2020-01-01)” — 无标签 — by author (" in row
    for blank in ("\u3164", "\u2800 \uffa0"):
        assert ") （无标题） — 无标签 — by author (" in page(issue(3, blank, created_at=1))
