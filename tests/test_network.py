"""The network between this program and GitHub: addresses, proxies, certificates, endless answers."""

import json
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Run
from tests.servers import faults
from tests.servers.answers import Answer
from tests.servers.faults import Effect, Exchange
from tests.servers.github import TOKEN, GitHub
from tests.servers.traffic import hour
from tests.servers.world import Comment, Issue, World
from tests.test_fetch import END, SOON, START, USER, Asked, asked, written

__all__ = ["asked"]

NOBODY = "127.0.0.1:9"
CERTIFICATE = Path(__file__).parent / "servers" / "tls.pem"


def environ(url: str, **more: str) -> dict[str, str]:
    return {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": url, "VLLM_DIGEST_GITHUB_TIMEOUT": "1", **more}


# No connection.


def test_an_address_where_nobody_is_shows_in_seconds(run: Run) -> None:
    ran = run("run", environ=environ(f"http://{NOBODY}"))
    assert (ran.code, ran.slept) == (3, (1, 2))
    assert f"GitHub at http://{NOBODY} gave no usable answer 3 times: it cannot be reached" in ran.err
    assert "Check github.api_url and this machine's network." in ran.err


def test_a_person_who_watches_sees_the_tries(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    ran = run("run", environ=environ(f"http://{NOBODY}"))
    assert "connecting, try 2 of 3" in ran.err
    assert "connecting, try 3 of 3" in ran.err
    assert "try" not in run("run", "--quiet", environ=environ(f"http://{NOBODY}")).err


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("HTTPS_PROXY", f"http://{NOBODY}", "the proxy that HTTPS_PROXY names did not connect"),
        ("https_proxy", NOBODY, "the proxy that https_proxy names did not connect"),
        ("ALL_PROXY", f"http://user:secret@{NOBODY}", "the proxy that ALL_PROXY names did not connect"),
        ("HTTPS_PROXY", f"socks5://user:secret@{NOBODY}", "Install PySocks"),
        ("HTTPS_PROXY", "http://", "The proxy that HTTPS_PROXY names cannot be used."),
        ("HTTPS_PROXY", "http://user:secret@host:99999", "Check github.api_url, and HTTPS_PROXY"),
        ("HTTPS_PROXY", "ftp://user:secret@host", "Check github.api_url, and HTTPS_PROXY"),
    ],
)
def test_a_proxy_that_is_wrong_is_named_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    ran = run("run", environ=environ("https://api.github.example"))
    assert (ran.code, written()) == (3, [])
    assert message in ran.err
    assert "secret" not in ran.err


