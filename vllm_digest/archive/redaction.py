"""Remove threads, or a person's texts and name, from every report that is read, as the settings say.

Files on disk are not changed. Statements whose evidence is removed are removed, too; the page says how much.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256

from vllm_digest.archive.form import StoredReport
from vllm_digest.archive.targets import Targets
from vllm_digest.facts import Event, Facts, ThreadFacts
from vllm_digest.follow_ups import FollowUp
from vllm_digest.judgement import Judgement, JudgementReason, ReasonCode
from vllm_digest.models import GHOST, EventKind, Gap, GapCode
from vllm_digest.narrative import Brief, Finding, Narrative, Overview, Statement

_TALK = frozenset({EventKind.COMMENT, EventKind.REVIEW, EventKind.REVIEW_COMMENT})
_NOT_OF_A_TEXT = frozenset(
    {
        ReasonCode.TITLE,
        ReasonCode.TITLE_LISTED,
        ReasonCode.LABEL,
        ReasonCode.LABEL_AMONG_MANY,
        ReasonCode.LABEL_BY_RULE,
        ReasonCode.LABEL_BESIDE_OTHERS,
        ReasonCode.PATHS,
    }
)
"""Reasons of a judgement that quote neither the body nor a remark."""


@dataclass(frozen=True)
class Redaction:
    """What to remove. `threads`: repository (OWNER/NAME, empty for any) and number. `logins`: people."""

    threads: frozenset[tuple[str, int]] = frozenset()
    logins: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.threads or self.logins)

    @cached_property
    def key(self) -> str:
        """A hash that identifies this redaction in caches; empty if nothing is removed."""
        parts = [sorted(self.threads), sorted(self._logins)]
        return sha256(repr(parts).encode()).hexdigest()[:16] if self else ""

    def apply(self, stored: StoredReport) -> StoredReport:
        """The redacted report; the same object if nothing is removed."""
        names = {stored.repo.casefold(), stored.facts.repo.casefold(), ""}
        numbers = frozenset(number for repo, number in self.threads if repo.casefold() in names)
        if not (numbers or self._logins):
            return stored
        return _report(Targets(numbers, self._logins), stored)

    @cached_property
    def _logins(self) -> frozenset[str]:
        return frozenset(login.casefold() for login in self.logins)


def _report(targets: Targets, stored: StoredReport) -> StoredReport:
    facts, taken = _facts(targets, stored.facts)
    follow_ups = tuple(
        _follow_up(targets, one) for one in stored.follow_ups if one.number not in targets.numbers
    )
    told_before = tuple(one for one in stored.told_before if one.number not in targets.numbers)
    narrative = _narrative(targets, stored.narrative, counts_hold=not taken)
    redacted = replace(
        stored, facts=facts, follow_ups=follow_ups, told_before=told_before, narrative=narrative
    )
    if redacted == stored:
        return stored
    gaps = (*facts.gaps, *([Gap(GapCode.REDACTED, seen=taken)] if taken else []))
    return replace(redacted, facts=replace(facts, gaps=gaps))


def _facts(targets: Targets, facts: Facts) -> tuple[Facts, int]:
    """The redacted facts, and how many threads and remarks were removed."""
    threads = tuple(_thread(targets, one) for one in facts.threads if one.number not in targets.numbers)
    gaps = tuple(gap for gap in facts.gaps if gap.number not in targets.numbers)
    # Openings, closings and merges stay, under the name `ghost`: states and counts follow from them.
    remarks = sum(
        event.kind in _TALK and targets.is_target(event.login)
        for thread in facts.threads
        if thread.number not in targets.numbers
        for event in thread.events
    )
    taken = len(facts.threads) - len(threads) + remarks
    return replace(facts, threads=threads, gaps=gaps), taken


def _thread(targets: Targets, thread: ThreadFacts) -> ThreadFacts:
    is_author = targets.is_target(thread.author.login)
    events = tuple(
        _event(targets, event)
        for event in thread.events
        if not (event.kind in _TALK and targets.is_target(event.login))
    )
    references = tuple(one for one in thread.references if one.target not in targets.numbers)
    return replace(
        thread,
        title=targets.text(thread.title),
        author=targets.account(thread.author),
        closed_by=thread.closed_by and targets.account(thread.closed_by),
        merged_by=thread.merged_by and targets.account(thread.merged_by),
        closed_by_pull=targets.number(thread.closed_by_pull),
        duplicate_of=targets.number(thread.duplicate_of),
        closes=tuple(number for number in thread.closes if number not in targets.numbers),
        references=references,
        usage=tuple(one for one in thread.usage if not (is_author and one.source == "body")),
        judgement=_judgement(
            targets,
            thread.judgement,
            is_author=is_author,
            has_removed_events=len(events) < len(thread.events),
        ),
        events=events,
        excerpt="" if is_author else targets.text(thread.excerpt),
        gain="" if is_author else targets.text(thread.gain),
    )


def _event(targets: Targets, event: Event) -> Event:
    is_target = targets.is_target(event.login)
    # As GitHub shows a deleted account: `ghost`, and no bot.
    return replace(
        event,
        login=GHOST.login if is_target else event.login,
        bot=event.bot and not is_target,
        excerpt=targets.text(event.excerpt),
        pull=targets.number(event.pull),
        target=targets.number(event.target),
    )


def _judgement(
    targets: Targets, judgement: Judgement, *, is_author: bool, has_removed_events: bool
) -> Judgement:
    """The judgement without reasons that may quote a removed person."""

    def stays(reason: JudgementReason) -> bool:
        of_comments = reason.in_comments or reason.code in (
            ReasonCode.COMMENTS,
            ReasonCode.COMMENTS_LISTED,
        )
        return not (has_removed_events if of_comments else is_author) or reason.code in _NOT_OF_A_TEXT

    return replace(
        judgement,
        reasons=tuple(
            replace(one, quotes=tuple(map(targets.text, one.quotes)))
            for one in judgement.reasons
            if stays(one)
        ),
    )


def _follow_up(targets: Targets, one: FollowUp) -> FollowUp:
    outcome = one.outcome and replace(one.outcome, by=targets.number(one.outcome.by))
    return replace(one, title=targets.text(one.title), target=targets.number(one.target), outcome=outcome)


def _narrative(targets: Targets, narrative: Narrative, *, counts_hold: bool) -> Narrative:
    """The prose without statements that name what is removed or have it as evidence.

    `counts_hold`: no thread or remark was removed, so counts of the window are still right.
    """
    names: dict[str, str] = {}
    briefs = tuple(
        _brief(targets, one, names) for one in narrative.briefs if one.number not in targets.numbers
    )
    findings = {
        part: tuple(
            replace(one, statements=tuple(names[name] for name in one.statements))
            for one in found
            if all(name in names for name in one.statements)
            and (counts_hold or not one.facts)
            and _names_no_target(targets, one)
        )
        for part, found in narrative.overview.findings.items()
    }
    return replace(narrative, briefs=briefs, overview=Overview(findings))


def _brief(targets: Targets, brief: Brief, names: dict[str, str]) -> Brief:
    """The brief without removed statements; `names` receives old name → new name of each one kept."""
    statements = {part: one for part, one in brief.statements.items() if _holds(targets, one)}
    positions = tuple(
        one for one in brief.positions if not targets.is_target(one.login) and _holds(targets, one.said)
    )
    shorter = replace(brief, statements=statements, positions=positions)
    after = {id(one): name for name, one in shorter.named().items()}
    names.update({name: after[id(one)] for name, one in brief.named().items() if id(one) in after})
    return shorter


def _holds(targets: Targets, statement: Statement) -> bool:
    rests = [text for piece in statement.evidence for text in (piece.quote, piece.url)]
    is_target = any(targets.is_target(piece.login) for piece in statement.evidence)
    return not is_target and targets.name_no_target([*statement.texts.values(), *rests])


def _names_no_target(targets: Targets, finding: Finding) -> bool:
    return targets.name_no_target([*finding.titles.values(), *finding.texts.values()])
