"""True statements are kept and false ones rejected, with examples of each kind in each language.

The figures for many more are those of `benchmarks.statements`.
"""

from typing import Any

import pytest

from tests.values import RULES, digest, issue, minute, pull, said, snapshot
from vllm_digest.check.briefs import BriefResult, read_brief
from vllm_digest.check.evidence import ThreadEvidence, thread_evidence
from vllm_digest.check.sentences import CheckContext
from vllm_digest.models import Account, EventKind, TimelineEvent
from vllm_digest.narrative import FallbackReason

MERGED = pull(
    50,
    "[Perf] Fuse the norm into the kernel",
    by="ann7",
    created_at=0,
    merged_at=50,
    closed_by=Account("max"),
    body=(
        "Fuses the norm. On 8xMI325X with Llama-3.1-70B, TP 8: decode goes from 21.4 ms to 19.8 ms.\n\n"
        "| GPU | before (tok/s) | after (tok/s) | gain |\n|---|---|---|---|\n"
        "| MI325X | 4,120 | 5,008 | 21.5% |\n| H200 | 6,049 | 6,161 | 1.8% |\n\n"
        "| accuracy | bf16 | fp8 |\n|---|---|---|\n| main | 0.9507 | 0.9522 |\n| PR | 0.9515 | 0.9499 |\n\n"
        "Five tests fail without it, since September. Continues #61. The flag is off by default."
    ),
    remarks=(
        said("rita", 5, "Is this a copy in the end?"),
        said("ann7", 6, "It is not, see the trace: `norm_kernel`."),
        said("rita", 7, "Great.", verdict="APPROVED"),
        said("lou-amd", 8, "#61 is merged, by the way. Five jobs ran."),
    ),
)
OPEN = pull(
    51,
    "[Feature] Preempt by priority",
    by="lou-amd",
    created_at=2,
    body="Adds `--preempt`. P99 TTFT 812 ms to 333 ms, that is 59%; throughput 2% lower. Fixes #62.",
    remarks=(
        said("rita", 10, "Does it starve low priorities?"),
        said("lou-amd", 11, "An aging term would be better, I will add one. The MoE gain is 30%."),
        said("lou-amd", 12, "Sorry: it is 3%, not 30%."),
        said("max", 13, "LGTM", verdict="APPROVED"),
        said("rita", 14, "A flag would satisfy both."),
    ),
)
BY_BOT = issue(
    52,
    "Hang at start",
    by="nora",
    closed_at=9,
    closed_by=Account("stale", is_bot=True),
    body="It hangs. The image of 20250105 does, too.",
    remarks=(said("zoe", -33 * 24 * 60, "Same here."),),
)
REOPENED = issue(
    53,
    "Label breaks",
    by="yan",
    created_at=1,
    body="The label breaks in Grafana.",
    timeline=(
        TimelineEvent("a", EventKind.CLOSED, minute(3), Account("max"), "completed"),
        TimelineEvent("b", EventKind.REOPENED, minute(6), Account("max")),
    ),
    remarks=(
        said("max", 2, "Works as intended. Closing."),
        said("max", 5, "Right, that is a bug. Reopening."),
    ),
)
UNMERGED = pull(54, "Fix typos", by="yew", closed_at=30, closed_by=Account("gum"), body="Fixes five typos.")
FIXED = issue(
    55,
    "Wrong size",
    by="nora",
    closed_at=40,
    closed_by=Account("nora"),
    body="The size is wrong. #50 may help.",
)
REVERTED = pull(
    56,
    "[Kernel] Swap the loop",
    by="ann7",
    merged_at=1,
    closed_by=Account("max"),
    body="Swaps the loop.",
)
REVERT = pull(57, 'Revert "[Kernel] Swap the loop" (#56)', by="max", merged_at=20, body="Reverts #56.")
ALL = (MERGED, OPEN, BY_BOT, REOPENED, UNMERGED, FIXED, REVERTED, REVERT)
DIGEST = digest(*ALL)
EVIDENCE = thread_evidence({one.number: one for one in snapshot(ALL).threads}, DIGEST, RULES.bots)
LOGINS = frozenset().union(*(one.people for one in EVIDENCE.values()))


