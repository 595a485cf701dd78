"""What writing about a day takes of a model: tokens by part, and time beside the least possible.

    python -m benchmarks.model

A busy day of a local GitHub is fetched and judged; a model that takes a fixed time for each answer writes
about it and judges it, with the usual limit of threads and without one. Tokens are estimated as the program
does it; instructions are counted apart, for servers keep them. The naive way sends every listed thread whole,
each with its instructions. More threads of this day concern the focus than of any real one.
"""

import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

from tests.authors import answer
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import day
from tests.values import RULES
from vllm_digest.check.evidence import thread_evidence
from vllm_digest.classify import classify
from vllm_digest.config import LlmSettings
from vllm_digest.digest import make_digest
from vllm_digest.model_protocol import Model, Question, Usage
from vllm_digest.models import Snapshot, Thread
from vllm_digest.report import Digest
from vllm_digest.sources.github import GitHubSource
from vllm_digest.window import TimeWindow
from vllm_digest.write import Limits, WritingRules
from vllm_digest.write.packing import pack
from vllm_digest.write.prompts import brief_instructions
from vllm_digest.write.ranking import targets
from vllm_digest.write.tokens import tokens
from vllm_digest.write.writer import ModelWriter

SECONDS = 0.2
"""Seconds that the model takes for each answer."""
CONCURRENCY = 8
_LLM = LlmSettings()


@dataclass
class Steady:
    """A model that writes valid answers, supports every statement, and takes a fixed time for each answer."""

    name: str = "steady"
    concurrency: int = CONCURRENCY
    asked: list[Question] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def ask(self, question: Question) -> Mapping[str, Any]:
        with self.lock:
            self.asked.append(question)
        time.sleep(SECONDS)
        return answer(question.messages[1].text)

    def session(self) -> Model:
        return self

    def usage(self) -> Usage:
        return Usage(calls=len(self.asked))


def main() -> None:
    snapshot = fetched()
    digest = make_digest(classify(snapshot, RULES), RULES.digest)
    threads = {thread.number: thread for thread in snapshot.threads}
    wanted = [threads[target.number] for target in targets(digest)]
    texts = sum(tokens(text_of(threads[number])) for number in digest.lists.numbers)
    instructions = tokens(brief_instructions(digest.focus.name, ("zh",)))
    whole = texts + len(digest.lists.numbers) * instructions
    print(f"{len(threads)} threads, {len(digest.lists.numbers)} listed, {len(wanted)} to tell of")
    print(f"every listed thread whole: {whole:,} tokens of prompts, {texts:,} of them the threads' own texts")
    known = thread_evidence(threads, digest, RULES.bots)
    packed = sum(
        tokens(pack(one, known[one.number], digest.window, budget=_LLM.thread_tokens).lines) for one in wanted
    )
    print(f"packing leaves {packed / sum(tokens(text_of(one)) for one in wanted):.1%} of a thread's text")
    for most in (_LLM.threads, len(wanted)):
        told(snapshot, digest, most, whole)


def told(snapshot: Snapshot, digest: Digest, most: int, whole: int) -> None:
    """Write about the day with this many briefs, and print tokens and time."""
    model = Steady()
    limits = Limits(most, _LLM.thread_tokens, _LLM.overview_tokens)
    writer = ModelWriter(model.session, WritingRules(RULES.bots, limits, judge=True))
    began = time.perf_counter()
    writer(snapshot, digest)
    wall = time.perf_counter() - began
    parts = Counter(part for part, _ in map(part_of, model.asked))
    sizes: Counter[str] = Counter()
    for question in model.asked:
        part, (fixed, own) = part_of(question)
        sizes["instructions"] += fixed
        sizes[part] += own
    # The two calls of a thread are sequential, and so are those of the overview.
    calls = parts["brief"] + parts["judge"]
    least = SECONDS * (-(-calls // CONCURRENCY) + parts["overview"] + parts["judge of the overview"])
    written = sizes["brief"] + sizes["overview"] + sizes["repair"]
    judged = sizes["judge"] + sizes["judge of the overview"]
    print(f"\n{most} threads told: {len(model.asked)} calls, {sum(sizes.values()):,} tokens, ", end="")
    print(f"{sum(sizes.values()) / whole:.1%} of whole; {wall:.2f} s, x {wall / least:.2f} of the least")
    for part, size in sizes.items():
        print(f"  {part}: {size:,} tokens in {parts[part] or len(model.asked)} calls")
    print(f"  the second pass adds {judged / written:.0%} to the rest, instructions aside")


def part_of(question: Question) -> tuple[str, tuple[int, int]]:
    """The purpose of a question, and the tokens of its instructions and of the rest."""
    kinds = {"judge-overview": "judge of the overview", "overview": "overview"}
    name = question.name
    part = "repair" if name.endswith("-repair") else kinds.get(name) or name.partition("-")[0]
    sizes = [tokens(message.text) for message in question.messages]
    return part, (sizes[0], sum(sizes[1:]))


def fetched() -> Snapshot:
    scene = day(1, listed=300, touched=60)
    with GitHub(scene.world, now=scene.end) as github:
        source = GitHubSource(
            repo="vllm-project/vllm",
            token=TOKEN,
            api_url=github.url,
            timeout=timedelta(seconds=15),
            max_wait=timedelta(minutes=15),
            clock=lambda: scene.end,
            sleep=time.sleep,
            on_retry=lambda number, most: None,
        )
        window = TimeWindow(scene.start, scene.end)
        (snapshot,) = source.sweep([window], lambda *_: None, lambda *_: None)
        return snapshot


def text_of(thread: Thread) -> str:
    """A thread as GitHub shows it."""
    return "\n".join((thread.title, thread.body, *(remark.body for remark in thread.remarks)))


if __name__ == "__main__":
    main()
