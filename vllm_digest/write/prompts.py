"""Build the questions to a model: fixed instructions first, then the thread or the window as JSON lines.

The instructions are in the first language; one answer has the texts in all languages.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from vllm_digest.check.sentences import Fault
from vllm_digest.check.shapes import BriefShape, OverviewShape, schema_of
from vllm_digest.model_protocol import Message, Question, Role
from vllm_digest.models import Thread
from vllm_digest.narrative import Brief
from vllm_digest.report import Digest
from vllm_digest.templating import prompt, words
from vllm_digest.write.packing import Packed
from vllm_digest.write.rows import line, minute, short_row

BRIEF_ANSWER_TOKENS = 2_000
OVERVIEW_ANSWER_TOKENS = 3_000
"""Tokens for an answer in one language. A brief has up to 12 texts with up to three quotes each."""


@cache
def brief_instructions(focus: str, languages: tuple[str, ...]) -> str:
    """The system message of questions about a thread. `focus`: its name, such as `AMD`; empty without one."""
    return _instructions("brief", focus, languages)


@cache
def overview_instructions(focus: str, languages: tuple[str, ...]) -> str:
    """The system message of questions about a window; parameters as for `brief_instructions`."""
    return _instructions("overview", focus, languages)


def _instructions(name: str, focus: str, languages: tuple[str, ...]) -> str:
    form = ", ".join(f'"{language}": "…"' for language in languages)
    names = ", ".join(
        f"{words(language).say('name')} ({words(language).say('tag')})" for language in languages
    )
    return prompt(name, languages[0], focus=focus, languages=languages, form=f"{{{form}}}", names=names)


def brief_question(
    number: int, row: str, packed: Packed, focus: str, languages: tuple[str, ...], *, rank: int
) -> Question:
    """The question about one thread; the model sees nothing else. `row`: JSON line of GitHub's fields."""
    left_out = {"remarks": packed.remarks, "characters": packed.characters}
    return Question(
        name=f"brief-{number}",
        messages=messages(
            brief_instructions(focus, languages), [row, packed.lines, line({"left_out": left_out})]
        ),
        schema=schema_of(BriefShape, languages),
        answer_tokens=BRIEF_ANSWER_TOKENS * len(languages),
        rank=rank,
    )


def overview_question(
    digest: Digest,
    counts: Mapping[str, int],
    briefs: Sequence[str],
    languages: tuple[str, ...],
    *,
    rank: int,
) -> Question:
    """The question about the whole window. `counts`: by name. `briefs`: JSON lines of `brief_line`."""
    return Question(
        name="overview",
        messages=messages(
            overview_instructions(digest.focus.name, languages), [window_line(digest, counts), *briefs]
        ),
        schema=schema_of(OverviewShape, languages),
        answer_tokens=OVERVIEW_ANSWER_TOKENS * len(languages),
        rank=rank,
    )


def repair_question(
    question: Question, answer: Mapping[str, Any], faults: Iterable[Fault], language: str
) -> Question:
    """The question again, with its answer and the faults in it; asks only for the faulty parts."""
    corrections = prompt("repair", language, faults=list(faults))
    # As messages of a conversation, so that the server's cached prefix is used again.
    said = line(answer)[:_MOST_SAID]
    return Question(
        name=f"{question.name}-repair",
        messages=(*question.messages, Message(Role.ASSISTANT, said), Message(Role.USER, corrections)),
        schema=question.schema,
        answer_tokens=question.answer_tokens,
        rank=question.rank,
    )


_MOST_SAID = 12_000
"""Characters of a faulty answer that are repeated in a repair question."""


def window_line(digest: Digest, counts: Mapping[str, int]) -> str:
    """The JSON line of a window: repository, start and end (UTC), length in hours, counts."""
    window = digest.window
    hours = round(window.length / timedelta(hours=1), 1)
    ends = {"start": minute(window.start), "end": minute(window.end)}
    return line({"repo": digest.repo, **ends, "hours": hours, "facts": counts})


def brief_line(brief: Brief, thread: Thread, digest: Digest, language: str) -> str:
    """The JSON line of a thread in an overview question: its row, and its statements by name.

    A position is an object with its `login` and `text`, every other statement its text.
    """
    logins = speakers(brief)
    statements: dict[str, object] = {}
    for name, statement in brief.named().items():
        text = statement.text(language) or next(iter(statement.texts.values()))
        statements[name] = {"login": logins[name], "text": text} if name in logins else text
    return line({"thread": short_row(thread, digest), "statements": statements})


def speakers(brief: Brief) -> dict[str, str]:
    """The logins of the people whose positions a brief states, by the positions' names."""
    logins = {id(one.said): one.login for one in brief.positions}
    return {name: logins[id(one)] for name, one in brief.named().items() if id(one) in logins}


def messages(instructions: str, lines: Iterable[str]) -> tuple[Message, ...]:
    """The system message with the instructions, which servers can cache, and the user message."""
    return (Message(Role.SYSTEM, instructions), Message(Role.USER, "\n".join(lines)))