def read(number: int, answer: dict[str, Any], *languages: str) -> BriefResult:
    empty: dict[str, Any] = dict.fromkeys(
        ("topic", "dispute", "state", "reading", "impact", "focus", "watch")
    ) | {"positions": []}
    evidence: ThreadEvidence = EVIDENCE[number]
    return read_brief(
        empty | answer,
        evidence,
        given=set(evidence.sources),
        elsewhere=LOGINS,
        context=CheckContext("https://github.com/vllm-project/vllm", "", languages),
    )


def told(number: int, language: str, text: str, *quotes: tuple[str, str], login: str = "") -> BriefResult:
    """What is left of one statement, or of a position where `login` is given."""
    evidence = [{"source": source, "quote": quote} for source, quote in quotes]
    if not login:
        return read(number, {"impact": {"text": text, "evidence": evidence}}, language)
    stance = "评审者" if language == "zh" else "reviewer"
    position = {"stance": stance, "login": login, "text": text, "evidence": evidence}
    return read(number, {"positions": [position]}, language)


FAIL = ("body", "Five tests fail without it, since September.")
NORM, PREEMPT = ("body", "Fuses the norm."), ("body", "Adds `--preempt`.")
ASKED, WILL = ("c1", "Does it starve low priorities?"), ("c2", "I will add one")

STATES = [
    (50, "zh", "该 PR 由 max 合并，随后没有再改动。", NORM),
    (50, "zh", "#61 已经合入，本 PR 延续它的做法。", ("c4", "#61 is merged")),
    (50, "zh", "清单中的条目均已合入主干。", NORM),
    (50, "zh", "该开关默认处于关闭状态。", ("body", "The flag is off by default.")),
    (50, "zh", "该 Issue 已关闭，本 PR 已合并。", NORM),
    (50, "zh", "改动把两个归一化步骤合并为一个。", NORM),
    (51, "zh", "max 已批准，但该 PR 还在等待合并。", ("c4", "LGTM")),
    (51, "zh", "合并之后，高优先级请求的延迟将会降低。", PREEMPT),
    (51, "zh", "作者已合并 main 分支的最新改动。", PREEMPT),
    (53, "zh", "该 Issue 曾被关闭，后又重新打开。", ("c2", "Reopening.")),
    (54, "zh", "gum 未合并就关闭了该 PR。", ("body", "Fixes five typos.")),
    (55, "zh", "#50 已经合并，该 Issue 随之关闭。", ("body", "#50 may help.")),
    (56, "zh", "该 PR 合并后被 #57 回退。", ("body", "Swaps the loop.")),
    (57, "zh", "#56 已被本 PR 回退。", ("body", "Reverts #56.")),
    (50, "en", "The PR was approved by rita and merged by max.", NORM),
    (50, "en", "#61 has been merged, and this PR continues it.", ("c4", "#61 is merged")),
    (50, "en", "Every item of the list was merged.", NORM),
    (51, "en", "max approved the PR, which has not been merged yet.", ("c4", "LGTM")),
    (51, "en", "Once it is merged, requests of high priority would wait less.", PREEMPT),
    (53, "en", "max first closed the issue and reopened it later.", ("c2", "Reopening.")),
    (54, "en", "gum closed the PR without a merge.", ("body", "Fixes five typos.")),
    (55, "en", "#50 was merged, and the issue is closed.", ("body", "#50 may help.")),
    (56, "en", "The change was reverted by #57.", ("body", "Swaps the loop.")),
]
FALSE_STATES = [
    (51, "zh", "max 批准之后，这一改动已进入主干。", ("c4", "LGTM")),
    (51, "zh", "应 max 的要求该 PR 已合并。", ("c4", "LGTM")),
    (51, "zh", "该 PR 与 #50 均已合并。", ("c4", "LGTM")),
    (51, "zh", "该 PR 已 merged，等待发布。", ("c4", "LGTM")),
    (51, "zh", "作者后来放弃了该 PR。", PREEMPT),
    (51, "zh", "该 PR 已获批并合入。", ("c4", "LGTM")),
    (51, "zh", "max 批准之后已将其合入。", ("c4", "LGTM")),
    (50, "zh", "该 PR 目前还停留在评审阶段。", NORM),
    (50, "zh", "该 PR 尚未合入主线。", NORM),
    (50, "zh", "这一改动合入后很快又被回退。", NORM),
    (52, "zh", "该 Issue 仍处于打开状态。", ("body", "It hangs.")),
    (55, "zh", "该 Issue 后来被重新打开。", ("body", "The size is wrong.")),
    (53, "zh", "该 Issue 最终被关闭。", ("c2", "Reopening.")),
    (54, "zh", "#54 与 #50 都已合入。", ("body", "Fixes five typos.")),
    (51, "zh", "#50 尚未合并。", PREEMPT),
    (51, "en", "After the approval the PR was merged into main.", ("c4", "LGTM")),
    (51, "en", "This PR and #50 were merged.", ("c4", "LGTM")),
    (50, "en", "The PR is still under review.", NORM),
    (50, "en", "The change was reverted later.", NORM),
    (52, "en", "The issue remains open.", ("body", "It hangs.")),
    (53, "en", "The issue is closed.", ("c2", "Reopening.")),
]


