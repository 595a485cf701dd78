"""Faults of model servers: what is retried, for how long, and what ends the retries."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import perf_counter

import pytest

from tests.asking import Hours, connected, echo, outcome, question
from tests.servers import model_faults as faults
from tests.servers.answers import Answer
from tests.servers.model import MODEL, Effect, ModelServer
from vllm_digest import llm
from vllm_digest.config import LlmSettings
from vllm_digest.model_protocol import ModelError, ModelUnavailableError

SILENT: dict[str, Effect] = {
    "hang": faults.hang(),
    "hang in the body": faults.hang_in_body(),
    "drip": faults.drip(),
    "drip in the head": faults.drip_head(),
}
"""What gives no answer, and no end either."""


PASSING: dict[str, Effect] = {
    "500": faults.status(500),
    "502": faults.status(502),
    "503": faults.status(503),
    "504": faults.status(504),
    "529": faults.status(529),
    "408": faults.status(408),
    "409": faults.status(409),
    "reset": faults.reset(),
    "reset in the body": faults.reset_in_body(),
    "short body": faults.short_body(),
    "page": faults.html_page(),
    "nothing": faults.empty_body(),
    "cut JSON": faults.cut_json(),
    "bad UTF-8": faults.bad_utf8(),
    "error in a 200": faults.error_in_200(502),
    "broken off": faults.edited(lambda payload: payload["choices"][0].update(finish_reason="abort")),
    "a list": faults.gives(Answer(payload=[])),
    "deep JSON": faults.gives(Answer(text="[" * 100_000)),
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again_after_a_pause(name: str) -> None:
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours, model=MODEL) as connection:
        server.fault(PASSING[name], times=2)
        session = connection.session()
        assert session.ask(question()) == {"said": "问题"}
        assert hours.slept == [1.0, 2.0]
        assert (session.usage().calls, session.usage().retries) == (3, 2)


@pytest.mark.parametrize("name", PASSING)
def test_what_does_not_pass_fails_one_question_and_says_why(name: str) -> None:
    with ModelServer(echo) as server:
        server.fault(PASSING[name], times=None)
        assert outcome(server, model=MODEL).startswith("ModelError: no answer 3 times: ")
        assert len(server.calls) <= 3


@pytest.mark.parametrize("name", SILENT)
def test_what_never_ends_is_given_up_at_the_deadline(name: str) -> None:
    with ModelServer(echo) as server:
        server.fault(SILENT[name], times=None)
        begun = perf_counter()
        said = outcome(server, model=MODEL, timeout=0.2, left=0.4)
        assert perf_counter() - begun < 5
        assert "no whole answer within " in said


@pytest.mark.parametrize("name", SILENT)
def test_what_did_not_end_is_asked_again(name: str) -> None:
    with ModelServer(echo) as server:
        server.fault(SILENT[name], times=1)
        assert outcome(server, model=MODEL, timeout=0.2) == "answered"


def test_a_server_that_answers_nobody_is_left_alone() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        server.fault(faults.status(503), times=None)
        session = connection.session()
        for text in "一二":
            with pytest.raises(ModelError, match="503 The server is overloaded"):
                session.ask(question(text))
        for text in "三四五":
            with pytest.raises(ModelUnavailableError, match="the model server does not answer: 503"):
                session.ask(question(text))
        assert len(server.calls) == 9
        server.faults.clear()
        assert connection.session().ask(question("六")) == {"said": "六"}, "the next window tries again"


def test_a_server_that_fails_at_one_question_is_asked_the_others() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        server.fault(faults.status(500), when=lambda asked: "坏" in asked.prompt, times=None)
        session = connection.session()
        for number in range(5):
            with pytest.raises(ModelError, match="no answer 3 times"):
                session.ask(question(f"坏 {number}"))
            assert session.ask(question(f"好 {number}"))


@pytest.mark.parametrize(
    ("effect", "waits"),
    [
        (faults.rate_limited(retry_after="7"), [7.0]),
        (faults.rate_limited(retry_after="0.5"), [0.5]),
        (faults.rate_limited(retry_after_ms="1500"), [1.5]),
        (
            faults.rate_limited(
                date="Wed, 10 Dec 2025 11:42:30 GMT", retry_after="Wed, 10 Dec 2025 11:43:10 GMT"
            ),
            [40.0],
        ),
        (faults.rate_limited(retry_after="soon"), [1.0]),
        (faults.rate_limited(), [1.0]),
        (faults.error_in_200(429), [1.0]),
        (faults.status(503, retry_after="9"), [9.0]),
    ],
)
def test_a_pause_is_as_long_as_the_server_asks(effect: Effect, waits: list[float]) -> None:
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours) as connection:
        server.fault(effect)
        connection.session().ask(question())
    assert hours.slept == waits


def test_a_throttled_question_is_asked_until_the_time_is_over() -> None:
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours, max_time="2m") as connection:
        server.fault(faults.rate_limited(), times=None)
        with pytest.raises(ModelUnavailableError, match="asks for a pause of 30 s, and 29 s are left"):
            connection.session().ask(question())
    assert hours.slept == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_a_pause_longer_than_the_time_left_is_not_begun() -> None:
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours) as connection:
        server.fault(faults.rate_limited(retry_after="3600"))
        session = connection.session()
        with pytest.raises(ModelUnavailableError, match="asks for a pause of 3600 s, and 600 s are left"):
            session.ask(question())
    assert hours.slept == []


def test_a_window_has_only_so_much_time_and_the_next_has_its_own() -> None:
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours, max_time="1m") as connection:
        session = connection.session()
        session.ask(question())
        hours.slept.append(60.0)
        with pytest.raises(
            ModelUnavailableError, match=r"the time for a window's questions \(llm.max_time: 1m\) is used up"
        ):
            session.ask(question("迟到"))
        assert connection.session().ask(question("准时")) == {"said": "准时"}


FINAL: dict[str, tuple[Effect, str]] = {
    "quota": (faults.no_quota(), "no quota left (429 You exceeded your current quota.)"),
    "balance": (faults.status(402, "Insufficient Balance"), "no quota left (402 Insufficient Balance)"),
    "key": (
        faults.status(401, "Incorrect API key: sk-12***89"),
        "refused the key (401); check OPENAI_API_KEY",
    ),
    "forbidden": (faults.status(403, "Country not supported"), "does not allow this (403 Country not"),
    "model": (faults.status(404, "The model `x` does not exist."), "check llm.model and llm.base_url"),
    "address": (faults.status(405, "Method Not Allowed"), "check llm.base_url, which mostly ends in /v1"),
}


@pytest.mark.parametrize("name", FINAL)
def test_what_no_trying_mends_stops_all_calls_at_once(name: str) -> None:
    effect, said = FINAL[name]
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours) as connection:
        server.fault(effect, times=None)
        with pytest.raises(ModelUnavailableError) as caught:
            connection.session().ask(question())
        assert said in str(caught.value)
        assert "sk-12" not in str(caught.value)
        with pytest.raises(ModelUnavailableError):
            connection.session().ask(question("另一个"))
    assert len(server.calls) == 2, "a neutral question shows that it is not about what was asked"
    assert hours.slept == []


def test_a_prompt_is_not_taken_to_another_host() -> None:
    with ModelServer(echo) as elsewhere, ModelServer(echo) as server:
        server.fault(faults.moved(f"{elsewhere.url}/chat/completions"), times=None)
        assert "the model server redirects to 127.0.0.1" in outcome(server)
    assert elsewhere.calls == []


def test_a_filtered_question_fails_alone() -> None:
    with ModelServer(echo) as server, connected(server) as connection:
        server.fault(faults.filtered())
        session = connection.session()
        with pytest.raises(ModelError, match="the server's filter refused the question"):
            session.ask(question())
        assert session.ask(question("另一个"))
    assert len(server.calls) == 2


@pytest.mark.parametrize("choices", [None, [], [None], {}, "x", [{"message": None}], [{}]])
def test_an_answer_without_choices_is_none(choices: object) -> None:
    with ModelServer(echo) as server:
        server.fault(faults.no_choices(choices))
        assert outcome(server).startswith("ModelError: the answer has no ")


def test_a_server_that_is_not_there_is_told_with_its_address() -> None:
    with ModelServer(echo) as server:
        address = server.url
    with pytest.raises(
        ModelUnavailableError,
        match=f"{address} does not say which model it has: no answer 7 times: the connection failed",
    ):
        llm.connect(
            LlmSettings(base_url=address),
            key="",
            cache=Path(),
            sleep=lambda _: None,
            monotonic=Hours().monotonic,
        )


def test_a_server_that_goes_in_the_middle_leaves_what_was_answered() -> None:
    with ModelServer(echo) as server:
        connection = connected(server)
        session = connection.__enter__().session()
        session.ask(question())
    with pytest.raises(ModelError, match="no answer 3 times: the connection failed"):
        session.ask(question("另一个"))
    assert session.ask(question()) == {"said": "问题"}
    connection.__exit__(None, None, None)


def test_closing_ends_what_is_under_way() -> None:
    arrived = Event()

    def hang(real: Callable[[], Answer]) -> Answer:
        arrived.set()
        return faults.hang()(real)

    with ModelServer(echo) as server, ThreadPoolExecutor(1) as pool:
        server.fault(hang, times=None)
        context = connected(server)
        session = context.__enter__().session()
        waiting = pool.submit(session.ask, question())
        assert arrived.wait(5)
        context.__exit__(None, None, None)
        with pytest.raises(ModelUnavailableError, match="the run ends"):
            waiting.result(timeout=5)


@pytest.mark.parametrize("name", PASSING | SILENT)
def test_no_failure_says_what_was_asked_or_answered(name: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="vllm_digest")
    with ModelServer(lambda _: {"said": "秘密的答复"}) as server:
        server.fault((PASSING | SILENT)[name], times=None)
        said = outcome(server, model=MODEL, timeout=0.2, left=30.0 if name in PASSING else 0.4)
    assert "秘密" not in said + caplog.text
    assert "问题" not in said + caplog.text
