"""`doctor`: it tries what a run needs, and says what is wrong and what to do."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.conftest import Ran, Run
from tests.servers import faults as github_faults
from tests.servers import model_faults as faults
from tests.servers.github import TOKEN, GitHub
from tests.servers.model import Asked, ModelServer
from tests.servers.model_kinds import OLD
from tests.servers.traffic import hour


@pytest.fixture
def github() -> Iterator[GitHub]:
    scene = hour(1)
    with GitHub(scene.world, now=scene.end) as server:
        yield server


def ready(_: Asked) -> dict[str, bool]:
    return {"ready": True}


def seen(run: Run, github: GitHub, model: ModelServer | None = None, **environ: str) -> Ran:
    known = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": github.url, **(model.environ if model else {})}
    return run("doctor", environ=known | environ, now=github.now)


def test_where_all_is_well_each_thing_has_a_line(run: Run, github: GitHub) -> None:
    with ModelServer(ready, key="sk-secret") as model:
        ran = seen(run, github, model)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "ok    configuration: no file, the environment and flags make sense",
        "ok    GitHub: vllm-project/vllm can be read; 4999 of 5000 points are left, "
        "all of them again in 60 minutes",
        "ok    model: local-model answers in 0.0 s, held to a schema",
        "ok    output: archive can be written",
        f"ok    answers: {Path.cwd() / 'cache/vllm-digest/answers'} can be written",
    ]
    assert ran.err == ""
    assert list(Path.cwd().iterdir()) == [], "trying leaves nothing behind"


def test_the_model_is_asked_each_time(run: Run, github: GitHub) -> None:
    with ModelServer(ready, kind=OLD) as model:
        assert "held by the prompt alone" in seen(run, github, model).out
        calls = len(model.calls)
        seen(run, github, model)
        assert len(model.calls) == 2 * calls


def test_no_model_is_no_fault(run: Run, github: GitHub) -> None:
    ran = seen(run, github)
    assert ran.code == 0
    assert "ok    model: none is configured, rules write everything; name one in llm.base_url" in ran.out


def test_a_wrong_setting_is_the_end_of_it(run: Run, github: GitHub) -> None:
    ran = seen(run, github, VLLM_DIGEST_GITHUB_REPOS="a/b")
    assert ran.code == 2
    assert ran.out == (
        "FAIL  configuration: VLLM_DIGEST_GITHUB_REPOS is not a setting.\n"
        "      Did you mean VLLM_DIGEST_GITHUB_REPO?\n"
    )


def test_a_token_that_is_missing_or_refused_is_told_and_the_rest_is_tried(run: Run, github: GitHub) -> None:
    missing = seen(run, github, GITHUB_TOKEN="", PATH="")
    assert missing.code == 2
    assert "FAIL  GitHub: There is no GitHub token.\n      Put one into GITHUB_TOKEN" in missing.out
    refused = seen(run, github, GITHUB_TOKEN="ghp_wrong")  # noqa: S106 it opens nothing
    assert refused.code == 3
    assert "FAIL  GitHub: GitHub refused the token (401 Bad credentials)." in refused.out
    assert "ghp_wrong" not in refused.out
    assert refused.out.count("ok    ") == 4


def test_a_used_up_limit_is_told_and_not_waited_for(run: Run, github: GitHub) -> None:
    github.fault(github_faults.rate_limited(600), times=None)
    ran = seen(run, github)
    assert ran.code == 3
    assert "FAIL  GitHub: GitHub's rate limit is used up" in ran.out
    assert ran.slept == ()


def test_a_model_that_does_not_answer_is_told(run: Run, github: GitHub) -> None:
    with ModelServer(ready, key="sk-right") as model:
        ran = seen(run, github, model, OPENAI_API_KEY="sk-wrong")
        assert ran.code == 4
        assert "FAIL  model: the model server refused the key (401); check OPENAI_API_KEY.\n" in ran.out
        assert "sk-wrong" not in ran.out
    with ModelServer(ready, models=("one", "two")) as model:
        assert (
            "has 2 models (one, two); name one in llm.model (VLLM_DIGEST_LLM_MODEL).\n"
            in seen(run, github, model).out
        )
    with ModelServer(lambda _: "你好！") as model:
        assert "FAIL  model: the answer has no complete JSON object.\n" in seen(run, github, model).out
    with ModelServer(ready) as model:
        model.fault(faults.rate_limited(retry_after="3600"), times=None)
        ran = seen(run, github, model)
        assert "FAIL  model: the model server asks for a pause of 3600 s, and 60 s are left.\n" in ran.out
        assert ran.slept == ()


def test_a_model_that_is_slow_or_not_there_is_told_soon(
    run: Run, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A minute is the limit that is tried here, and no test can wait for it.
    monkeypatch.setattr("vllm_digest.commands.doctor._LONGEST_ANSWER", timedelta(seconds=0.3))
    with ModelServer(ready) as model:
        model.fault(faults.hang(), times=None)
        ran = seen(run, github, model)
        assert "FAIL  model: it gave no answer within 0.3 s.\n      If it is only slow, set llm" in ran.out
    monkeypatch.undo()
    ran = seen(run, github, model)
    assert "does not say which model it has: no answer 3 times: the connection failed" in ran.out
    assert sum(ran.slept) == 3.0


@pytest.mark.parametrize("in_the_way", ["archive", "cache"])
def test_a_folder_that_cannot_be_written_is_told(run: Run, github: GitHub, in_the_way: str) -> None:
    Path(in_the_way).write_text("a file", encoding="utf-8")
    ran = seen(run, github)
    assert ran.code == 5
    assert f"{in_the_way}" in ran.out.partition("FAIL  ")[2]
    assert "cannot be written: Not a directory.\n      Check that path, or name another folder" in ran.out