@pytest.mark.parametrize(("number", "language", "text", "quote"), STATES)
def test_a_state_of_what_the_sentence_speaks_of_stands(
    number: int, language: str, text: str, quote: tuple[str, str]
) -> None:
    assert told(number, language, text, quote).faults == ()


@pytest.mark.parametrize(("number", "language", "text", "quote"), FALSE_STATES)
def test_a_wrong_state_falls_and_the_message_names_the_right_one(
    number: int, language: str, text: str, quote: tuple[str, str]
) -> None:
    faults = told(number, language, text, quote).faults
    assert FallbackReason.STATE in {fault.reason for fault in faults}
    assert all("#" in fault.compared_with for fault in faults if fault.reason is FallbackReason.STATE)


FALSE: dict[FallbackReason, list[Any]] = {
    FallbackReason.LOGIN: [
        (50, "zh", "rita 批准并合并了该 PR。", NORM),
        (50, "zh", "该 PR 由 lou-amd 提交。", NORM),
        (51, "zh", "rita 批准了该 PR。", ("c5", "A flag would satisfy both.")),
        (52, "zh", "nora 关闭了该 Issue。", ("body", "It hangs.")),
        (55, "zh", "该 Issue 被机器人自动关闭。", ("body", "The size is wrong.")),
        (53, "zh", "yan 重新打开了该 Issue。", ("body", "The label breaks")),
        (54, "zh", "作者 gum 修正了几处拼写。", ("body", "Fixes five typos.")),
        (
            51,
            "zh",
            "rita 测得 P99 TTFT 由 812 ms 降到 333 ms。",
            ("c1", "Does it starve"),
            ("body", "812 ms to 333 ms"),
        ),
        (51, "zh", "rita 认为应补上老化项。", WILL),
        (52, "zh", "zoe-2 在 2025-11-07 报告了同样的情况。", ("c1", "Same here.")),
        (51, "en", "rita said an aging term would be better.", WILL),
        (50, "en", "rita approved and merged the PR.", NORM),
        (52, "en", "nora closed the issue.", ("body", "It hangs.")),
        (55, "en", "The issue was closed by a bot.", ("body", "The size is wrong.")),
        (51, "en", "The PR was opened by max.", PREEMPT),
    ],
    FallbackReason.INTENTION: [
        (51, "zh", "lou-amd 已加入老化项。", WILL),
        (51, "zh", "饥饿问题已通过老化项解决了。", WILL),
        (51, "en", "lou-amd has already added an aging term.", WILL),
    ],
    FallbackReason.UNREACHED: [
        (51, "zh", "该 PR 修复了 #62 的问题。", PREEMPT),
        (51, "zh", "vLLM 已支持按优先级抢占。", PREEMPT),
        (54, "zh", "该错误已得到修复。", ("body", "Fixes five typos.")),
        (51, "en", "vLLM now supports preemption by priority.", PREEMPT),
        (51, "en", "This PR has fixed the problem of #62.", PREEMPT),
    ],
    FallbackReason.FIGURE: [
        (50, "zh", "在 H200 上吞吐提升 21.5%。", ("body", "| MI325X | 4,120 | 5,008 | 21.5% |")),
        (50, "zh", "fp8 下精度由 0.9507 变为 0.9515。", ("body", "| PR | 0.9515 | 0.9499 |")),
        (51, "zh", "P99 TTFT 降低 2%，吞吐高 59%。", ("body", "throughput 2% lower")),
        (50, "zh", "解码由 19.8 ms 升到 21.4 ms。", NORM),
        (50, "zh", "解码延迟降低１７％。", NORM),
        (50, "zh", "解码速度提高到３ 倍。", NORM),
        (50, "zh", "共有Ⅸ项测试失败。", NORM),
        (50, "zh", "数十万用户受到影响。", NORM),
        (50, "zh", "吞吐提高十余倍。", NORM),
        (50, "zh", "共有九项测试失败。", NORM),
        (50, "zh", "从 11 月起有测试失败。", NORM),
        (52, "zh", "2025-11-08 的发言称有同样的情况。", ("c1", "Same here.")),
        (52, "zh", "11 月 9 日的发言称有同样的情况。", ("c1", "Same here.")),
        (52, "en", "It was the same on 17 November.", ("c1", "Same here.")),
        (50, "en", "On H200 throughput is 21.5% higher.", ("body", "| MI325X | 4,120 | 5,008 | 21.5% |")),
        (50, "en", "Decode goes from 19.8 ms to 21.4 ms.", NORM),
        (50, "en", "Nine tests fail without it.", NORM),
        (50, "en", "Hundreds of users are hit.", NORM),
        (50, "en", "Decode is three times as fast.", NORM),
    ],
    FallbackReason.WITHDRAWN: [
        (51, "zh", "MoE 模型的收益为 30%。", ("c2", "The MoE gain is 30%.")),
        (51, "en", "The gain of MoE models is 30%.", ("c2", "The MoE gain is 30%.")),
    ],
    FallbackReason.JUDGEMENT: [
        (50, "zh", "这标志着内核融合走向成熟。", NORM),
        (50, "zh", "该改动体现了团队对性能的重视。", NORM),
        (51, "zh", "讨论最终决定增加一个开关。", ("c5", "A flag would satisfy both.")),
        (50, "zh", "该功能有望在下个版本发布。", ("c2", "see the trace")),
        (50, "zh", "解码性能显著提升。", ("c2", "see the trace")),
        (50, "zh", "所有 GPU 上的解码都会变快。", ("c2", "see the trace")),
        (50, "zh", "值得在流程上补强测试。", ("c2", "see the trace")),
        (50, "en", "This marks a milestone for fused kernels.", ("c2", "see the trace")),
        (51, "en", "The community decided on a flag.", ("c5", "A flag would satisfy both.")),
        (50, "en", "Decode is significantly faster.", ("c2", "see the trace")),
        (50, "en", "Decode gets faster on all GPUs.", ("c2", "see the trace")),
    ],
    FallbackReason.NUMBER: [
        (50, "zh", "该 PR 修复了 #61。", ("body", "Continues #61.")),
        (50, "en", "This PR fixes #61.", ("body", "Continues #61.")),
    ],
    FallbackReason.LENGTH: [
        (50, "zh", "解码步骤因此变得更快", NORM),
        (50, "en", "The decode step gets faster", NORM),
    ],
}


