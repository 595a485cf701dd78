"""Settings: where they come from, which wins, and what is said about a wrong one."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from vllm_digest.config import Settings, keys, load
from vllm_digest.errors import UsageError

PROJECT = Path(__file__).parent.parent


def settings(file: str = "", environ: dict[str, str] | None = None, **flags: dict[str, object]) -> Settings:
    path = Path("settings.yaml")
    path.write_text(file, encoding="utf-8")
    return load(file=path, environ=environ or {}, flags=flags)


def complaint(file: str = "", environ: dict[str, str] | None = None, **flags: dict[str, object]) -> str:
    with pytest.raises(UsageError) as caught:
        settings(file, environ, **flags)
    return str(caught.value)


def test_the_example_documents_every_key_at_its_default() -> None:
    example = PROJECT / "config.example.yaml"
    assert load(file=example, environ={}, flags={}) == Settings()
    text = example.read_text(encoding="utf-8")
    # The focus's lists are long and stand in the package; the example shows their keys as comments.
    documented = yaml.safe_load(
        re.sub(r"^  # (?=[a-z_]+: [\[{]|[a-z]+:$|  )", "  ", text, flags=re.MULTILINE)
    )
    assert [f"{section}.{key}" for section, values in documented.items() for key in values] == keys()


def test_flags_win_over_the_environment_and_that_over_the_file_and_that_over_defaults() -> None:
    file = "github: {repo: a/file}\nreport: {window: 2h, timezone: UTC}"
    environ = {"VLLM_DIGEST_GITHUB_REPO": "an/environment", "VLLM_DIGEST_REPORT_WINDOW": "3h"}
    merged = settings(file, environ, github={"repo": "a/flag"})
    assert merged.github.repo == "a/flag"
    assert merged.report.window == timedelta(hours=3)
    assert merged.report.timezone.key == "UTC"
    assert merged.report.output == Path("archive")


def test_a_config_file_in_the_current_folder_counts_unasked() -> None:
    Path("config.yaml").write_text("github: {repo: found/here}", encoding="utf-8")
    assert load(file=None, environ={}, flags={}).github.repo == "found/here"


def test_the_names_other_programs_use_count_unless_ours_is_set() -> None:
    actions = {"GITHUB_API_URL": "https://github.example/api/v3"}
    assert settings(environ=actions).github.api_url == "https://github.example/api/v3"
    own = {"VLLM_DIGEST_GITHUB_API_URL": "https://api.github.com"}
    assert settings(environ=actions | own).github.api_url == "https://api.github.com"


def test_lists_can_be_given_in_the_environment() -> None:
    assert settings(environ={"VLLM_DIGEST_HEAT_BOTS": "[one, two]"}).heat.bots == ("one", "two")


def test_a_list_that_is_cut_short_is_told_so() -> None:
    assert complaint(environ={"VLLM_DIGEST_HEAT_BOTS": "[one, two"}).startswith("VLLM_DIGEST_HEAT_BOTS: ")


def test_an_empty_variable_is_not_set() -> None:
    assert settings(environ={"VLLM_DIGEST_GITHUB_REPO": ""}) == Settings()


def test_the_project_is_named_as_it_writes_itself_or_as_its_repository() -> None:
    assert Settings().project == "vLLM"
    assert settings("github: {repo: sgl-project/sglang}").project == "sglang"
    assert settings("github: {repo: sgl-project/sglang}\nreport: {name: SGLang}").project == "SGLang"


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("github: {rep: a/b}", "settings.yaml: github.rep is no setting. Did you mean github.repo?"),
        ("githob: {repo: a/b}", "settings.yaml: githob is no section.\nDid you mean github?"),
        ("repo: a/b", "settings.yaml: repo is no section."),
        ("github: a/b", "settings.yaml: github does not hold keys."),
        ("- a\n- b", "settings.yaml does not hold sections of keys."),
        ("github: {repo: vllm}", "settings.yaml: github.repo: 'vllm' is not of the form OWNER/NAME."),
        ("github: {repo: a/b/c}", "settings.yaml: github.repo: 'a/b/c' is not of the form OWNER/NAME."),
        ("github: {repo: 7}", "settings.yaml: github.repo: Input should be a valid string"),
        ("github: {timeout: 0}", "settings.yaml: github.timeout: Input should be greater than"),
        ("github: {api_url: ftp://x}", "settings.yaml: github.api_url: 'ftp://x' is not of the form"),
        ("report: {window: 5w}", "settings.yaml: report.window: it must be between 1m and 744h."),
        ("report: {window: soon}", "settings.yaml: report.window: 'soon' is not a length of time."),
        ("report: {timezone: Mars}", "settings.yaml: report.timezone: 'Mars' is not a time zone."),
        ("github: {token: hunter2}", "settings.yaml: github.token: secrets come from the environment only"),
        ("llm: {max_cost: 3}", "llm: max_cost needs input_price and output_price"),
        ("llm: {api_key: hunter2}", "settings.yaml: llm.api_key: secrets come from the environment only"),
        ("a: [", "settings.yaml is not YAML"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_the_way_on(file: str, expected: str) -> None:
    said = complaint(file)
    assert said.startswith(expected)
    assert "hunter2" not in said


def test_the_place_named_is_where_the_wrong_value_was_given() -> None:
    environ = {"VLLM_DIGEST_GITHUB_REPO": "wrong"}
    assert complaint("github: {repo: a/b}", environ).startswith("VLLM_DIGEST_GITHUB_REPO: 'wrong'")
    assert complaint(environ=environ, github={"repo": "wronger"}).startswith("--repo: 'wronger'")
    assert complaint(environ={"GITHUB_API_URL": "nowhere"}).startswith("GITHUB_API_URL: 'nowhere'")


def test_a_misspelt_variable_is_not_passed_over() -> None:
    said = complaint(environ={"VLLM_DIGEST_GITHUB_REPOS": "a/b"})
    assert said == "VLLM_DIGEST_GITHUB_REPOS is no setting.\nDid you mean VLLM_DIGEST_GITHUB_REPO?"


def test_a_setting_that_another_one_calls_for_is_named_where_it_is_missing() -> None:
    wanted = "focus.words: it needs a word at least"
    assert complaint("focus: {name: Intel XPU}").startswith(wanted)
    assert complaint(environ={"VLLM_DIGEST_FOCUS_NAME": "TPU"}).startswith(wanted)
    assert complaint("focus: {words: []}").startswith(f"settings.yaml: {wanted}")


@pytest.mark.parametrize("path", ["missing.yaml", "."])
def test_a_file_named_must_be_readable(path: str) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load(file=Path(path), environ={}, flags={})


def test_a_file_that_is_no_text_is_told_so() -> None:
    Path("binary.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not YAML"):
        load(file=Path("binary.yaml"), environ={}, flags={})
