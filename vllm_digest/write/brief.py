"""Write the brief of one thread: ask, check, repair, judge."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vllm_digest.check.briefs import BriefResult, read_brief
from vllm_digest.check.evidence import SourceText, ThreadEvidence
from vllm_digest.check.figures import references
from vllm_digest.model_protocol import ModelError, Question
from vllm_digest.narrative import (
    Brief,
    BriefPart,
    Fallback,
    FallbackReason,
    Position,
    Statement,
)
from vllm_digest.write.context import WindowContext
from vllm_digest.write.conversations import (
    Conversation,
    Exchange,
    exchange_of,
    failed,
    fallbacks,
    with_shrinking_budget,
)
from vllm_digest.write.judge import Claim, judge_question
from vllm_digest.write.packing import CitedSources, pack
from vllm_digest.write.prompts import brief_instructions, brief_question
from vllm_digest.write.ranking import PageRole, Target
from vllm_digest.write.rows import facts_row, judge_row, line, linked_numbers, short_row, unknown_row
from vllm_digest.write.second_pass import SecondPass

log = logging.getLogger(__name__)

Item = Statement | Position

_JUDGE_SHARE = 6
"""The judge gets 1/6 of the writer's budget for texts that are not cited: with more of them the second pass
added over 80 % to the prompt tokens (benchmarks.model), and statements depend on what they cite."""
_NEEDED = {
    PageRole.HOT: (BriefPart.TOPIC,),
    PageRole.CHANGE: (BriefPart.READING,),
    PageRole.FOCUS: (BriefPart.READING,),
}
"""The parts that a page needs of every thread with a role; rules write a missing one."""


@dataclass(frozen=True, slots=True)
class BriefOutcome:
    """The result for one thread. `brief`: None if rules write all of it.

    `fallbacks`: the parts that rules write. `judged`, `unjudged`: as in `second_pass.SecondPassOutcome`.
    """

    brief: Brief | None
    fallbacks: tuple[Fallback, ...] = ()
    judged: int = 0
    unjudged: int = 0


def brief(window: WindowContext, target: Target, rank: int) -> Conversation[BriefOutcome]:
    """The conversation about one thread. `rank`: its position by importance, 0 for the first."""
    part = f"brief-{target.number}"
    log.info("%s: roles on the page: %s", part, ", ".join(sorted(target.roles)))
    subject = _Subject(window, target, rank)
    try:
        exchange = yield from with_shrinking_budget(window.rules.limits.thread_tokens, subject.ask)
    except ModelError as error:
        return BriefOutcome(None, (failed(part, error),))
    result = exchange.result
    if result.is_empty:
        reason = result.faults[0].reason if result.faults else FallbackReason.NO_ANSWER
        return BriefOutcome(None, (Fallback(part, reason),))
    lost = [*fallbacks(f"{part}.", result.faults), *subject.missing(result)]
    if not window.rules.judge:
        return BriefOutcome(result.brief, tuple(lost))
    outcome = yield from subject.second_pass(exchange).run(_items(result.brief))
    lost += [Fallback(f"{part}.{name}", FallbackReason.ENTAILMENT) for name in outcome.dropped]
    kept = _rebuilt(result.brief, outcome.items)
    return BriefOutcome(
        None if kept.is_empty else kept, tuple(lost), judged=outcome.judged, unjudged=outcome.unjudged
    )


@dataclass(frozen=True, slots=True)
class _Subject:
    """The questions about one thread."""

    window: WindowContext
    target: Target
    rank: int

    def ask(self, budget: int) -> Conversation[Exchange[BriefResult]]:
        """Ask for the brief, with about `budget` tokens of the thread's text."""
        window, rules = self.window, self.window.rules
        number, focus = self.target.number, window.digest.focus.name
        evidence, thread = window.evidence[number], window.threads[number]
        packed = pack(thread, evidence, window.digest.window, budget=budget)
        row = facts_row(evidence, thread, window.digest, self.target.roles)
        context = window.checks(brief_instructions(focus, rules.languages))
        shown = packed.shown(evidence, row)
        question = brief_question(number, row, packed, focus, rules.languages, rank=self.rank)
        return exchange_of(
            question,
            lambda answer: read_brief(
                answer,
                shown,
                given=shown.sources.keys(),
                originals=evidence.sources,
                elsewhere=window.logins,
                context=context,
            ),
            rules.language,
        )

    def missing(self, result: BriefResult) -> Iterator[Fallback]:
        """Fallbacks for parts that the thread's roles need and the answer left out without a fault."""
        needed = {name for role in self.target.roles for name in _NEEDED.get(role, ())}
        faulty = {fault.where for fault in result.faults}
        for part in sorted(needed - faulty):
            if not result.brief.statements_of(part):
                yield Fallback(f"brief-{self.target.number}.{part}", FallbackReason.NO_ANSWER)

    def second_pass(self, exchange: Exchange[BriefResult]) -> SecondPass[Item]:
        def replacements(answer: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Item]:
            return _replacements(exchange.result.brief, exchange.read(answer).brief, names)

        return SecondPass(
            subject=f"brief-{self.target.number}",
            claim=self._claim,
            ask=self._judged,
            rewrite=exchange.repair,
            replacements=replacements,
            budget=self.window.rules.limits.thread_tokens,
        )

    def _claim(self, name: str, item: Item) -> Claim:
        said = item.said if isinstance(item, Position) else item
        names = {source.id: short for short, source in self._sources().items()}
        claim = Claim(
            name=name,
            texts=said.texts,
            evidence=[(names.get(one.source, one.source), one.quote) for one in said.evidence],
        )
        if isinstance(item, Position):
            return replace(claim, login=item.login, stance="; ".join(item.stances.values()))
        return claim

    def _sources(self) -> Mapping[str, SourceText]:
        return self.window.evidence[self.target.number].sources

    def _judged(self, claims: Sequence[Claim], budget: int) -> Question:
        # After all briefs: if time is short, a statement that is not judged is better than none.
        rank = self.rank + self.window.rules.limits.threads
        return thread_judge_question(self.window, self.target, claims, budget, rank=rank)


