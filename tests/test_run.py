"""`run` and `render`: what they print, write, refuse and leave unchanged."""

import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conftest import NOW, Run
from tests.servers import faults, model_faults
from tests.servers.answers import Answer
from tests.servers.github import TOKEN, GitHub
from tests.servers.model import ModelServer
from tests.servers.traffic import hour
from vllm_digest import __version__

SAMPLE = Path("reports/vllm-project/vllm/sample/2025/12/20251210T1042Z-20251210T1142Z.md")
REPO = "https://github.com/vllm-project/vllm"

HEAD = """\
---
title: vLLM 开发动态报告 - 2025-12-10
date: 2025-12-10
layout: default
"""
TOP = """
# vLLM 开发动态报告 - 2025-12-10

> 时间窗口: 2025-12-10 18:42 (UTC+8) ~ 2025-12-10 19:42 (UTC+8)\x20\x20
> 数据统计: 新 Issue 0 | 关闭 Issue 1 | 新 PR 2 | 合并 PR 0 | 关闭未合并 PR 1

---

### 📊 每日开发状态摘要
"""
LISTS = f"""
---

## 📋 附录：详细数据列表

### 新增 Issue
- 无

### 已关闭 Issue
- [#30382]({REPO}/issues/30382) [Bug]: Issues with mistralai/Ministral-3-14B-Instruct-2512 \
— bug — by eltorre (关闭于: 2025-12-10 18:47 (UTC+8))

### 新增 PR
- [#30386]({REPO}/pull/30386) [v1] Add PrefixLM support to TritonAttention backend \
— v1 — by Isotr0py (创建于: 2025-12-10 19:32 (UTC+8))
- [#30385]({REPO}/pull/30385) [Core] Whisper support `torch.compile` \
— v1 — by NickLucche (创建于: 2025-12-10 19:11 (UTC+8))

### 已合并 PR
- 无

### 关闭但未合并的 PR
- [#30349]({REPO}/pull/30349) [BugFix] Fix minimax m2 model rope_parameters \
— 无标签 — by esmeetu (关闭于: 2025-12-10 18:47 (UTC+8))
"""
OUTLINE = [
    "# vLLM 开发动态报告 - 2025-12-10",
    "### 📊 每日开发状态摘要",
    "### 🎯 AMD/ROCm 生态相关动态",
    "### 💬 高热度讨论分析",
    "### 🔥 热门话题与趋势分析",
    "### 🛠️ 重点技术变更",
    "### 📈 开发活跃度观察",
    "### 💡 值得关注的问题",
    "## 📋 附录：详细数据列表",
    "### 新增 Issue",
    "### 已关闭 Issue",
    "### 新增 PR",
    "### 已合并 PR",
    "### 关闭但未合并的 PR",
]


def files(folder: str = "archive") -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*") if path.is_file())


