"""The data that all questions about one window share."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from vllm_digest.check.evidence import ThreadEvidence, thread_evidence
from vllm_digest.check.sentences import CheckContext
from vllm_digest.models import Thread
from vllm_digest.report import Digest
from vllm_digest.sources import Fetched, Row
from vllm_digest.write.from_facts import thread_from_facts
from vllm_digest.write.rules import WritingRules


@dataclass(frozen=True)
class WindowContext:
    """A window with its threads. `threads`: by number.

    `threads`: those of the digest; where a text was not fetched, as far as facts tell.
    `others`: rows of threads outside the window that its threads name, and what fetching them took.
    """

    rules: WritingRules
    digest: Digest
    threads: Mapping[int, Thread]
    others: Fetched[Row] = field(default_factory=lambda: Fetched(()))

    @classmethod
    def of(cls, rules: WritingRules, threads: Iterable[Thread], digest: Digest) -> "WindowContext":
        # A roll-up fetches the texts of the threads that a model is asked about only.
        whole = {thread.number: thread for thread in threads}
        by_facts = {row.number: thread_from_facts(row) for row in digest.threads if row.number not in whole}
        return cls(rules, digest, by_facts | whole)

    @cached_property
    def _others(self) -> Mapping[int, Row]:
        return {row.number: row for row in self.others.found}

    @cached_property
    def evidence(self) -> Mapping[int, ThreadEvidence]:
        """The evidence of every thread of the window, by number."""
        return thread_evidence(self.threads, self.digest, self.rules.bots)

    @cached_property
    def logins(self) -> frozenset[str]:
        """Logins of everybody who took part in the window's threads."""
        return frozenset().union(*(one.people for one in self.evidence.values()))

    def checks(self, instructions: str) -> CheckContext:
        """The context for checking answers to these instructions."""
        return CheckContext(self.digest.repo_url, instructions, self.rules.languages)

    def thread(self, number: int) -> Thread | Row | None:
        """A thread of the window or one of `others`, as of the window's end; None if unknown."""
        return self.threads.get(number) or self._others.get(number)
