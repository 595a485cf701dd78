"""The rules of an ecosystem: what a pattern finds, what is refused, and how another ecosystem is written."""

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from vllm_digest.focus.patterns import Finder, Rule
from vllm_digest.focus.relevance import judge
from vllm_digest.focus.rules import Focus, FocusSettings
from vllm_digest.judgement import Judgement, Relevance
from vllm_digest.languages import LANGUAGES
from vllm_digest.models import Account, Kind, State, Thread

NOW = datetime(2025, 12, 10, tzinfo=UTC)

PAGE = (Path(__file__).parent.parent / "docs" / "ecosystems.md").read_text(encoding="utf-8")
XPU = "focus:" + PAGE.split("```yaml\nfocus:")[1].split("```")[0]
"""The example of docs/ecosystems.md."""
TPU = """
focus:
  name: TPU
  heading: Google TPU 生态相关动态
  labels: [tpu]
  words: [TPU, TPUs, "v5litepod*", "v6e*", libtpu, torch_xla, Pallas]
  machine: [detected platform tpu]
  exclusions:
    - because: 是任何平台都会打印的文字
      words: [Checking if TPU platform is available, TPU platform is not available, module named libtpu]
"""
ASCEND = """
focus:
  name: 昇腾
  labels: [ascend]
  words: [昇腾, Ascend, Ascend#*, NPU, NPUs, CANN, torch_npu, HCCL, "910B*", "310P*"]
  machine: [detected platform npu, npu-smi]
  people: [ascend]
"""


def focus_of(text: str) -> Focus:
    return FocusSettings.model_validate(yaml.safe_load(text)["focus"]).compiled()


def relevance(focus: Focus, title: str, body: str = "", labels: tuple[str, ...] = ()) -> Relevance:
    return judge(an_issue(title, body, labels), focus).relevance


def an_issue(title: str, body: str = "", labels: tuple[str, ...] = ()) -> Thread:
    return Thread(
        number=1,
        kind=Kind.ISSUE,
        title=title,
        body=body,
        url="",
        author=Account("someone"),
        association="NONE",
        state=State.OPEN,
        created_at=NOW,
        labels=labels,
    )


def found(pattern: str, text: str) -> list[str]:
    return [text[one.start : one.end] for one in Finder([Rule(pattern)]).finds(text)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("ROCm", "on ROCm, rocm and ROCM", ["ROCm", "rocm", "ROCM"]),
        ("AMD", "damd, amdahl, AMDs, amd64, AMDX", []),
        ("AMD", "AMD显卡、支持AMD。", ["AMD", "AMD"]),
        ("ROCm", "is_rocm() in rocm_attn.py", ["rocm", "rocm"]),
        ("ROCm", "RocmPlatform, ROCmFlashAttention, rocmock, ROCMock", ["Rocm", "ROCm"]),
        (
            "MI3##*",
            "MI300, mi355_2, MI325X, 2xMI355, 16xMI300X",
            ["MI300", "mi355", "MI325X", "MI355", "MI300X"],
        ),
        ("MI3##*", "maxMI300, AMI300, MI30", []),
        ("gfx#*", "gfx90a:sramecc+, gfx1151; gfx, gfxx", ["gfx90a", "gfx1151"]),
        (
            "Strix Halo",
            "strix-halo, Strix  Halo, StrixHalo, strix of halo",
            ["strix-halo", "Strix  Halo", "StrixHalo"],
        ),
        ("Strix Halo", "strix\nhalo", []),
        ("昇腾", "华为昇腾910B", ["昇腾"]),
        ("a.c(", "abc( a.c(", ["a.c("]),
        ("ROCm", "İİİ ROCm İ", ["ROCm"]),
    ],
)
def test_a_pattern_finds_words_that_stand_alone(pattern: str, text: str, expected: list[str]) -> None:
    assert found(pattern, text) == expected


def test_of_patterns_that_start_together_the_longest_wins() -> None:
    finder = Finder([Rule("AMD"), Rule("AMD EPYC"), Rule("AMD EPYC 9###")])
    text = "AMD EPYC 9654, AMD EPYC, AMD"
    assert [text[one.start : one.end] for one in finder.finds(text)] == ["AMD EPYC 9654", "AMD EPYC", "AMD"]


def test_words_that_count_in_their_case_only_may_differ_in_case_alone() -> None:
    finder = Finder([Rule(word, exact=True, key=word) for word in ("MoRI", "MORI", "mori")])
    assert [one.key for one in finder.finds("mori, MORI, Mori and MoRI")] == ["mori", "MORI", "MoRI"]


def test_a_pattern_that_fails_does_not_hide_one_that_follows() -> None:
    finder = Finder([Rule("vllm::sparse"), Rule("rocm")])
    text = "vllm::rocm"
    assert [text[one.start : one.end] for one in finder.finds(text)] == ["rocm"]


def test_a_text_full_of_finds_is_not_read_to_its_end() -> None:
    assert len(list(Finder([Rule("amd")]).finds("amd " * 10_000))) == Finder.MOST


