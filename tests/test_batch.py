"""`batch submit` and `batch collect`: answers for many windows at once, from a server or in a file."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.authors import writes
from tests.conftest import Ran, Run
from tests.servers.answers import Answer
from tests.servers.github import TOKEN, GitHub
from tests.servers.model import MODEL, Asked, ModelServer
from tests.servers.model_kinds import OPENAI
from tests.servers.traffic import stream
from tests.test_backfill import LATER, MIDNIGHT

DAYS = ("--from", "2025-12-08", "--to", "2025-12-09")
PENDING = Path("archive/pending/vllm-project/vllm/24h")


def says(asked: Asked) -> Any:
    """The trial before a batch is answered, too."""
    return {"ready": True} if '"ready"' in asked.prompt else writes(asked)


@pytest.fixture
def github() -> Iterator[GitHub]:
    with GitHub(stream(3, MIDNIGHT, days=2, rate=0.4), now=LATER) as github:
        yield github


class Program:
    """The commands of a batch, against one GitHub."""

    def __init__(self, run: Run, github: GitHub) -> None:
        self._run = run
        self._github = github

    def backfill(self, *arguments: str, **environ: str) -> Ran:
        return self("backfill", *arguments, **environ)

    def submit(self, *arguments: str, **environ: str) -> Ran:
        return self("batch", "submit", *arguments, **environ)

    def collect(self, *arguments: str, **environ: str) -> Ran:
        return self("batch", "collect", *arguments, **environ)

    def __call__(self, *arguments: str, **environ: str) -> Ran:
        outside = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": self._github.url, **environ}
        return self._run(*arguments, environ=outside, now=LATER)


@pytest.fixture
def program(run: Run, github: GitHub) -> Program:
    return Program(run, github)


def requests() -> list[dict[str, Any]]:
    text = (PENDING / "requests-1.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def written(ran: Ran) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ran.out.splitlines()]


def test_a_server_s_batch_writes_every_page(program: Program, github: GitHub) -> None:
    with ModelServer(says, kind=OPENAI) as model:
        prepared = program.submit(*DAYS, **model.environ)
        assert (prepared.code, prepared.out) == (0, f"{PENDING}/requests-1.jsonl\n")
        assert not list(Path("archive").glob("reports/**/*.md"))
        asked_for = requests()
        early = program.collect(**model.environ)
        assert early.code == 8, early.err
        assert "in_progress" in early.err
        model.batches.finish()
        asked = len(github.requests), len(model.calls)
        collected = program.collect("--json", **model.environ)
    assert collected.code == 0, collected.err
    pages = written(collected)
    assert [page["window"]["start"][:10] for page in pages] == ["2025-12-07", "2025-12-08"]
    assert all(page["sections"]["state"] == "model" for page in pages)
    assert len(github.requests) == asked[0]
    # Questions that depend on other answers are asked directly: overviews, judging, corrections.
    live = model.calls[asked[1] :]
    assert len(live) == sum(page["llm"]["calls"] for page in pages)
    assert not {call.prompt for call in live} & {
        line["body"]["messages"][-1]["content"] for line in asked_for
    }
    assert not list(PENDING.glob("*"))


def test_requests_have_the_batch_api_s_form(program: Program) -> None:
    prepared = program.submit(*DAYS, VLLM_DIGEST_LLM_MODEL=MODEL)
    assert prepared.code == 0, prepared.err
    lines = requests()
    assert len({line["custom_id"] for line in lines}) == len(lines) > 2
    assert {(line["method"], line["url"]) for line in lines} == {("POST", "/v1/chat/completions")}
    assert {line["body"]["model"] for line in lines} == {MODEL}


def test_requests_go_by_file_to_a_program_and_back(program: Program) -> None:
    prepared = program.submit(*DAYS, VLLM_DIGEST_LLM_MODEL=MODEL)
    assert prepared.code == 0
    assert "vllm run-batch" in prepared.err
    with ModelServer(says, kind=OPENAI) as model:
        answers, _ = model.batches.work_off((PENDING / "requests-1.jsonl").read_text("utf-8"))
    Path("out.jsonl").write_text(answers, "utf-8")
    collected = program.collect("--answers", "out.jsonl", "--json", VLLM_DIGEST_LLM_MODEL=MODEL)
    assert collected.code == 0, collected.err
    for page in written(collected):
        assert page["llm"]["cached_answers"] > 0
        assert page["llm"]["calls"] == 0
        assert "model" in page["sections"].values()


def test_a_line_that_failed_is_asked_again(program: Program) -> None:
    struck: list[str] = []

    def fails_once(asked: Asked) -> Any:
        if not struck and '"roles"' in asked.prompt:
            struck.append(asked.prompt)
            return Answer(500, {"error": {"message": "out of order"}})
        return says(asked)

    with ModelServer(fails_once, kind=OPENAI) as model:
        program.submit(*DAYS, **model.environ)
        model.batches.finish()
        asked = len(model.calls)
        collected = program.collect("--json", **model.environ)
    assert struck[0] in [call.prompt for call in model.calls[asked:]]
    assert collected.code == 0
    assert len(written(collected)) == 2


def test_what_is_wrong_with_a_batch_is_said(program: Program) -> None:
    nothing = program.collect(VLLM_DIGEST_LLM_MODEL=MODEL)
    assert nothing.code == 2
    assert "No window waits" in nothing.err
    unnamed = program.submit(*DAYS)
    assert unnamed.code == 2
    assert "llm.model" in unnamed.err
    both = program.collect("--no-llm")
    assert both.code == 2
    Path("bad.jsonl").write_text("no answers\n", "utf-8")
    program.submit(*DAYS, VLLM_DIGEST_LLM_MODEL=MODEL)
    bad = program.collect("--answers", "bad.jsonl", VLLM_DIGEST_LLM_MODEL=MODEL)
    assert bad.code == 2
    assert "bad.jsonl" in bad.err
    assert len(list(PENDING.glob("*Z.json"))) == 2


def test_an_earlier_batch_is_collected_first(program: Program) -> None:
    with ModelServer(says, kind=OPENAI) as model:
        program.submit(*DAYS, **model.environ)
        again = program.submit(*DAYS, **model.environ)
    assert again.code == 2
    assert "batch collect" in again.err


def test_windows_without_open_questions_need_no_answers(program: Program) -> None:
    with ModelServer(says, kind=OPENAI) as model:
        program.backfill(*DAYS, **model.environ)
        again = program.submit(*DAYS, "--force", **model.environ)
        assert (again.code, again.out) == (0, "")
        collected = program.collect("--json", **model.environ)
    assert collected.code == 0, collected.err
    assert [page["llm"]["calls"] for page in written(collected)] == [0, 0]


def test_a_batch_that_ended_without_answers_is_asked_one_by_one(program: Program) -> None:
    with ModelServer(says, kind=OPENAI) as model:
        program.submit(*DAYS, **model.environ)
        count = len(requests())
        model.batches.status = "expired"
        collected = program.collect("--json", **model.environ)
    assert collected.code == 0, collected.err
    assert sum(page["llm"]["calls"] for page in written(collected)) > count


def test_a_strict_collection_leaves_the_way_free_for_the_next_batch(program: Program) -> None:
    program.submit(*DAYS, VLLM_DIGEST_LLM_MODEL=MODEL)
    Path("none.jsonl").write_text("", "utf-8")
    collected = program.collect("--answers", "none.jsonl", "--strict", VLLM_DIGEST_LLM_MODEL=MODEL)
    assert collected.code == 4
    assert not list(PENDING.glob("*"))
    assert program.submit(*DAYS, "--force", VLLM_DIGEST_LLM_MODEL=MODEL).code == 0


def test_time_that_was_reported_meanwhile_is_not_reported_twice(program: Program) -> None:
    program.submit(*DAYS, VLLM_DIGEST_LLM_MODEL=MODEL)
    other = program.backfill("--from", "2025-12-08T12:00", "--to", "2025-12-09T12:00", "--no-llm")
    assert other.code == 0, other.err
    Path("none.jsonl").write_text("", "utf-8")
    collected = program.collect("--answers", "none.jsonl", VLLM_DIGEST_LLM_MODEL=MODEL)
    assert collected.code == 0, collected.err
    assert collected.out == ""
    assert collected.err.count("was reported meanwhile") == 2
    assert len(list(Path("archive").glob("reports/**/*.md"))) == len(other.out.splitlines())


@pytest.mark.parametrize(
    "told",
    [
        {"response": "gone"},
        {"response": None, "error": {"message": "expired"}},
        {"response": {"status_code": "200"}},
        {"response": {"status_code": 200, "body": []}},
        {"response": {"status_code": 400, "body": {"error": {"message": "too long", "code": 400}}}},
    ],
)
def test_lines_of_any_kind_fall_back_alone(program: Program, told: dict[str, Any]) -> None:
    program.submit(*DAYS, VLLM_DIGEST_LLM_MODEL=MODEL)
    lines = (json.dumps({"custom_id": line["custom_id"], **told}) for line in requests())
    Path("out.jsonl").write_text("\n".join(lines), "utf-8")
    collected = program.collect("--answers", "out.jsonl", "--json", VLLM_DIGEST_LLM_MODEL=MODEL)
    assert collected.code == 0, collected.err
    assert len(written(collected)) == 2
    assert all(page["llm"]["fallbacks"] for page in written(collected))


def test_a_batch_without_a_model_is_refused(program: Program) -> None:
    assert program.submit(*DAYS, "--no-llm").code == 2
    assert program.backfill(*DAYS, "--batch").code == 2
