"""The relevance of threads to AMD/ROCm, and its reasons."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks.relevance import reason_text
from vllm_digest.focus.relevance import judge
from vllm_digest.focus.rules import FocusSettings
from vllm_digest.judgement import Judgement, JudgementReason, ReasonCode, Relevance
from vllm_digest.models import Account, Kind, Remark, RemarkKind, State, Thread
from vllm_digest.templating import folder

NOW = datetime(2025, 12, 10, tzinfo=UTC)
FOCUS = FocusSettings().compiled(("bug", "needs-rebase", "ready", "ready-run-all-tests", "stale", "verified"))
SHARED = Path(__file__).parents[2] / "shared" / "data"

NVIDIA_DUMP = """
==============================
       PyTorch Info
==============================
PyTorch version              : 2.9.0+cu129
Is debug build               : False
CUDA used to build PyTorch   : 12.9
ROCM used to build PyTorch   : N/A

Is CUDA available            : True
GPU models and configuration :
GPU 0: NVIDIA A100-SXM4-80GB
GPU 1: NVIDIA A100-SXM4-80GB
HIP runtime version          : N/A
MIOpen runtime version       : N/A

Vendor ID:                   AuthenticAMD
Model name:                  AMD EPYC 7763 64-Core Processor
Flags:                       fpu vme de pse amd_lbr_v2 amd_ppin
Virtualization:              AMD-V
[pip3] nvidia-nccl-cu12==2.27.5
ROCM Version                 : Could not collect
vLLM Build Flags:
  CUDA Archs: Not Set; ROCm: Disabled; XPU: Disabled
"""
ROCM_DUMP = """
PyTorch version              : 2.9.0a0+git1c57644
CUDA used to build PyTorch   : N/A
ROCM used to build PyTorch   : 7.0.51831-7c9236b16
GPU models and configuration : AMD Instinct MI300X (gfx942:sramecc+:xnack-)
Nvidia driver version        : Could not collect
HIP runtime version          : 7.0.51831
vLLM Build Flags:
  CUDA Archs: Not Set; ROCm: Disabled