@pytest.mark.parametrize(
    ("key", "pattern", "complaint"),
    [
        ("words", "*", "must have 2 to 60 characters"),
        ("words", "a*", "must start with two characters"),
        ("words", "#1", "must start with two characters"),
        ("words", " amd", "without blanks at its ends"),
        ("words", "am\nd", "must be printable"),
        ("words", "amd" * 21, "must have 2 to 60 characters"),
        ("words", "amd*x*y*", "more than two *"),
        ("words", "ab - - cd", "has a sign beside a blank"),
        ("words", 7900, "valid string"),
        ("paths", "r", "must have 2 to 60 characters"),
        ("machine", "*x", "must start with two characters"),
        ("dump_fields", "", "must have 2 to 60 characters"),
        ("people", "x", "must have 2 to 60 characters"),
        ("peers", "##", "must start with two characters"),
        ("exact_words", "HI#", "has no wildcards"),
        ("weak_words", "CK*", "has no wildcards"),
    ],
)
def test_a_bad_pattern_is_refused_with_its_key(key: str, pattern: object, complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint) as refused:
        FocusSettings.model_validate({key: [pattern]})
    assert refused.value.errors()[0]["loc"][0] == key


def test_a_bad_exclusion_is_refused_with_its_key() -> None:
    with pytest.raises(ValidationError) as refused:
        FocusSettings.model_validate({"exclusions": [{"because": "是 CPU", "words": ["*"]}]})
    assert refused.value.errors()[0]["loc"][:1] == ("exclusions",)


def test_an_unknown_key_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        FocusSettings.model_validate({"word": ["x86"]})


def test_a_section_without_a_name_changes_the_rules_of_amd() -> None:
    settings = FocusSettings.model_validate({"labels": ["amd-gpu"]})
    assert (settings.name, settings.labels) == ("AMD", ("amd-gpu",))
    assert settings.words == FocusSettings().words


@pytest.mark.parametrize("section", [{"name": "TPU"}, {"name": "TPU", "labels": ["tpu"]}, {"words": []}])
def test_an_ecosystem_without_words_is_refused(section: dict[str, object]) -> None:
    with pytest.raises(ValidationError, match="needs a word at least") as refused:
        FocusSettings.model_validate(section)
    assert [error["loc"] for error in refused.value.errors()] == [("words",)]


def test_another_ecosystem_keeps_nothing_of_amd() -> None:
    settings = FocusSettings.model_validate({"name": "TPU", "words": ["TPU"]})
    focus = settings.compiled()
    assert settings.heading.get("zh") == "TPU 生态相关动态"
    assert settings.heading.get("en") == "TPU ecosystem"
    assert relevance(focus, "[ROCm] AITER on MI300X", labels=("rocm",)) is Relevance.NONE


@pytest.mark.parametrize("section", ["none", {"name": "none"}])
def test_a_repository_may_have_no_focus(section: object) -> None:
    focus = FocusSettings.model_validate(section).compiled()
    assert not focus.words
    body = "GPU 0: NVIDIA H100\nROCM used to build PyTorch : N/A"
    thread = an_issue("[ROCm] AITER on MI300X", body, labels=("rocm",))
    assert judge(thread, focus) == Judgement(Relevance.NONE)


