"""Measure how many true statements pass the checks and how many false ones are rejected.

    python -m benchmarks.statements STATEMENTS.jsonl THREADS.json [--judge] [-v]

Each statement is read and checked as the same part of a model's answer about its thread is. The first line
counts what the checks do; with `--judge` a second one counts what the second pass by a model leaves, and a
third one what that took. `-v` lists each statement that came out otherwise, by kind and reason.
`benchmarks/judged.py` describes the files.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.judged import Statement, UnreadableFileError, read_statements, read_threads
from vllm_digest.check.briefs import read_brief
from vllm_digest.check.sentences import Fault
from vllm_digest.classify import classify
from vllm_digest.config import Settings
from vllm_digest.digest import make_digest
from vllm_digest.errors import DigestError
from vllm_digest.model_protocol import Model, ModelError
from vllm_digest.models import Snapshot
from vllm_digest.narrative import FallbackReason
from vllm_digest.options import ConfigOptions
from vllm_digest.rules import writing_rules_of
from vllm_digest.runtime import Runtime, Setup, resolve
from vllm_digest.write.brief import thread_judge_question
from vllm_digest.write.context import WindowContext
from vllm_digest.write.judge import Claim, JudgeVerdict, read_rulings
from vllm_digest.write.packing import pack
from vllm_digest.write.prompts import brief_instructions
from vllm_digest.write.ranking import Target
from vllm_digest.write.rows import facts_row

_A_CALL = 20
"""Statements that are judged at once; a brief has fewer."""
_PARTS = ("topic", "dispute", "state", "reading", "impact", "focus", "watch")


@dataclass(frozen=True)
class Outcome:
    """The result for a statement. `faults`: empty if it passed."""

    statement: Statement
    faults: tuple[Fault, ...]

    @property
    def stands(self) -> bool:
        return not self.faults

    @property
    def is_right(self) -> bool:
        return self.stands is self.statement.truth


class Checker:
    """Reads statements as parts of a model's answers."""

    def __init__(self, snapshot: Snapshot, setup: Setup) -> None:
        digest = make_digest(classify(snapshot, setup.rules), setup.rules.digest)
        rules = replace(writing_rules_of(setup.settings), languages=("zh",))
        self.window = WindowContext.of(rules, snapshot, digest)
        self._context = self.window.checks(brief_instructions(digest.focus.name, rules.languages))

    def outcome(self, statement: Statement) -> Outcome:
        """The result of the checks. Raises UnreadableFileError if its thread is not among the threads."""
        if statement.thread not in self.window.evidence:
            raise UnreadableFileError(f"statement {statement.id}: there is no thread {statement.thread}")
        evidence, thread = self.window.evidence[statement.thread], self.window.threads[statement.thread]
        digest, budget = self.window.digest, self.window.rules.limits.thread_tokens
        packed = pack(thread, evidence, digest.window, budget=budget)
        shown = packed.shown(evidence, facts_row(evidence, thread, digest, roles=()))
        result = read_brief(
            _answer(statement),
            shown,
            given=shown.sources.keys(),
            originals=evidence.sources,
            elsewhere=self.window.logins,
            context=self._context,
        )
        return Outcome(statement, result.faults)

    def judged(self, outcomes: Sequence[Outcome], model: Model) -> list[Outcome]:
        """The results after the second pass over statements that passed; those not judged still pass."""
        threads: dict[int, list[Statement]] = defaultdict(list)
        for outcome in outcomes:
            if outcome.stands:
                threads[outcome.statement.thread].append(outcome.statement)
        parts = [
            (number, tuple(some[at : at + _A_CALL]))
            for number, some in threads.items()
            for at in range(0, len(some), _A_CALL)
        ]

        def ask(part: tuple[int, tuple[Statement, ...]]) -> dict[int | str, tuple[Fault, ...]]:
            return self._rulings(*part, model)

        rulings: dict[int | str, tuple[Fault, ...]] = {}
        with ThreadPoolExecutor(max_workers=max(1, model.concurrency)) as pool:
            for found in pool.map(ask, parts):
                rulings |= found
        return [
            replace(outcome, faults=(*outcome.faults, *rulings.get(outcome.statement.id, ())))
            for outcome in outcomes
        ]

    def _rulings(
        self, number: int, statements: tuple[Statement, ...], model: Model
    ) -> dict[int | str, tuple[Fault, ...]]:
        """The faults that a judge finds, by the statements' ids."""
        claims = [_claim(one, str(place)) for place, one in enumerate(statements, start=1)]
        budget = self.window.rules.limits.thread_tokens
        try:
            answer = model.ask(
                thread_judge_question(self.window, Target(number, frozenset()), claims, budget)
            )
        except ModelError as error:
            print(f"#{number}: {len(claims)} statements are not judged: {error}", file=sys.stderr)
            return {}
        rulings = read_rulings(answer, claims)
        missing = len(claims) - len(rulings)
        if missing:
            print(f"#{number}: {missing} statements are not judged", file=sys.stderr)
        return {
            statements[int(name) - 1].id: (Fault("", FallbackReason.ENTAILMENT, one.words),)
            for name, one in rulings.items()
            if one.verdict is not JudgeVerdict.SUPPORTED
        }


def _claim(statement: Statement, name: str) -> Claim:
    return Claim(
        name=name,
        texts={"zh": statement.text},
        evidence=[(one.source, one.quote) for one in statement.evidence],
        login=statement.login,
        stance=statement.stance,
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
    """The wrong results: true statements that were rejected, with the checks, and false ones that passed."""
    groups: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        if not outcome.is_right:
            groups[f"{str(outcome.statement.truth).lower()}, {outcome.statement.kind}"].append(outcome)
    for kind in sorted(groups, reverse=True):
        yield f"{kind}: {len(groups[kind])}"
        for outcome in groups[kind]:
            one = outcome.statement
            yield f"  {one.id} #{one.thread} {one.field}: {one.text}"
            yield from (f"      {fault.described()}" for fault in outcome.faults)


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
        # The checks use the defaults; the judge is the model that the settings name.
        setup = resolve(Runtime(), ConfigOptions()) if options.judge else Setup(Runtime(), Settings())
        checker = Checker(read_threads(options.threads), setup)
        outcomes = [checker.outcome(statement) for statement in statements]
        print(summary(outcomes), flush=True)
        if options.judge:
            with setup.model_server() as server:
                model = server.session()
                outcomes = checker.judged(outcomes, model)
                usage = model.usage()
            print(summary(outcomes))
            print(f"{usage.calls} calls, {usage.cached_answers} answers from the cache,", end=" ")
            print(f"{usage.prompt_tokens:,} tokens of prompts, {usage.completion_tokens:,} of answers")
    except (UnreadableFileError, DigestError, ModelError) as error:
        print(error, file=sys.stderr)
        return 2
    if options.verbose:
        print("\n".join(details(outcomes)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
