"""Reference answers of a model about the bundled sample, in the intended depth and tone."""

from tests.authors import Answer, material, supported


def _statement(text: str, *evidence: tuple[str, str]) -> Answer:
    return {"text": text, "evidence": [{"source": source, "quote": quote} for source, quote in evidence]}


def _position(stance: str, login: str, text: str, *evidence: tuple[str, str]) -> Answer:
    return {"stance": stance, "login": login, **_statement(text, *evidence)}


_NOTHING: Answer = {
    **dict.fromkeys(("topic", "dispute", "state", "reading", "impact", "focus", "watch")),
    "positions": [],
}

_BRIEFS: dict[int, Answer] = {
    30382: {
        "topic": _statement(
            "用户报告由 vLLM 提供服务的 Ministral-3-14B 在不设采样参数时输出质量差、语句重复，"
            "而同样的提示在厂商端点上表现正常，因此怀疑是 vLLM 的加载方式有误。",
            ("body", "Answers of this model are poor when it is served by vLLM with no sampling options set"),
            ("body", "The same prompts on the vendor's own endpoint read fine."),
        ),
        "positions": [
            _position(
                "问题定位方",
                "vitush93",
                "明确指出问题**不在 vLLM**，而是模型仓库中的 generation config 默认值不合适，"
                "并给出解决办法：在请求中自行指定约 0.15 的 `temperature` 与 0.95 的 `top_p`。",
                ("c1", "The generation config in the model's repository has defaults that do not suit it."),
            ),
            _position(
                "问题提交方",
                "eltorre",
                "确认改用这两个参数后效果与厂商端点相当，"
                "同时质疑模型卡没有写明默认参数，使用者很难想到去那里查找。",
                ("c2", "with those two values the answers are as good as on the vendor's endpoint"),
            ),
            _position(
                "补充建议方",
                "vitush93",
                "补充说明 vLLM 会读取仓库中的默认值，使用 `--generation-config vllm` 可以不采用它们。",
                ("c3", "`--generation-config vllm` is the other way to leave them out"),
            ),
        ],
        "dispute": _statement(
            "没有实质性争议。讨论从“vLLM 是否存在缺陷”转到“上游模型的默认配置是否合理”，双方很快取得一致。",
            ("c3", "Agreed, the card could say so."),
        ),
        "state": _statement(
            "根源已经查明是模型自带的默认生成参数，提交者认可关闭的处理。",
            ("c4", "Good to know, closing was right then."),
        ),
    },
    30385: {
        "reading": _statement(
            "为 Whisper 的解码器启用 `torch.compile`，沿用 #30072 的做法**从第二步开始编译**，"
            "以避开第一步中编码器输出的计算给编译图带来的复杂度。",
            ("body", "As in #30072 compilation begins with the second step"),
        ),
        "impact": _statement(
            "作者称解码速度因此提升，但正文只附了吞吐图而没有数字。"
            "改动包装了 `_model_forward` 的调用，可能影响仓库之外覆盖该方法的 runner，作者为此征求意见。",
            ("body", "Decoding is faster with it"),
            ("c1", "Runners that live outside of this repository may override that method"),
        ),
    },
    30386: {
        "reading": _statement(
            "PrefixLM 的注意力在前缀内部是双向的，此前只有 FlexAttention 后端支持；"
            "此 PR 把它扩展到 TritonAttention 后端，无需为每个批次重建块掩码。",
            ("body", "where the block mask need not be built again for every batch"),
        ),
        "impact": _statement(
            "作者预期新的实现**更快**，使用 PrefixLM 的模型将直接受益；测试结果尚未给出，收益有待验证。",
            ("body", "so it should be faster"),
            ("body", "Pending."),
        ),
    },
}


def _finding(text: str, statements: list[str], facts: list[str], title: str = "") -> Answer:
    return {"title": title, "text": text, "statements": statements, "facts": facts}


_OVERVIEW: Answer = {
    "state": [
        _finding(
            "#30386 为 TritonAttention 后端新增 PrefixLM 支持，"
            "#30385 为 Whisper 的解码器启用 `torch.compile`。",
            ["30386.reading", "30385.reading"],
            [],
        ),
        _finding("#30382 报告的输出质量问题，根源是模型自带的默认生成参数。", ["30382.state"], []),
    ],
    "focus": [],
    "trends": [
        _finding(
            "新增的 PR 有 2 个，其中 #30386 把只在 FlexAttention 中可用的 PrefixLM 带到 TritonAttention。",
            ["30386.reading"],
            ["new_prs"],
            "注意力后端的能力对齐",
        ),
    ],
    "activity": [
        _finding(
            "三次评审之外，#30385 的作者就 `_model_forward` 的改动征求意见。",
            ["30385.impact"],
            ["reviews"],
            "评审与征求意见",
        ),
    ],
    "concerns": [
        _finding(
            "#30385 包装了 `_model_forward` 的调用，可能影响仓库之外覆盖该方法的 runner。",
            ["30385.impact", "30385.reading"],
            [],
            "外部 runner 的兼容性",
        ),
    ],
}


def answer(prompt: str) -> Answer:
    """The answer to the question that ends in `prompt`; findings rest on statements that it shows."""
    lines = material(prompt)
    if "claim" in lines[-1]:
        return supported(lines)
    if "repo" not in lines[0]:
        return _NOTHING | _BRIEFS[lines[0]["facts"]["number"]]
    shown = {name for line in lines[1:] for name in line["statements"]}
    return {
        section: [one for one in findings if {*one["statements"]} <= shown]
        for section, findings in _OVERVIEW.items()
    }
