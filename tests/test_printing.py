"""Output on stdout, stderr and in the log: no secrets, control sequences or workflow commands."""

import base64
import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any
from unicodedata import category
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.authors import answer, question, writes
from tests.conftest import Run
from tests.servers import model_faults
from tests.servers.github import TOKEN, GitHub
from tests.servers.model import Asked, ModelServer
from tests.servers.traffic import hour
from vllm_digest.cleaning import clean_line, set_secrets, without_effect
from vllm_digest.errors import OUTPUT_CLOSED, UsageError
from vllm_digest.masking import Secrets
from vllm_digest.printing import LogFormatter, print_json

KEY = "sk-proj_A9/b+c=d~7 e"[:18]
PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=7, max_size=60).map(
    "k".__add__
)


def plain(text: str) -> str:
    return text


def in_json(text: str) -> str:
    return json.dumps(text)


def in_base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def in_basic_auth(text: str) -> str:
    return base64.b64encode(f"x-access-token:{text}".encode()).decode()


def in_urlsafe_base64(text: str) -> str:
    return base64.urlsafe_b64encode(f"u:{text}@".encode()).decode()


def quoted(text: str) -> str:
    return quote(text, safe="")


def quoted_in_small_letters(text: str) -> str:
    return "".join(f"%{ord(sign):02x}" if quote(sign, safe="") != sign else sign for sign in text)


NOTATIONS: list[Callable[[str], str]] = [
    *(plain, in_json, in_base64, in_basic_auth, in_urlsafe_base64),
    *(quoted, quoted_in_small_letters, quote_plus, quote),
]


@pytest.mark.parametrize("notation", NOTATIONS)
@given(secret=PRINTABLE, before=st.text(max_size=20), after=st.text(max_size=20))
def test_a_secret_is_masked_in_every_notation_wherever_it_stands(
    notation: Callable[[str], str], secret: str, before: str, after: str
) -> None:
    written = notation(secret)
    masked = Secrets([secret]).mask(before + written + after)
    assert "***" in masked
    assert written not in masked
    left = masked.replace("***", "").removeprefix(before).removesuffix(after).strip('"')
    # Of base64 only the letters that mix bits of the secret and of its neighbors are left.
    assert len(left) <= 24 if "base64" in notation.__name__ or "basic" in notation.__name__ else not left


@pytest.mark.parametrize(
    ("variable", "value", "secrets"),
    [
        ("GITHUB_TOKEN", "ghp_abc123", ["ghp_abc123"]),
        ("GH_TOKEN", " ghp_abc123\n", ["ghp_abc123"]),
        ("OPENAI_API_KEY", "hunter2", ["hunter2"]),
        ("HTTPS_PROXY", "http://user:pass%2Fword@proxy:8080", ["pass%2Fword", "pass/word"]),
        ("all_proxy", "socks5://user:sesame@proxy", ["user:sesame", "sesame"]),
        (
            "APPRISE_URLS",
            "slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ",
            ["TIiajkdnlazkcOXrIdevi7FQ"],
        ),
        (
            "APPRISE_URLS",
            "json://host mailto://me:sesame@example.org",
            ["sesame", "mailto://me:sesame@example.org"],
        ),
        ("APPRISE_URLS", "tgram://123456789:AABBccdd_EE/12315544", ["AABBccdd_EE"]),
    ],
)
def test_each_variable_that_holds_a_secret_is_known(variable: str, value: str, secrets: list[str]) -> None:
    masks = Secrets.of_environment({variable: value})
    for secret in secrets:
        assert masks.mask(f"({secret})") == "(***)"


@pytest.mark.parametrize("value", ["", "EMPTY", "none", "x", "test"])
def test_what_stands_for_no_key_masks_nothing(value: str) -> None:
    text = "EMPTY none x test latest"
    assert Secrets.of_environment({"OPENAI_API_KEY": value}).mask(text) == text


def test_a_short_secret_masks_no_part_of_a_word() -> None:
    masks = Secrets(["pass"])
    assert masks.mask("pass, passing, bypass, 'pass'") == "***, passing, bypass, '***'"