def program(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The installed program in a separate process."""
    path = Path(sys.executable).with_name("vllm-digest")
    return subprocess.run(
        [path, *arguments], env={"PATH": os.defpath, **environ}, capture_output=True, text=True, check=False
    )


def test_the_sample_needs_nothing_and_prints_its_page_s_path(run: Run) -> None:
    ran = run("run", "--sample")
    assert (ran.code, ran.out, ran.err) == (0, f"archive/{SAMPLE}\n", "")
    assert files() == sorted([str(SAMPLE), str(SAMPLE.with_suffix(".json"))])


def test_the_sample_s_page_has_the_format_to_the_letter(run: Run) -> None:
    page = run("run", "--sample", "--dry-run").out
    assert page.startswith(HEAD)
    assert TOP in page
    assert LISTS in page
    assert [line for line in page.splitlines() if line.startswith("#")] == OUTLINE


def test_the_sample_s_page_is_the_one_kept_beside_this_test(run: Run) -> None:
    kept = Path(__file__).with_name("sample.md")
    assert run("run", "--sample", "--dry-run", "--now", "2025-12-10T20:00").out == kept.read_text(
        encoding="utf-8"
    )


def test_the_program_and_the_module_are_the_same() -> None:
    assert program("run", "--sample").stdout == f"archive/{SAMPLE}\n"
    module = subprocess.run(
        [sys.executable, "-m", "vllm_digest", "--version"], capture_output=True, text=True, check=True
    )
    assert module.stdout == f"vllm-digest, version {__version__}\n"


def test_a_page_is_utf_8_whatever_the_locale_says() -> None:
    assert "附录" in program("run", "--sample", "--dry-run", LC_ALL="C", PYTHONUTF8="0").stdout


def test_a_reader_that_goes_away_is_no_error() -> None:
    path = Path(sys.executable).with_name("vllm-digest")
    with subprocess.Popen(
        [path, "run", "--sample", "--dry-run"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={}
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_help_answers_without_loading_what_it_does_not_need() -> None:
    code = "import sys; from vllm_digest.cli import *; run_command(['-h']); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    modules = said.splitlines()[-1].split()
    assert "click" in modules
    assert not {"github", "openai", "pydantic", "jinja2", "yaml", "requests"} & set(modules)


def test_a_dry_run_prints_the_page_and_writes_nothing(run: Run) -> None:
    assert run("run", "--sample", "--dry-run").out.startswith("---\ntitle: ")
    assert not Path("archive").exists()


def test_the_json_line_has_the_documented_shape(run: Run) -> None:
    line = json.loads(run("run", "--sample", "--json").out)
    assert list(line) == [
        *("repo", "window", "page", "data", "counts", "lists", "amd", "hot"),
        *("sections", "gaps", "github", "llm"),
    ]
    assert line["window"] == {
        "start": "2025-12-10T10:42:00+00:00",
        "end": "2025-12-10T11:42:00+00:00",
        "timezone": "Asia/Shanghai",
    }
    assert line["page"] == f"archive/{SAMPLE}"
    assert line["lists"] == {
        "new_issues": [],
        "closed_issues": [30382],
        "new_prs": [30386, 30385],
        "merged_prs": [],
        "closed_unmerged_prs": [30349],
    }
    assert line["counts"] == {name: len(numbers) for name, numbers in line["lists"].items()}
    assert line["amd"] == []
    assert set(line["sections"].values()) == {"rules"}
    dry = json.loads(run("run", "--sample", "--json", "--dry-run").out)
    assert (dry["page"], dry["data"]) == (None, None)


def test_the_same_window_again_gives_the_same_bytes_but_for_the_time_it_was_made(run: Run) -> None:
    pages = []
    for now in (NOW, NOW, NOW + timedelta(hours=1)):
        run("run", "--sample", now=now)
        pages.append(Path("archive", SAMPLE).read_text(encoding="utf-8"))
    assert pages[0] == pages[1]
    assert pages[0].splitlines()[:-1] == pages[2].splitlines()[:-1]
    assert pages[0] != pages[2]


def test_a_page_can_be_rendered_again_from_its_data_alone(run: Run) -> None:
    run("run", "--sample")
    stored = Path("archive", SAMPLE)
    assert run("render", str(stored.with_suffix(".json"))).out == stored.read_text(encoding="utf-8")


def test_windows_of_the_same_day_and_series_never_share_a_file(run: Run) -> None:
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
        for minutes in (60, 61, 60, 120):
            start = scene.end - timedelta(minutes=minutes)
            assert run("run", "--since", start.isoformat(), environ=environ, now=scene.end).code == 0
    assert len(files()) == 6


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is not JSON"),
        ('{"form": "vllm-digest/report/2", "dig', "is not JSON"),
        ("[]", "is not a vllm-digest/report/2 document"),
        (
            '{"form": "vllm-digest/report/9"}',
            "is not a vllm-digest/report/2 document but 'vllm-digest/report/9'",
        ),
        ('{"form": "vllm-digest/report/2"}', "series: it is missing"),
    ],
)
def test_what_is_no_data_file_is_not_rendered(run: Run, content: str, complaint: str) -> None:
    Path("odd.json").write_text(content, encoding="utf-8")
    ran = run("render", "odd.json")
    assert (ran.code, ran.out) == (2, "")
    assert "odd.json" in ran.err
    assert complaint in ran.err


def test_a_missing_data_file_is_named(run: Run) -> None:
    ran = run("render", "nowhere.json")
    assert ran.code == 2
    assert "nowhere.json cannot be read: No such file or directory" in ran.err


def test_without_a_token_three_ways_to_one_are_told_and_the_sample(run: Run) -> None:
    ran = run("run")
    assert ran.code == 2
    for way in ("GITHUB_TOKEN", "GH_TOKEN", "gh auth login", "--sample"):
        assert way in ran.err


def test_the_token_of_github_s_own_program_is_used_where_there_is_no_other(run: Run) -> None:
    program = Path("gh")
    program.write_text(f'#!/bin/sh\n[ "$1 $2" = "auth token" ] && echo {TOKEN}\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        environ = {"PATH": f"{Path.cwd()}:{os.defpath}", "GITHUB_API_URL": github.url}
        assert run("run", "--exact", environ=environ, now=scene.end).code == 0
        assert run("run", "--exact", environ=environ | {"GH_TOKEN": "another"}, now=scene.end).code == 3


@pytest.mark.parametrize(
    ("api", "host"),
    [
        ("https://api.github.com", "github.com"),
        ("https://api.my-enterprise.ghe.com", "my-enterprise.ghe.com"),
        ("https://github.example.org/api/v3", "github.example.org"),
        ("https://api.github.example.org", "api.github.example.org"),
    ],
)
def test_github_s_own_program_is_asked_for_the_host_that_it_knows(run: Run, api: str, host: str) -> None:
    program = Path("gh")
    program.write_text('#!/bin/sh\necho "$4" > asked\nexit 1\n', encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    assert run("run", environ={"PATH": f"{Path.cwd()}:{os.defpath}", "GITHUB_API_URL": api}).code == 2
    assert Path("asked").read_text(encoding="utf-8").strip() == host


def test_a_token_that_was_copied_badly_is_told_without_being_shown(run: Run) -> None:
    ran = run("run", environ={"GITHUB_TOKEN": "ghp_secret\u200b"})
    assert ran.code == 2
    assert "The token in GITHUB_TOKEN has characters that no token has" in ran.err
    assert "secret" not in ran.err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("run", "--since", "2025-12-10", "--until", "2025-12-09"), "before it starts"),
        (("run", "--sample", "--date", "2025-12-10"), "--sample is one recorded hour"),
        (("run", "--window", "soon"), "--window: 'soon' is not a length of time"),
        (("run", "--repo", "vllm"), "--repo: 'vllm' is not of the form OWNER/NAME"),
        (("run", "--now", "noon"), "'noon' is not an ISO time"),
        (("run", "--config", "missing.yaml"), "missing.yaml cannot be read"),
        (("run", "--exact", "--since", "2025-12-09"), "--exact is the last window"),
        (("run", "--wait", "long"), "'long' is not a length of time"),
        (("run", "--outptu", "x"), "No such option"),
        (("walk",), "No such command"),
        (("render",), "Missing argument"),
    ],
)
def test_wrong_usage_is_code_2_and_a_sentence(run: Run, arguments: tuple[str, ...], complaint: str) -> None:
    ran = run(*arguments, environ={"GITHUB_TOKEN": TOKEN})
    assert (ran.code, ran.out) == (2, "")
    assert complaint in ran.err


def test_an_output_that_cannot_be_written_is_code_5_and_named(run: Run) -> None:
    Path("archive").write_text("a file where the folder should be", encoding="utf-8")
    ran = run("run", "--sample")
    assert ran.code == 5
    assert "archive/reports/vllm-project/vllm/sample" in ran.err
    assert Path("archive").read_text(encoding="utf-8") == "a file where the folder should be"


def test_a_disk_that_fills_up_leaves_what_was_there() -> None:
    assert program("run", "--sample").returncode == 0
    before = {name: Path("archive", name).read_bytes() for name in files()}
    path = Path(sys.executable).with_name("vllm-digest")
    ran = subprocess.run(
        [path, "run", "--sample"],
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096)),
    )
    assert ran.returncode == 5
    assert "cannot be written: File too large" in ran.stderr
    assert {name: Path("archive", name).read_bytes() for name in files()} == before


def test_ctrl_c_in_the_middle_leaves_nothing_and_no_traceback() -> None:
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        path = Path(sys.executable).with_name("vllm-digest")
        environ = {"PATH": os.defpath, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}

        def interrupt(exchange: faults.Exchange) -> Answer:
            process.send_signal(signal.SIGINT)
            return faults.hang()(exchange)

        github.fault(interrupt, operation="Details")
        with subprocess.Popen(
            [path, "run", "--now", scene.end.isoformat()], env=environ, stderr=subprocess.PIPE, text=True
        ) as process:
            _, said = process.communicate()
    assert process.returncode == 130
    assert said.strip() == "vllm-digest: interrupted; nothing half-done was left behind."
    assert list(Path("archive").rglob("*")) == []


def test_ctrl_c_does_not_wait_for_a_model() -> None:
    first = threading.Lock()

    def interrupt(real: Callable[[], Answer]) -> Answer:
        if first.acquire(blocking=False):
            process.send_signal(signal.SIGINT)
        return model_faults.hang()(real)

    with ModelServer(lambda _: {}) as model:
        path = Path(sys.executable).with_name("vllm-digest")
        environ = {"PATH": os.defpath, "HOME": str(Path.cwd()), **model.environ}
        model.fault(interrupt, times=None)
        with subprocess.Popen(
            [path, "run", "--sample"], env=environ, stderr=subprocess.PIPE, text=True
        ) as process:
            _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip() == "vllm-digest: interrupted; nothing half-done was left behind."
    assert list(Path("archive").rglob("*.md")) == []


def test_a_run_tells_more_when_asked_and_nothing_when_not(run: Run) -> None:
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
        loud = run("run", "--exact", "-v", environ=environ, now=scene.end)
        quiet = run("run", "--exact", environ=environ, now=scene.end)
    assert "GitHub: request 1, Recent: the lists of threads by last update\n" in loud.err
    assert "threads may belong to " in loud.err
    assert quiet.err == ""
    assert loud.out == quiet.out


def test_a_person_who_watches_sees_how_far_it_is() -> None:
    scene = hour(1, listed=4, touched=1)
    ours, theirs = os.openpty()
    with GitHub(scene.world, now=scene.end) as github:
        path = Path(sys.executable).with_name("vllm-digest")
        environ = {"PATH": os.defpath, "GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
        arguments = [str(path), "run", "--now", scene.end.isoformat()]
        ran = subprocess.run(arguments, env=environ, stdout=subprocess.PIPE, stderr=theirs, check=True)
    os.close(theirs)
    assert b"threads fetched: 5 of 5" in os.read(ours, 10_000)
    os.close(ours)
    assert ran.stdout.endswith(b".md\n")


def test_the_configured_zone_and_project_show_on_the_page(run: Run) -> None:
    Path("config.yaml").write_text("report: {timezone: Europe/Berlin, name: Another}", encoding="utf-8")
    page = run("run", "--sample", "--dry-run").out
    assert "title: Another 开发动态报告 - 2025-12-10" in page
    assert "> 时间窗口: 2025-12-10 11:42 (UTC+1) ~ 2025-12-10 12:42 (UTC+1)" in page


def test_now_sets_the_clock_of_the_whole_run(run: Run) -> None:
    scene = hour(1, listed=4, touched=1)
    with GitHub(scene.world, now=scene.end) as github:
        environ = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url}
        ran = run(
            "run", "--now", scene.end.isoformat(), environ=environ, now=datetime(2031, 1, 1, tzinfo=UTC)
        )
    assert ran.code == 0
    assert "于 2025-12-10 19:42 (UTC+8) 生成" in Path(ran.out.strip()).read_text(encoding="utf-8")


def test_without_a_home_answers_are_not_kept_and_the_run_goes_on() -> None:
    code = (
        "import os, sys; os.environ.pop('HOME', None); os.getuid = lambda: 4_000_000_000\n"
        "from vllm_digest.runtime import Runtime; print(Runtime().cache_folder)"
    )
    ran = subprocess.run([sys.executable, "-c", code], env={}, capture_output=True, text=True, check=True)
    assert ran.stdout == "None\n"
