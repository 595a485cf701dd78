"""The writing stage: what a model is asked, in which order, and what happens when it cannot answer."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests import sample_author
from tests.authors import answer as good
from tests.authors import material
from tests.values import RULES, digest, issue, pull, said, snapshot
from vllm_digest.classify import classify
from vllm_digest.digest import make_digest
from vllm_digest.model_protocol import (
    ModelError,
    ModelUnavailableError,
    PromptTooLongError,
    Question,
    Role,
    Usage,
)
from vllm_digest.models import Snapshot, Thread
from vllm_digest.narrative import BriefPart, FallbackReason, Narrative
from vllm_digest.snapshots import sample
from vllm_digest.write import Limits, WritingRules
from vllm_digest.write.ranking import PageRole, targets
from vllm_digest.write.tokens import tokens
from vllm_digest.write.writer import ModelWriter

LIMITS = Limits(threads=40, thread_tokens=4_000, overview_tokens=12_000)
Answers = Callable[[Question], Mapping[str, Any]]


@dataclass
class Scripted:
    """A model whose answers a test decides."""

    answers: Answers
    concurrency: int = 4
    name: str = "scripted"
    asked: list[Question] = field(default_factory=list)

    def ask(self, question: Question) -> Mapping[str, Any]:
        self.asked.append(question)
        return self.answers(question)

    def usage(self) -> Usage:
        return Usage(calls=len(self.asked), prompt_tokens=sum(size(question) for question in self.asked))

    @property
    def names(self) -> list[str]:
        return [question.name for question in self.asked]


def size(question: Question) -> int:
    return sum(tokens(message.text) for message in question.messages)


def well(question: Question) -> Mapping[str, Any]:
    return good(question.messages[1].text)


def written(
    threads: tuple[Thread, ...],
    answers: Answers = well,
    limits: Limits = LIMITS,
    concurrency: int = 4,
    **rules: Any,
) -> tuple[Narrative, Scripted]:
    """What a model with these answers makes of the threads; `rules` as in `WritingRules`."""
    model = Scripted(answers, concurrency)
    writer = ModelWriter(lambda: model, WritingRules(RULES.bots, limits, **rules))
    return writer(snapshot(threads), digest(*threads)), model


THREADS = (
    pull(1, "[ROCm] Tune a kernel", body="It is faster with this.", created_at=1, labels=("rocm",)),
    pull(2, "Another change", body="It does something else.", merged_at=5, additions=50, deletions=2),
    issue(
        3,
        "A lively issue",
        body="It fails with an error.",
        created_at=1,
        remarks=[said(f"user-{n}", n + 2, f"I see the same, case {n}.") for n in range(8)],
    ),
    issue(4, "[Bug] Unrelated", body="Nothing new here.", created_at=2),
)


def test_every_thread_the_page_speaks_of_is_asked_about_once_and_then_the_whole() -> None:
    narrative, model = written(THREADS)
    assert sorted(model.names[:-1]) == ["brief-1", "brief-2", "brief-3", "brief-4"]
    assert model.names[-1] == "overview"
    assert narrative.fallbacks == ()
    assert narrative.model == "scripted"
    assert narrative.usage.calls == 5
    assert [brief.number for brief in narrative.briefs] == [1, 3, 2, 4]


def test_it_is_told_how_far_the_writing_is() -> None:
    told: list[tuple[int, int]] = []
    model = Scripted(well)
    writer = ModelWriter(
        lambda: model,
        WritingRules(RULES.bots, LIMITS, judge=True),
        on_progress=lambda done, total: told.append((done, total)),
    )
    writer(snapshot(THREADS), digest(*THREADS))
    assert told == [(done, 5) for done in range(1, 6)]


def test_the_longest_questions_go_first_once_the_most_important_ones_are_under_way() -> None:
    threads = tuple(
        pull(number, "[ROCm] A kernel", body="It is faster. " * 20 * (number % 7 + 1), created_at=1)
        for number in range(1, 15)
    )
    _, model = written(threads, concurrency=2)
    briefs = [question for question in model.asked if question.name.startswith("brief-")]
    later = [size(question) for question in briefs[2:]]
    assert later == sorted(later, reverse=True)
    assert {question.rank for question in briefs[:2]} == {0, 1}


def test_a_bug_in_reading_an_answer_costs_its_thread_and_is_logged_with_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Odd(dict[str, Any]):
        def get(self, *_: object) -> Any:
            raise ZeroDivisionError("a bug")

    def answers(question: Question) -> Mapping[str, Any]:
        return Odd() if question.name == "brief-2" else well(question)

    narrative, _ = written(THREADS, answers)
    assert [(one.part, one.reason) for one in narrative.fallbacks] == [("brief-2", FallbackReason.NO_ANSWER)]
    assert {brief.number for brief in narrative.briefs} == {1, 3, 4}
    assert "reading the answer to brief-2 failed at" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_a_bug_in_the_client_costs_the_question(caplog: pytest.LogCaptureFixture) -> None:
    def answers(question: Question) -> Mapping[str, Any]:
        if question.name == "brief-2":
            raise RecursionError("too deep")
        return well(question)

    narrative, _ = written(THREADS, answers)
    assert [(one.part, one.reason) for one in narrative.fallbacks] == [("brief-2", FallbackReason.NO_ANSWER)]
    assert "asking for brief-2 failed" in caplog.text


def test_a_thread_has_all_its_roles_and_those_of_the_focus_come_first() -> None:
    facts = digest(*THREADS)
    assert [(target.number, sorted(target.roles)) for target in targets(facts)] == [
        (1, [PageRole.CHANGE, PageRole.FOCUS]),
        (3, [PageRole.CONCERN, PageRole.HOT]),
        (2, [PageRole.CHANGE]),
        (4, [PageRole.CONCERN]),
    ]


def test_a_thread_is_seen_alone_and_what_never_changes_comes_first() -> None:
    _, model = written(THREADS)
    briefs = [question for question in model.asked if question.name.startswith("brief")]
    assert len({question.messages[0] for question in briefs}) == 1
    assert all(question.messages[0].role is Role.SYSTEM for question in briefs)
    for question in briefs:
        lines = material(question.messages[1].text)
        texts = [line["text"] for line in lines if "text" in line]
        other = {thread.body for thread in THREADS if thread.number != lines[0]["facts"]["number"]}
        assert not other & set(texts)


def test_a_window_in_which_nothing_happened_is_not_asked_about() -> None:
    narrative, model = written(())
    assert (model.asked, narrative) == ([], Narrative())


def test_a_faulty_answer_is_sent_back_once_with_what_is_wrong_in_it() -> None:
    def answers(question: Question) -> Mapping[str, Any]:
        answer = dict(well(question))
        if question.name == "brief-2":
            answer["impact"] = {"text": "使用者会看到 87% 的提升。", "evidence": answer["impact"]["evidence"]}
        return answer

    narrative, model = written(THREADS, answers)
    assert narrative.fallbacks == ()
    repair = next(question for question in model.asked if question.name == "brief-2-repair")
    assert [message.role for message in repair.messages] == [
        Role.SYSTEM,
        Role.USER,
        Role.ASSISTANT,
        Role.USER,
    ]
    assert (
        "- impact：这个数字、型号或名称不在依据里；照抄原文的写法，并引用写有它的一段：87%"
        in repair.messages[-1].text
    )
    assert model.names.count("brief-2-repair") == 1


def test_what_is_wrong_twice_falls_back_alone() -> None:
    def answers(question: Question) -> Mapping[str, Any]:
        answer = dict(well(question))
        if question.name.startswith("brief-2"):
            answer["impact"] = {"text": "使用者会看到 87% 的提升。", "evidence": answer["impact"]["evidence"]}
        return answer

    narrative, _ = written(THREADS, answers)
    assert [(one.part, one.reason) for one in narrative.fallbacks] == [
        ("brief-2.impact", FallbackReason.FIGURE)
    ]
    brief = narrative.brief(2)
    assert brief is not None
    assert not brief.statements_of(BriefPart.IMPACT)
    assert brief.statements_of(BriefPart.READING)


@pytest.mark.parametrize("answer", [{}, {"positions": []}, {"topic": None, "positions": []}, {"foo": "bar"}])
def test_an_empty_answer_is_no_answer(answer: dict[str, Any]) -> None:
    narrative, _ = written(THREADS, lambda _: answer)
    assert narrative.briefs == ()
    assert {one.part for one in narrative.fallbacks} >= {"brief-1", "brief-2", "brief-3", "brief-4"}


def test_one_question_that_fails_costs_one_item() -> None:
    def answers(question: Question) -> Mapping[str, Any]:
        if question.name == "brief-3":
            raise ModelError("it was silent")
        return well(question)

    narrative, model = written(THREADS, answers)
    assert [(one.part, one.reason) for one in narrative.fallbacks] == [("brief-3", FallbackReason.NO_ANSWER)]
    assert model.names[-1] == "overview"


def test_a_model_that_is_not_there_is_asked_no_more() -> None:
    def answers(_: Question) -> Mapping[str, Any]:
        raise ModelUnavailableError("the quota is used up")

    narrative, model = written(THREADS, answers, concurrency=1)
    assert len(model.asked) == 1
    assert {one.reason for one in narrative.fallbacks} == {FallbackReason.UNAVAILABLE}
    assert [one.part for one in narrative.fallbacks] == [
        "brief-1",
        "brief-3",
        "brief-2",
        "brief-4",
        "overview",
    ]


def test_a_prompt_that_is_too_long_is_cut_down_and_asked_again() -> None:
    long = issue(5, "[Bug] Long", body="A sentence of some length. " * 900, created_at=1)

    def answers(question: Question) -> Mapping[str, Any]:
        if size(question) > 3_500:
            raise PromptTooLongError("too long", limit=3_500)
        return well(question)

    narrative, model = written((long,), answers)
    assert narrative.fallbacks == ()
    assert model.names == ["brief-5", "brief-5", "overview"]
    assert size(model.asked[1]) < 3_500 < size(model.asked[0])


def test_a_model_that_takes_nothing_is_given_up_after_a_few_tries() -> None:
    def answers(_: Question) -> Mapping[str, Any]:
        raise PromptTooLongError("too long")

    narrative, model = written(THREADS[:1], answers)
    assert {one.reason for one in narrative.fallbacks} == {FallbackReason.TOO_LONG}
    assert model.names.count("brief-1") == 4


def test_threads_beyond_the_limit_are_told_by_rules_and_said_to_be() -> None:
    narrative, model = written(THREADS, limits=Limits(1, 4_000, 12_000))
    assert model.names == ["brief-1", "overview"]
    assert {one.reason for one in narrative.fallbacks} == {FallbackReason.BUDGET}


def test_as_many_are_asked_at_once_as_the_model_takes() -> None:
    together = threading.Barrier(4)

    def answers(question: Question) -> Mapping[str, Any]:
        if question.name.startswith("brief"):
            together.wait(timeout=10)
        return well(question)

    narrative, _ = written(THREADS, answers)
    assert narrative.fallbacks == ()


def test_the_overview_shows_the_briefs_that_fit() -> None:
    many = tuple(
        pull(number, f"[ROCm] Change number {number}", body=f"It changes part {number}.", created_at=1)
        for number in range(100, 140)
    )
    _, model = written(many, limits=Limits(40, 4_000, 1_500))
    rows = [line for line in material(model.asked[-1].messages[1].text) if "thread" in line]
    assert 5 < len(rows) < 40
    assert size(model.asked[-1]) < 6_000


def test_the_overview_shows_whose_a_position_is() -> None:
    narrative, model = written(THREADS)
    shown = material(model.asked[-1].messages[1].text)
    (row,) = [line for line in shown if line.get("thread", {}).get("number") == 3]
    told = row["statements"]["3.positions[0]"]
    first = next(brief for brief in narrative.briefs if brief.number == 3).positions[0]
    assert told == {"login": first.login, "text": first.said.text("zh")}
    assert first.login.startswith("user-")


def test_sentences_as_deep_as_a_page_is_to_have_pass_the_checks() -> None:
    recorded: Snapshot = sample()
    model = Scripted(lambda question: sample_author.answer(question.messages[1].text))
    narrative = ModelWriter(lambda: model, WritingRules(RULES.bots, LIMITS))(
        recorded, make_digest(classify(recorded, RULES), RULES.digest)
    )
    assert narrative.fallbacks == ()
    assert model.names.count("overview") == 1
    assert len(model.asked) == 4


def spam(count: int, first: int, **fields: Any) -> tuple[Thread, ...]:
    """Issues about the focus, each by a different account, that compete for its briefs."""
    return tuple(
        issue(number, "[ROCm] spam", body="Nothing works.", by=f"spam-{number}", created_at=1, **fields)
        for number in range(first, first + count)
    )


def test_no_crowd_of_newcomers_takes_all_places() -> None:
    """45 issues titled `[ROCm] spam` took all of 40 places."""
    known = tuple(
        pull(number, "[ROCm] A kernel", body="It is faster.", association="MEMBER", created_at=1)
        for number in range(1, 9)
    )
    others = (
        pull(20, "Another change", body="It does something else.", merged_at=5, additions=900),
        issue(21, "Lively", created_at=1, remarks=[said(f"u-{n}", n + 2, f"Case {n}.") for n in range(8)]),
    )
    _, model = written((*known, *others, *spam(45, first=100)), limits=Limits(20, 4_000, 12_000))
    told = {int(name.removeprefix("brief-")) for name in model.names if name.startswith("brief-")}
    assert {20, 21} <= told
    assert len(told & {*range(1, 9)}) >= 6
    assert len(told & {*range(100, 145)}) >= 6


def test_one_newcomer_s_many_threads_come_after_the_first_of_each() -> None:
    many = spam(12, first=100)
    one = tuple(
        issue(number, "[ROCm] again", body="Nothing works.", by="spammer", created_at=1)
        for number in range(200, 230)
    )
    order = [target.number for target in targets(digest(*many, *one))]
    assert len([number for number in order[:13] if number >= 200]) == 1


@pytest.mark.parametrize("name", ["PR", "pr", "Issue", "vllm"])
def test_nobody_drops_another_s_sentences_by_what_he_calls_himself(name: str) -> None:
    threads = (
        pull(1, "Tune a kernel", body="It replaces the old kernel.", created_at=1, by="ann"),
        issue(2, "Hello", body="Hello.", created_at=1, by=name, remarks=[said(name, 2, "Hello again.")]),
        issue(3, "Noise", body="Noise.", created_at=1, remarks=[said(name, 2, "I was here.")]),
    )

    def answers(question: Question) -> Mapping[str, Any]:
        answer = dict(well(question))
        if question.name == "brief-1":
            answer["reading"] |= {"text": "该 PR 提出替换旧内核，vLLM 的 Issue 由此处理。"}
        return answer

    narrative, _ = written(threads, answers)
    told = narrative.brief(1)
    assert told is not None
    assert told.statements_of(BriefPart.READING)