def test_texts_of_the_built_in_rules_are_there_in_every_language() -> None:
    amd = FocusSettings()
    texts = (
        amd.heading,
        *(one.because for one in amd.exclusions),
        *(topic.name for topic in amd.topics),
    )
    assert all([language for language, _ in text.texts] == list(LANGUAGES) for text in texts)


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        ({"heading": {"fr": "AMD"}}, "one for each of zh, en"),
        ({"heading": {"zh": ""}}, "1 to 60 characters"),
        ({"heading": ""}, "1 to 60 characters"),
        ({"topics": [{"key": "a", "name": {"en": "x" * 41}, "words": []}]}, "1 to 40 characters"),
        ({"topics": [{"key": "A b", "name": "A", "words": []}]}, "should match pattern"),
        ({"topics": [{"key": "a", "name": name, "words": []} for name in "AB"]}, "the same key"),
    ],
)
def test_a_text_that_no_page_can_show_is_refused(section: dict[str, object], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        FocusSettings.model_validate(section)


def test_the_words_of_a_page_come_from_the_focus() -> None:
    amd = FocusSettings().compiled().words
    assert amd.name == "AMD"
    assert (amd.heading.get("zh"), amd.heading.get("en")) == ("AMD/ROCm 生态相关动态", "AMD/ROCm ecosystem")
    assert focus_of(TPU).words.heading.get("en") == "Google TPU 生态相关动态"


@pytest.mark.parametrize(
    ("text", "title", "body", "labels", "expected"),
    [
        (XPU, "[XPU] Support MXFP8 on Arc B580", "", (), Relevance.YES),
        (XPU, "[Bug]: slow", "", ("bug", "intel-gpu"), Relevance.YES),
        (XPU, "[Bug]: slow", "XPU used to build PyTorch   : 20250100", (), Relevance.YES),
        (XPU, "[Bug]: slow", "PyTorch version : 2.9.0+xpu", (), Relevance.YES),
        (XPU, "[Core] Support CUDA/ROCm/XPU/TPU alike", "", (), Relevance.PASSING),
        (XPU, "[Bug]: slow", "XPU used to build PyTorch : N/A\nGPU 0: NVIDIA H100", (), Relevance.NONE),
        (XPU, "[Bug]: slow", "Model name: Intel Xeon Gold 6130\nXPU: Disabled", (), Relevance.NONE),
        (XPU, "[ROCm] AITER on MI300X", "", ("rocm",), Relevance.NONE),
        (TPU, "[Bug]: [TPU] ShapeDtypeStruct error on v5litepod-4", "", (), Relevance.YES),
        (
            TPU,
            "[Bug]: hang",
            "TPU platform is not available because: No module named 'libtpu'",
            (),
            Relevance.NONE,
        ),
        (ASCEND, "[Feature]: 支持昇腾910B", "", (), Relevance.YES),
        (
            ASCEND,
            "[Bug]: crash",
            "INFO [__init__.py] Automatically detected platform npu.",
            (),
            Relevance.YES,
        ),
        (ASCEND, "[Misc] Refactor the scheduler", "", (), Relevance.NONE),
    ],
)
def test_another_ecosystem_is_a_dozen_lines_of_yaml(
    text: str, title: str, body: str, labels: tuple[str, ...], expected: Relevance
) -> None:
    assert relevance(focus_of(text), title, body, labels) is expected


XPU_FILE = Path(__file__).parent / "ecosystems" / "intel_xpu.yaml"
XPU_TITLES = [
    (
        "[Bug]: All GPTQ checkpoints fail with UR_RESULT_ERROR_DEVICE_LOST "
        "on Intel Arc B60 (XPU) at profile_run",
        "yes",
    ),
    ("[XPU][Linear][MXFP4] enable torch as mxfp4 linear backend on xpu", "yes"),
    ("[Usage]: Can't get vLLM to run on an Intel 125H with XPU and Arc graphics", "yes"),
    ("[Bug]: XPU (ARC A770) support broken after updating to vLLM 0.10.0", "yes"),
    ("[Bug]: 2 x Intel Arc B50 + qwen3.6-27b - kv-cache-dtype fp8 problem", "yes"),
    ("[XPU] Enable torch.compile for XPU GDN attention", "yes"),
    ("[XPU]Enhance environment collection for Intel XPU and optimize layout", "yes"),
    ("[Hardware][Intel GPU] Add intel GPU pipeline parallel support.", "yes"),
    (
        "[Refactor]Abstract Platform Interface for Distributed Backend and Add xccl Support for Intel XPU",
        "yes",
    ),
    ("Installing for Intel ARC", "yes"),
    ("[XPU][Feature] transparent sleep mode support for XPU platform", "yes"),
    ("enable vllm ut for Intel GPU", "yes"),
    ("[Feature] Support sleep mode on Kunlun XPU", "passing"),
    ("[Misc] Optimized check to encapsulate both CUDA and ROCm platforms", "none"),
    ("[ROCm] Enable gluon paged MQA logits on gfx950 (MI355X)", "none"),
    ("[Doc]: Does vllm CPU backend support Intel AMX?", "none"),
    ("[Hardware][Intel-Gaudi] Add Intel Gaudi (HPU) inference backend", "none"),
    ("[Bug]: vLLM CPU inference does not use AVX512 on AVX512-capable CPU", "none"),
]
"""Titles of vllm-project/vllm (Kunlun's of baidu/vLLM-Kunlun), and whether they are about Intel's GPUs."""


@pytest.mark.parametrize(("title", "expected"), XPU_TITLES)
def test_real_titles_are_judged_for_another_ecosystem_by_its_yaml_alone(title: str, expected: str) -> None:
    assert relevance(focus_of(XPU_FILE.read_text(encoding="utf-8")), title).value == expected


def test_another_ecosystem_names_its_hardware_and_shares_the_topics() -> None:
    focus = focus_of(XPU_FILE.read_text(encoding="utf-8"))
    judgement = judge(an_issue("[Bug]: GPTQ fails on 2x Intel Arc Pro B60 and arc b580"), focus)
    assert judgement.hardware == ("Intel Arc Pro B60", "Arc B580")
    assert judgement.topic == "quantization"


@pytest.mark.parametrize("name", ["amd", "common"])
def test_the_built_in_rules_hold_no_entry_twice(name: str) -> None:
    text = files("vllm_digest.focus").joinpath(f"{name}.yaml").read_text(encoding="utf-8")
    for key, entries in yaml.safe_load(text).items():
        if isinstance(entries, list) and all(isinstance(entry, str) for entry in entries):
            assert len(entries) == len(set(entries)), key
