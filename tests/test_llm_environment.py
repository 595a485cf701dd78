"""Machines on which the model's client cannot be created as usual, and servers that repeat secrets."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import Run
from tests.servers import model_faults as faults
from tests.servers.answers import Answer
from tests.servers.model import Asked, ModelServer

SAMPLE = ("run", "--sample")
KEY = "sk-proj/Ab+9=x_7-ZZ=="


def empty(_: Asked) -> dict[str, Any]:
    """A model that has nothing to tell."""
    return {}


# Each of these has a page made by rules, with what to mend on stderr.

PROXIES = {
    "SOCKS without its package": ({"ALL_PROXY": "socks5://127.0.0.1:1"}, "pip install socksio"),
    "SOCKS with a name": ({"http_proxy": "socks5h://u:hunter22@127.0.0.1:1"}, "pip install socksio"),
    "an unknown kind": ({"HTTP_PROXY": "socks4://127.0.0.1:1"}, "a proxy of the environment"),
    "no address at all": ({"HTTP_PROXY": "ht:::bad"}, "a proxy of the environment"),
    "no certificates": ({"SSL_CERT_FILE": "gone.pem"}, "check SSL_CERT_FILE"),
    "certificates that are none": (
        {"SSL_CERT_FILE": "junk.pem"},
        "SSL_CERT_FILE or SSL_CERT_DIR cannot be read",
    ),
    "a proxy that is not there": ({"HTTP_PROXY": "http://me:hunter22@127.0.0.1:1"}, "check the proxy"),
    "a header that is none": ({"OPENAI_ORG_ID": "a\nb"}, "Illegal header value"),
}


@pytest.mark.parametrize("name", PROXIES)
def test_an_environment_that_does_not_fit_costs_no_page(
    name: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ, said = PROXIES[name]
    Path("junk.pem").write_text("junk", encoding="utf-8")
    with ModelServer(empty) as server:
        for variable, value in environ.items():
            monkeypatch.setenv(variable, value)
        monkeypatch.setenv("NO_PROXY", "")
        ran = run(*SAMPLE, environ=server.environ)
    assert ran.code == 0
    assert ran.out.endswith(".md\n")
    assert said in ran.err
    assert "hunter22" not in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999/v1", "http://[::1/v1", "http://a..b/v1", "http://\u2603.x/v1"]
)
def test_an_address_that_leads_nowhere_costs_no_page(url: str, run: Run) -> None:
    ran = run(*SAMPLE, environ={"OPENAI_BASE_URL": url, "VLLM_DIGEST_LLM_MODEL": "x"})
    assert "Traceback" not in ran.err
    assert ran.code == 2 or (ran.code == 0 and ran.out.endswith(".md\n"))


def test_without_a_home_no_answer_is_kept_and_that_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME")
    # A user id without an entry in /etc/passwd, as in containers.
    monkeypatch.setattr(os, "getuid", lambda: 54_321)
    with ModelServer(empty) as server:
        calls = []
        for _ in range(2):
            ran = run(*SAMPLE, environ=server.environ | {"XDG_CACHE_HOME": ""})
            assert ran.code == 0
            assert ran.err.count("answers are not kept: there is no folder for a cache") == 1
            calls.append(len(server.calls))
        assert calls[1] == 2 * calls[0], "all is asked again"


STARVED = """
import sys, threading
from vllm_digest.cli import main
threading.stack_size(1 << 46)  # no system gives that: each thread is refused
sys.argv = ["vllm-digest", "run", "--sample"]
main()
"""


def test_without_a_thread_to_be_had_rules_write_the_page() -> None:
    with ModelServer(empty) as server:
        environ = {**os.environ, **server.environ, "XDG_CACHE_HOME": "cache"}
        ran = subprocess.run(
            [sys.executable, "-c", STARVED], env=environ, capture_output=True, text=True, check=True
        )
    assert ran.stdout.endswith(".md\n")
    assert "the system gives no thread for the model's client" in ran.stderr
    assert "Traceback" not in ran.stderr


# What a server gives back.

FORMS = (
    KEY,
    quote(KEY, safe=""),
    base64.b64encode(KEY.encode()).decode().rstrip("="),
    base64.b64encode(f"user:{KEY}".encode()).decode()[8:-4],
)
BASIC = base64.b64encode(f"user:{KEY}".encode()).decode()
SAID = f"\x1b[31m{KEY}\x1b[0m\r\n::error::Bearer {FORMS[1]} {FORMS[2]} {BASIC} {json.dumps([KEY])}"


def written() -> list[str]:
    """What the files of this folder hold."""
    return [path.read_text("utf-8", "replace") for path in Path.cwd().rglob("*") if path.is_file()]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 200, 307])
def test_a_key_that_comes_back_is_struck_out(status: int, run: Run) -> None:
    error = {"error": {"message": SAID, "code": KEY, KEY: KEY}}
    answer = Answer(status, error, headers={"location": f"http://{FORMS[2]}.example/", "x-key": KEY})
    with ModelServer(empty, key=KEY) as server:
        server.fault(faults.gives(answer), times=None)
        ran = run(*SAMPLE, "-vv", environ=server.environ)
    assert ran.code == 0
    for text in (ran.err, ran.out, *written()):
        assert not any(form in text for form in FORMS)
    assert "\x1b" not in ran.err
    assert not any(line.startswith("::") for line in ran.err.splitlines())


def test_a_key_in_an_answer_is_neither_kept_nor_published(run: Run) -> None:
    def edit(payload: Any) -> None:
        payload["model"] = KEY
        payload["choices"][0]["message"]["content"] = json.dumps({"topic": KEY, KEY: 1})

    with ModelServer(empty, key=KEY) as server:
        server.fault(faults.edited(edit), times=None)
        ran = run(*SAMPLE, "-vv", environ=server.environ)
    assert ran.code == 0
    assert all(KEY not in text for text in (ran.err, ran.out, *written()))


def test_a_name_of_a_model_is_no_control_sequence(run: Run) -> None:
    with ModelServer(empty, models=("a\x1b]0;title\x07b", "c")) as server:
        assert "\x1b" not in run(*SAMPLE, environ=server.environ).err
    with ModelServer(empty, models=("\n::error::x", "d", "e" * 300, "f")) as server:
        err = run(*SAMPLE, environ=server.environ).err
    assert "has 2 models (d, f); name one in llm.model" in err


def test_a_bug_costs_a_thread_and_is_said_with_its_place(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("vllm_digest.llm.retrying.read_answer", broken)
    with ModelServer(empty) as server:
        ran = run(*SAMPLE, environ=server.environ)
    assert ran.code == 0
    assert "with ZeroDivisionError: a bug; rules take over" in ran.err
    assert "failed at " in ran.err
    assert "Traceback" not in ran.err
