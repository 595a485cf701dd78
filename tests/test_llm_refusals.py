"""Refusals of model servers: of one prompt, of every question, or of a part of the request."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tests.asking import SCHEMA, connected, echo, outcome, question
from tests.servers import model_faults as faults
from tests.servers import model_kinds as kinds
from tests.servers.answers import Answer
from tests.servers.model import MODEL, Asked, ModelServer
from vllm_digest.llm.capabilities import AnswerForm
from vllm_digest.model_protocol import ModelError, ModelUnavailableError, PromptTooLongError, Question


def bad(asked: Asked) -> bool:
    return "坏" in asked.prompt


def error(status: int, message: str, **fields: Any) -> Answer:
    return Answer(status, {"error": {"message": message, **fields}})


FILTERS: dict[str, Answer] = {
    "OpenAI": error(
        400, "Invalid prompt: your prompt was flagged as violating our usage policy.", code="invalid_prompt"
    ),
    "Azure OpenAI": error(
        400,
        "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.",
        code="content_filter",
        innererror={"code": "ResponsibleAIPolicyViolation"},
    ),
    "OpenRouter": Answer(
        403,
        {
            "error": {
                "code": 403,
                "message": 'model/x requires moderation on provider. Your input was flagged for "violence".',
                "metadata": {"reasons": ["violence"], "flagged_input": "…"},
            }
        },
    ),
    "Alibaba": error(400, "Input data may contain inappropriate content.", code="data_inspection_failed"),
    "Alibaba's other form": Answer(
        400, {"code": "DataInspectionFailed", "message": "Input data may contain …"}
    ),
    "Zhipu": error(
        400, "\u7cfb\u7edf\u68c0\u6d4b\u5230\u8f93\u5165\u5185\u5bb9\u4e0d\u5b89\u5168", code="1301"
    ),
    "Moonshot": error(
        400, "The request was rejected because it was considered high risk", type="content_filter"
    ),
    "Volcengine": error(400, "The request failed because the input text may contain sensitive information."),
    "StepFun": error(451, "The content you provided is blocked.", type="censorship_blocked"),
    "Portkey": Answer(446, {"error": {"message": "The guardrail checks defined in the config failed."}}),
    "LiteLLM": error(400, "Violated guardrail policy", type="None", code="400"),
    "Kong": Answer(400, {"error": {"message": "bad request: prompt pattern is blocked"}}),
    "a firewall of the web": Answer(403, text="<html><title>403 Forbidden</title></html>"),
    "a firewall without words": Answer(406, text=""),
    "a limit of money": error(402, "This request requires more credits, or fewer max_tokens.", code=402),
    "a model for small prompts": error(404, "No endpoints found that can handle the requested parameters."),
    "an unknown way": error(400, "Nope."),
    "a way in a 200": Answer(200, {"error": {"code": 403, "message": "input was flagged"}}),
    "MiniMax": Answer(200, {"choices": None, "base_resp": {"status_code": 1026, "status_msg": "sensitive"}}),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_prompt_that_is_refused_costs_its_thread_alone(name: str) -> None:
    with ModelServer(echo) as server, connected(server, model=MODEL) as connection:
        server.fault(faults.gives(FILTERS[name]), when=bad, times=None)
        session = connection.session()
        for number in range(3):
            with pytest.raises(ModelError) as caught:
                session.ask(question(f"坏 {number}"))
            assert not isinstance(caught.value, ModelUnavailableError)
            assert session.ask(question(f"好 {number}")) == {"said": f"好 {number}"}
        assert connection.capabilities.form is AnswerForm.SCHEMA, "the others are asked as before"


@pytest.mark.parametrize(
    "finish", ["content_filter", "content_filter: SAFETY", "SAFETY", "sensitive", "refusal"]
)
def test_an_answer_that_is_withheld_costs_its_thread_alone(finish: str) -> None:
    with ModelServer(echo) as server:
        server.fault(faults.edited(lambda payload: payload["choices"][0].update(finish_reason=finish)))
        assert outcome(server) == "ModelError: the server's filter withheld the answer"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (error(401, "Incorrect API key"), "refused the key"),
        (error(403, "You are not allowed to sample from this model"), "does not allow this"),
        (error(403, "Your account was flagged for review"), "does not allow this"),
        (error(402, "Insufficient Balance"), "no quota left"),
        (error(404, "The model `x` does not exist."), "knows no such model"),
        (error(400, "API key not valid. Please pass a valid API key."), "refuses every question"),
        (error(400, "The model is disabled."), "refuses every question"),
        (Answer(403, text="<html>Sign in</html>"), "does not allow this"),
        (
            Answer(200, {"error": "Unexpected endpoint or method. (POST /chat/completions)"}),
            "no such address",
        ),
        (Answer(200, {"detail": "Not Found"}), "which mostly ends in /v1"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_what_is_refused_to_every_question_ends_all_calls(answer: Answer, said: str) -> None:
    with ModelServer(echo) as server, connected(server, model=MODEL) as connection:
        server.fault(faults.gives(answer), times=None)
        session = connection.session()
        with pytest.raises(ModelUnavailableError, match=said):
            session.ask(question())
        calls = len(server.calls)
        with pytest.raises(ModelUnavailableError):
            session.ask(question("另一个"))
        assert len(server.calls) == calls


def test_a_model_that_is_refused_leaves_the_others() -> None:
    def other(text: str) -> Question:
        return replace(question(text), model="judge")

    with ModelServer(echo) as server, connected(server, model=MODEL) as connection:
        session = connection.session()
        for text in "一二":
            with pytest.raises(ModelUnavailableError, match="knows no such model"):
                session.ask(other(text))
        assert session.ask(question()) == {"said": "问题"}
        assert len(server.calls) == 3


# Parts of a request.


def learns(
    refusal: Answer, when: Callable[[Asked], bool], *, calls: int = 2, **settings: Any
) -> Mapping[str, Any]:
    """The body of the call that is answered in the end."""
    with ModelServer(echo) as server, connected(server, model=MODEL, **settings) as connection:
        server.fault(faults.gives(refusal), when=when, times=None)
        session = connection.session()
        assert session.ask(question()) == {"said": "问题"}
        assert len(server.calls) == calls
        session.ask(question("另一个"))
        assert len(server.calls) == calls + 1, "it is learnt for the run"
        return server.calls[-1].body


def test_thinking_is_switched_off_where_a_server_says_so() -> None:
    refusal = error(400, "parameter.enable_thinking must be set to false for non-streaming calls")
    body = learns(refusal, lambda asked: asked.body.get("enable_thinking") is not False)
    assert body["enable_thinking"] is False


@pytest.mark.parametrize(
    "words",
    [
        "This model only support stream mode, please enable the stream parameter to access the model.",
        "Streaming is required for this model.",
        "stream must be true",
        "Non-streaming calls are not supported: set stream to true",
        "Please use streaming: this endpoint needs stream=true",
    ],
)
def test_an_answer_is_asked_for_in_parts_where_a_server_says_so(words: str) -> None:
    body = learns(error(400, words), lambda asked: not asked.body.get("stream"))
    assert body["stream"] is True
    assert body["stream_options"] == {"include_usage": True}


def test_a_stream_that_cannot_be_counted_is_taken_uncounted() -> None:
    def refused(asked: Asked) -> bool:
        return "stream_options" in asked.body or "stream" not in asked.body

    body = learns(error(400, "Unknown field stream_options; stream is required"), refused, calls=3)
    assert "stream_options" not in body


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (500, "1 validation error: response_format.type Input should be 'text' or 'json_object'"),
        (500, "Failed to initialize samplers: failed to parse grammar"),
        (500, "Internal error: schema conversion failed"),
        (501, "response_format is not implemented"),
        (400, "This response_format type is unavailable now"),
        (422, "json_schema: extra fields not permitted"),
    ],
)
def test_a_form_that_a_server_cannot_do_is_loosened(status: int, words: str) -> None:
    def strict(asked: Asked) -> bool:
        return "json_schema" in asked.body.get("response_format", {})

    body = learns(error(status, words), strict)
    assert body["response_format"] == {"type": "json_object", "schema": SCHEMA}


def test_a_500_that_no_form_mends_is_a_lost_answer() -> None:
    with ModelServer(echo) as server:
        server.fault(faults.status(500, "validation error"), times=None)
        assert "500 validation error" in outcome(server)
        assert len(server.calls) < 10


def test_bounds_of_arrays_are_left_out_where_a_server_does_not_know_them() -> None:
    bounded = {"type": "array", "items": {"type": "string"}, "maxItems": 3}
    asked = replace(
        question(), schema={**SCHEMA, "properties": {"said": {"type": "string"}, "more": bounded}}
    )
    with ModelServer(echo) as server, connected(server, model=MODEL) as connection:
        server.fault(
            faults.gives(error(400, "Invalid schema: property 'maxItems' is not supported")),
            when=lambda one: "maxItems" in str(one.schema),
            times=None,
        )
        connection.session().ask(asked)
    assert server.calls[-1].schema["properties"]["more"] == {"type": "array", "items": {"type": "string"}}
    assert server.calls[-1].body["response_format"]["type"] == "json_schema"


@pytest.mark.parametrize(
    ("words", "most"),
    [
        ("max_tokens is too large: 2000. This model supports at most 1200 completion tokens", 1_200),
        ("Range of max_tokens should be [1, 1200]", 1_200),
        ("Invalid max_tokens value, the valid range of max_tokens is [1, 1200]", 1_200),
        ("`max_tokens` must be less than or equal to `1200`", 1_200),
        ("max_tokens: 2000 > 1200, which is the maximum allowed number of output tokens", 1_200),
        ("The maximum tokens you requested exceeds the model limit of 1200", 1_200),
    ],
)
def test_the_most_room_of_a_server_is_learnt_from_its_words(words: str, most: int) -> None:
    with ModelServer(echo) as server, connected(server, model=MODEL) as connection:
        server.fault(faults.gives(error(400, words)), when=lambda one: (one.room or 9_999) > most, times=None)
        connection.session().ask(question(room=2_000))
    assert [call.room for call in server.calls] == [2_000, most]


@pytest.mark.parametrize("names", [frozenset[str](), frozenset({"max_output_tokens"})])
def test_an_answer_always_has_a_limit(names: frozenset[str]) -> None:
    with ModelServer(echo, kind=replace(kinds.OPENAI, rooms=names)) as server:
        assert "refuses every question (400 Unsupported parameter: 'max_" in outcome(server)
        assert all(call.room for call in server.calls)


# The context.


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens=3000 cannot be greater than max_model_len=2048. Please request fewer output tokens.",
        "'max_tokens' is too large: 3000. This model's maximum context length is 2048 tokens and your "
        "request has 10 input tokens (3000 > 2048 - 10).",
        "This model's maximum context length is 2048 tokens. However, you requested 3010 tokens (10 in the "
        "messages, 3000 in the completion).",
        "`inputs` tokens + `max_new_tokens` must be <= 2048. Given: 10 `inputs` tokens and 3000 "
        "`max_new_tokens`",
    ],
)
def test_a_context_that_is_too_small_for_the_room_takes_less_room(words: str) -> None:
    with ModelServer(echo) as server, connected(server, model=MODEL) as connection:
        server.fault(faults.gives(error(400, words)), when=lambda one: (one.room or 0) > 2_047, times=None)
        session = connection.session()
        session.ask(question(room=3_000))
        session.ask(question("另一个", room=3_000))
    assert len(server.calls) == 3
    assert all(1_900 < (call.room or 0) < 2_048 for call in server.calls[1:])


@pytest.mark.parametrize("field", ["max_model_len", "context_length"])
def test_the_context_that_a_server_lists_sets_the_room(field: str) -> None:
    with ModelServer(echo) as server:
        server.listing = lambda _: Answer(payload={"data": [{"id": MODEL, field: 2_048}]})
        with connected(server) as connection:
            connection.session().ask(question(room=3_000))
    assert 1_900 < (server.calls[0].room or 0) < 2_048


@pytest.mark.parametrize("size", [None, "2048", -1, 0, True, 1e9, []])
def test_a_context_of_another_form_is_none(size: object) -> None:
    with ModelServer(echo) as server:
        server.listing = lambda _: Answer(payload={"data": [{"id": MODEL, "max_model_len": size}]})
        with connected(server) as connection:
            connection.session().ask(question(room=3_000))
    assert server.calls[0].room == 3_000


def test_a_prompt_that_leaves_no_room_is_too_long_and_not_sent_again() -> None:
    kind = replace(kinds.VLLM, context=2_048)
    with ModelServer(echo, kind=kind) as server, connected(server) as connection:
        session = connection.session()
        for _ in range(4):
            with pytest.raises(PromptTooLongError) as caught:
                session.ask(question("长" * 6_000, room=3_000))
            assert caught.value.limit == 2_048
        calls = len(server.calls)
        assert calls <= 2
        session.ask(question("短", room=3_000))


@pytest.mark.parametrize(
    "answer",
    [
        error(413, "Payload too large"),
        error(400, "the request exceeds the available context size (4096 tokens), try increasing it"),
        error(400, "Your request exceeded model token limit: 8192"),
        error(400, "prompt is too long: 210000 tokens > 200000 maximum"),
    ],
)
def test_a_prompt_that_is_too_long_is_told_as_such(answer: Answer) -> None:
    with ModelServer(echo) as server:
        server.fault(faults.gives(answer), times=None)
        assert outcome(server, model=MODEL).startswith("PromptTooLongError: ")


# Fields of one's own.


def test_fields_of_the_settings_are_in_every_request_and_win() -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": False}, "temperature": 0.7}
    with ModelServer(echo) as server, connected(server, extra_body=extra) as connection:
        connection.session().ask(question())
    assert server.calls[0].body["chat_template_kwargs"] == {"enable_thinking": False}
    assert server.calls[0].body["temperature"] == 0.7
    assert server.calls[0].room == 500


# Finding the model.


@pytest.mark.parametrize(
    "others", [("text-embedding-nomic",), ("bge-reranker-v2", "whisper-large"), ("tts-1", "omni-moderation")]
)
def test_models_that_do_not_chat_are_left_aside(others: tuple[str, ...]) -> None:
    with ModelServer(echo, models=(*others, "org/chat")) as server, connected(server) as connection:
        assert connection.name == "org/chat"


LISTS = {
    "a list alone": [{"id": MODEL}],
    "rows of any kind": {"data": [None, 1, {}, {"id": None}, {"id": ""}, {"id": ["x"]}, {"id": MODEL}]},
    "names that are none": {"data": [{"id": "a\x1b[31mb"}, {"id": "x" * 10_000}, {"id": MODEL}]},
}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_of_models_is_read_as_far_as_it_is_one(name: str) -> None:
    with ModelServer(echo) as server:
        server.listing = lambda _: Answer(payload=LISTS[name])
        with connected(server) as connection:
            assert connection.name == MODEL


@pytest.mark.parametrize(
    "answer",
    [
        Answer(payload={"error": "Unexpected endpoint or method. (GET /models)"}),
        Answer(404, text="404 page not found"),
        Answer(text="<!doctype html><title>chat</title>"),
        Answer(payload={"data": []}),
        Answer(payload={"data": {"x": 1}}),
        Answer(payload=7),
    ],
    ids=lambda answer: str(answer.payload or answer.text),
)
def test_an_address_without_v1_is_told_with_the_one_to_try(answer: Answer) -> None:
    with ModelServer(echo) as server:
        server.listing = lambda _: answer
        address = server.url = server.url.removesuffix("/v1")
        with pytest.raises(ModelUnavailableError, match=f"try llm.base_url: {address}/v1"):
            connected(server).__enter__()


def test_what_is_asked_is_said_with_v(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="vllm_digest")
    with ModelServer(echo) as server, connected(server) as connection:
        connection.session().ask(question())
        connection.session().ask(question())
    said = [record.message for record in caplog.records if record.message.startswith("a-question: ")]
    assert said == [
        "a-question: prompt of about 4 tokens, answer of at most 500, timeout 120 s",
        "a-question: answered with 4 tokens",
        "a-question: using the answer of an earlier run",
    ]
