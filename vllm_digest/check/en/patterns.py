"""English patterns of kinds of sentences, in a model's text and in a source."""

import re

from vllm_digest.check.claims import SentenceKind


def _p(words: str) -> re.Pattern[str]:
    """A pattern of any of these alternatives, each at the start of a word."""
    return re.compile(rf"\b(?:{words})", re.IGNORECASE)


SENTENCE_KINDS = {
    SentenceKind.PLANS: re.compile(
        r"\b(?:no\b|not\b|none|nothing|never|without|will|would|could|should|can"
        r"|may|might|plan|intend|propos|suggest"
        r"|want|offer|promis|agree|prefer|request|ask|need|to be|hop|consider|remind"
        r"|say|said|expect"
        r"|going to|not yet|until|if|once|later|follow-?up|argu|think|aim|wait"
        r"|yet to|perhaps|possibl|recommend|call(?:s|ed)? for|must|remember|note)",
        re.IGNORECASE,
    ),
    SentenceKind.FUTURE: _p(
        r"will|would|if\b|once|when merged|after (?:the |its )?merge|plan|hop|intend"
        r"|aim|not yet|yet to|propos|should|could|expect|tries|meant to"
    ),
    SentenceKind.COMPLETES: _p(
        r"has (?:been|now|already|since)|have been|already|now |was |were |complet|finish"
        r"|succe|no longer|did |\w+ed\b"
    ),
    SentenceKind.IN_EFFECT: re.compile(
        r"\b(?:vLLM|users?|the project|ROCm|upstream|main)\b[^.;]{0,20}\b(?:now"
        r"|already|has been|can now|no longer)\b"
        r"|\b(?:this|the) (?:PR|change|fix|patch|pull request)\b[^.;]{0,12}\b(?:has (?:fixed"
        r"|solved|resolved|eliminated)|fixed|solved|resolved|eliminated)\b"
        r"|\b(?:bug|problem|regression|error|failure)\b[^.;]{0,10}\b(?:is now|has been"
        r"|is already|was) (?:fixed|solved|resolved)\b",
        re.IGNORECASE,
    ),
}

# Patterns for the sentences of a source.
_ONE = r"\b(?:I|we|you|someone|somebody)"
PLANNING = re.compile(
    rf"{_ONE}(?:'ll| will| shall| should| plan| want| hope| intend| might)\b"
    # "I can send a PR" is a plan, "I can reproduce it" is not.
    rf"|{_ONE} (?:can|could) (?:send|open|take|submit|do|add|make|try|look|write"
    rf"|work|help|prepare|read|use|move|put"
    r"|fix|change|split|rebase|test)\b"
    rf"|{_ONE}(?:'d| would) (?:rather|like|prefer|love|want|suggest|propose|keep"
    rf"|do|make|put|go|leave|use|move)\b"
    r"|^(?:will|could (?:you|we)|would you|should we|please|maybe|perhaps|not (?:tested )?yet)\b"
    r"|\blet(?:'s| us| me)\b|#\d+ (?:will|should|would|might|could)\b|\bgoing to\b"
    r"|\b(?:in a|as a) (?:later|follow-?up|separate|next) PR\b|\b(?:to ?do|tbd)\b"
    r"|\bwould (?:satisfy|be (?:nice|better|good|great|plain))\b|\bas soon as\b",
    re.IGNORECASE,
)
SETTLED = re.compile(
    r"\b(?:merg|land|clos|is in\b|are in\b|was in\b|got in\b|in main\b|on main\b|shipped|released)",
    re.IGNORECASE,
)

GUESS = re.compile(
    r"\b(?:maintainers?|(?:the )?team|community|authors?|company|vendors?)\b[^,.;]{0,12}\b(?:probably"
    r"|presumably|likely|perhaps|must (?:have|be)|may well|might)\b"
    r"|\b(?:employees?|engineers?|developers?|staff) (?:at|of|from) (?:AMD|NVIDIA"
    r"|Intel|Red ?Hat|Meta|Google|Alibaba|Tencent|Huawei|ByteDance)\b"
    r"|\b(?:AMD|NVIDIA|Intel|Red ?Hat|Meta|Google|Alibaba|Tencent|Huawei|ByteDance)(?:'s)? (?:employees?"
    r"|engineers?|staff)\b"
    r"|\b(?:works|working|employed) (?:for|at|by) (?:AMD|NVIDIA|Intel|Red ?Hat"
    r"|Meta|Google|Alibaba|Tencent|Huawei|ByteDance)\b",
    re.IGNORECASE,
)

METRICS = {
    "TTFT": _p(r"TTFT\b|time to first token"),
    "TPOT": _p(r"TPOT\b|time per output token"),
    "ITL": _p(r"ITL\b|inter-token latency"),
    "throughput": _p(r"throughput|tok(?:ens?)?/s\b|tokens per second|req/s\b"),
    "latency": _p(r"latency"),
    "accuracy": _p(r"accurac"),
    "memory": _p(r"memory|VRAM"),
    "start-up time": _p(r"start-?up time"),
}

FIXES = re.compile(
    r"\b(?:this|the) (?:PR|change|fix|patch|pull request) (?:also |thereby )?(?:fixes"
    r"|fixed|solves|solved|resolves|resolved)"
    r" #(?P<number>\d{1,7})",
    re.IGNORECASE,
)
_FIGURE = r"\d[\d,]*(?:\.\d+)?"
CHANGES = re.compile(
    rf"\bfrom [^,.;\d]{{0,24}}(?P<old>{_FIGURE})[^,;\d]{{0,32}}?\bto [^,.;\d]{{0,16}}(?P<new>{_FIGURE})",
    re.IGNORECASE,
)
