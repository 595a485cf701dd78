"""Settings: where they come from, which wins, and what is said about a wrong one."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as tried
from hypothesis import strategies as st

from tests import examples
from tests.conftest import Run
from vllm_digest.cleaning import is_visible
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
    # The focus's lists are long and in a file of the package; the example has their keys as comments.
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
        ("github: {rep: a/b}", "settings.yaml: github.rep is not a setting. Did you mean github.repo?"),
        ("githob: {repo: a/b}", "settings.yaml: githob is not a section.\nDid you mean github?"),
        ("repo: a/b", "settings.yaml: repo is not a section.\nDid you mean github.repo?"),
        ("window: 1h", "settings.yaml: window is not a section.\nDid you mean report.window?"),
        ("catch-up: 1d", "settings.yaml: catch-up is not a section.\nDid you mean report.catch_up?"),
        (
            "timeout: 5",
            "settings.yaml: timeout is not a section.\nDid you mean github.timeout or llm.timeout?",
        ),
        ("report.window: 1h", "settings.yaml: report.window is not a section.\nDid you mean report.window?"),
        ("1: 2", "settings.yaml: 1 is not a section."),
        ("github: {}\ngithub: {}", "settings.yaml: github is given twice, in lines 1 and 2."),
        (
            "report:\n  window: 1h\n  window: 2h",
            "settings.yaml: report.window is given twice, in lines 2",
        ),
        ("llm: {extra_body: {a: 1, a: 2}}", "settings.yaml: llm.extra_body.a is given twice"),
        ("llm: {extra_body: {api_key: x}}", "settings.yaml: llm.extra_body: api_key cannot be set here"),
        (
            "llm: {extra_body: {a: [{headers: {X-Auth-Token: x}}]}}",
            "settings.yaml: llm.extra_body: X-Auth-Token cannot be set here; secrets come from the env",
        ),
        (
            "focus: {exclusions: [{because: x, words: [ab]}, {because: y, because: z}]}",
            "settings.yaml: focus.exclusions.1.because is given twice",
        ),
        (
            "report: {window: 60}",
            "settings.yaml: report.window: '60' is not a length of time: it",
        ),
        (
            "github: {max_wait: 15}",
            "settings.yaml: github.max_wait: '15' is not a length of time: it",
        ),
        (
            "report: {settle: 1.5}",
            "settings.yaml: report.settle: '1.5' is not a length of time: it",
        ),
        ("report: {name: 2025}", "settings.yaml: report.name: it must be text; quotes make it so."),
        ("report: {name: }", "settings.yaml: report.name: it has no value."),
        ("heat: {threshold: true}", "settings.yaml: heat.threshold: it must not be true or false."),
        ("heat: {threshold: 1.5}", "settings.yaml: heat.threshold: it must be a whole number."),
        ("heat: {bots: one}", "settings.yaml: heat.bots: it must be a list, such as [one, two]."),
        ("report: {languages: [xx]}", "settings.yaml: report.languages: 'xx' is not a supported language"),
        ("report: {languages: zh}", "settings.yaml: report.languages: it must be a list"),
        (
            "llm: {base_url: localhost:8000}",
            "settings.yaml: llm.base_url: 'localhost:8000' is not of",
        ),
        ("llm: {base_url: 'http://a:b@c'}", "settings.yaml: llm.base_url: 'http://***@c' is not of the form"),
        (
            "llm: {base_url: 'http://host:99999/v1'}",
            "settings.yaml: llm.base_url: 'http://host:99999/v1'",
        ),
        ("llm: {max_cost: 3 USD}", "settings.yaml: llm.max_cost: it must be a number."),
        ("llm: {timeout: 2m}", "settings.yaml: llm.timeout: it must be a number."),
        (
            "repository: {usage_paths: {a: much}}",
            "settings.yaml: repository.usage_paths.a: it must",
        ),
        (
            "repository: {tag_weights: {perf: 99}}",
            "settings.yaml: repository.tag_weights.perf: it must",
        ),
        ("focus: {topics: [{nmae: x}]}", "settings.yaml: focus.topics.0."),
        ('report: {output: "a\\nb"}', "settings.yaml: report.output: 'a\\nb' has invisible characters"),
        ("github: a/b", "settings.yaml: github does not hold keys."),
        ("- a\n- b", "settings.yaml does not hold sections of keys."),
        ("github: {repo: vllm}", "settings.yaml: github.repo: 'vllm' is not of the form OWNER/NAME."),
        ("github: {repo: a/b/c}", "settings.yaml: github.repo: 'a/b/c' is not of the form OWNER/NAME."),
        ("github: {repo: 7}", "settings.yaml: github.repo: '7' is not of the form OWNER/NAME."),
        ("github: {timeout: 0}", "settings.yaml: github.timeout: it must be 1 at least."),
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
    assert said == "VLLM_DIGEST_GITHUB_REPOS is not a setting.\nDid you mean VLLM_DIGEST_GITHUB_REPO?"


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


@pytest.mark.parametrize(
    ("given", "proposal"),
    [
        ("localhost:8000", "http://localhost:8000/v1"),
        ("localhost:8000/", "http://localhost:8000/v1"),
        (":8000", "http://localhost:8000/v1"),
        ("127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
        ("[::1]:8000", "http://[::1]:8000/v1"),
        ("gpu-box", "http://gpu-box/v1"),
        ("models.example.org", "https://models.example.org/v1"),
        ("models.example.org/api/v3", "https://models.example.org/api/v3"),
    ],
)
def test_an_address_without_its_start_is_proposed_with_it(given: str, proposal: str) -> None:
    said = complaint(f"llm: {{base_url: '{given}'}}")
    assert f"Did you mean {proposal}?" in said
    assert f"Did you mean {proposal}?" in complaint(environ={"OPENAI_BASE_URL": given})
    assert settings(f"llm: {{base_url: '{proposal}'}}").llm.base_url == proposal


@pytest.mark.parametrize(
    "given",
    [
        "vllm-project/vllm",
        "https://github.com/vllm-project/vllm",
        "https://github.com/vllm-project/vllm.git",
        "https://github.com/vllm-project/vllm/pulls?q=is%3Aopen",
        "http://www.github.com/vllm-project/vllm/",
        "github.com/vllm-project/vllm",
        "git@github.com:vllm-project/vllm.git",
        "ssh://git@github.com:22/vllm-project/vllm.git",
        "git+https://github.com/vllm-project/vllm",
        "https://github.example.com/vllm-project/vllm#readme",
    ],
)
def test_a_repository_may_be_given_as_its_address(given: str) -> None:
    assert settings(github={"repo": given}).github.repo == "vllm-project/vllm"
    assert settings(f"github: {{repo: '{given}'}}").repository == Settings().repository


@pytest.mark.parametrize(
    "given", ["a/b/c", "https://github.com/vllm", "a/..", "../b", "a/.", "/a/b", "a b/c", ""]
)
def test_what_is_no_repository_is_refused(given: str) -> None:
    assert "is not of the form OWNER/NAME" in complaint(github={"repo": given})


@pytest.mark.parametrize("given", ["a_corp/x", "a-b/.github", "a/b.c_d-e", "0/1"])
def test_every_name_that_github_gives_is_taken(given: str) -> None:
    assert settings(github={"repo": given}).github.repo == given


def test_what_a_cluster_sets_for_a_service_of_our_name_is_passed_over() -> None:
    """As Kubernetes names them for the services vllm-digest and vllm-digest-web."""
    variables = {
        "SERVICE_HOST": "10.0.0.11",
        "SERVICE_PORT": "80",
        "SERVICE_PORT_HTTP": "80",
        "PORT": "tcp://10.0.0.11:80",
        "PORT_80_TCP": "tcp://10.0.0.11:80",
        "PORT_80_TCP_PROTO": "tcp",
        "PORT_53_UDP_PORT": "53",
        "PORT_80_TCP_ADDR": "10.0.0.11",
        "WEB_SERVICE_HOST": "10.0.0.12",
        "WEB_SERVICE_PORT_METRICS": "90",
        "WEB_PORT_90_TCP_ADDR": "10.0.0.12",
    }
    environ = {f"VLLM_DIGEST_{name}": value for name, value in variables.items()}
    assert settings(environ=environ) == Settings()
    assert "VLLM_DIGEST_REPORT_WINDOWS is not a setting" in complaint(
        environ={**environ, "VLLM_DIGEST_REPORT_WINDOWS": "1h"}
    )


def test_words_of_yaml_1_1_are_words() -> None:
    read = settings("report: {name: no}\nheat: {bots: [on, 1:30, 2025-12-10, y]}\nllm: {threads: 010}")
    assert read.report.name == "no"
    assert read.heat.bots == ("on", "1:30", "2025-12-10", "y")
    assert read.llm.threads == 10


@pytest.mark.parametrize(
    "file",
    [
        "a: &a [*a]",
        "report: &r {name: *r}",
        "&a [*a, *a]",
        "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        + "".join(f"a{at}: &a{at} [{','.join([f'*a{at - 1}'] * 9)}]\n" for at in range(1, 12)),
        "report: " + "[" * 1000 + "]" * 1000,
        "report: " + "{a: " * 300 + "}" * 300,
        "heat: {threshold: " + "9" * 5000 + "}",
        "report: {name: !!python/object/apply:os.system [id]}",
        "report: {window: !!timestamp 2025-99-99}",
        "? [a, b]\n: c",
        "? {a: b}\n: c",
        "--- a\n--- b",
        'report: {name: "\\ud800"}',
        "\x00",
        "report:\n\twindow: 1h",
        "%YAML 9.9\n---\na: b",
        "x" * 2_000_000,
        "report: {name: *gone}",
        "<<: {a: b}",
        "report: {<<: [1, 2]}",
    ],
)
def test_a_file_that_is_odd_or_hostile_is_refused_quickly(file: str) -> None:
    complaint(file)


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(keys())


@tried(max_examples=examples(100))
@given(st.dictionaries(KEYS, ODD, max_size=4))
def test_any_values_are_taken_or_refused_in_our_own_words(values: dict[str, object]) -> None:
    document: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        section, key = name.split(".")
        document.setdefault(section, {})[key] = value
    judge_words(yaml.safe_dump(document, allow_unicode=True), {})


@tried(max_examples=examples(100))
@given(st.text(max_size=200))
def test_any_text_of_a_file_is_taken_or_refused_in_our_own_words(text: str) -> None:
    judge_words(text, {})


@tried(max_examples=examples(100))
@given(st.dictionaries(KEYS, st.text(max_size=30) | st.sampled_from(["[a", "{a: b}", "[1, [2]]", "7"])))
def test_any_variables_are_taken_or_refused_in_our_own_words(values: dict[str, str]) -> None:
    names = {f"VLLM_DIGEST_{name.replace('.', '_').upper()}": value for name, value in values.items()}
    judge_words("", names)


PYDANTIC = re.compile(r"Input should|pydantic|a valid (string|integer|number|list|tuple|dict)|Extra inputs")


def judge_words(file: str, environ: dict[str, str]) -> None:
    path = Path("settings.yaml")
    path.write_bytes(file.encode(errors="surrogatepass"))
    said = ""
    try:
        load(file=path, environ=environ, flags={})
    except UsageError as error:
        said = error.problem
    assert is_visible(said)
    assert not PYDANTIC.search(said)


def test_an_output_path_that_is_no_utf_8_is_refused(run: Run) -> None:
    for arguments in (
        ("run", "--sample", "--output", "caf\udce9"),
        ("run", "--sample", "--config", "caf\udce9.yaml"),
        ("render", "caf\udce9.json"),
        ("init", "caf\udce9"),
    ):
        ran = run(*arguments)
        assert (ran.code, ran.out) == (2, "")
        assert "is not UTF-8" in ran.err
    ran = run("run", "--sample", environ={"VLLM_DIGEST_REPORT_OUTPUT": "caf\udce9"})
    assert ran.code == 2
    assert "VLLM_DIGEST_REPORT_OUTPUT" in ran.err
    assert list(Path.cwd().glob("caf*")) == []


def test_another_repository_starts_from_common_words_and_keeps_what_it_sets() -> None:
    other = settings("github: {repo: sgl-project/sglang}\nrepository: {state_labels: [Run-CI]}").repository
    assert other.state_labels == ("run-ci",)
    assert other.bug_labels == ("bug",)
    assert (other.tag_weights["perf"], other.usage_paths) == (4, {})
    changed = settings("repository: {bug_labels: [Crash]}").repository
    assert changed.bug_labels == ("crash",)
    assert changed.usage_paths == Settings().repository.usage_paths


def test_the_docs_example_of_another_repository_is_read() -> None:
    page = (PROJECT / "docs/settings.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n# Another repository")[1].split("```")[0]
    read = settings(example)
    assert read.github.repo != Settings().github.repo
    assert read.repository.usage_paths
    assert read.focus.name != Settings().focus.name


def test_config_prints_the_example_without_a_token_and_with_wrong_settings(run: Run) -> None:
    Path("config.yaml").write_text("report: {windw: 2h}", "utf-8")
    ran = run("config")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (PROJECT / "config.example.yaml").read_text(encoding="utf-8")


def test_config_tells_what_a_run_would_use_and_where_it_is_from(run: Run) -> None:
    Path("config.yaml").write_text(
        "report: {window: 2h, languages: [en, zh]}\nfocus: {people: [amd, ck]}", "utf-8"
    )
    environ = {
        "VLLM_DIGEST_HEAT_THRESHOLD": "7",
        "OPENAI_BASE_URL": "http://localhost:8000/v1",
        "OPENAI_API_KEY": "sk-secret-key",
        "GITHUB_TOKEN": "ghp_secret_token",
    }
    ran = run("config", "--effective", "--repo", "https://github.com/a/b", environ=environ)
    assert ran.code == 0
    lines = [line.strip() for line in ran.out.splitlines()]
    for line in (
        "repo: a/b  # --repo",
        "window: 2h  # config.yaml",
        "languages: [en, zh]  # config.yaml",
        "people: [amd, ck]  # config.yaml",
        "threshold: 7  # VLLM_DIGEST_HEAT_THRESHOLD",
        "base_url: http://localhost:8000/v1  # OPENAI_BASE_URL",
        "settle: 2m  # default",
        "# GITHUB_TOKEN is set",
        "# GH_TOKEN is not set",
        "# OPENAI_API_KEY is set",
    ):
        assert line in lines
    assert "secret" not in ran.out.replace("# Secrets", "")
    flags = {"github": {"repo": "a/b"}}
    assert settings(ran.out) == load(file=Path("config.yaml"), environ=environ, flags=flags)


@pytest.mark.parametrize(
    "file",
    [
        "",
        "focus: none",
        "focus: {name: TPU, words: [TPU]}",
        "llm: {extra_body: {a: {b: true}, stop_token_ids: [1]}}",
    ],
)
def test_what_config_prints_is_read_again_as_the_same(run: Run, file: str) -> None:
    Path("config.yaml").write_text(file, "utf-8")
    assert settings(run("config", "--effective").out) == settings(file)


def test_a_wrong_setting_is_told_by_config_as_by_a_run(run: Run) -> None:
    Path("config.yaml").write_text("report: {windw: 2h}", "utf-8")
    assert run("config", "--effective").err == run("run").err