@given(st.text(), st.integers(1, 300))
def test_a_cleaned_line_only_shows(text: str, most: int) -> None:
    line = clean_line(text, most)
    assert len(line) <= most
    assert not line.startswith("::")
    assert "##[" not in line
    odd = {sign for sign in line if category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"}}
    assert odd <= {"\u200d"}
    assert clean_line(line, most) == line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc\u2028d\x85e", "a b c d e"),
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07", "red ]0;title"),
        ("\u202eabc\u2066\ufeff\u200bd", "abcd"),
        ("::error title=x::y", ": :error title=x::y"),
        ("\n \u200b ::set-output name=x::y", ": :set-output name=x::y"),
        ("##[error]x", "## [error]x"),
        ("std::move in aten::mm", "std::move in aten::mm"),
        ("👩‍🔬 你好　世界", "👩‍🔬 你好 世界"),
        ("caf\udce9", "caf\ufffd"),
        (
            "https://user:pw@host/ and https://ghp_0123456789abcdefghij@host",
            "https://***@host/ and https://***@host",
        ),
        ("ssh://git@github.com/a/b, git@github.com:a/b", "ssh://git@github.com/a/b, git@github.com:a/b"),
    ],
)
def test_what_would_act_is_shown_without_effect(text: str, shown: str) -> None:
    assert clean_line(text) == shown


@given(st.text(), st.lists(st.text(max_size=8), max_size=4))
def test_json_is_printed_without_effect_and_read_as_it_was(text: str, more: list[str]) -> None:
    with io.TextIOWrapper(io.BytesIO(), encoding="utf-8") as out, redirect_stdout(out):
        print_json({"text": text, "more": more})
        out.flush()
        written = out.buffer.getvalue().decode()
    assert not {category(one) for one in written[:-1] if one != "\u200d"} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert json.loads(written) == {"text": text, "more": more}


def test_lines_of_a_product_keep_their_columns_and_lose_what_acts() -> None:
    assert without_effect("  a    b\x1b[2J\n ::error::x\n\u202ec") == "  a    b\n : :error::x\nc"
    assert without_effect("我的　报告/a\u00a0b") == "我的　报告/a\u00a0b"


def test_a_line_is_cut_after_its_secrets_are_masked() -> None:
    set_secrets(Secrets(["0123456789abcdef"]))
    assert clean_line("key 0123456789abcdef refused", 12) == "key *** ref…"


def test_an_error_is_clean_however_it_was_made() -> None:
    set_secrets(Secrets(["hunter22"]))
    error = UsageError("a\nb \x1b[31m hunter22", "Do this:\n    ::notice::x\n")
    assert str(error) == "a b ***\nDo this:\n    : :notice::x\n"


def test_a_log_record_keeps_our_lines_and_none_of_an_argument_s() -> None:
    set_secrets(Secrets(["hunter22"]))
    record = logging.LogRecord(
        "vllm_digest.x", logging.INFO, "x.py", 1, "%s and %d:\n%s", ("a\n::error::\x07", 7, "hunter22"), None
    )
    assert LogFormatter().format(record) == "vllm-digest: a ::error:: and 7:\n***"


def test_a_server_that_gives_the_key_back_tells_it_to_nobody(run: Run) -> None:
    said = f"No access for {KEY}, Basic {in_basic_auth(KEY)}, ?key={quoted(KEY)}\x1b[2J\n::error::{KEY}"
    with ModelServer(lambda _: {}, key=KEY) as model:
        model.fault(model_faults.status(403, said), times=None)
        environ = {**model.environ, "OPENAI_API_KEY": KEY}
        for arguments in (("run", "--sample", "-vv"), ("doctor",)):
            ran = run(*arguments, environ=environ)
            everything = ran.out + ran.err
            assert "403" in everything
            for notation in NOTATIONS:
                assert notation(KEY).strip('"') not in everything
            assert "\x1b" not in everything
            assert not any(line.lstrip().startswith("::") for line in everything.splitlines())


def test_no_secret_is_stored_whoever_writes_it(run: Run) -> None:
    """Somebody may have posted the token, and a model may repeat it."""
    key = "sk_key-*0123_abc*"
    scene = hour(1, listed=4, touched=1)
    leaky = replace(scene.world.threads[0], title=f"[Bug]: {TOKEN} leaks", body=f"key {quoted(key)} {key}")
    world = replace(scene.world, threads=(leaky, *scene.world.threads[1:]))
    with GitHub(world, now=scene.end) as github, ModelServer(writes, key=key, models=(f"m-{key}",)) as model:
        environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url, **model.environ}
        ran = run("run", "--exact", "--json", environ=environ, now=scene.end)
        dry = run("run", "--exact", "--dry-run", environ=environ, now=scene.end)
    assert ran.code == 0, ran.err
    pages = [path.read_text(encoding="utf-8") for path in Path("archive").rglob("*") if path.is_file()]
    assert len(pages) == 2
    for text in (*pages, dry.out, ran.out, ran.err):
        for secret in (TOKEN, key, quoted(key), in_base64(key)):
            assert secret not in text
    assert any("*** leaks" in page.replace("\\", "") for page in pages)
    assert any("m-***" in page.replace("\\", "") for page in pages)


