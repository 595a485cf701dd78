"""What writing about a day takes of a model: tokens beside the naive way, time beside the least possible.

    python -m benchmarks.model

A busy day of a local GitHub is fetched and judged; a model that takes a fixed time for each answer writes
about it. The naive way sends every listed thread whole, with what a model is told.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Lock
from typing import Any

from tests.authors import answer
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import day
from tests.values import RULES
from vllm_digest.asking import Question, Usage
from vllm_digest.classify import classify
from vllm_digest.fetch import GitHubSource
from vllm_digest.models import Snapshot, Thread
from vllm_digest.window import TimeWindow
from vllm_digest.write import Limits, ModelWriter
from vllm_digest.write.prompts import brief_instructions
from vllm_digest.write.tokens import tokens

SECONDS = 0.2
"""For each answer."""
CONCURRENCY = 8


@dataclass
class Steady:
    """A model that writes well and takes its time."""

    name: str = "steady"
    concurrency: int = CONCURRENCY
    asked: list[Question] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    def ask(self, question: Question) -> Mapping[str, Any]:
        with self.lock:
            self.asked.append(question)
        time.sleep(SECONDS)
        return answer(question.messages[1].text)

    def usage(self) -> Usage:
        return Usage(
            calls=len(self.asked),
            prompt_tokens=sum(tokens(message.text) for one in self.asked for message in one.messages),
        )


def main() -> None:
    snapshot = fetched()
    digest = classify(snapshot, RULES)
    model = Steady()
    began = time.perf_counter()
    narrative = ModelWriter(lambda: model, RULES.bots, Limits(40, 4_000, 12_000))(snapshot, digest)
    wall = time.perf_counter() - began
    briefs = sum(one.name.startswith("brief") for one in model.asked)
    rounds = -(-briefs // CONCURRENCY)
    least = SECONDS * (rounds + len(model.asked) - briefs)
    threads = [thread for thread in snapshot.threads if thread.number in digest.lists.numbers]
    whole = sum(tokens(text_of(thread)) + tokens(brief_instructions("AMD")) for thread in threads)
    asked = narrative.usage.prompt_tokens
    print(f"{len(snapshot.threads)} threads, {len(threads)} listed; {len(model.asked)} calls")
    print(f"fallbacks: {len(narrative.fallbacks)}")
    print(f"prompt tokens: {asked:>12,}")
    print(f"every thread whole: {whole:>7,}   ours are {asked / whole:.1%} of it")
    print(f"time: {wall:.2f} s; {least:.2f} s at least, which is x {wall / least:.2f}")


def fetched() -> Snapshot:
    scene = day(1, listed=300, touched=60)
    with GitHub(scene.world, now=scene.end) as github:
        source = GitHubSource(
            repo="vllm-project/vllm",
            token=TOKEN,
            api_url=github.url,
            timeout=timedelta(seconds=15),
            max_wait=timedelta(minutes=15),
            sleep=time.sleep,
            progress=lambda done, total: None,
        )
        window = TimeWindow(scene.start, scene.end)
        (snapshot,) = source.sweep([window], lambda: scene.end, lambda window, error: None)
        return snapshot


def text_of(thread: Thread) -> str:
    """A thread as GitHub shows it."""
    return "\n".join((thread.title, thread.body, *(remark.body for remark in thread.remarks)))


if __name__ == "__main__":
    main()
