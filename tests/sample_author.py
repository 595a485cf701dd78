"""What a good model answers about the bundled sample: the depth and the tone that pages are to have."""

from typing import Any

from tests.authors import Answer, material


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


def _finding(text: str, threads: list[int], facts: list[str], title: str = "") -> Answer:
    return {"title": title, "text": text, "threads": threads, "facts": facts}


_OVERVIEW: Answer = {
    "state": [
        _finding(
            "vLLM 社区在本窗口内处于平稳的代码贡献与问题排查阶段，进展集中于**性能优化**："
            "#30386 为 TritonAttention 后端新增 PrefixLM 支持，#30385 为 Whisper 引入 `torch.compile`。",
            [30386, 30385],
            [],
        ),
        _finding(
            "用户问题 #30382 被查明是上游模型配置所致，没有出现新的 Bug 报告。", [30382], ["new_issues"]
        ),
    ],
    "focus": [],
    "trends": [
        _finding(
            "在已有后端之间补齐能力：#30386 把只在 FlexAttention 中可用的 PrefixLM 带到 TritonAttention。",
            [30386],
            [],
            "注意力后端的能力对齐",
        ),
        _finding(
            "#30385 把 `torch.compile` 用到 Whisper 的解码器，编码器与解码器结构的模型由“可用”走向“高效”。",
            [30385],
            [],
            "编译优化覆盖更多模型",
        ),
    ],
    "activity": [
        _finding(
            "NickLucche 与 Isotr0py 提交的 PR 都附有明确的设计说明，评审共 3 次。",
            [30385, 30386],
            ["reviews"],
            "提交质量",
        ),
    ],
    "concerns": [
        _finding(
            "#30385 包装了 `_model_forward`，而仓库之外的 runner 能依赖它的哪些参数并无约定，"
            "核心路径的优化可能破坏第三方扩展，接口边界需要明确。",
            [30385],
            [],
            "外部 runner 的兼容性",
        ),
        _finding(
            "#30382 表明上游模型的默认生成参数会直接影响使用者的体验，排查输出质量时应先核对这些参数。",
            [30382],
            [],
            "模型默认配置的影响",
        ),
    ],
}


def answer(prompt: str) -> Answer:
    """The answer to the question that ends in `prompt`."""
    first: dict[str, Any] = material(prompt)[0]
    return _OVERVIEW if "repo" in first else _NOTHING | _BRIEFS[first["facts"]["number"]]