def test_what_github_says_does_nothing_to_the_terminal_or_the_workflow(run: Run) -> None:
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        environ = {"GITHUB_TOKEN": f"{TOKEN}x", "GITHUB_API_URL": github.url}
        ran = run("run", "--exact", environ=environ, now=scene.end)
    assert ran.code == 3
    assert f"{TOKEN}x" not in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "--window", "\x1b[31m1h"),
        ("run", "--repo", "a/b\n::error::x"),
        ("--\x1b]0;x\x07", "run"),
        ("render", "::error::.json\r\nx"),
        ("run", "--config", "caf\udce9\n::error::x.yaml"),
        ("run", "--since", "2025\u202e-12"),
    ],
)
def test_what_stands_on_the_command_line_is_printed_without_effect(
    run: Run, arguments: tuple[str, ...]
) -> None:
    ran = run(*arguments, environ={"GITHUB_TOKEN": TOKEN})
    assert ran.code == 2
    assert not {"\x1b", "\u202e", "\r", "\x07"} & set(ran.err)
    assert not any(line.lstrip().startswith("::") for line in ran.err.splitlines())


def test_a_bug_s_traceback_holds_no_secret() -> None:
    code = (
        "import sys; sys.argv = ['vllm-digest', 'run']; from vllm_digest import cli\n"
        "def boom(*_, **__): raise RuntimeError('no \\x1b[31m' + cli.os.environ['GITHUB_TOKEN'])\n"
        "cli.commands.main = boom; cli.main()"
    )
    environ = {"PATH": os.defpath, "GITHUB_TOKEN": "ghp_abcdefgh"}
    ran = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == "RuntimeError: no ***"
    assert "\x1b" not in ran.stderr


def test_libraries_speak_through_the_same_door(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("run", "--sample", "-vv", environ={"OPENAI_API_KEY": "EMPTY", "GITHUB_TOKEN": "ghp_abcdefgh"})
    logging.getLogger("urllib3.connectionpool").warning("retrying %s", "ghp_abcdefgh\n\x1b[2J")
    logging.getLogger("urllib3.connectionpool").info("of no interest")
    assert capsys.readouterr().err == "vllm-digest: retrying ***\n"


def test_a_path_is_no_place_for_a_secret(run: Run) -> None:
    ran = run("run", "--sample", "--output", "my-ghp_abcdefgh", environ={"GITHUB_TOKEN": "ghp_abcdefgh"})
    assert ran.out.startswith("my-***/reports/")
    assert Path("my-ghp_abcdefgh").is_dir()


def test_vv_shows_each_sentence_that_was_refused_with_what_it_was_compared_with(run: Run) -> None:
    def boasts(asked: Asked) -> dict[str, Any]:
        said = answer(question(asked))
        for part in ("reading", "impact"):
            if said.get(part):
                said[part]["text"] = "这项改动把吞吐量提升了 **987%**。"
        return said

    with ModelServer(boasts) as model:
        quiet, loud, louder = (
            run("run", "--sample", *flags, environ={**model.environ, "XDG_CACHE_HOME": f"cache{len(flags)}"})
            for flags in ((), ("-v",), ("-v", "-v"))
        )
    assert "987" not in quiet.err + loud.err
    refused = [line for line in louder.err.splitlines() if "987" in line]
    assert refused
    assert all(line.startswith("vllm-digest: ") for line in refused)
    assert len(loud.err) > len(quiet.err)


def test_a_reader_that_ends_early_ends_the_command_quietly() -> None:
    for arguments in (("--help",), ("run", "--sample", "--no-llm", "--dry-run")):
        with unread() as pipe:
            ran = program(*arguments, stdout=pipe, stderr=subprocess.PIPE)
        assert (ran.returncode, ran.stderr) == (OUTPUT_CLOSED, b"")


def test_a_run_whose_messages_nobody_reads_goes_on() -> None:
    with unread() as pipe:
        ran = program("run", "--sample", "--no-llm", "-vv", stdout=subprocess.PIPE, stderr=pipe)
    assert ran.returncode == 0
    assert Path(ran.stdout.decode().strip()).is_file()


@contextmanager
def unread() -> Iterator[int]:
    """A pipe without a reader."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        yield writer
    finally:
        os.close(writer)


def program(*arguments: str, stdout: int, stderr: int) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "vllm_digest", *arguments], check=False, stdout=stdout, stderr=stderr
    )
