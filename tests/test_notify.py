"""Messages about new reports: their text, that they mention nobody, and that a failure stops nothing."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests import archives
from tests.conftest import Run
from tests.servers.inbox import Inbox
from vllm_digest.publish.headline import harmless
from vllm_digest.window import TimeWindow

# Apprise imports a module that Python 3.13 is without, where it does not.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

SITE = "https://example.github.io/digest/"
TEXT = """\
2025-12-10 18:42 (UTC+8) ~ 2025-12-10 19:42 (UTC+8)
AMD：无相关更新。
× 已关闭 #30382 [Bug]: Issues with mistralai/Ministral-3-14B-Instruct-2512
○ 开放 #30375 [Bug]: [TPU] ShapeDtypeStruct error when loading custom safetensors checkpoint …
○ 开放 #30383 [RFC]: Multi-Process Benchmark Architecture for Scaling Beyond Single-Core Limi…
https://example.github.io/digest/reports/vllm-project/vllm/sample/2025/12/20251210T1042Z-20251210T1142Z/"""


@pytest.fixture
def page(run: Run) -> str:
    """The stored page of the sample."""
    return run("run", "--sample").out.strip()


def test_a_message_is_the_head_of_the_report_and_its_link(run: Run, page: str) -> None:
    with Inbox() as inbox:
        ran = run("notify", "--site", SITE, page, environ={"APPRISE_URLS": f"json://{inbox.place}/room"})
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert [(sent["title"], sent["message"]) for sent in inbox.messages] == [("vLLM 开发动态报告", TEXT)]


def test_a_service_that_shows_html_gets_links(run: Run, page: str) -> None:
    with Inbox() as inbox:
        run(
            "notify", "--site", SITE, page, environ={"APPRISE_URLS": f"json://{inbox.place}/room?format=html"}
        )
    html = inbox.messages[0]["message"]
    assert html.startswith(f'<p><b><a href="{SITE}reports/')
    assert "AMD：无相关更新。</p>" in html
    assert re.findall(r'<li>(\S+ \S+) <a href="([^"]+)">#', html) == [
        ("× 已关闭", "https://github.com/vllm-project/vllm/issues/30382"),
        ("○ 开放", "https://github.com/vllm-project/vllm/issues/30375"),
        ("○ 开放", "https://github.com/vllm-project/vllm/issues/30383"),
    ]


def test_a_dry_run_prints_what_would_be_sent_and_to_whom(run: Run, page: str) -> None:
    with Inbox() as inbox:
        plain = {"APPRISE_URLS": f"json://{inbox.place}/s3cret"}
        ran = run("notify", "--dry-run", "--site", SITE, page, environ=plain)
        assert ran.out == f"vLLM 开发动态报告\n\n{TEXT}\n"
        assert ran.err == "would be sent to JSON as text\n"
        html = {"APPRISE_URLS": f"json://{inbox.place}/s3cret?format=html"}
        ran = run("notify", "--dry-run", "--site", SITE, page, environ=html)
        assert ran.out.startswith(f"vLLM 开发动态报告\n\n{TEXT}\n\n<p><b><a href=")
        assert ran.err == "would be sent to JSON as HTML\n"
    assert inbox.messages == []
    assert "sent to nobody" in run("notify", "--dry-run", page).err
    assert "no page is named" in run("notify", "--dry-run").err


def test_it_is_off_unless_there_is_an_address_and_something_new(run: Run, page: str) -> None:
    assert run("notify", page) == run("notify") == run("notify", environ={"APPRISE_URLS": "json://127.0.0.1"})


def test_many_reports_are_one_message_with_the_newest_first(run: Run, page: str) -> None:
    first = archives.load(Path(page).with_suffix(".json"))
    pages = []
    for hours in range(5):
        step = timedelta(hours=hours)
        window = TimeWindow(first.digest.window.start + step, first.digest.window.end + step)
        report = replace(first, digest=replace(first.digest, window=window))
        pages.append(str(archives.opened(Path("archive")).store(report, "page").page))
    said = run("notify", "--dry-run", *pages).out
    assert said.startswith("vLLM 开发动态报告（5 份）\n\n2025-12-10 22:42 (UTC+8) ~ ")
    assert re.findall(r"^2025-12-10 (\d\d)", said, re.MULTILINE) == ["22", "21", "20"]
    assert said.endswith("\n\n另有 2 份较早的报告。\n")


def test_every_service_gets_it_though_one_refuses_and_another_is_no_address(run: Run, page: str) -> None:
    with Inbox() as inbox, Inbox(status=500) as broken:
        addresses = (
            f"json://{broken.place}/s3cret json://127.0.0.1:9/s3cret, json://{inbox.place} what://s3cret"
        )
        ran = run("notify", page, environ={"APPRISE_URLS": addresses})
    assert (ran.code, ran.out) == (0, "")
    assert len(inbox.messages) == 1
    assert ran.err.count("JSON did not accept the message") == 2
    assert "APPRISE_URLS has an address that apprise cannot read" in ran.err
    assert "s3cret" not in ran.err


def test_without_the_library_it_says_what_to_install_and_stops_nothing(page: str) -> None:
    code = (
        "import sys; sys.modules['apprise'] = None\n"
        "from vllm_digest.cli import run_command; from vllm_digest.runtime import Runtime\n"
        f"sys.exit(run_command(['notify', {page!r}], Runtime(environ={{'APPRISE_URLS': 'json://127.0.0.1'}})))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")
    assert "pip install 'vllm-digest[notify]'" in ran.stderr


def test_a_report_that_is_not_there_is_told(run: Run) -> None:
    ran = run("notify", "--dry-run", "archive/none.md")
    assert ran.code == 2
    assert "archive/none.json cannot be read" in ran.err


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        (
            '@channel <!here> <@U012> <at user_id="all">',
            '＠channel ＜!here＞ ＜＠U012＞ ＜at user_id="all"＞',
        ),
        ("see [this](https://evil.example)", "see [this］（https：//evil.example)"),
        ("*all* ~of~ _it_ in torch_compile", "＊all＊ ～of～ ＿it＿ in torch_compile"),
        ("```\n# fence", "''' ＃ fence"),
        ("[Bug]: a & b", "[Bug]: a & b"),
    ],
)
def test_a_title_calls_nobody_and_lays_out_nothing(title: str, shown: str) -> None:
    assert harmless(title) == shown


@given(st.text())
def test_no_text_keeps_a_mark_that_acts(text: str) -> None:
    shown = harmless(text)
    assert not re.search(r"[@<>*~`#\n]|\]\(|://", shown)
    assert harmless(shown) == shown