@pytest.mark.parametrize(
    ("reason", "number", "language", "text", "quotes"),
    [
        (reason, number, language, text, quotes)
        for reason, some in FALSE.items()
        for number, language, text, *quotes in some
    ],
)
def test_a_false_statement_falls_for_its_kind(
    reason: FallbackReason, number: int, language: str, text: str, quotes: list[tuple[str, str]]
) -> None:
    result = told(number, language, text, *quotes)
    assert reason in {fault.reason for fault in result.faults}
    assert result.is_empty


TRUE: list[Any] = [
    (51, "zh", "拼写的问题已经修复，max 随后批准。", ("c4", "LGTM")),
    (50, "zh", "在 8xMI325X 上以 TP 8 运行 Llama-3.1-70B 时，解码由 21.4 ms 降到 19.8 ms。", NORM),
    (50, "zh", "MI325X 上提升 21.5%，H200 上仅 1.8%。", ("body", "| H200 | 6,049 | 6,161 | 1.8% |")),
    (50, "zh", "bf16 下精度为 0.9515，fp8 下为 0.9499。", ("body", "| PR | 0.9515 | 0.9499 |")),
    (
        50,
        "zh",
        "自 9 月起，没有它会有 5 项测试失败。",
        FAIL,
    ),
    (50, "zh", "没有它会有五项测试失败。", FAIL),
    (50, "zh", "提升２１.５％，测于 MI325X。", ("body", "| MI325X | 4,120 | 5,008 | 21.5% |")),
    (50, "zh", "rita 询问最终是否仍是拷贝。", ("c1", "Is this a copy in the end?")),
    (50, "zh", "ann7 用 trace 说明执行的是 `norm_kernel`。", ("c2", "see the trace: `norm_kernel`")),
    (50, "zh", "lou-amd 提到 #61 已合并。", ("c4", "#61 is merged, by the way.")),
    (50, "zh", "rita 认可这一结果。", ("c3", "Great.")),
    (51, "zh", "低优先级请求的处境还有待验证。", ASKED),
    (51, "zh", "就低优先级的饥饿问题求证过一次。", ASKED),
    (51, "zh", "并没有在任何 GPU 上测过饥饿。", ASKED),
    (
        50,
        "zh",
        "AMD 的 MI325X 提升 21.5%，NVIDIA 的 H200 仅 1.8%。",
        ("body", "| H200 | 6,049 | 6,161 | 1.8% |"),
    ),
    (52, "zh", "1 月 5 日的 nightly 也会挂起。", ("body", "It hangs.")),
    (51, "zh", "lou-amd 打算补上老化项。", WILL),
    (
        51,
        "zh",
        "lou-amd 先称收益为 30%，后更正为 3%。",
        ("c2", "The MoE gain is 30%."),
        ("c3", "it is 3%, not 30%"),
    ),
    (
        51,
        "zh",
        "该 PR 提议按优先级抢占，作者测得 P99 TTFT 由 812 ms 降到 333 ms。",
        ("body", "P99 TTFT 812 ms to 333 ms"),
    ),
    (51, "zh", "rita 提出一个兼顾两方的开关。", ("c5", "A flag would satisfy both.")),
    (51, "zh", "在 max 批准之后，讨论转向开关。", ("c5", "A flag would satisfy both.")),
    (51, "zh", "rita 询问低优先级是否会饥饿，lou-amd 打算补上老化项。", WILL),
    (51, "zh", "rita 问到低优先级的饥饿，作者打算补上老化项。", WILL),
    (52, "zh", "zoe 在 2025-11-07 确认有同样的情况。", ("c1", "Same here.")),
    (52, "zh", "11 月 7 日的发言称有同样的情况，2025-11-07 报告的现象一致。", ("c1", "Same here.")),
    (52, "zh", "该 Issue 因长期无人回应被机器人关闭。", ("body", "It hangs.")),
    (51, "en", "rita asked whether low priorities starve, and lou-amd wants to add an aging term.", WILL),
    (51, "en", "rita asked about starvation, and the author wants to add an aging term.", WILL),
    (52, "en", "zoe said on 7 November, 2025-11-07, that it is the same there.", ("c1", "Same here.")),
    (52, "en", "zoe said on Nov. 7, 2025 that it is the same there.", ("c1", "Same here.")),
    (50, "en", "On 8xMI325X with Llama-3.1-70B at TP 8 decode goes from 21.4 ms to 19.8 ms.", NORM),
    (
        50,
        "en",
        "Since September five tests fail without it.",
        FAIL,
    ),
    (50, "en", "rita asked whether it is a copy in the end.", ("c1", "Is this a copy in the end?")),
    (51, "en", "Starvation of low priorities is checked.", ASKED),
    (51, "en", "lou-amd wants to add an aging term.", WILL),
    (51, "en", "lou-amd corrected the gain from 30% to 3%.", ("c3", "it is 3%, not 30%")),
    (52, "en", "The issue was closed by a bot after no answer came.", ("body", "It hangs.")),
]