def thread_judge_question(
    window: WindowContext, target: Target, claims: Sequence[Claim], budget: int, *, rank: int = 0
) -> Question:
    """The question whether claims about a thread follow from it, with about `budget` tokens of its text.

    The cited texts, and later ones of the same people, are shown whole in addition.
    """
    evidence, thread = window.evidence[target.number], window.threads[target.number]
    cited = CitedSources.of({name for claim in claims for name, _ in claim.evidence}, evidence.sources)
    packed = pack(thread, evidence, window.digest.window, budget=budget // _JUDGE_SHARE, cited=cited)
    rows = [line({"thread": row}) for row in _rows(window, evidence, claims)]
    return judge_question(
        f"brief-{target.number}",
        [judge_row(evidence, thread, window.digest), *rows, packed.lines],
        claims,
        model=window.rules.judge_model,
        language=window.rules.language,
        rank=rank,
    )


def _rows(
    window: WindowContext, evidence: ThreadEvidence, claims: Sequence[Claim]
) -> Iterator[dict[str, Any]]:
    """Rows of the threads that the claims name and of those that GitHub links with this one."""
    named = [number for claim in claims for text in claim.texts.values() for number in references(text)]
    for number in dict.fromkeys((*linked_numbers(evidence), *named)):
        if number != evidence.number:
            thread = window.thread(number)
            yield short_row(thread, window.digest) if thread else unknown_row(number)


def _items(brief: Brief) -> dict[str, Item]:
    """The statements and positions of a brief by their paths in an answer, such as `positions[0]`."""
    positions = {f"{BriefPart.POSITIONS}[{place}]": one for place, one in enumerate(brief.positions)}
    return {**{_place(part): said for part, said in brief.statements.items()}, **positions}


def _place(part: BriefPart) -> str:
    """The path of a statement in an answer."""
    return "focus.gain" if part is BriefPart.GAIN else part.value


def _rebuilt(brief: Brief, items: Mapping[str, Item]) -> Brief:
    """The brief reduced to these items."""
    statements = {
        part: item for part in brief.statements if isinstance(item := items.get(_place(part)), Statement)
    }
    places = [f"{BriefPart.POSITIONS}[{place}]" for place in range(len(brief.positions))]
    positions = [item for place in places if isinstance(item := items.get(place), Position)]
    return replace(brief, statements=statements, positions=tuple(positions))


def _replacements(first: Brief, second: Brief, names: Sequence[str]) -> dict[str, Item]:
    """The items of the second brief that replace the named ones of the first; by the first one's names.

    Items that the second brief repeats unchanged are left out. Positions are matched by login.
    """
    before, after = _items(first), _items(second)
    fresh = [one for one in second.positions if one not in first.positions]
    found: dict[str, Item] = {}
    for name in names:
        was = before[name]
        if isinstance(was, Position):
            new = next((one for one in fresh if one.login == was.login), None)
            if new is not None:
                fresh.remove(new)
                found[name] = new
        # A statement that was judged unsupported and comes back unchanged would fall again.
        elif name in after and after[name] != was:
            found[name] = after[name]
    return found
