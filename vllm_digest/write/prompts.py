"""What a model is told: what never changes first, then the thread or the window, as lines of JSON."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from vllm_digest.check.evidence import ThreadEvidence
from vllm_digest.check.sentences import Fault
from vllm_digest.check.shapes import BriefShape, OverviewShape, schema_of
from vllm_digest.model_protocol import Message, Question, Role
from vllm_digest.narrative import Brief
from vllm_digest.report import Digest, ThreadRow
from vllm_digest.templating import prompt
from vllm_digest.write.packing import Packed
from vllm_digest.write.ranking import Target

BRIEF_ROOM = 2_000
OVERVIEW_ROOM = 3_000
"""Tokens for an answer."""


@cache
def brief_instructions(focus: str, languages: tuple[str, ...]) -> str:
    """What is said before every thread, in the first of the languages."""
    return prompt("brief", languages[0], focus=focus, languages=languages)


@cache
def overview_instructions(focus: str, languages: tuple[str, ...]) -> str:
    """What is said before every window, in the first of the languages."""
    return prompt("overview", languages[0], focus=focus, languages=languages)


def brief_question(
    target: Target, material: ThreadEvidence, packed: Packed, digest: Digest, languages: tuple[str, ...]
) -> Question:
    """The question about one thread, which is all that the model sees."""
    facts = material.facts
    row = {
        **_row(facts, material),
        "roles": sorted(target.roles),
        "size": [facts.changed_files, facts.additions, facts.deletions] if facts.is_pull else None,
        "folders": list(facts.areas[:5]),
    }
    left_out = {"remarks": packed.remarks, "characters": packed.characters}
    text = "\n".join((_line({"facts": row}), packed.lines, _line({"left_out": left_out})))
    instructions = brief_instructions(digest.focus.name, languages)
    schema = schema_of(BriefShape, languages)
    return _question(f"brief-{facts.number}", instructions, text, schema, BRIEF_ROOM * len(languages))


def overview_question(
    digest: Digest,
    counts: Mapping[str, int],
    briefs: Sequence[tuple[Brief, ThreadEvidence]],
    languages: tuple[str, ...],
) -> Question:
    """The question about the whole window: its counts, and what the briefs say."""
    hours = round(digest.window.length / timedelta(hours=1), 1)
    window = _line({"repo": digest.repo, "hours": hours, "facts": counts})
    text = "\n".join((window, *(brief_line(brief, material, languages[0]) for brief, material in briefs)))
    instructions = overview_instructions(digest.focus.name, languages)
    schema = schema_of(OverviewShape, languages)
    return _question("overview", instructions, text, schema, OVERVIEW_ROOM * len(languages))


def repair_question(
    question: Question, answer: str, faults: Iterable[Fault], languages: tuple[str, ...]
) -> Question:
    """The same question once more, with the answer and what was wrong with it."""
    complaint = prompt("repair", languages[0], faults=list(faults))
    return Question(
        name=f"{question.name}-repair",
        messages=(*question.messages, Message(Role.ASSISTANT, answer), Message(Role.USER, complaint)),
        schema=question.schema,
        answer_tokens=question.answer_tokens,
    )


def brief_line(brief: Brief, material: ThreadEvidence, language: str) -> str:
    """What an overview is shown of a thread: its row, and its statements by name."""
    texts = {
        name: statement.text(language) or next(iter(statement.texts.values()))
        for name, statement in brief.named().items()
    }
    return _line({"thread": _row(material.facts, material), "statements": texts})


def _question(name: str, instructions: str, text: str, schema: Mapping[str, Any], room: int) -> Question:
    messages = (Message(Role.SYSTEM, instructions), Message(Role.USER, text))
    return Question(name, messages, schema, room)


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _row(facts: ThreadRow, material: ThreadEvidence) -> dict[str, Any]:
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
