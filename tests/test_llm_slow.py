"""Slow and starting servers: how many questions run at once, for how long, and what is logged."""

import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.asking import Hours, connected, echo, question
from tests.servers import model_faults as faults
from tests.servers.answers import Answer, Ending
from tests.servers.model import MODEL, Asked, ModelServer
from vllm_digest import llm
from vllm_digest.config import LlmSettings
from vllm_digest.llm.pacing import Pacing
from vllm_digest.model_protocol import ModelError, ModelUnavailableError

QUICK: dict[str, Any] = {"model": MODEL, "timeout": 0.3}


class Crowd:
    """Counts the calls under way in an author."""

    def __init__(self, author: Callable[[Asked], Any] = echo) -> None:
        self.most = 0
        self._author = author
        self._now = 0
        self._lock = threading.Lock()

    def __call__(self, asked: Asked) -> Any:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        said = self._author(asked)
        with self._lock:
            self._now -= 1
        return said


def slowly(seconds: float) -> Callable[[Asked], Any]:
    """An author that answers after a delay."""
    never = threading.Event()

    def slow(asked: Asked) -> Any:
        never.wait(seconds)
        return echo(asked)

    return slow


def all_asked(session: Any, ranks: range) -> list[Any]:
    """The answers to questions side by side; None where there is none."""

    def asked(rank: int) -> Any:
        with suppress(ModelError):
            return session.ask(question(f"问题 {rank}", rank=rank))["said"]
        return None

    with ThreadPoolExecutor(len(ranks)) as pool:
        return list(pool.map(asked, ranks))


def test_a_server_too_slow_for_many_is_asked_one_at_a_time_the_most_important_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    crowd = Crowd(slowly(0.2))
    with ModelServer(crowd) as server, connected(server, Hours(real=True), **QUICK) as connection:
        server.fault(faults.gives(Answer(ending=Ending.SILENT)), times=5)
        session = connection.session()
        said = all_asked(session, range(5))
    assert said == [f"问题 {rank}" for rank in range(5)]
    assert crowd.most == 1
    later = [call.prompt for call in server.calls[5:]]
    assert later[1:] == sorted(later[1:]), "the first place goes to who comes first, the others by rank"
    assert session.usage().abandoned == 5
    (warning,) = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert "gave no answer within 0.3 s (llm.timeout: 0.3)" in warning
    assert "it was asked 5 questions at once (see llm.concurrency)" in warning
    assert "llm.max_time" in warning


def test_the_next_try_has_the_rest_of_the_window(caplog: pytest.LogCaptureFixture) -> None:
    with ModelServer(slowly(0.7)) as server, connected(server, Hours(real=True), **QUICK) as connection:
        session = connection.session()
        assert all_asked(session, range(3)) == ["问题 0", "问题 1", "问题 2"]
    assert session.usage().abandoned == 3
    assert session.usage().calls == 6
    assert caplog.text.count("gave no answer") == 1


def test_more_is_asked_at_once_again_when_answers_come_quickly() -> None:
    pacing = Pacing(4, 10.0)
    with pacing.turn(0) as turn:
        pacing.timed_out(turn, 10.0, 500.0)
    assert pacing.seconds(500.0) == 500.0
    for _ in range(3):
        pacing.succeeded(1.0)
    assert pacing.seconds(500.0) == 10.0
    turns = [pacing.turn(rank) for rank in range(4)]
    for one in turns:
        one.__enter__()
    for one in turns:
        one.__exit__(None, None, None)


def test_a_server_that_answers_some_is_asked_half_as_many(caplog: pytest.LogCaptureFixture) -> None:
    with ModelServer(echo) as server, connected(server, **QUICK) as connection:
        session = connection.session()
        session.ask(question("erst"))
        server.fault(faults.hang(), times=4)
        assert all_asked(session, range(4)) == [f"问题 {rank}" for rank in range(4)]
    assert "did not answer all within 0.3 s" in caplog.text
    assert "Now asking 4 at once" in caplog.text