@pytest.fixture
def tls() -> Iterator[str]:
    """The address of a server with a self-signed certificate that closes the connection after the
    handshake."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listener.accept()
                    with suppress(OSError), context.wrap_socket(connection, server_side=True) as wrapped:
                        wrapped.recv(1)

        threading.Thread(target=serve, daemon=True).start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_a_certificate_that_nobody_vouches_for_is_named_at_once(run: Run, tls: str) -> None:
    ran = run("run", environ=environ(tls))
    assert (ran.code, ran.slept) == (3, ())
    assert "The certificate of GitHub's server was not accepted" in ran.err
    assert "REQUESTS_CA_BUNDLE" in ran.err


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_file_of_certificates_that_is_wrong_is_named(
    run: Run, tls: str, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    for content, problem in ((None, "is not there"), ("nothing", "holds no certificate")):
        path = Path("certificates.pem").absolute()
        if content is not None:
            path.write_text(content, encoding="utf-8")
        monkeypatch.setenv(name, str(path))
        ran = run("run", environ=environ(tls))
        assert (ran.code, ran.slept) == (3, ())
        assert f"The file of certificates that {name} names {problem}." in ran.err


def test_a_certificate_in_the_file_is_accepted(run: Run, tls: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    ran = run("run", environ=environ(tls))
    assert ran.code == 3
    assert "certificate" not in ran.err
    assert "gave no usable answer 3 times: the connection failed" in ran.err


def test_a_server_without_tls_is_told_from_a_bad_certificate(run: Run) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=END) as github:
        ran = run("run", environ=environ(github.url.replace("http:", "https:")))
    assert (ran.code, ran.slept) == (3, ())
    assert "does not speak TLS" in ran.err


# Answers without an end.


@pytest.mark.parametrize("effect", [faults.drip(), faults.drip_head()], ids=["body", "head"])
def test_an_answer_that_drips_ends_at_its_deadline(asked: Asked, effect: Effect) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(effect, times=None)
        ran = asked(github, scene.start, scene.end, VLLM_DIGEST_GITHUB_TIMEOUT="1")
        assert len(github.requests) == 3
    assert (ran.code, written()) == (3, [])
    assert "gave no usable answer 3 times: no answer in time" in ran.err


def test_after_an_answer_that_drips_the_next_one_counts(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.drip(), operation="Details")
        assert asked(github, scene.start, scene.end, VLLM_DIGEST_GITHUB_TIMEOUT="1").code == 0


def test_an_answer_that_grows_when_it_is_unpacked_is_cut(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(faults.inflated(34_000_000), times=None)
        ran = asked(github, scene.start, scene.end)
    assert ran.code == 3
    assert "an answer of over 32 MB" in ran.err


def goes_on(connection: str, cursor: str | None) -> Effect:
    """An answer whose list has a next page: at this cursor, or at a new one each time."""

    def effect(exchange: Exchange) -> Answer:
        real = exchange.real()
        payload: dict[str, Any] = json.loads(json.dumps(real.payload))
        count = len(exchange.github.requests)

        def change(value: Any) -> None:
            if isinstance(value, dict):
                if "pageInfo" in value.get(connection, {}):
                    value[connection]["pageInfo"] = {
                        "hasNextPage": True,
                        "endCursor": cursor or f"WyJjdXJzb3IiLDF{count}",
                    }
                for inner in value.values():
                    change(inner)
            elif isinstance(value, list):
                for inner in value:
                    change(inner)

        change(payload)
        return replace(real, payload=payload)

    return effect


def test_a_list_that_goes_on_where_it_was_ends_with_a_message(asked: Asked) -> None:
    scene = hour(8, listed=4, touched=2)
    with GitHub(scene.world, now=scene.end) as github:
        github.fault(goes_on("issues", "WyJjdXJzb3IiXQ"), operation="Recent", times=None)
        ran = asked(github, scene.start, scene.end)
        assert len(github.requests) <= 4
    assert ran.code == 3
    assert "have no end" in ran.err


def test_comments_that_go_on_where_they_were_are_a_gap(asked: Asked) -> None:
    issue = Issue(1, SOON, comments=(Comment(SOON, USER),))
    with GitHub(World("vllm-project/vllm", (issue,)), now=END) as github:
        for operation in ("Details", "More"):
            github.fault(goes_on("comments", "WyJjdXJzb3IiXQ"), operation=operation, times=None)
        report = asked.report(github, START, END)
        assert len(github.requests) <= 4
    assert [gap["code"] for gap in report["gaps"]] == ["pages_missing"]


# Headers.


@pytest.mark.parametrize(
    ("header", "value", "name"),
    [
        ("date", "0", "Date"),
        ("date", "yesterday", "Date"),
        ("date", "Thu, 99 Foo 2025 10:00:00 GMT", "Date"),
        ("date", "Thu, 01 Jan 99999 10:00:00 GMT", "Date"),
        ("x-ratelimit-reset", "soon", "x-ratelimit-reset"),
        ("x-ratelimit-reset", "-5", "x-ratelimit-reset"),
        ("x-ratelimit-reset", "99999999999", "x-ratelimit-reset"),
        ("x-ratelimit-reset", "1e400", "x-ratelimit-reset"),
        ("x-ratelimit-remaining", "²", "x-ratelimit-remaining"),
        ("x-ratelimit-limit", "", "x-ratelimit-limit"),
    ],
)
def test_a_header_that_is_impossible_is_named(asked: Asked, header: str, value: str, name: str) -> None:
    scene = hour(8, listed=4, touched=2)

    def effect(exchange: Exchange) -> Answer:
        real = exchange.real()
        return replace(real, headers={**real.headers, header: value})

    with GitHub(scene.world, now=scene.end) as github:
        github.fault(effect, times=None)
        ran = asked(github, scene.start, scene.end)
        assert len(github.requests) == 3
    assert (ran.code, written()) == (3, [])
    assert f"gave no usable answer 3 times: {name} is wrong" in ran.err


@pytest.mark.parametrize(
    ("value", "slept"),
    [
        ("0", 1),
        ("7", 7),
        ("7.5", 7.5),
        ("Wed, 10 Dec 2025 11:43:00 GMT", 60),
        ("Wed, 10 Dec 2025 10:00:00 GMT", 1),
    ],
)
def test_a_pause_may_be_asked_for_in_seconds_or_until_a_time(asked: Asked, value: str, slept: float) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=END) as github:
        github.fault(faults.says(429, {"message": "slow down"}, retry_after=value))
        ran = asked(github, START, END)
    assert (ran.code, ran.slept) == (0, (slept,))


def test_a_pause_without_end_is_not_waited_for(asked: Asked) -> None:
    with GitHub(World("vllm-project/vllm", ()), now=END) as github:
        github.fault(faults.says(429, {"message": "slow down"}, retry_after="9" * 12))
        ran = asked(github, START, END)
    assert (ran.code, ran.slept) == (3, ())
    assert "rate limit is used up" in ran.err
