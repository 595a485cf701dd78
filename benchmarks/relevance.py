"""How well and how fast threads are judged.

`python -m benchmarks.relevance [SETTINGS.yaml] [THREADS.jsonl | DAY.json] …` prints precision, recall and F1
against judged threads by set, for the part that the rules were tuned on and the part held out, with each
thread judged otherwise and its reasons, by the rules of the settings (else by the built-in ones); then for
each day (five lists with titles, labels and authors) what its threads that are labelled or named for the
focus came out as; then CPU times. Without arguments it prints the times.

A judged thread is one JSON object a line: `number`, `kind` (issue or pr), `title`, `labels` with
`labels_known`, `body_gist`, perhaps `author`, `seen` (what `body_gist` is: the description, or the
discussion), `paths` where the changed files are known, `remarks` (other people's comments), `set`; and
`relevance` (yes, passing, no; `amd` in files about AMD).
"""

import hashlib
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from vllm_digest.config import load_with_origins
from vllm_digest.focus.relevance import judge
from vllm_digest.focus.rules import Focus, FocusSettings
from vllm_digest.judgement import Judgement, JudgementReason, Relevance
from vllm_digest.models import GHOST, Account, Kind, Remark, RemarkKind, State, Thread
from vllm_digest.rules import rules_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FOCUS = FocusSettings().compiled(("bug", "needs-rebase", "ready", "ready-run-all-tests", "stale", "verified"))
ANSWERS = {"yes": Relevance.YES, "passing": Relevance.PASSING, "no": Relevance.NONE}


def thread(
    title: str,
    *,
    number: int = 1,
    kind: Kind = Kind.ISSUE,
    body: str = "",
    author: str | None = "someone",
    labels: Iterable[str] = (),
    comments: Iterable[str] = (),
) -> Thread:
    return Thread(
        number=number,
        kind=kind,
        title=title,
        body=body,
        url="",
        author=Account(author) if author else GHOST,
        association="NONE",
        state=State.OPEN,
        created_at=NOW,
        labels=tuple(labels),
        remarks=tuple(
            Remark(str(at), RemarkKind.COMMENT, Account(f"reader-{at}"), "NONE", NOW, "", text)
            for at, text in enumerate(comments)
        ),
    )


def judged_thread(row: dict[str, Any]) -> Thread:
    discussed = row.get("seen") == "discussion"
    judged = thread(
        row["title"],
        number=row["number"],
        kind=Kind.ISSUE if row["kind"] == "issue" else Kind.PULL_REQUEST,
        body="" if discussed else row["body_gist"],
        author=row.get("author"),
        labels=row["labels"] if row["labels_known"] else (),
        comments=[row["body_gist"]] if discussed else row.get("remarks", ()),
    )
    paths = tuple(row.get("paths", ()))
    return replace(judged, paths=paths, changed_files=len(paths) or None)


def held_out(number: int) -> bool:
    """Whether a thread is held out: a third of all, chosen by number."""
    return hashlib.sha256(str(number).encode()).digest()[0] % 3 == 0


def print_quality(path: Path, focus: Focus) -> None:
    """The quality by set, without and with the held-out part."""
    rows = [json.loads(text) for text in path.read_text(encoding="utf-8").splitlines()]
    for name in sorted({row.get("set", "") for row in rows}):
        of_set = [row for row in rows if row.get("set", "") == name]
        for part, wanted in (("tuned on", False), ("held out", True)):
            some = [row for row in of_set if held_out(row["number"]) is wanted]
            print_set(f"{path.stem}{' set ' * bool(name)}{name}, {part}", some, focus)


def print_set(name: str, rows: list[dict[str, Any]], focus: Focus) -> None:
    pairs: Counter[tuple[Relevance, Relevance]] = Counter()
    for row in rows:
        judgement = judge(judged_thread(row), focus)
        expected = ANSWERS[row["relevance"] if "relevance" in row else row["amd"]]
        pairs[expected, judgement.relevance] += 1
        if expected is not judgement.relevance:
            print(f"  {line(row['number'], row['title'], judgement)}\n      expected {expected}")
    found = sum(count for (_, answer), count in pairs.items() if answer is Relevance.YES)
    right = pairs[Relevance.YES, Relevance.YES]
    asides = pairs[Relevance.PASSING, Relevance.YES]
    positives = sum(count for (expected, _), count in pairs.items() if expected is Relevance.YES)
    lost = pairs[Relevance.PASSING, Relevance.NONE]
    print(f"{name}: {len(rows)} threads, {positives} of them yes")
    print(
        f"  precision {right / max(1, found - asides):.3f}, "
        f"with passing ones taken in counted as wrong {right / max(1, found):.3f}; "
        f"recall {right / max(1, positives):.3f}; "
        f"F1 {2 * right / max(1, found - asides + positives):.3f}; passing ones lost {lost}"
    )


def line(number: int, title: str, judgement: Judgement) -> str:
    reasons = "; ".join(map(reason_text, judgement.reasons)) or "no sign"
    return f"#{number} {judgement.relevance}: {title[:90]}\n      {reasons}"


