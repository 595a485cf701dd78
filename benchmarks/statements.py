"""How many true statements stand and how many false ones fall.

    python -m benchmarks.statements STATEMENTS.jsonl THREADS.json [--judge] [-v]

Each statement is read and checked as the same part of a model's answer about its thread is. The first line
counts what the checks do; with `--judge` a second one counts what the second pass by a model leaves, and a
third one says what that took. `-v` lists each statement that came out otherwise, by kind and reason.
`benchmarks/judged.py` describes the files.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.judged import Statement, UnreadableFileError, read_statements, read_threads
from vllm_digest.check.briefs import BriefResult, read_brief
from vllm_digest.check.evidence import thread_evidence
from vllm_digest.check.sentences import CheckContext, Fault
from vllm_digest.classify import classify
from vllm_digest.config import Settings
from vllm_digest.digest import make_digest
from vllm_digest.models import Snapshot
from vllm_digest.runtime import rules_of
from vllm_digest.write.packing import pack
from vllm_digest.write.prompts import brief_instructions
from vllm_digest.write.rows import facts_row

_PARTS = ("topic", "dispute", "state", "reading", "impact", "focus", "watch")


@dataclass(frozen=True)
class Outcome:
    """What became of a statement; `faults` are empty where it stands."""

    statement: Statement
    faults: tuple[Fault, ...]

    @property
    def stands(self) -> bool:
        return not self.faults

    @property
    def is_right(self) -> bool:
        return self.stands is self.statement.truth


class Checker:
    """Reads statements as parts of a model's answers, with the settings' defaults."""

    def __init__(self, snapshot: Snapshot, settings: Settings) -> None:
        rules = rules_of(settings)
        self.threads = {thread.number: thread for thread in snapshot.threads}
        self.digest = make_digest(classify(snapshot, rules), rules.digest)
        self.evidence = thread_evidence(self.threads, self.digest, rules.bots)
        self._budget = settings.llm.thread_tokens
        self._context = CheckContext(
            self.digest.repo_url, brief_instructions(self.digest.focus.name, ("zh",))
        )
        self._logins = frozenset().union(*(one.people for one in self.evidence.values()))

    def outcome(self, statement: Statement) -> Outcome:
        """Raises UnreadableFileError if the statement's thread is not among the threads."""
        if statement.thread not in self.evidence:
            raise UnreadableFileError(f"statement {statement.id}: there is no thread {statement.thread}")
        return Outcome(statement, self._read(statement).faults)

    def _read(self, statement: Statement) -> BriefResult:
        evidence = self.evidence[statement.thread]
        thread = self.threads[statement.thread]
        packed = pack(thread, evidence, self.digest.window, budget=self._budget)
        shown = packed.shown(evidence, facts_row(evidence, thread, self.digest, roles=()))
        return read_brief(
            _answer(statement),
            shown,
            given=packed.given,
            originals=evidence.sources,
            elsewhere=self._logins,
            context=self._context,
        )


def _answer(statement: Statement) -> dict[str, Any]:
    """A model's answer that holds the statement and nothing else."""
    said = {"text": statement.text, "evidence": [one.model_dump() for one in statement.evidence]}
    empty: dict[str, Any] = dict.fromkeys(_PARTS) | {"positions": []}
    if statement.field == "positions":
        return empty | {"positions": [{"stance": statement.stance, "login": statement.login, **said}]}
    return empty | {statement.field: said}


def summary(outcomes: Iterable[Outcome]) -> str:
    """`true 384/434 passed | false 81/408 stopped`"""
    right = {True: [0, 0], False: [0, 0]}
    for outcome in outcomes:
        right[outcome.statement.truth][0] += outcome.is_right
        right[outcome.statement.truth][1] += 1
    return (
        f"true {right[True][0]}/{right[True][1]} passed | false {right[False][0]}/{right[False][1]} stopped"
    )


def details(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The statements that came out otherwise: true ones that fell with the checks, false ones that stood."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.is_right:
            groups[f"{str(outcome.statement.truth).lower()}, {outcome.statement.kind}"].append(outcome)
    for kind in sorted(groups, reverse=True):
        yield f"{kind}: {len(groups[kind])}"
        for outcome in groups[kind]:
            one = outcome.statement
            yield f"  {one.id} #{one.thread} {one.field}: {one.text}"
            yield from (f"      {fault.told()}" for fault in outcome.faults)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.statements", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("statements", type=Path, metavar="STATEMENTS.jsonl")
    parser.add_argument("threads", type=Path, metavar="THREADS.json")
    parser.add_argument("--judge", action="store_true", help="ask a model, too, whether each one follows")
    parser.add_argument("-v", "--verbose", action="store_true", help="list what came out otherwise")
    options = parser.parse_args(arguments)
    try:
        statements = read_statements(options.statements)
        checker = Checker(read_threads(options.threads), Settings())
        outcomes = [checker.outcome(statement) for statement in statements]
    except UnreadableFileError as error:
        print(error, file=sys.stderr)
        return 2
    print(summary(outcomes))
    if options.judge:
        print("the second pass is not there yet", file=sys.stderr)
        return 2
    if options.verbose:
        print("\n".join(details(outcomes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
