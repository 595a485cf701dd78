"""Requests to a model server, how its answers are used, and what is cached."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.asking import SCHEMA, Hours, connected, echo, outcome, question
from tests.servers import model_faults as faults
from tests.servers import model_kinds as kinds
from tests.servers.model import MODEL, Asked, ModelServer, Said
from vllm_digest import llm
from vllm_digest.config import LlmSettings
from vllm_digest.llm.failures import UnreadableAnswerError
from vllm_digest.llm.replies import read_answer
from vllm_digest.model_protocol import ModelError, ModelUnavailableError, PromptTooLongError, Usage

ANSWER = '{"said": "好"}'


# Finding the server.


def test_a_server_without_a_key_and_with_one_model_needs_its_address_only() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        assert connection.session().ask(question()) == {"said": "问题"}
        assert connection.name == MODEL
    assert server.calls[0].schema == SCHEMA
    assert server.calls[0].messages == ["说明", "问题"]


def test_a_named_model_is_not_looked_up() -> None:
    with ModelServer(echo, models=("one", "two")) as server, connected(server, model="two") as connection:
        connection.session().ask(question())
    assert server.paths == ["POST /v1/chat/completions"]
    assert server.calls[0].body["model"] == "two"


def test_a_server_with_several_models_is_told_by_their_names() -> None:
    names = r"has 2 models \(one, two\); name one in llm.model \(VLLM_DIGEST_LLM_MODEL\)"
    with (
        ModelServer(echo, models=("one", "two")) as server,
        pytest.raises(ModelUnavailableError, match=names),
    ):
        connected(server).__enter__()


def test_a_key_is_sent_and_never_told() -> None:
    def repeat_the_key(asked: Asked) -> str:
        return asked.headers["authorization"]

    with ModelServer(repeat_the_key, key="sk-secret") as server:
        assert "secret" not in outcome(server)
        server.fault(faults.status(418, "I am a teapot, Bearer sk-secret."))
        assert outcome(server).endswith("refuses the question (418 I am a teapot, Bearer ***.)")


@pytest.mark.parametrize("key", ["sk-密", "sk one", "sk-\x00"])
def test_a_key_that_cannot_be_one_is_refused_unsaid(key: str) -> None:
    with pytest.raises(
        ModelUnavailableError, match="OPENAI_API_KEY has characters that no key has"
    ) as caught:
        llm.connect(LlmSettings(), key=key, cache=Path(), sleep=lambda _: None, monotonic=Hours().monotonic)
    assert key not in str(caught.value)


def test_without_key_and_address_nothing_is_asked_anywhere() -> None:
    with pytest.raises(ModelUnavailableError, match="neither a key in OPENAI_API_KEY nor a server"):
        llm.connect(LlmSettings(), key="", cache=Path(), sleep=lambda _: None, monotonic=Hours().monotonic)


def test_importing_the_room_does_not_import_the_library() -> None:
    code = "import sys, vllm_digest.llm; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# What servers take.

KINDS = {
    "OpenAI": (kinds.OPENAI, 1),
    "OpenAI's thinking models": (kinds.REASONING, 3),
    "vLLM": (kinds.VLLM, 1),
    "DeepSeek": (kinds.DEEPSEEK, 2),
    "Mistral": (kinds.MISTRAL, 1),
    "an old server": (kinds.OLD, 4),
    "a model without instructions": (kinds.NO_SYSTEM, 2),
    "completion tokens only, in few words": (
        replace(kinds.OLD, rooms=frozenset({"max_completion_tokens"}), words={"max_tokens": "max_tokens?"}),
        5,
    ),
    "a refusal in 422": (replace(kinds.MISTRAL, rooms=frozenset({"max_completion_tokens"})), 2),
}


@pytest.mark.parametrize("name", KINDS)
def test_what_a_server_refuses_is_learnt_once_and_remembered_for_the_run(name: str) -> None:
    kind, calls = KINDS[name]
    with ModelServer(echo, kind=kind) as server, connected(server) as connection:
        session = connection.session()
        assert session.ask(question("一")) == {"said": server.calls[-1].prompt}
        assert len(server.calls) == calls
        session.ask(question("二"))
        connection.session().ask(question("三"))
        assert len(server.calls) == calls + 2
        assert session.usage().retries == calls - 1


def test_refusals_are_learnt_by_questions_side_by_side() -> None:
    with ModelServer(echo, kind=kinds.OLD) as server, connected(server) as connection:
        session = connection.session()
        with ThreadPoolExecutor(8) as pool:
            said = list(pool.map(lambda number: session.ask(question(f"问题 {number}")), range(16)))
    assert [answer["said"] for answer in said] == [f"问题 {number}" for number in range(16)]
    assert len(server.calls) <= 8 * 4 + 8


@pytest.mark.parametrize("kind", [kinds.DEEPSEEK, kinds.OLD])
def test_a_server_that_takes_no_schema_is_told_it_in_words(kind: kinds.Kind) -> None:
    with ModelServer(echo, kind=kind) as server, connected(server) as connection:
        connection.session().ask(question())
    assert json.dumps(SCHEMA, separators=(",", ":")) in server.calls[-1].system
    assert "JSON" in server.calls[-1].system


def test_instructions_go_before_the_question_where_there_is_no_place_for_them() -> None:
    with ModelServer(echo, kind=kinds.NO_SYSTEM) as server, connected(server) as connection:
        connection.session().ask(question())
    assert server.calls[-1].messages == ["说明\n\n问题"]


def test_a_refusal_without_end_is_an_error_and_not_a_loop() -> None:
    with ModelServer(echo) as server:
        server.fault(faults.status(400, "temperature max_tokens role schema"), times=None)
        assert outcome(server).startswith(
            "AccessDeniedError: the model server refuses every question (400 temp"
        )
        assert len(server.calls) < 16


# What is made of answers.


@pytest.mark.parametrize(
    "content",
    [
        ANSWER,
        f"```json\n{ANSWER}\n```",
        f"好的，以下是结果：\n\n{ANSWER}\n\n如需修改请告诉我。",
        f"<think>\n先想想 {{不是 JSON}} {{}}\n</think>\n\n{ANSWER}",
        f"思考里没有开头的标记 {{}}\n</think>{ANSWER}",
        f"<think></think>```\n{ANSWER}```",
        f'例如 {{"x": 1}}，所以：{ANSWER}',
        f"{ANSWER}\n{ANSWER}",
        [{"type": "thinking", "thinking": []}, {"type": "text", "text": ANSWER}],
        '{"said":\n"好"}\x00',
    ],
    ids=lambda content: str(content)[:24],
)
def test_the_object_is_found_whatever_stands_around_it(content: Any) -> None:
    with ModelServer(lambda _: Said(content)) as server, connected(server) as connection:
        assert connection.session().ask(question()) == {"said": "好"}


def test_a_mark_of_thought_within_the_answer_is_a_part_of_it() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        said = connection.session().ask(question("引文 </think> 之后"))
    assert said == {"said": "引文 </think> 之后"}


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (Said(None), "the answer is empty"),
        (Said(""), "the answer is empty"),
        (Said(None, more={"reasoning_content": "想完了"}), "the answer is empty"),
        (Said("<think>想个不停"), "the answer has no complete JSON object"),
        (Said(None, more={"refusal": "I cannot do that."}), "the model refused to answer"),
        (Said("", finish="content_filter"), "the server's filter withheld the answer"),
        (Said(None, finish="tool_calls", more={"tool_calls": []}), "the answer is empty"),
        (Said("对不起，我不能回答。"), "the answer has no complete JSON object"),
        (Said('{"said": "好",}'), "the answer has no complete JSON object"),
        (Said('{"said": "好", "inner": {"a": 1}, "x": ['), "the answer has no complete JSON object"),
        (Said('{"said": NaN}'), "the answer has no complete JSON object"),
        (Said("[" * 90_000), "the answer has no complete JSON object"),
        (Said('{"a":' * 50_000), "the answer has no complete JSON object"),
        (Said("好" * 500_000), "the answer has 500000 characters"),
        (Said(["好"]), "the answer is empty"),
        (Said({"said": "好"}), "the answer is empty"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_no_answer_is_told_so(said: Said, problem: str) -> None:
    def uncut(payload: Any) -> None:
        payload["choices"][0].update(finish_reason=said.finish)
        payload["choices"][0]["message"].update(content=said.content)

    with ModelServer(lambda _: said) as server:
        server.fault(faults.edited(uncut), times=None)
        assert outcome(server) == f"ModelError: {problem}"


def test_an_answer_that_is_no_json_is_asked_for_once_more() -> None:
    tries = iter(["并非 JSON", ANSWER])
    with ModelServer(lambda _: next(tries)) as server, connected(server) as connection:
        assert connection.session().ask(question()) == {"said": "好"}


def test_a_cut_answer_is_asked_for_with_more_room_and_that_is_remembered() -> None:
    thinker = Said(ANSWER, thought_tokens=1_500)
    with ModelServer(lambda _: thinker) as server, connected(server) as connection:
        session = connection.session()
        assert session.ask(question(room=500)) == {"said": "好"}
        assert [call.room for call in server.calls] == [500, 2_000]
        session.ask(question("另一个", room=500))
        assert [call.room for call in server.calls[2:]] == [2_000]


def test_an_answer_without_end_is_given_up_at_the_most_room_there_is() -> None:
    endless = '{"said": "' + "".join(map(str, range(100_000)))
    with ModelServer(lambda _: endless) as server:
        assert outcome(server, max_answer_tokens=4_000) == "ModelError: the answer is longer than 4000 tokens"
        assert [call.room for call in server.calls] == [500, 2_000, 4_000]


def test_the_most_room_of_a_server_is_learnt() -> None:
    kind = replace(kinds.OPENAI, most_room=1_200)
    with ModelServer(lambda _: Said(ANSWER, thought_tokens=1_000), kind=kind) as server:
        assert outcome(server) == "answered"
        assert [call.room for call in server.calls] == [500, 2_000, 1_200]


def test_a_prompt_that_is_too_long_says_what_fits() -> None:
    kind = replace(kinds.VLLM, context=4_096)
    with (
        ModelServer(echo, kind=kind) as server,
        connected(server) as connection,
        pytest.raises(PromptTooLongError, match="maximum context length is 4096 tokens") as caught,
    ):
        connection.session().ask(question("长" * 30_000))
    assert caught.value.limit == 4_096
    assert len(server.calls) == 1


def test_an_answer_that_fills_the_context_wants_a_shorter_prompt() -> None:
    with ModelServer(lambda _: Said('{"said": "半', finish="length")) as server:
        assert outcome(server).startswith("PromptTooLongError: ")


def test_lone_surrogates_reach_neither_the_server_nor_a_file() -> None:
    said = '{"said": "\\ud800 😀 \\ud83d\\ude00"}'
    with ModelServer(lambda _: said) as server, connected(server) as connection:
        assert connection.session().ask(question("坏\udfff字")) == {"said": "� 😀 😀"}
    assert server.calls[0].prompt == "坏�字"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=8,
    ),
    st.text(alphabet="好 \n`{}[]\"'"),
    st.text(),
)
def test_any_object_is_read_back_from_between_any_words(value: Any, before: str, after: str) -> None:
    answer = {"said": value}
    document = {"choices": [{"message": {"content": f"{before} {json.dumps(answer)} {after}"}}]}
    try:
        assert read_answer(document, SCHEMA, 100) == answer
    except (ModelError, UnreadableAnswerError):
        # Words with a brace of their own before it may hide it, but never change it.
        assert "{" in before or not before.strip()


# What is kept and counted.


def test_a_question_asked_again_costs_no_call() -> None:
    with ModelServer(echo) as server:
        for _ in range(2):
            with connected(server) as connection:
                session = connection.session()
                assert session.ask(question()) == {"said": "问题"}
        assert len(server.calls) == 1
        assert session.usage() == Usage(cached_answers=1)


def test_another_model_question_or_schema_is_another_answer() -> None:
    other = replace(question(), schema={**SCHEMA, "description": "x"})
    with ModelServer(echo, models=("one", "two")) as server:
        for model in ("one", "two"):
            with connected(server, model=model) as connection:
                for asked in (question(), question("别的"), other):
                    connection.session().ask(asked)
        assert len(server.calls) == 6


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"\xff", b'{"form": "other"}', b"[" * 9_999])
def test_a_damaged_file_of_the_cache_is_asked_for_again_and_mended(damage: bytes) -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        connection.session().ask(question())
        (kept,) = Path("cache").rglob("*.json")
        whole = kept.read_bytes()
        kept.write_bytes(damage)
        assert connection.session().ask(question()) == {"said": "问题"}
        assert kept.read_bytes() == whole
        assert len(server.calls) == 2


def test_no_secret_is_in_the_cache() -> None:
    with ModelServer(echo, key="sk-secret") as server, connected(server) as connection:
        connection.session().ask(question())
    assert all(b"sk-secret" not in file.read_bytes() for file in Path("cache").rglob("*.json"))


def test_a_cache_that_cannot_be_written_is_done_without(caplog: pytest.LogCaptureFixture) -> None:
    Path("cache").write_text("a file where the folder belongs", encoding="utf-8")
    with ModelServer(echo) as server, connected(server) as connection:
        session = connection.session()
        assert [session.ask(question(text)) for text in "一二"] == [{"said": "一"}, {"said": "二"}]
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == [
        caplog.records[-1].message
    ]
    assert "answers are not kept: " in caplog.text


def test_calls_tokens_and_cost_are_counted_for_each_window() -> None:
    prices: dict[str, Any] = {"input_price": 2, "output_price": 8}
    with ModelServer(lambda _: "一二三四五六 " + ANSWER) as server, connected(server, **prices) as connection:
        first, second = connection.session(), connection.session()
        first.ask(question("一" * 298))
        second.ask(question("二" * 298))
        assert first.usage() == Usage(
            calls=1, prompt_tokens=99, completion_tokens=6, cost=99 * 2e-6 + 6 * 8e-6
        )
        assert second.usage().calls == 1


def test_a_server_that_does_not_count_is_counted_at_its_most() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        server.fault(faults.without_usage())
        session = connection.session()
        session.ask(question(room=300))
        assert session.usage() == Usage(calls=1, prompt_tokens=4, completion_tokens=300)


def test_a_budget_of_tokens_stops_the_calls_before_it_is_passed() -> None:
    with ModelServer(echo) as server, connected(server, max_tokens=1_100) as connection:
        session = connection.session()
        for text in "一二三":
            session.ask(question(text))
        with pytest.raises(
            ModelUnavailableError, match=r"budget of 1100 tokens \(llm.max_tokens\) is used up"
        ):
            session.ask(question("四", room=1_090))
        with pytest.raises(ModelUnavailableError, match="budget"):
            connection.session().ask(question("五", room=1))
        assert session.ask(question("一")) == {"said": "一"}
    assert len(server.calls) == 3


def test_a_budget_of_money_counts_calls_under_way_with_the_most_they_can_cost() -> None:
    settings: dict[str, Any] = {"max_cost": 0.01, "input_price": 0, "output_price": 10}
    with ModelServer(echo) as server, connected(server, **settings) as connection:
        session = connection.session()
        session.ask(question(room=999))
        with pytest.raises(ModelUnavailableError, match=r"budget of 0\.01 \(llm.max_cost\) is used up"):
            session.ask(question("另一个", room=1_001))
    assert len(server.calls) == 1