"""
PLATFORM_PROBE = """
DEBUG 10-22 15:37:14 [__init__.py:112] Checking if ROCm platform is available.
DEBUG 10-22 15:37:14 [__init__.py:126] ROCm platform is not available because: No module named 'amdsmi'
INFO 10-22 15:37:14 [platforms/__init__.py:225] Automatically detected platform cuda.
"""
COLLECT_ENV_SCRIPT = """
# code borrowed from https://github.com/pytorch/pytorch/blob/main/torch/utils/collect_env.py
FIELDS = ["hip_runtime_version", "miopen_runtime_version", "rocm_version"]
ROCM used to build PyTorch: {hip_compiled_version}
run("rocm-smi --showtopo")
"""
FOLDED = f"<details>\n<summary>Checklist</summary>\n{'- [ ] The purpose of the change. ' * 60}\n</details>"
LONG = "The scheduler keeps a request in the queue until its blocks are free, and then lets it go on. " * 40


def details(dump: str) -> str:
    summary = "<summary>The output of <code>python collect_env.py</code></summary>"
    return f"<details>\n{summary}\n\n```text{dump}```\n</details>"


def table(*rows: tuple[str, str]) -> str:
    return "\n".join(("| item | value |", "|---|---|", *(f"| {key} | {value} |" for key, value in rows)))


def issue(title: str, body: str = "", **others: Any) -> Thread:
    return Thread(
        number=1,
        kind=Kind.ISSUE,
        title=title,
        body=body,
        url="",
        author=Account(others.pop("author", "reporter")),
        association="NONE",
        state=State.OPEN,
        created_at=NOW,
        **others,
    )


def pull(title: str, body: str = "", **others: Any) -> Thread:
    return replace(issue(title, body, **others), kind=Kind.PULL_REQUEST)


def said(*texts: str, by: str = "", bot: bool = False, hidden: bool = False) -> tuple[Remark, ...]:
    """Comments of different people, or all `by` one."""
    return tuple(
        Remark(
            id=str(at),
            kind=RemarkKind.COMMENT,
            author=Account(by or f"reader{at}", is_bot=bot),
            association="NONE",
            at=NOW,
            url="",
            body=text,
            hidden=hidden,
        )
        for at, text in enumerate(texts)
    )


def judged(thread: Thread) -> Judgement:
    return judge(thread, FOCUS)


def reasons(thread: Thread) -> str:
    """`no_value "ROCm"; comments: excluded "amd64" is the name of a CPU architecture`."""
    return "; ".join(map(reason_text, judged(thread).reasons))


@pytest.mark.parametrize(
    "title",
    [
        "[ROCm] Bump the base image",
        "[Bugfix][Hardware][AMD] Fix the tests",
        "[rocm][ray] Device visibility across CUDA and ROCm",
        "[CI Failure]: mi355_2: LM Eval Large Models (4xH100-4xMI355)",
        "[CI Failure]: mi325_4: Kernels",
        "Add tuned configs for 8xMI300X",
        "[Bug]: crash on mi250x",
        "[Usage]: two RX 7900 XTX",
        "Garbage on gfx1151 (Strix Halo)",
        "Support RDNA4",
        "[MoE Refactor] AITER modular kernel",
        "[ROCm] AiterA4W4 for gfx1250",
        "[doc] quark_mxfp4_introduction",
        "fix quark kv_cache quantization",
        "[Bug]: RuntimeError: HIP error: invalid device ordinal",
        "[Bug]: hipBLASLt is slow",
        "Use RCCL for all-reduce",
        "Port composable_kernel attention",
        "Build ck_tile kernels",
        "MoRIIOConnector loses requests",
        "hipMallocAsync fails",
        "Which 6900XT settings?",
        "[Zen CPU] Dispatch GEMMs",
        "Make wvSplitK tile better",
        'Changing the "amdproduction" allocation',
        "[RFC]: In-tree AMD Zen CPU backend via zentorch",
        'Revert "[ROCm] Enable a kernel (#1)"',
        "[Feature]: Strix Halo 支持",
        "AMD Development Roadmap (2026 Q3)",
        "[Feature]: Parity with CUDA: the router should have ROCm CI",
    ],
)
def test_a_title_that_names_amd_is_about_it(title: str) -> None:
    assert judged(issue(title)).relevance is Relevance.YES
    assert judged(pull(title, NVIDIA_DUMP)).relevance is Relevance.YES
    assert reasons(issue(title)).startswith('title "')


@pytest.mark.parametrize(
    "title",
    [
        "[Feature]: Support macOS on M1 chips",
        "[Bug]: relationship between batch size and shipped wheels",
        "Amdahl's law and the scheduler",
        "rocmock: fake the rocket",
        "[BugFix] Fix minimax m2 rope_parameters",
        "[Model] MiMo and Ministral",
        "Build linux/amd64 images",
        "async for token in stream.aiter_lines()",
        "Make __aiter__ return self",
        "[Bug]: hip and knee model gives wrong answers",
        "[Bug]: not running on CPU AMD EPYC 9J14",
        "",
        "/",
    ],
)
def test_letters_in_other_words_are_not_amd(title: str) -> None:
    assert judged(issue(title)).relevance is Relevance.NONE


@pytest.mark.parametrize(
    "title",
    [
        "Update PyTorch on CUDA, ROCm and XPU",
        "[Core] CUDA/ROCm/TPU share one code path",
        "Add tuned configs for L20, MI325, H20, MI300X, H200",
        "Skip on non-ROCm platforms",
        "Backend support beyond CUDA - AMD (ROCm/Vulkan) or Qualcomm Hexagon NPU",
    ],
)
def test_a_title_that_lists_platforms_names_amd_in_passing(title: str) -> None:
    judgement = judged(pull(title, "Adds files for AMD_Instinct_MI300X and AMD_Instinct_MI325X."))
    assert judgement.relevance is not Relevance.NONE
    assert judged(pull(title)).relevance is Relevance.PASSING
    assert "title_listed" in reasons(pull(title))


@pytest.mark.parametrize(
    "title",
    [
        "[CI] Split (H100) V1 Attention into MLA, Dense/SSM, and ROCm jobs",
        "[CI] Shard (H200 MIG 35GB / MI300) Entrypoints into whole units",
        "Tune Hopper's prefill, and MI300X",
    ],
)
def test_the_last_name_of_a_list_that_begins_with_another_platform_is_in_passing(title: str) -> None:
    assert judged(pull(title)).relevance is Relevance.PASSING
    assert judged(pull(f"[ROCm] {title}")).relevance is Relevance.YES


def test_one_of_two_platforms_in_a_title_is_the_subject_if_something_else_says_so() -> None:
    thread = pull("Fix the FP8 range on CUDA and ROCm")
    assert judged(thread).relevance is Relevance.PASSING
    # The title itself brings the label.
    assert judged(replace(thread, labels=("rocm",))).relevance is Relevance.PASSING
    body = "On ROCm the range is that of fnuz."
    assert judged(replace(thread, body=body)).relevance is Relevance.PASSING
    paths = ("vllm/v1/attention/backends/rocm_attn.py", "vllm/a.py", "vllm/b.py")
    assert judged(replace(thread, paths=paths)).relevance is Relevance.YES


def test_a_title_that_lists_more_of_amd_than_of_others_is_about_it() -> None:
    title = "[NVFP4] Emulate `modelopt` checkpoints on AMD Instinct MI300, MI355X and Hopper"
    assert judged(pull(title)).relevance is Relevance.YES
    assert judged(pull("[NVFP4] Emulate checkpoints on MI355X, H100 and H200")).relevance is Relevance.PASSING


@pytest.mark.parametrize(
    "title",
    [
        "Use hipFile for weights",
        "Sort with hipCUB",
        "Expose HIPAllocatorConfig",
        "Take attention from AOTriton",
        "Reduce over Wave32",
        "Use AINIC for the first hop",
        "455 platform enablement",
        "Prepare for platform 455",
        "Set HSA_NO_SCRATCH_RECLAIM by default",
        "Tune waves_per_eu of the unified attention",
        "[ROCm] Scale up over UALink in Helios",
    ],
)
def test_names_of_new_parts_are_known(title: str) -> None:
    assert judged(pull(title)).relevance is Relevance.YES


@pytest.mark.parametrize("pack", sorted(folder().glob("*/words.yaml")), ids=lambda path: path.parent.name)
def test_every_reason_has_words_in_every_language(pack: Path) -> None:
    words = yaml.safe_load(pack.read_text(encoding="utf-8"))["judgements"]
    assert set(words) == {code.value for code in ReasonCode}


class TestElsewhere:
    """AMD's software on others' hardware, and others' software under AMD's names."""

    @pytest.mark.parametrize(
        "thread",
        [
            pull("[Kernel] SM120 backend for Quark MXFP6", "Native kernels for Quark checkpoints."),
            pull("Load MXFP6 checkpoints natively", "A native SM120 kernel for Quark's MXFP6."),
            pull("[XPU] Quark MXFP4 on Intel Arc", paths=("vllm/quantization/quark/quark.py",)),
            pull("[Ascend] Dispatch AITER-style MoE", "On Ascend NPUs only."),
            issue("[Bug]: a Quark checkpoint does not load", details(NVIDIA_DUMP)),
            pull("[ROCm] Add Hygon DCU support"),
        ],
    )
    def test_on_others_hardware_amds_software_is_named_in_passing(self, thread: Thread) -> None:
        assert judged(thread).relevance is Relevance.PASSING

    @pytest.mark.parametrize(
        "body",
        [
            "Cards: K100_AI\n```\nexport HIP_VISIBLE_DEVICES=0\nexport VLLM_ROCM_USE_AITER=1\n```",
            "在海光 DCU 上 aiter 报错，ROCm 版本 6.3。",
            "BW1000, DTK 25.04\nROCM used to build PyTorch : 6.3.25211",
            "The kernel is not built for gfx936 (HIP error: invalid device function).",
        ],
    )
    def test_a_platform_that_uses_amds_names_for_its_own_is_a_near_miss(self, body: str) -> None:
        thread = issue("[Bug]: the server does not start", body)
        assert judged(thread).relevance is Relevance.NONE
        assert reasons(thread).startswith("lookalike ")

    def test_one_of_many_planned_platforms_is_not_the_one_in_use(self) -> None:
        body = "Today: CUDA.\n- [ ] AMD ROCm\n- [ ] Ascend\n- [ ] Cambricon MLU\n- [ ] Hygon DCU"
        assert judged(issue("[Feature]: more accelerators", body)).relevance is Relevance.PASSING

    def test_code_that_every_platform_loads_stands_in_its_tracebacks(self) -> None:
        trace = '  File "/venv/vllm/_aiter_ops.py", line 9, in <module>\nModuleNotFoundError: pandas'
        for body in (trace, f"{trace}\n{NVIDIA_DUMP}"):
            assert judged(issue("[Bug]: it does not start", body)).relevance is Relevance.NONE
        assert judged(issue("[Bug]: it does not start", trace + ROCM_DUMP)).relevance is Relevance.YES

    def test_amds_own_hardware_or_platform_beside_them_is_the_subject(self) -> None:
        for title in ("[Quark] MXFP4 on MI355X and SM120", "[ROCm][Quark] Emulate what SM120 has"):
            assert judged(pull(title)).relevance is not Relevance.NONE
        assert judged(pull("[ROCm] Fix a race", "Hygon's DCU has it, too.")).relevance is Relevance.YES


class TestEnvironment:
    """What a pasted environment says is read by its fields."""

    @pytest.mark.parametrize(
        "body",
        [
            ROCM_DUMP,
            details(ROCM_DUMP),
            f"### Your current environment\n{details(ROCM_DUMP)}\n{LONG}",
            "PyTorch version: 2.7.1+rocm6.3",
            "[pip3] torch==2.7.1+rocm6.3",
            "INFO 04-18 11:18:18 [__init__.py:239] Automatically detected platform rocm.",
            "ROCM Version                 : 6.3.42133-1b9c17779",
            table(("ROCM used to build PyTorch", "6.4.43482"), ("CPU", "AMD EPYC 9654")),
            table(("GPU", "AMD Radeon RX 7900 XTX"), ("CPU", "Intel Xeon")),
            "- **GPU**: 8x MI300X",
            "GPU Topology:\n  ============ ROCm System Management Interface ============",
            "=========== Link Type between two GPUs ===========\nGPU0   0   XGMI   XGMI",
            ":0:rocdevice.cpp :3020: Callback: Queue aborting with error : HSA_STATUS_ERROR_EXCEPTION",
            "Memory access fault by GPU node-2 (Agent handle: 0x55) on address 0x7f.",
            '  File "/opt/rocm/lib/a.py", line 1\n  File "/app/vllm/attention/backends/rocm_flash_attn.py"',
            "```\ndocker run --device /dev/kfd rocm/vllm-dev:nightly\n```",
        ],
    )
    def test_an_issue_from_an_amd_machine_is_about_amd(self, body: str) -> None:
        assert (
            judged(issue("[Bug]: the server does not start", body, labels=("bug",))).relevance
            is Relevance.YES
        )

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            (NVIDIA_DUMP, 'other_machine "GPU 0: NVIDIA A100-SXM4-80GB"'),
            (details(NVIDIA_DUMP), 'excluded "AuthenticAMD", "AMD EPYC", "amd_lbr_v2" is a CPU, not a GPU'),
            ("ROCM used to build PyTorch: N/A", 'no_value "ROCM used to build PyTorch"'),
            ("HIP runtime version: Could not collect", 'no_value "HIP runtime version"'),
            (
                table(("ROCm", "Disabled"), ("CPU", "AMD Ryzen Threadripper PRO 9985WX")),
                "is a CPU, not a GPU",
            ),
            ("Build Flags: CUDA Archs: Not Set; ROCm: Disabled", 'option_off "ROCm"'),
            ("Model name: AMD Ryzen 7 7840HS w/ Radeon 780M Graphics", "not a GPU"),
            ("Model name:                AMD Eng Sample: 100-0000", 'processor "AMD"'),
            ("I have an AMD 9950X3D and two cards.", 'excluded "AMD 9950X3D" is a CPU, not a GPU'),
            ("It went away when I turned AMD IOMMU off.", 'excluded "AMD IOMMU" is a CPU, not a GPU'),
            ("```\nUSE_OPENMP=ON, USE_ROCM=OFF, USE_ROCM_KERNEL_ASSERT=OFF\n```", 'option_off "USE_ROCM"'),
            ("build.env.PYTORCH_ROCM_ARCH: None", 'option_off "PYTORCH_ROCM_ARCH"'),
            (
                "Python platform: Linux-6.1.0-18-amd64-x86_64",
                'excluded "amd64" is the name of a CPU architecture',
            ),
            (PLATFORM_PROBE, "is printed on every platform"),
            (
                "'vllm::sparse_attn_indexer', 'vllm::rocm_aiter_sparse_attn_indexer'",
                "is printed on every platform",
            ),
            (
                "```\nUnknown method. Must be one of ['awq', 'gptq', 'quark', 'gguf']\n```",
                'printed_choice "quark"',
            ),
            ('  File "/venv/httpx/_models.py", line 979, in aiter_raw', "is Python's asynchronous iteration"),
        ],
    )
    def test_an_environment_without_amd_is_a_near_miss_with_its_ground(self, body: str, reason: str) -> None:
        thread = issue("[Bug]: the server does not start", body, labels=("bug",))
        assert judged(thread).relevance is Relevance.NONE
        assert reason in reasons(thread)

    def test_another_platforms_machine_alone_is_no_near_miss(self) -> None:
        thread = issue("[Bug]: the server does not start", "GPU 0: NVIDIA A100-SXM4-80GB")
        assert judged(thread) == Judgement(Relevance.NONE)

    def test_the_script_pasted_for_its_output_says_nothing(self) -> None:
        form = (
            f"### Your current environment\n```text{COLLECT_ENV_SCRIPT}```\n### Describe the bug\nIt hangs."
        )
        assert judged(issue("[Bug]: hang", form)) == Judgement(Relevance.NONE)
        assert judged(issue("[Bug]: hang", f"{form} On MI300X.")).relevance is Relevance.YES
        assert judged(issue("[Bug]: hang", COLLECT_ENV_SCRIPT)) == Judgement(Relevance.NONE)

    def test_an_author_who_shows_the_machine_later_counts_as_the_reporter(self) -> None:
        thread = issue("[Bug]: hang", "It hangs.", remarks=said(details(ROCM_DUMP), by="reporter"))
        assert judged(thread).relevance is Relevance.YES

    def test_another_persons_machine_is_a_side_remark(self) -> None:
        thread = issue("[Bug]: hang", "It hangs.", remarks=said(details(ROCM_DUMP)))
        assert judged(thread).relevance is Relevance.PASSING
        assert reasons(thread).startswith('comments "')

    def test_a_change_tested_on_an_amd_machine_needs_more(self) -> None:
        thread = pull("[Kernel] Speed up RMSNorm", details(ROCM_DUMP))
        assert judged(thread).relevance is Relevance.PASSING
        assert judged(replace(thread, labels=("rocm",))).relevance is Relevance.YES

    def test_a_label_that_a_pasted_nvidia_dump_brought_does_not_count(self) -> None:
        thread = issue("[Bug]: OOM", NVIDIA_DUMP, labels=("bug", "rocm"))
        assert judged(thread).relevance is Relevance.PASSING
        assert "label_by_rule" in reasons(thread)

    def test_on_an_nvidia_machine_a_trace_through_amd_code_is_an_aside(self) -> None:
        body = "GPU 0: NVIDIA H100\n```\nimport rocm_attn\nimport aiter_fa\n```"
        assert judged(issue("[Bug]: import fails", body)).relevance is Relevance.PASSING

    def test_on_an_nvidia_machine_a_word_about_amd_is_an_aside(self) -> None:
        thread = issue(
            "[Bug]: wrong output", f"Works on MI300X, and on ROCm in general.\n{details(NVIDIA_DUMP)}"
        )
        assert judged(thread).relevance is Relevance.PASSING


class TestLabels:
    def test_a_label_alone_is_enough(self) -> None:
        assert judged(issue("Discontinued", labels=("rocm",))) == Judgement(
            Relevance.YES, (JudgementReason(ReasonCode.LABEL, ("rocm",)),)
        )

    def test_alone_on_a_pull_request_it_may_be_from_files_that_are_gone(self) -> None:
        paths = tuple(f"vllm/a{at}.py" for at in range(12))
        thread = pull("[Core] Fix a race", "Two requests meet.", labels=("rocm", "v1"), paths=paths)
        assert judged(thread).relevance is Relevance.PASSING
        assert reasons(thread) == 'label_alone "rocm"'
        assert judged(replace(thread, paths=())).relevance is Relevance.PASSING
        # A small change has all its files, so a person must have set the label.
        assert judged(replace(thread, paths=paths[:1])).relevance is Relevance.YES
        assert judged(replace(thread, author=Account("someone-amd"))).relevance is Relevance.YES

    @pytest.mark.parametrize("method", ["get_device_uuid", "is_pin_memory_available", "verify_quantization"])
    def test_alone_beside_a_method_that_each_platform_implements_it_tells_which(self, method: str) -> None:
        thread = pull(f"Check the index in {method}", labels=("rocm",))
        assert judged(thread).relevance is Relevance.YES
        assert judged(replace(thread, labels=("rocm", "nvidia"))).relevance is Relevance.PASSING
        assert judged(replace(thread, labels=())).relevance is Relevance.NONE

    def test_what_its_title_or_paths_brought_it_does_not_count_twice(self) -> None:
        paths = (".buildkite/test-amd.yaml", ".buildkite/test_areas/misc.yaml", "tests/test_a.py")
        thread = pull("[CI] Run a test", labels=("rocm", "ci/build"), paths=paths)
        assert judged(thread).relevance is Relevance.PASSING
        assert reasons(thread) == 'paths 1 of 3 ".buildkite/test-amd.yaml"; label "rocm"'

    @pytest.mark.parametrize("remark", ["Same on MI300X.", "The amd64 image works."])
    def test_what_others_say_takes_nothing_from_a_label(self, remark: str) -> None:
        thread = issue("Discontinued", "#", labels=("rocm",), remarks=said(remark))
        assert judged(thread).relevance is Relevance.YES

    def test_one_of_eight_labels_is_not(self) -> None:
        labels = (
            "documentation",
            "rocm",
            "frontend",
            "ci/build",
            "stale",
            "v1",
            "multi-modality",
            "tool-calling",
        )
        thread = pull("[SpecDecode] Relaxed acceptance", labels=labels)
        assert judged(thread).relevance is Relevance.NONE
        assert reasons(thread) == 'label_among_many 8 "rocm"'

    def test_beside_another_platforms_label_it_is_an_aside(self) -> None:
        thread = pull("Update PyTorch generally", "Across CUDA, ROCm and so on.", labels=("rocm", "nvidia"))
        assert judged(thread).relevance is Relevance.PASSING
        assert judged(replace(thread, body="")).relevance is Relevance.PASSING
        assert reasons(replace(thread, body="")) == 'label_beside_others "rocm"'

    def test_beside_a_body_that_lists_backends_it_is_an_aside(self) -> None:
        body = "Backends: Marlin (default), FlashInfer (fast), CUTLASS (old), AITER (new)."
        assert judged(pull("[MoE] Oracle", body, labels=("rocm",))).relevance is Relevance.PASSING

    def test_on_a_roadmap_of_the_whole_project_it_is_an_aside(self) -> None:
        thread = issue("[Roadmap] vLLM Q3 2025", "Scheduling, RL, clusters, hardware.", labels=("rocm",))
        assert judged(thread).relevance is Relevance.PASSING
        lines = "MI355X kernels are to come. So is ROCm CI."
        assert judged(issue("[Roadmap] vLLM Q3 2025", lines)).relevance is Relevance.PASSING


class TestPaths:
    AMD = ("csrc/rocm/attention.cu", "vllm/platforms/rocm.py", "docker/Dockerfile.rocm_base")

    @pytest.mark.parametrize(
        "path",
        [
            "csrc/rocm/attention.cu",
            "vllm/v1/attention/backends/mla/rocm_aiter_mla_sparse.py",
            "vllm/distributed/kv_transfer/mori_connector.py",
            "vllm/model_executor/layers/quantization/quark/quark.py",
            "vllm/_aiter_ops.py",
            "csrc/quickreduce/base.h",
            "csrc/attention/decode.hip",
            "vllm/model_executor/layers/fused_moe/configs/E=8,N=14336,device_name=AMD_Instinct_MI300X.json",
        ],
    )
    def test_a_change_of_amd_files_is_about_amd(self, path: str) -> None:
        thread = pull("Fix a race", paths=(path, "vllm/envs.py"))
        assert judged(thread).relevance is Relevance.YES
        assert "paths 1 of 2" in reasons(thread)
        with_tests = (path, "vllm/envs.py", "tests/test_envs.py", "docs/envs.md")
        assert judged(replace(thread, paths=with_tests)).relevance is Relevance.YES
        others = tuple(f"vllm/a{at}.py" for at in range(4))
        assert judged(replace(thread, paths=(path, *others))).relevance is Relevance.PASSING

    @pytest.mark.parametrize(
        "path",
        [
            "vllm/platforms/rocm.py",
            "docker/Dockerfile.rocm_base",
            "requirements/rocm-test.txt",
            "requirements/test/rocm.txt",
            ".buildkite/test-amd.yaml",
        ],
    )
    def test_a_file_that_each_platform_has_counts_where_most_are_such(self, path: str) -> None:
        thread = pull("Bump xgrammar", paths=(path, "vllm/envs.py"))
        assert judged(thread).relevance is Relevance.PASSING
        assert judged(replace(thread, paths=(path,))).relevance is Relevance.YES
        assert judged(replace(thread, paths=(path, "csrc/rocm/a.cu", "vllm/a.py"))).relevance is Relevance.YES
        assert judged(replace(thread, title="[CUDA] Bump it", paths=(path,))).relevance is Relevance.PASSING

    def test_a_file_that_each_platform_has_counts_where_only_tests_and_docs_stand_beside_it(self) -> None:
        for paths in (
            ("vllm/platforms/rocm.py", "docs/configuration/optimization.md"),
            (".buildkite/test-amd.yaml", "tests/entrypoints/test_shutdown.py", "tests/utils.py"),
        ):
            thread = pull("Detect the NUMA node", paths=paths)
            assert judged(thread).relevance is Relevance.YES
            assert judged(replace(thread, paths=(*paths, "vllm/envs.py"))).relevance is Relevance.PASSING
            twin = (*paths, "vllm/platforms/cuda.py", ".buildkite/test_areas/misc.yaml")
            assert judged(replace(thread, paths=twin)).relevance is Relevance.PASSING
        unlisted = pull("Detect it", paths=("vllm/platforms/rocm.py", "docs/a.md"), changed_files=3)
        assert judged(unlisted).relevance is Relevance.PASSING
        alone = pull("Detect it", paths=("docs/rocm.md", "docs/a.md", "tests/a.py"))
        assert judged(alone).relevance is Relevance.PASSING

    def test_a_file_that_each_platform_has_counts_little_beside_its_twins(self) -> None:
        paths = ("requirements/rocm-test.txt", "requirements/rocm.txt", "requirements/test.txt")
        assert judged(pull("Bump lm-eval", paths=paths)).relevance is Relevance.PASSING
        images = ("docker/Dockerfile.rocm", "docker/Dockerfile.rocm_base", "docker/Dockerfile")
        assert judged(pull("Bump ubuntu", paths=images)).relevance is Relevance.PASSING
        own = ("csrc/rocm/a.cu", ".buildkite/test-amd.yaml", ".buildkite/test_areas/kernels.yaml")
        assert judged(pull("Run a kernel's test", paths=own)).relevance is Relevance.YES

    def test_a_rename_of_the_same_file_for_two_vendors_is_an_aside(self) -> None:
        amd = tuple(f"vllm/models/x/amd/{name}.py" for name in ("model", "mtp", "deepseek", "ops"))
        nvidia = tuple(f"vllm/models/x/nvidia/{name}.py" for name in ("model", "mtp"))
        thread = pull("Rename deepseek.py to model.py", paths=(*amd, *nvidia, "vllm/models/x/__init__.py"))
        assert judged(thread).relevance is Relevance.PASSING
        assert judged(replace(thread, paths=(*amd, *nvidia[:1]))).relevance is Relevance.YES

    @pytest.mark.parametrize(
        "title",
        [
            "Replace unconditional pandas import with PlaceholderModule",
            "Lazily import scipy",
            "[Chore] Fix typos",
            "Apply ruff to pass pre-commit",
            "[mypy] Type hints for kernels",
        ],
    )
    @pytest.mark.parametrize("path", ["vllm/_aiter_ops.py", "vllm/v1/attention/backends/rocm_attn.py"])
    def test_housekeeping_goes_through_files_for_their_form(self, title: str, path: str) -> None:
        thread = pull(title, paths=(path,))
        assert judged(thread).relevance is Relevance.PASSING
        assert judged(replace(thread, title=f"[ROCm] {title}")).relevance is Relevance.YES

    def test_housekeeping_in_amds_software_is_in_passing(self) -> None:
        thread = pull("Lazily import pandas in _aiter_ops", paths=("vllm/_aiter_ops.py",))
        assert judged(thread).relevance is Relevance.PASSING

    def test_one_amd_file_among_dozens_is_an_aside(self) -> None:
        paths = (*(f"vllm/a{at}.py" for at in range(30)), "requirements/rocm.txt")
        assert judged(pull("Drop Python 3.9", paths=paths)).relevance is Relevance.PASSING
        assert judged(pull("Drop Python 3.9", paths=paths, labels=("rocm",))).relevance is Relevance.PASSING

    def test_files_that_were_not_listed_count_in_the_share(self) -> None:
        assert judged(pull("Fix a race", paths=self.AMD, changed_files=300)).relevance is Relevance.PASSING

    def test_beside_the_same_file_of_other_platforms_it_is_an_aside(self) -> None:
        paths = ("requirements/rocm.txt", "requirements/cuda.txt", "requirements/xpu.txt")
        assert judged(pull("Bump ray", paths=paths)).relevance is Relevance.PASSING
        assert judged(pull("Bump ray", paths=paths[:2])).relevance is Relevance.PASSING

    def test_other_files_say_nothing(self) -> None:
        paths = ("csrc/chip.cu", "docs/relationship.md", "vllm/amdahl.py")
        assert judged(pull("Fix a race", paths=paths)) == Judgement(Relevance.NONE)


class TestProse:
    @pytest.mark.parametrize(
        "body",
        [
            "The rocm backends are brought up to date.",
            "The variable was for ROCm. Each use is behind `current_platform.is_rocm()`.",
            "MI300 uses e4m3fnuz, where 224 is the better range than 240.",
            "Bugs came from CUDA_VISIBLE_DEVICES on ROCm.",
            f"{LONG[:900]} On MI300X it is slow. {LONG[:900]} AITER is faster.",
        ],
    )
    def test_a_body_that_speaks_of_amd_is_about_it(self, body: str) -> None:
        assert judged(pull("[Attention] Clean up", body)).relevance is Relevance.YES

    @pytest.mark.parametrize(
        "body",
        [
            f"{LONG} Tested on MI300X. {LONG}",
            f"{LONG} Tested on MI300X, and {LONG} then on MI325X.",
            LONG[:190].join(
                ("On MI300X it is slow.", "On MI325X too.", "Not on H100.", "Nor A100.", "Nor L40.")
            ),
            "AMD's attention was merged; A100, L40 and H100 do well with it; one backend for all platforms.",
            "Implemented for the cpu/cuda/rocm/xpu platforms.",
            "Check list: H100 performance, an AMD MI30x line, TPU later.",
            "The enum holds AITER among FLASHINFER, CUTLASS, DEEPGEMM and MARLIN.",
            "Supports AWQ, GPTQ and Quark.",
            "Of the backends flash_attn, flex_attention, cpu_attn and rocm_attn each says whether it can.",
            "- Support NVIDIA GPUs, AMD CPUs and GPUs, Intel CPUs and GPUs, TPU.",
        ],
    )
    def test_a_body_that_names_it_among_others_does_so_in_passing(self, body: str) -> None:
        assert judged(pull("[Attention] Clean up", body)).relevance is Relevance.PASSING

    def test_a_short_body_is_about_amd_if_no_other_platform_is_named_beside(self) -> None:
        body = "The op is for the cuda platform only; the build for AMD fails."
        assert judged(pull("Fix the build on non-CUDA platforms", body)).relevance is Relevance.YES
        assert judged(pull("Fix the build", body)).relevance is Relevance.PASSING

    @pytest.mark.parametrize(
        "body",
        [
            "MRV2 becomes the default, apart from some models on ROCm until their speed is right.",
            "ROCm will have to follow.",
            "Enables it everywhere. Unlike ROCm, CPUs have no graphs.",
            "Adds a check, for example for MI300X.",
            "The default is now true. AMD's path is not affected.",
            "The ROCm path keeps its behaviour.",
            "所有平台默认开启，ROCm 除外（除了 MI300X）。",
        ],
    )
    def test_an_exception_or_an_example_is_an_aside(self, body: str) -> None:
        thread = pull("Make it the default", body)
        assert judged(thread).relevance is Relevance.PASSING
        assert judged(replace(thread, labels=("rocm",))).relevance is Relevance.PASSING

    @pytest.mark.parametrize(
        "body",
        [
            "The queue is shorter now.\n\nSeen on MI300X, MI325X and MI355X.",
            "Tested on MI300X, MI325X, and with ROCm 7.0 and AITER.",
            "The queue is shorter now. Tried:\n- MI300X\n- MI325X with AITER\n- gfx1100",
            "Less waiting.\n\n| card | ms |\n|---|---|\n| MI300X | 3 |\n| MI355X | 2 |",
        ],
    )
    def test_many_names_in_a_sentence_or_a_list_are_one_remark(self, body: str) -> None:
        assert judged(pull("[Core] Shorten the queue", body)).relevance is Relevance.PASSING

    def test_what_is_folded_away_or_commented_out_does_not_make_a_body_long(self) -> None:
        body = "This breaks the compilation on AMD.\n"
        assert judged(pull("Revert a change", f"{body}{FOLDED}")).relevance is Relevance.YES
        assert judged(pull("Revert a change", f"{body}<!-- {LONG} -->")).relevance is Relevance.YES
        assert judged(pull("Revert a change", f"{body}{LONG}")).relevance is Relevance.PASSING

    @pytest.mark.parametrize(
        "body",
        [
            "cc @hongxiayang-amd @amd-reviewer",
            "Signed-off-by: Some AMD Person <person@amd.com>",
            "Write to person@amd.com",
            "<!-- Choose a tag, such as [Hardware][AMD] or\n[ROCm]. -->\nThe queue is shorter.",
            "for hardware-specific changes. Vendor name should appear in the prefix (e.g., "
            "<code>[Hardware][AMD]</code>).",
        ],
    )
    def test_names_of_people_and_the_template_say_nothing(self, body: str) -> None:
        assert judged(pull("[Attention] Clean up", body)).relevance is Relevance.NONE


class TestPeople:
    def test_a_login_alone_says_nothing(self) -> None:
        assert judged(pull("Fix an argument order", author="mgehre-amd")) == Judgement(Relevance.NONE)

    def test_a_login_tips_a_doubtful_case(self) -> None:
        body = f"{LONG} Tested on gfx1151."
        assert judged(pull("Fix an argument order", body)).relevance is Relevance.PASSING
        thread = pull("Fix an argument order", body, author="Alexei-V-AMD")
        assert judged(thread).relevance is Relevance.YES
        assert "author_login" in reasons(thread)

    def test_a_login_gives_company_to_a_word_with_other_meanings(self) -> None:
        for word in ("Skinny GEMMs", "skinny GEMM", "MORI", "mori"):
            assert reasons(pull(f"SplitK for {word}")) == f'ambiguous "{word}"'
        thread = pull("SplitK for Skinny GEMMs")
        assert judged(thread).relevance is Relevance.NONE
        assert judged(replace(thread, author=Account("amd-someone"))).relevance is Relevance.YES

    def test_letters_in_a_login_are_no_sign(self) -> None:
        body = f"{LONG} Tested on gfx1151."
        assert judged(pull("Fix an argument order", body, author="damdas")).relevance is Relevance.PASSING


class TestComments:
    def test_a_comment_names_amd_in_passing(self) -> None:
        thread = issue("[Bug]: hang", remarks=said("Same on MI300X with ROCm 6.3."))
        assert judged(thread) == Judgement(
            Relevance.PASSING, (JudgementReason(ReasonCode.COMMENTS, ("MI300X", "ROCm")),)
        )

    def test_many_comments_do_not_make_it_the_subject(self) -> None:
        thread = issue("[Bug]: hang", remarks=said(*["Same on MI300X."] * 12))
        assert judged(thread).relevance is Relevance.PASSING

    def test_with_the_label_they_do(self) -> None:
        remarks = said(*["Same on MI300X."] * 3)
        assert judged(issue("[Bug]: hang", remarks=remarks, labels=("rocm",))).relevance is Relevance.YES

    @pytest.mark.parametrize(("bot", "hidden"), [(True, False), (False, True)])
    def test_bots_and_hidden_comments_are_not_heard(self, *, bot: bool, hidden: bool) -> None:
        remarks = said("The AMD CI failed on MI300X.", bot=bot, hidden=hidden)
        assert judged(issue("[Bug]: hang", remarks=remarks)) == Judgement(Relevance.NONE)

    def test_a_near_miss_in_a_comment_is_named_as_one(self) -> None:
        thread = issue("[Bug]: hang", remarks=said("Images for arm64 and amd64."))
        assert judged(thread).relevance is Relevance.NONE
        assert reasons(thread) == 'comments: excluded "amd64" is the name of a CPU architecture'


def test_side_remarks_never_add_up() -> None:
    thread = pull(
        "Update PyTorch on CUDA, ROCm and XPU",
        "Implemented for cuda/rocm/xpu.",
        paths=(*(f"vllm/a{at}.py" for at in range(30)), "requirements/rocm.txt"),
        labels=("rocm", "a", "b", "c", "d", "e"),
        remarks=said("Same on MI300X."),
    )
    assert judged(thread).relevance is Relevance.PASSING


def test_evidence_on_the_page_is_short_and_on_one_line() -> None:
    thread = issue("[Bug]: hang", "ROCM used to build PyTorch : 6.3 <script>alert(1)</script> " + "x" * 200)
    (reason,) = judged(thread).reasons
    (quote,) = reason.quotes
    assert len(quote) <= 60
    assert "\n" not in quote


def test_a_text_longer_than_github_takes_is_read_at_both_ends() -> None:
    padding = "so it goes on and on " * 50_000
    assert judged(issue("[Bug]: hang", f"{padding}{ROCM_DUMP}")).relevance is Relevance.YES
    assert judged(issue("[Bug]: hang", f"{ROCM_DUMP}{padding}")).relevance is Relevance.YES


def f1(pairs: Iterable[tuple[str, Relevance]]) -> float:
    """The F1 score of YES; threads that should be PASSING are left out."""
    apart = [
        (expected == "yes", answer is Relevance.YES) for expected, answer in pairs if expected != "passing"
    ]
    right = sum(expected and answer for expected, answer in apart)
    return 2 * right / (sum(expected for expected, _ in apart) + sum(answer for _, answer in apart))


@pytest.mark.skipif(not SHARED.exists(), reason="the judged threads lie beside the project, not in it")
@pytest.mark.parametrize("as_comment", [True, False])
def test_judged_threads_come_out_as_judged(*, as_comment: bool) -> None:
    pairs = []
    for line in (SHARED / "amd_threads.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        make = issue if row["kind"] == "issue" else pull
        labels = tuple(row["labels"]) if row["labels_known"] else ()
        thread = make(row["title"], author=row["author"] or "ghost", labels=labels)
        if as_comment and row["seen"] == "discussion":
            thread = replace(thread, remarks=said(row["body_gist"]))
        else:
            thread = replace(thread, body=row["body_gist"])
        pairs.append((row["amd"], judged(thread).relevance))
    assert len(pairs) > 200
    assert f1(pairs) >= 0.99


@pytest.mark.skipif(not SHARED.exists(), reason="the recorded days lie beside the project, not in it")
def test_on_recorded_days_all_that_is_labelled_or_named_for_amd_is_in_or_explained() -> None:
    named = 0
    for path in sorted((SHARED / "days").glob("*.json")):
        for name, rows in json.loads(path.read_text(encoding="utf-8")).items():
            for row in rows if name.endswith(("issues", "prs")) else ():
                make = issue if name.endswith("issues") else pull
                thread = make(row["title"], author=row["author"], labels=tuple(row["labels"]))
                tagged = any(word in row["title"].lower() for word in ("amd", "rocm", "aiter", "quark"))
                if "rocm" in row["labels"] or tagged:
                    named += 1
                    assert judged(thread).reasons
                    assert not tagged or judged(thread).relevance is Relevance.YES
    assert named > 20


class TestHardware:
    @pytest.mark.parametrize(
        ("title", "body", "expected"),
        [
            ("[ROCm] Tune gfx942 (MI325X) and gfx950 (MI355X)", "", ("MI325X", "MI355X")),
            ("[ROCm] Tune gfx950", "On CDNA4.", ("gfx950", "CDNA4")),
            ("[Bug]: slow on Ryzen AI MAX+ 395", "", ("Ryzen AI MAX+ 395",)),
            ("[Bug]: slow on AMD Ryzen AI Max+ PRO 395", "", ("Ryzen AI Max+ PRO 395",)),
            ("[Bug]: slow on AMD Ryzen AI 9 HX PRO 370", "", ("Ryzen AI 9 HX PRO 370",)),
            ("[Bug]: slow on two 7900 XTX", "An RX 7900 XTX is slow.", ("RX 7900 XTX",)),
            ("[Bug]: slow on 2x R9700s", "", ("R9700",)),
            ("[Bug]: slow on Radeon AI PRO R9700", "", ("Radeon AI PRO R9700",)),
            ("[ROCm] Tune for mi300x", "MI300 has it; mi300x, too.", ("MI300X",)),
            ("[ROCm] Tune for MI355X", "MI300X, again MI300X.", ("MI355X", "MI300X")),
            ("[ROCm] Tune it", "Add device_name=AMD_Radeon_8060S.json.", ("Radeon 8060S",)),
            ("[Bug]: ROCm crashes on strix-halo", "", ("Strix Halo",)),
            ("[Bug]: ROCm crashes", "RuntimeError: it requires MI300X or newer. I have a W7900.", ("W7900",)),
            ("[Bug]: ROCm crashes", "FP8 is only supported on gfx942.", ("gfx942",)),
            (
                "[Bug]: ROCm crashes",
                f"Not on an MI250:\n```\nonly MI300X\n```\n{ROCM_DUMP}",
                ("MI250", "MI300X"),
            ),
            ("[CI Failure]: mi355_1: LM Eval (4xH100-4xMI355)", "", ("MI355",)),
            ("[ROCm] Fix a race", "", ()),
        ],
    )
    def test_cards_come_before_codes_and_what_is_used_before_what_is_asked_for(
        self, title: str, body: str, expected: tuple[str, ...]
    ) -> None:
        assert judged(issue(title, body)).hardware == expected

    def test_others_comments_count_where_the_author_names_none(self) -> None:
        remarks = said("Same on my RX 7900 XTX.", "gfx1100 here.")
        assert judged(issue("[Bug]: ROCm crashes", remarks=remarks)).hardware == ("RX 7900 XTX",)
        named = issue("[Bug]: ROCm crashes", "On MI210.", remarks=remarks)
        assert judged(named).hardware == ("MI210",)
        mine = issue("[Bug]: ROCm crashes", remarks=(*remarks, *said("It is an MI250X.", by="reporter")))
        assert judged(mine).hardware == ("MI250X",)


class TestTopics:
    @pytest.mark.parametrize(
        ("title", "expected"),
        [
            ("[ROCm][CI] Fix a flaky fused MoE kernel test", "ci"),
            ("[ROCm][CI] Accept other logits of the fused MoE kernel", "ci"),
            ("[ROCm][Perf] Enable W4A16 MoE in FlyDSL", "kernels"),
            ("[Docs][ROCm] MoRI-IO connector guide", "docs"),
            ("[ROCm][Quantization] Refactor quark_moe", "quantization"),
            ("[New Model][ROCm] Add DeepSeek V4", "models"),
            ("[ROCm] Fix DeepSeek V4 functionality", "models"),
            ("[Bug]: GPU hang on MI325 when serving MiniMax-M2.1-MXFP4", "models"),
            ("[ROCm] Speed up attention for Qwen3-8B-FP8", "kernels"),
            ("[ROCm] Bump AITER to v0.1.22", "builds"),
            ("[ROCm] Enable all archs in the Docker image", "builds"),
            ("[PD] KV transfer with MORI-IO", "distributed"),
            ("[Usage]: disaggregated Prefill-Decode on MI308X", "distributed"),
            ("[ROCm] Add a simple offload connector", "distributed"),
            ("[Usage]: NCCL error on gfx1100", "distributed"),
            ("[ROCm] Unify ViT FlashAttention", "kernels"),
            ("[Bug]: VLLM_WSL2_ENABLE_PIN_MEMORY=1 is ignored on ROCm", "kernels"),
            ("[ROCm] Pin torch to 2.11", "builds"),
            ("[ROCm][Spec Decode] Optimize the Medusa proposer", "speculation"),
            ("[ROCm] Fix EAGLE3 with a draft model", "speculation"),
            ("[Bug]: MTP hangs on MI300X", "speculation"),
            ("[ROCm] Begin a deprecation window", ""),
        ],
    )
    def test_the_topic_is_what_a_title_is_about(self, title: str, expected: str) -> None:
        assert judged(pull(title)).topic == expected

    @pytest.mark.parametrize(
        ("paths", "expected"),
        [
            (("csrc/rocm/a.cu", "tests/models/test_a.py", "tests/models/test_b.py"), "kernels"),
            (("tests/models/test_a.py", "tests/quantization/test_b.py"), "ci"),
            (("vllm/model_executor/models/qwen3.py", "docs/models.md"), "models"),
            (("vllm/model_executor/layers/quantization/quark/quark.py",), "quantization"),
            (("docker/Dockerfile.rocm", "requirements/rocm.txt"), "builds"),
            (("docs/rocm.md",), "docs"),
            (("vllm/platforms/rocm.py",), ""),
        ],
    )
    def test_paths_tell_it_where_the_title_does_not(self, paths: tuple[str, ...], expected: str) -> None:
        assert judged(pull("[ROCm] Fix it", paths=paths)).topic == expected

    @pytest.mark.parametrize(
        ("title", "path", "expected"),
        [
            ("[ROCm][CI] Fallback for grouped_topk", "vllm/layers/fused_moe/fused_moe.py", "kernels"),
            ("[ROCm][CI] Fallback for grouped_topk", "tests/kernels/test_grouped_topk.py", "ci"),
            ("[ROCm][CI] Fallback for grouped_topk", "vllm/platforms/rocm.py", ""),
            (
                "[ROCm] Add an attention type for the MLA of EAGLE",
                "vllm/v1/spec_decode/eagle.py",
                "speculation",
            ),
            ("[ROCm] Add an attention type of MLA to EAGLE", "vllm/v1/worker/runner.py", "kernels"),
        ],
    )
    def test_the_changed_files_outweigh_a_word_of_the_title(
        self, title: str, path: str, expected: str
    ) -> None:
        change = replace(pull(title, paths=(path,)), changed_files=1)
        assert judged(change).topic == expected
        more = replace(change, changed_files=40)
        assert judged(more).topic == ("ci" if "[CI]" in title else judged(pull(title)).topic)