@pytest.mark.parametrize(("number", "language", "text", "quotes"), [(a, b, c, d) for a, b, c, *d in TRUE])
def test_a_true_statement_stands(
    number: int, language: str, text: str, quotes: list[tuple[str, str]]
) -> None:
    assert told(number, language, text, *quotes).faults == ()


@pytest.mark.parametrize(
    ("language", "text", "asked"),
    [
        ("zh", "说明不是拷贝，回应了 rita 的提问。", "询问最终是否仍是一次拷贝。"),
        ("en", "Answered rita that it is no copy.", "Asked whether it is a copy in the end."),
    ],
)
def test_a_position_may_quote_the_answer_it_got(language: str, text: str, asked: str) -> None:
    quotes = (("c2", "It is not, see the trace"), ("c1", "Is this a copy in the end?"))
    assert told(50, language, text, *quotes, login="ann7").faults == ()
    (fault,) = told(50, language, asked, quotes[1], login="ann7").faults
    assert (fault.reason, fault.compared_with) == (FallbackReason.LOGIN, "rita")


@pytest.mark.parametrize(
    ("language", "text", "others"),
    [
        ("zh", "对 rita 提出的疑问，最后说明不是拷贝。", "rita 提出的疑问是是否为拷贝。"),
        ("en", "To what rita asked the answer is that it is no copy.", "rita asked whether it is a copy."),
    ],
)
def test_a_position_may_name_whom_it_answers_and_is_nobody_else_s(
    language: str, text: str, others: str
) -> None:
    quote = ("c2", "It is not, see the trace")
    assert told(50, language, text, quote, login="ann7").faults == ()
    (fault,) = told(50, language, others, quote, login="ann7").faults
    assert (fault.reason, fault.detail, fault.compared_with) == (FallbackReason.LOGIN, "rita", "ann7")