def reason_text(reason: JudgementReason) -> str:
    """`body "ROCm", "MI300X"`, `paths 1 of 3 "csrc/rocm/a.cu"`."""
    quotes = ", ".join(f'"{quote}"' for quote in reason.quotes)
    share = f"{reason.count} of {reason.total}" if reason.count else str(reason.total or "")
    because = reason.because.get("en") if reason.because else ""
    parts = ("comments:" if reason.in_comments else "", reason.code.value, share, quotes, because)
    return " ".join(part for part in parts if part)


def print_day(path: Path, focus: Focus) -> None:
    day = json.loads(path.read_text(encoding="utf-8"))
    print(path.name)
    seen = set()
    for name, rows in day.items():
        for row in rows if name.startswith(("new", "closed", "merged")) else ():
            if row["number"] in seen:
                continue
            seen.add(row["number"])
            judgement = judge(
                thread(
                    row["title"],
                    number=row["number"],
                    kind=Kind.ISSUE if "issues" in name else Kind.PULL_REQUEST,
                    author=row["author"],
                    labels=row["labels"],
                ),
                focus,
            )
            if judgement.reasons or judgement.relevance is not Relevance.NONE:
                print(f"  {line(row['number'], row['title'], judgement)}")


DUMP = "\n".join(
    (
        "<details>",
        "<summary>The output of <code>python collect_env.py</code></summary>",
        "```text",
        "PyTorch version              : 2.9.0+cu129",
        "CUDA used to build PyTorch   : 12.9",
        "ROCM used to build PyTorch   : N/A",
        *(f"GPU {index}: NVIDIA H100 80GB HBM3" for index in range(8)),
        "HIP runtime version          : N/A",
        "MIOpen runtime version       : N/A",
        "Vendor ID:                   AuthenticAMD",
        "Model name:                  AMD EPYC 9654 96-Core Processor",
        "Flags:                       " + "fpu vme de pse tsc msr pae mce " * 30 + "amd_lbr_v2",
        *(f"[pip3] nvidia-part-{index}==12.{index}" for index in range(40)),
        "vLLM Build Flags:",
        "  CUDA Archs: Not Set; ROCm: Disabled; XPU: Disabled",
        "```",
        "</details>",
    )
)
TRACE = "\n".join(
    f'(EngineCore_DP0 pid=77) ERROR 12-10 11:42:30 [core.py:{at}]   File "/venv/vllm/v1/core.py", line {at}'
    for at in range(60)
)
COMMENT = "I see the same with 0.12.0, the relationship of memory and batch size looks wrong to me. " * 8


def ordinary_day() -> list[Thread]:
    return [
        thread(
            f"[Bug]: request {number} hangs when the cache is full",
            number=number,
            body=f"### Environment\n{DUMP}\n### Describe the bug\n{COMMENT}\n```text\n{TRACE}\n```\n",
            comments=[COMMENT, TRACE, COMMENT, COMMENT],
            labels=["bug"],
        )
        for number in range(300)
    ]


def hostile_texts() -> dict[str, str]:
    """Texts of a million characters each."""
    pieces = (
        *("a", "\n", " ", "x", "9x", "中", "İ", "amd", "amd ", "rocm ", "ROCm/", "MI300X (", "gfx", "```\n"),
        *(
            "| ROCm | N/A |\n",
            "ROCm: \t",
            "CUDA, ROCm, ",
            "AMD EPYC ",
            "_rocm",
            "@amd-",
            "GPU 0: ",
            "~",
            "hip",
        ),
        *("HSA_STATUS_ERROR" + "A" * 17, "AMD      ", "ROCM used to build PyTorch    ", "non-", "INFO ", "["),
        *("AMD, non-CUDA ", "AMD <details>", "AMD <!--", "pytorch/blob/main/torch/utils/collect_env.py\n"),
    )
    return {piece: (piece * (1_000_000 // len(piece) + 1))[:1_000_000] for piece in pieces}


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds, the best of three runs."""
    times = []
    for _ in range(3):
        before = time.process_time()
        work()
        times.append(time.process_time() - before)
    return min(times)


def print_times() -> None:
    day = ordinary_day()
    size = sum(len(one.body) + sum(len(remark.body) for remark in one.remarks) for one in day)
    cpu = seconds(lambda: [judge(one, FOCUS) for one in day])
    print(f"a day of {len(day)} threads, {size:,} characters: {cpu:.3f} s of CPU")
    times = {
        piece: seconds(partial(judge, thread("", body=text), FOCUS))
        for piece, text in hostile_texts().items()
    }
    for piece, cpu in sorted(times.items(), key=lambda item: -item[1])[:5]:
        print(f"a body of 1,000,000 characters, {piece!r} again and again: {cpu * 1000:.1f} ms of CPU")


def main() -> None:
    focus = FOCUS
    for path in map(Path, sys.argv[1:]):
        if path.suffix == ".yaml":
            focus = rules_of(load_with_origins(file=path, environ={}, flags={}).settings).focus
        elif path.suffix == ".jsonl":
            print_quality(path, focus)
        else:
            print_day(path, focus)
    print_times()


if __name__ == "__main__":
    main()
