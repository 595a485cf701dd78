"""Chinese patterns of kinds of sentences, in a model's text and in a source."""

import re

from vllm_digest.check.claims import SentenceKind

_P = re.compile
# Look-aheads exclude other words that begin with the same character, such as 会议 (a meeting) for 会 (will).

SENTENCE_KINDS = {
    SentenceKind.PLANS: _P(
        r"将(?!其|它)|会(?!议|话)|打算|计划|准备|愿意|答应|承诺|表示|同意|希望"
        r"|建议|提议|提出|请|需要?|应(?!用|对)|要(?!求)|想|拟|待|等(?!级|价)"
        r"|考虑|倾向|宁可|更愿|提醒|后续|以后|下一步|可以|可能|或许|也许|尚|未"
        r"|还没|没有|称|说|回[应复答]|主张|期待|认为|问(?!题)|若|如果|之后再|要求|应允|应下|记下"
    ),
    SentenceKind.FUTURE: _P(
        r"将(?!其|它)|若|如果|一旦|合[并入]之?后|计划|希望|打算|待|倘若|假如|拟"
        r"|预计|有望|未来|以后|届时|是否|尚|还没|未能|没有|旨在|用于|试图|尝试"
    ),
    SentenceKind.COMPLETES: _P(
        r"已(?!知|有的)|了(?=[，。；、]|$)|完成|现已|得到|成功|落实|通过|不再|从此"
        r"|得以|被(?:采纳|接受|修复|解决|写入)"
    ),
    SentenceKind.IN_EFFECT: _P(
        r"(?:vLLM|官方|项目|主干)[^，。；]{0,12}(?:已经?|现已|现在)\s?(?:将|把"
        r"|在|对|可以|能够?)?[^，。；]{0,12}"
        r"(?:支持|升级|修复|解决|加入|补齐|实现|启用|切换|改用|具备|提供|消除|移除|默认|可以|包含)"
        r"|(?<![出体实])现已|(?<![，。；A-Za-z0-9_-])(?:现在|如今)[^，。；]{0,6}(?:可以|支持|能够)"
        r"|(?:该|本|此|这一|这项|这个)\s?(?:PR|改动|修复|补丁|方案|优化|变更|实现)[^，。；]{0,10}(?:修复"
        r"|解决|消除|根除)了"
        r"|(?:^|[，。；]|该|这一|此|本)\s?(?:问题|缺陷|bug|错误|故障|退化|回归)(?:现在|目前)?"
        r"(?:已经?|得到|得以|已被)[^，。；]{0,4}(?:解决|修复|消除)(?![，。；]{0,1}的)",
        re.IGNORECASE,
    ),
}

# Patterns for the sentences of a source.
PLANNING = _P(r"我(?:会|打算|可以|准备|想)|将会|计划|打算|建议|希望|最好|应该|可以考虑|请")
SETTLED = _P(r"合并|合入|已合|进了?主|关闭|merged", re.IGNORECASE)

GUESS = _P(
    r"(?:维护者|官方|团队|社区|作者|公司|厂商)[^，。；]{0,6}"
    r"(?:可能|或许|大概|估计|想必|应该)[^，。；]{0,2}(?:会|将|是|在|已)"
    r"|来自\s?(?:AMD|NVIDIA|英伟达|Intel|英特尔|Red ?Hat|红帽|Meta|Google|谷歌"
    r"|阿里|腾讯|华为|字节)[^，。；]{0,6}"
    r"(?:员工|工程师|开发者|团队|贡献者)"
    r"|(?:AMD|NVIDIA|英伟达|Intel|英特尔|Red ?Hat|红帽|Meta|Google|谷歌|阿里|腾讯"
    r"|华为|字节)\s?(?:的\s?)?(?:员工|工程师|雇员|职员)"
    r"|就职于|供职于|任职于|受雇于",
    re.IGNORECASE,
)


METRICS = {
    "throughput": _P(r"吞吐"),
    "TTFT": _P(r"首\s?(?:token|字|词)\s?(?:延迟|时延|时间)", re.IGNORECASE),
    "latency": _P(r"(?<!token )(?<![字词])(?:延迟|时延)"),
    "accuracy": _P(r"精度|准确率"),
    "memory": _P(r"显存|内存"),
    "start-up time": _P(r"启动时间|启动耗时"),
}

PLATFORMS = {"英伟达": "nvidia", "昇腾": "ascend", "英特尔": "intel", "海光": "hygon", "寒武纪": "cambricon"}

FIXES = _P(
    r"(?:该|本|此|这一|这个|这项)\s?(?:PR|改动|修复|补丁)[^，。；#]{0,8}(?:修复"
    r"|解决)了?\s?#(?P<number>\d{1,7})",
    re.IGNORECASE,
)

_FIGURE = r"\d[\d,]*(?:\.\d+)?"
CHANGES = _P(
    rf"(?:由|从|自)[^，。；\d]{{0,16}}(?P<old>{_FIGURE})[^，。；\d]{{0,20}}(?:到"
    rf"|至|成|为|升|降)[^，。；\d]{{0,6}}(?P<new>{_FIGURE})"
)
