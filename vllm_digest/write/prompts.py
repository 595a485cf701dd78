"""What a model is told: what never changes first, then the material, as lines of JSON."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from pydantic import BaseModel

from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.sentences import Fault
from vllm_digest.check.shapes import BriefShape, OverviewShape, schema_of
from vllm_digest.model_protocol import Message, Question, Role
from vllm_digest.narrative import Brief
from vllm_digest.report import Digest, ThreadFacts
from vllm_digest.templating import prompt
from vllm_digest.write.packing import Packed
from vllm_digest.write.ranking import Target
from vllm_digest.write.tokens import tokens

BRIEF_ROOM = 2_000
OVERVIEW_ROOM = 3_000
"""Tokens for an answer."""


@cache
def brief_instructions(focus: str) -> str:
    """What is said before every thread."""
    return prompt("brief", focus=focus)


@cache
def overview_instructions(focus: str) -> str:
    return prompt("overview", focus=focus)


def brief_question(target: Target, material: ThreadEvidence, packed: Packed, digest: Digest) -> Question:
    """The question about one thread, which is all that the model sees."""
    facts = material.facts
    text = prompt(
        "thread",
        facts={
            **_row(facts, material),
            "roles": sorted(target.roles),
            "size": [facts.changed_files, facts.additions, facts.deletions] if facts.is_pull else None,
            "folders": list(facts.areas[:5]),
        },
        lines=packed.lines,
        left_out={"remarks": packed.remarks, "characters": packed.characters},
    )
    return _question(
        f"brief-{facts.number}", brief_instructions(digest.focus.name), text, BriefShape, BRIEF_ROOM
    )


def overview_question(
    digest: Digest,
    counts: Mapping[str, int],
    shown: Sequence[ThreadEvidence],
    briefs: Iterable[Brief],
    left_out: int,
) -> Question:
    """The question about the whole window: its counts, the rows `shown`, and what the briefs say."""
    text = prompt(
        "window",
        repo=digest.repo,
        hours=round(digest.window.length / timedelta(hours=1), 1),
        facts=counts,
        rows=[_row(material.facts, material) for material in shown],
        briefs=[_told(brief) for brief in briefs],
        left_out=left_out,
    )
    instructions = overview_instructions(digest.focus.name)
    return _question("overview", instructions, text, OverviewShape, OVERVIEW_ROOM)


def repair_question(question: Question, answer: str, faults: Iterable[Fault]) -> Question:
    """The same question once more, with the answer and what was wrong with it."""
    complaint = prompt("repair", faults=list(faults))
    return Question(
        name=f"{question.name}-repair",
        messages=(*question.messages, Message(Role.ASSISTANT, answer), Message(Role.USER, complaint)),
        schema=question.schema,
        answer_tokens=question.answer_tokens,
    )


def _question(name: str, instructions: str, text: str, shape: type[BaseModel], room: int) -> Question:
    messages = (Message(Role.SYSTEM, instructions), Message(Role.USER, text))
    return Question(name, messages, schema_of(shape), room)


def _row(facts: ThreadFacts, material: ThreadEvidence) -> dict[str, Any]:
    """What we know of a thread, without what is empty."""
    row = {
        "number": facts.number,
        "kind": facts.kind.value,
        "title": facts.title,
        "author": facts.author.login,
        "state": facts.state.value,
        "state_reason": facts.state_reason,
        "draft": facts.draft,
        "reverted": facts.number in material.reverted,
        "labels": list(facts.labels),
        "focus": facts.judgement.relevance.value if facts.judgement.relevance.value != "none" else "",
        "comments": facts.heat.comments,
        "reviews": facts.heat.reviews,
        "people": len(facts.heat.participants),
        "closes": list(facts.closes),
        "closed_by_pull": facts.closed_by_pull,
    }
    return {name: value for name, value in row.items() if value}


def row_tokens(material: ThreadEvidence) -> int:
    """What a thread's row in the overview takes."""
    return tokens(str(_row(material.facts, material)))


def _told(brief: Brief) -> dict[str, Any]:
    told = {
        name: getattr(brief, name).text
        for name in ("topic", "reading", "impact", "dispute", "state", "watch")
        if getattr(brief, name)
    }
    return {"number": brief.number, **told}