def test_the_figures_of_a_position_are_its_author_s() -> None:
    quotes = (("c1", "Does it starve low priorities?"), ("body", "P99 TTFT 812 ms to 333 ms"))
    reasons = {
        one.reason for one in told(51, "zh", "亲自测得由 812 ms 降到 333 ms。", *quotes, login="rita").faults
    }
    assert FallbackReason.FIGURE in reasons
    assert told(51, "zh", "关心饥饿，而 lou-amd 的结果是 333 ms。", *quotes, login="rita").faults == ()
    assert told(50, "zh", "认可 MI325X 上的结果。", ("c3", "Great."), login="rita").faults == ()
    (fault,) = told(50, "zh", "认可 21.4 ms 的结果。", ("c3", "Great."), login="rita").faults
    assert fault.reason is FallbackReason.FIGURE


@pytest.mark.parametrize("quote", ["LGTM", "Great", "Great."])
def test_a_short_answer_may_be_quoted(quote: str) -> None:
    number, source = (51, "c4") if quote == "LGTM" else (50, "c3")
    assert told(number, "zh", "评审者认可了这项改动。", (source, quote)).faults == ()


def test_a_piece_of_a_word_is_no_quote() -> None:
    (fault,) = told(50, "zh", "评审者认可了这项改动。", ("c3", "Gre")).faults
    assert fault.reason is FallbackReason.QUOTE


