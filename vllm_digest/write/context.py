"""What writing about one window rests on: the same for every question about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vllm_digest.check.evidence import ThreadEvidence, thread_evidence
from vllm_digest.check.sentences import CheckContext
from vllm_digest.models import Snapshot, Thread
from vllm_digest.report import Digest
from vllm_digest.sources import Fetched, Row
from vllm_digest.write.rules import WritingRules


@dataclass(frozen=True)
class WindowContext:
    """A window that is written about.

    `others`: threads outside of it, as far as they are known, and what it took to ask for them.
    """

    rules: WritingRules
    digest: Digest
    threads: Mapping[int, Thread]
    others: Fetched[Row] = field(default_factory=lambda: Fetched(()))

    @classmethod
    def of(cls, rules: WritingRules, snapshot: Snapshot, digest: Digest) -> "WindowContext":
        return cls(rules, digest, {thread.number: thread for thread in snapshot.threads})

    @cached_property
    def _others(self) -> Mapping[int, Row]:
        return {row.number: row for row in self.others.found}

    @cached_property
    def evidence(self) -> Mapping[int, ThreadEvidence]:
        """Of every thread, by number."""
        return thread_evidence(self.threads, self.digest, self.rules.bots)

    @cached_property
    def logins(self) -> frozenset[str]:
        """Everybody who took part in the window."""
        return frozenset().union(*(one.people for one in self.evidence.values()))

    def checks(self, instructions: str) -> CheckContext:
        """What the checks of answers to these instructions need to know."""
        return CheckContext(self.digest.repo_url, instructions, self.rules.languages)

    def thread(self, number: int) -> Thread | Row | None:
        """A thread of the window or one of the others, as it stood at the window's end."""
        return self.threads.get(number) or self._others.get(number)
