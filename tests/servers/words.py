"""Texts of plausible kinds and sizes: titles, bodies with environment dumps, what people and bots say."""

from __future__ import annotations

from random import Random

AREAS = (
    "Core", "V1", "Frontend", "Model", "Kernel", "Quantization", "CI/Build", "Doc", "Bugfix", "Perf",
    "ROCm", "CPU", "XPU", "TPU", "LoRA", "Spec Decode", "Multimodal", "KV Connector", "MoE", "Attention",
)  # fmt: skip
LABELS = (
    "bug", "usage", "feature request", "rocm", "v1", "ready", "documentation", "ci/build", "frontend",
    "multi-modality", "performance", "quantization", "nvidia", "cpu", "deepseek", "qwen", "tool-calling",
    "speculative-decoding", "new-model", "structured-output", "kv-connector", "needs-rebase",
)  # fmt: skip
_NOUNS = (
    "scheduler", "paged attention", "prefix cache", "FP8 KV cache", "tensor parallel worker", "sampler",
    "tokenizer", "chat template", "MoE router", "CUDA graph capture", "AITER kernel", "Marlin GEMM",
    "disaggregated prefill", "reasoning parser", "guided decoding", "LoRA adapter", "weight loader",
)  # fmt: skip
_FAULTS = (
    "crashes on startup", "hangs under load", "returns garbage for long prompts", "is slow on MI300X",
    "leaks memory", "ignores the seed", "raises KeyError", "times out with two nodes", "loses the last token",
)  # fmt: skip
_DEEDS = (
    "Refactor", "Speed up", "Fix", "Add tests for", "Support batching in", "Clean up", "Enable by default",
    "Document", "Remove deprecated parts of", "Fuse", "Reland",
)  # fmt: skip
_CHINESE = ("推理结果不一致", "多卡部署时显存不足", "请问如何开启前缀缓存", "升级后吞吐下降")
_CHINESE_SENTENCE = "同样的问题，换成旧版本就正常。"
CHINESE = (*_CHINESE, _CHINESE_SENTENCE)
"""What some people write in Chinese."""
_SENTENCES = (
    "I can reproduce this on the current main branch.",
    "The regression seems to come from the change of the block table layout.",
    "Could you share the exact command and the model revision?",
    "With `--enforce-eager` it works, so graph capture is the suspect.",
    "Throughput goes from 1,420 to 1,760 tokens per second on one MI300X.",
    "This needs a rebase, and the new test fails on the CPU runner.",
    "I do not think we should change the default before the next release.",
    "The accuracy on GSM8K is unchanged: 0.842 before, 0.841 after.",
    _CHINESE_SENTENCE,
    "Please add a test which fails without the fix.",
    "We see the same with two nodes and InfiniBand.",
    "LGTM once the comment above is addressed.",
)


def title(rng: Random, *, issue: bool) -> str:
    """A title, now and then an empty one, a Chinese one, or one that looks like a template's code."""
    chance = rng.random()
    if issue and chance < 0.01:
        return "[Bug]:"
    if chance < 0.03:
        return f"[Usage]: {rng.choice(_CHINESE)} {rng.randrange(100)}"
    if chance < 0.04:
        return "[Doc] Show `{{ messages }}` and {% if tools %} | <b>tables</b>"
    if issue:
        kind = rng.choice(("Bug", "Bug", "Bug", "Feature", "Usage", "Performance", "CI Failure"))
        return f"[{kind}]: {rng.choice(_NOUNS)} {rng.choice(_FAULTS)} (case {rng.randrange(10_000)})"
    return f"[{rng.choice(AREAS)}] {rng.choice(_DEEDS)} {rng.choice(_NOUNS)}, part {rng.randrange(1_000)}"


def sentences(rng: Random, count: int) -> str:
    return " ".join(rng.choice(_SENTENCES) for _ in range(count))


def _environment(rng: Random) -> str:
    """What `collect_env.py` prints: 7 to 14 thousand characters."""
    flags = " ".join(f"flag_{rng.randrange(1_000)}" for _ in range(130))
    packages = "\n".join(
        f"[pip3] package-{rng.randrange(1_000)}=={rng.randrange(9)}.{n}.0"
        for n in range(rng.randint(90, 220))
    )
    gpus = "\n".join(f"GPU{a}\t" + "\t".join("X" if a == b else "XGMI" for b in range(8)) for a in range(8))
    mitigations = "\n".join(f"Vulnerability {n}: Mitigation; {rng.choice(_SENTENCES)}" for n in range(18))
    return (
        "<details>\n<summary>The output of <code>python collect_env.py</code></summary>\n\n```text\n"
        f"OS: Ubuntu 22.04 (x86_64)\nPyTorch version: 2.9.0\nIs CUDA available: True\nFlags: {flags}\n"
        f"{mitigations}\n{packages}\nROCm Version: 6.4.43483\nvLLM Version: 0.12.0\n{gpus}\n```\n\n</details>"
    )


def _traceback(rng: Random) -> str:
    frames = "\n".join(
        f'  File "/opt/vllm/v1/engine/part_{rng.randrange(40)}.py", line {rng.randrange(900)}, in step\n'
        f"    self.{rng.choice(('run', 'wait', 'load'))}({rng.choice(('batch', 'request', 'state'))})"
        for _ in range(rng.randint(8, 30))
    )
    return f"```text\nTraceback (most recent call last):\n{frames}\nRuntimeError: engine core died\n```"


class Library:
    """A index of texts; threads share them, so that a year of them fits into memory."""

    def __init__(self, rng: Random, size: int) -> None:
        """`size`: how many different texts there are of each kind."""
        self.issues = [self._issue(rng) for _ in range(size)]
        self.pulls = [self._pull(rng) for _ in range(size)]
        self.comments = [self._comment(rng) for _ in range(size * 3)]
        self.remarks = [self._remark(rng) for _ in range(size * 2)]
        self.summaries = [f"## Code Review\n\n{sentences(rng, rng.randint(6, 40))}" for _ in range(size)]

    def _issue(self, rng: Random) -> str:
        words = f"### 🐛 Describe the bug\n\n{sentences(rng, rng.randint(2, 12))}\n\n"
        if rng.random() < 0.6:
            return f"### Your current environment\n\n{_environment(rng)}\n\n{words}{_traceback(rng)}"
        return words + (_traceback(rng) if rng.random() < 0.4 else "")

    def _pull(self, rng: Random) -> str:
        table = "\n".join(f"| case {n} | {rng.randrange(900)} | {rng.randrange(900)} |" for n in range(6))
        return (
            f"## Purpose\n\n{sentences(rng, rng.randint(1, 10))}\n\n## Test Plan\n\n`pytest tests/v1`\n\n"
            f"## Test Result\n\n| case | before | after |\n|---|---|---|\n{table}\n\n---\n<details>\n"
            f"<summary>Essential Elements</summary>\n\n{sentences(rng, 8)}\n\n</details>"
        )

    def _comment(self, rng: Random) -> str:
        text = sentences(rng, rng.randint(1, 8))
        return f"{text}\n\n{_traceback(rng)}" if rng.random() < 0.1 else text

    def _remark(self, rng: Random) -> str:
        if rng.random() < 0.3:
            return (
                f"{sentences(rng, 2)}\n\n```suggestion\n        return self.state[{rng.randrange(99)}]\n```"
            )
        return sentences(rng, rng.randint(1, 4))