def test_what_was_given_up_counts_with_the_most_it_can_have_taken() -> None:
    prices: dict[str, Any] = {"input_price": 0, "output_price": 1_000_000}
    with ModelServer(echo) as server, connected(server, max_cost=1_200, **prices, **QUICK) as connection:
        server.fault(faults.hang(), times=1)
        session = connection.session()
        session.ask(question(room=500))
        assert 500 < (session.usage().cost or 0) < 600
        with pytest.raises(ModelUnavailableError, match=r"budget of 1200 \(llm.max_cost\) is used up"):
            session.ask(question("ein anderes", room=700))


def test_a_server_that_answers_nothing_in_two_windows_is_left_alone() -> None:
    hours = Hours()
    with ModelServer(echo) as server, connected(server, hours, max_time="1m", **QUICK) as connection:
        server.fault(faults.hang(), times=None)
        for _ in range(2):
            session = connection.session()
            hours.passed += 59.6
            with pytest.raises(ModelError):
                session.ask(question())
        calls = len(server.calls)
        with pytest.raises(ModelUnavailableError):
            connection.session().ask(question())
        assert len(server.calls) == calls


def test_a_wait_is_said_once_in_a_while(caplog: pytest.LogCaptureFixture) -> None:
    pacing = Pacing(8, 120.0)
    with pacing.turn(0):
        for seconds in range(5, 125, 5):
            pacing.waits(seconds, 120.0)
    said = [record.message for record in caplog.records]
    assert [message.partition("no answer for ")[2].partition(" s of")[0] for message in said] == ["30", "90"]
    assert "llm.timeout and llm.concurrency" in said[0]


# A server that is starting.


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def test_a_server_that_is_not_there_yet_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    port, slept, started = free_port(), list[float](), list[ModelServer]()

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if sum(slept) > 30:
            started.append(ModelServer(echo, port=port))
            started[0].__enter__()

    with llm.connect(
        LlmSettings(base_url=f"http://127.0.0.1:{port}/v1"),
        key="",
        cache=Path("cache"),
        sleep=sleep,
        monotonic=lambda: sum(slept),
    ) as connection:
        assert connection.session().ask(question()) == {"said": "问题"}
    started[0].__exit__(None, None, None)
    assert slept == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert caplog.text.count("the model server is not reachable") == 1


def test_a_server_that_is_down_is_waited_for_only_once() -> None:
    hours = Hours()
    with ModelServer(echo) as server:
        url = server.url
    with llm.connect(
        LlmSettings(base_url=url, model=MODEL),
        key="",
        cache=Path("cache"),
        sleep=hours.slept.append,
        monotonic=hours.monotonic,
    ) as connection:
        for waited in (61.0, 3.0):
            hours.slept.clear()
            with pytest.raises(ModelError, match="the connection failed"):
                connection.session().ask(question())
            assert sum(hours.slept) == waited


@pytest.mark.parametrize(
    "words", ["Loading model", "Model is currently loading", "Server is starting up", "warming up"]
)
def test_a_server_that_loads_its_model_is_waited_for_as_long_as_the_window_lasts(words: str) -> None:
    hours = Hours()
    with ModelServer(echo) as server:
        server.fault(faults.status(503, words), times=9)
        with connected(server, hours) as connection:
            assert connection.session().ask(question()) == {"said": "问题"}
    assert sum(hours.slept) > 100


def test_a_list_of_models_is_asked_for_again() -> None:
    hours = Hours()
    tries = iter([Answer(502, text="bad gateway"), Answer(503, {"error": {"message": "Loading model"}})])
    with ModelServer(echo) as server:
        server.listing = lambda real: next(tries, None) or real()
        with connected(server, hours) as connection:
            assert connection.name == MODEL
    assert hours.slept == [1.0, 2.0]