def gain(number: int, text: str, quote: str) -> BriefResult:
    evidence = [{"source": "body", "quote": quote}]
    note: dict[str, Any] = {
        "gpus": [],
        "asked_gpus": [],
        "component": None,
        "gain": {"text": text, "evidence": evidence},
    }
    return read(number, {"focus": note}, "zh")


def test_a_gain_has_a_baseline_and_its_conditions() -> None:
    row = "| MI325X | 4,120 | 5,008 | 21.5% |"
    assert gain(50, "MI325X 上吞吐由 4,120 升到 5,008 tok/s。", row).faults == ()
    for text, quote in (
        ("吞吐提升 21.5%。", row),
        ("没有它会有 5 项测试失败。", "Five tests fail without it"),
    ):
        (fault,) = gain(50, text, quote).faults
        assert (fault.where, fault.reason) == ("focus.gain", FallbackReason.GAIN)


def test_a_claim_that_fails_falls_in_all_languages_and_a_wording_in_one() -> None:
    def both(zh: str, en: str) -> BriefResult:
        evidence = [{"source": "body", "quote": "Five tests fail without it"}]
        return read(50, {"impact": {"text": {"zh": zh, "en": en}, "evidence": evidence}}, "zh", "en")

    assert both("没有它会有五项测试失败。", "Five tests fail without it.").faults == ()
    assert both("没有它会有五项测试失败。", "Nine tests fail without it.").is_empty
    assert both("没有它会有五项测试失败。", "Tests fail without it.").is_empty
    half = both("没有它会有五项测试失败。", "Sure, here is the summary: five tests fail.")
    assert [(one.reason, one.language) for one in half.faults] == [(FallbackReason.CHATTER, "en")]
    assert not half.is_empty


def test_what_a_sentence_was_compared_with_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG", logger="vllm_digest"):
        told(51, "zh", "该 PR 已合并。", ("c4", "LGTM"))
    assert '#51 impact rejected: state: "该 PR 已合并", compared with "open, #51"' in caplog.text


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "该函数十分复杂，参数几乎不变。"),
        ("zh", "通过十分细致的排查，千万不要万一出错。"),
        ("zh", "文中给出四种方案，其中两位提到第五位的做法。"),
        ("zh", "两个步骤合成一个，分成三段处理。"),
        ("en", "The author lists four options and one of them is new."),
        ("en", "It may march on, a second look is needed."),
    ],
)
def test_what_only_looks_like_a_figure_is_none(language: str, text: str) -> None:
    faults = told(52, language, text, ("body", "It hangs.")).faults
    assert FallbackReason.FIGURE not in {fault.reason for fault in faults}


@pytest.mark.parametrize(
    "piece",
    ["1", "十", "1, ", "1a", "| 1 ", "from 1 to ", "not 30% ", "A-1.", "fix #1 ", "我", "? ", "\u2168"],
)
def test_no_source_whatever_breaks_the_checks(piece: str) -> None:
    thread = pull(60, "Odd", by="ann7", created_at=1, body=piece * (40_000 // len(piece)))
    evidence = thread_evidence({60: thread}, digest(thread), RULES.bots)[60]
    said = {"text": "该改动由 1.5 ms 降到 30%。", "evidence": [{"source": "body", "quote": piece * 20}]}
    empty: dict[str, Any] = dict.fromkeys(("topic", "dispute", "state", "reading", "focus", "watch"))
    read_brief(
        empty | {"impact": said, "positions": []},
        evidence,
        given={"body"},
        elsewhere=LOGINS,
        context=CheckContext("https://github.com/vllm-project/vllm", "", ("zh",)),
    )
