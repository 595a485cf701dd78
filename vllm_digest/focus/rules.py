"""What an ecosystem such as AMD/ROCm is known by: the rules of `relevance`, as data."""

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vllm_digest.focus.patterns import ExactPattern, Finder, Meaning, Pattern, Rule
from vllm_digest.judgement import FocusWords

_AMD = "AMD"


def _check_words(words: tuple[str, ...]) -> tuple[str, ...]:
    if not words:
        raise ValueError("it needs a word at least; a section with a name of its own starts without any.")
    return words


class _Rules(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=False, use_attribute_docstrings=True)


class Exclusion(_Rules):
    """Texts that look like the ecosystem and are not."""

    because: Annotated[str, Field(min_length=1, max_length=40)]
    """Why not, in Chinese: on the page it follows the quoted text."""
    words: tuple[Pattern, ...]
    """The texts. Where one of them and a word of the ecosystem start together, the longer pattern wins."""


class Topic(_Rules):
    """A group of the chapter on a page with many threads."""

    name: Annotated[str, Field(min_length=1, max_length=40)]
    """Its name in Chinese."""
    words: tuple[Pattern, ...]
    """What tells it in a title, else in the changed files' paths; the first find decides."""


class FocusSettings(_Rules):
    """The ecosystem that has a chapter of its own.

    A section without `name` changes AMD/ROCm's rules; one with a name of its own starts from empty ones.
    """

    name: Annotated[str, Field(min_length=1, max_length=40)] = _AMD
    """The ecosystem's name within a sentence."""
    heading: Annotated[str, Field(min_length=1, max_length=60)] = "AMD/ROCm 生态相关动态"
    """The chapter's heading; without one it is the name and 生态相关动态."""
    labels: tuple[str, ...] = ("rocm", "amd")
    """Labels that the repository gives to its threads."""
    words: Annotated[tuple[Pattern, ...], AfterValidator(_check_words)] = (
        # The platform, its libraries and tools:
        # https://rocm.docs.amd.com/en/latest/reference/api-libraries.html
        *("ROCm", "ROCm#*", "AMD", "AMD CPUs and GPUs", "AMDGPU", "amdsmi", "AITER", "Quark", "RCCL"),
        *("RIXL", "MIOpen", "MIGraphX", "composable kernel", "CK tile", "TheRock", "FlyDSL", "MoRI EP"),
        *("MoRI IO", "MoRIIOConnector", "hipBLAS*", "hipSPARSE*", "hipcc", "hiprtc", "hipify*", "hipGraph*"),
        *("hipError*", "hipMem*", "hipMalloc*", "hipDevice*", "hipModule*", "hipEvent*", "hipStream*"),
        *("hipIpc*", "hipLaunch*", "hip_runtime", "hip_fp8*", "amdhip*", "libamdhip*", "c10_hip*"),
        *("libtorch_hip", "torch version hip", "is_hip"),
        *("rocBLAS", "rocprof*", "rocminfo", "rocSHMEM", "rocWMMA", "rocSPARSE", "roctracer", "ROCR"),
        *("HSA_OVERRIDE*", "HSA runtime", "hsaco", "zentorch", "ZenDNN*", "Zen CPU"),
        # vLLM's own: code that only runs there (csrc/rocm, quick_all_reduce, gfx942's fp8), its CI's queues.
        *("wvSplitK*", "wvSpltK*", "LLMM1", "quickreduce", "quick reduce", "quick all reduce"),
        *("fnuz", "e4m3fnuz", "e5m2fnuz", "amdproduction", "amdexperimental"),
        *("amdgcn", "gcnArchName", "MFMA", "Infinity Fabric"),
    )
    """What names the ecosystem and its software."""
    hardware: tuple[Pattern, ...] = (
        # https://rocm.docs.amd.com/en/latest/reference/gpu-arch-specs.html
        *("MI25", "MI50", "MI60", "MI1##", "MI2##*", "MI3##*", "MI4##*", "MI2xx", "MI3xx", "MI3#x", "MI4xx"),
        *("gfx#*", "Radeon", "Radeon #*", "Radeon RX ####*", "Radeon AI PRO R9700", "Navi ##*", "CDNA#"),
        *("RDNA", "RDNA#", "CDNA", "Strix Halo", "Strix Point", "Ryzen AI", "AMD Ryzen AI", "AI Max 395"),
        *("RX 5###*", "RX 6###*", "RX 7###*", "RX 9###*", "6800 XT*", "6900 XT*", "7800 XT*", "7900 XT*"),
        *("9060 XT", "9070 XT", "W7###", "W6800", "R9700", "V620", "V710"),
    )
    """What names its hardware; it counts like `words`, and the page shows which a thread names."""
    exact_words: tuple[ExactPattern, ...] = ("HIP",)
    """Words that count in this case only."""
    weak_words: tuple[ExactPattern, ...] = (
        *("Instinct", "CK", "MoRI", "MORI", "ATOM"),
        *("Skinny GEMM", "Skinny GEMMs", "skinny GEMM", "skinny GEMMs"),
    )
    """Words with other meanings, exact in case: they need another sign beside them."""
    paths: tuple[Pattern, ...] = ("hip",)
    """What names the ecosystem in a changed file's path, besides `words`."""
    machine: tuple[Pattern, ...] = (
        # Printed by vLLM's platform detection, rocm-smi, the runtimes ROCr and HIP.
        *("detected platform rocm", "Confirmed ROCm platform is available"),
        *("ROCm System Management Interface", "Weight between two GPUs", "Hops between two GPUs"),
        *("Link Type between two GPUs", "XGMI", "sramecc", "xnack", "HIP error", "HSA_STATUS_ERROR*"),
        *("rocdevice.cpp", "Memory access fault by GPU", "AMD_SERIALIZE_KERNEL"),
        # Its device and its images.
        *("dev/kfd", "rocm/vllm:", "rocm/vllm-dev", "rocm/pytorch:", "vllm-openai-rocm"),
    )
    """What only a machine of the ecosystem prints, or what is only run there."""
    dump_fields: tuple[Pattern, ...] = (
        # vllm/collect_env.py.
        *("ROCM used to build PyTorch", "HIP runtime version", "MIOpen runtime version", "ROCM Version"),
    )
    """Lines of an environment dump that have a value on such a machine, and `N/A` or the like elsewhere."""
    people: tuple[Pattern, ...] = ("amd",)
    """Parts of login names that tip a doubtful case, and are never enough alone."""
    exclusions: tuple[Exclusion, ...] = (
        Exclusion(
            because="是 CPU，不是 GPU",
            words=(
                *("AMD EPYC", "AuthenticAMD", "AMD Ryzen", "AMD Ryzen Threadripper", "AMD Threadripper"),
                *("AMD Opteron", "AMD Athlon", "AMD ####X", "AMD ####X3D", "AMD x86", "AMD CPU"),
                *("AMD CPUs", "AMD processor", "AMD processors"),
                *("CPU AMD", "CPU AMD EPYC", "CPU AMD Ryzen"),
                *("AMD-V", "AMD-Vi", "AMD IOMMU", "AMD SEV*", "AMD Rome", "AMD Milan"),
                *("AMD Genoa", "AMD Turin"),
                *("Ryzen # ####* w Radeon", "AMD Ryzen # ####* w Radeon", "AMD Ryzen # ####* with Radeon"),
                *("amd_lbr*", "amd_ppin", "amd_dcm", "amd_iommu", "amd_pstate*"),
            ),
        ),
        Exclusion(because="是处理器架构名", words=("amd64", "linux/amd64")),
        Exclusion(
            because="是 Python 的异步迭代",
            words=(
                *("__aiter__", "aiter(", "aiter_bytes", "aiter_raw", "aiter_lines"),
                *("aiter_text", "aiter_sse"),
            ),
        ),
        Exclusion(
            because="是任何平台都会打印的文字",
            words=(
                # vllm/platforms/__init__.py at debug level, vllm/_custom_ops.py, the default splitting_ops of
                # CompilationConfig, Triton's backends, Ray's variables.
                *("Checking if ROCm platform is available", "ROCm platform is not available"),
                *("module named amdsmi", "vllm._rocm_C", "vllm::rocm_aiter_sparse_attn_indexer"),
                *("triton/backends/amd", "triton.backends.amd", "rocm_platform_plugin"),
                *("NOSET_HIP_VISIBLE_DEVICES", "NOSET_ROCR_VISIBLE_DEVICES"),
            ),
        ),
        Exclusion(
            because="是提交模板的文字",
            # vLLM's pull request template of 2024.
            words=("prefix e g code Hardware AMD", "prefix e g Hardware AMD"),
        ),
    )
    """What looks like the ecosystem and is not."""
    peers: tuple[Pattern, ...] = (
        *("CUDA", "NVIDIA", "ROCm", "AMD", "TPU", "TPUs", "XPU", "XPUs", "Intel", "Gaudi", "HPU", "Neuron"),
        *("Trainium", "Inferentia", "Ascend", "NPU", "NPUs", "Metal", "MPS", "Apple", "OpenVINO"),
        *("cu###", "H100*", "H200", "H20", "H800", "A100*", "A800", "A10", "A10G", "A6000", "V100", "T4"),
        *("L4", "L40*", "B200", "B300", "GB200", "GB300", "GH200", "GB10", "RTX", "GeForce", "Tesla"),
        *("Quadro", "Blackwell", "Hopper", "Ampere", "MI2##*", "MI3##*", "CUTLASS", "FlashInfer"),
        *(
            "FLASH_ATTN",
            "FLEX_ATTENTION",
            "CPU_ATTN",
            "FlashMLA",
            "DeepGEMM",
            "Marlin",
            "TRTLLM",
            "TensorRT",
            "AWQ",
            "GPTQ",
            "Quark",
            "bitsandbytes",
        ),
        *("compressed-tensors", "ModelOpt", "torchao", "GGUF"),
    )
    """Other platforms, their hardware and software; those that are `words` too do not count.

    A text that names the ecosystem in one breath with these, or these more often, is not about it.
    """
    overviews: tuple[Pattern, ...] = ("Roadmap",)
    """A thread with these in its title is about the whole project, unless the title names the ecosystem."""
    topics: tuple[Topic, ...] = (
        Topic(
            name="内核与性能",
            words=(
                *(
                    "Perf",
                    "performance",
                    "kernel*",
                    "attention",
                    "attn*",
                    "flash-attn",
                    "MLA",
                    "AITER",
                    "MoE",
                ),
                *(
                    "FusedMoE",
                    "fused*",
                    "fusion*",
                    "GEMM*",
                    "wvSplitK*",
                    "Triton",
                    "torch.compile",
                    "HipGraph*",
                ),
                *(
                    "cudagraph*",
                    "all reduce",
                    "allreduce*",
                    "RCCL",
                    "hipBLAS*",
                    "RMSNorm*",
                    "RoPE",
                    "sampler",
                ),
                *("throughput", "latency", "speed*", "optimi*", "tune*", "tuning", "slow*", "fast*"),
            ),
        ),
        Topic(
            name="量化",
            words=(
                *("Quark", "quant*", "dequant*", "FP8*", "FP4*", "MXFP*", "NVFP4*", "INT4*", "INT8*", "W4A*"),
                *("W8A8*", "AWQ", "GPTQ", "GGUF", "bitsandbytes", "fnuz", "e4m3*", "PTPC*"),
            ),
        ),
        Topic(
            name="CI 与测试",
            words=(
                *("CI", "CI Failure", "test", "tests", "test_*", "testing", "flaky", "flakiness", "xfail"),
                *("MI3##_#", "buildkite", "amdproduction", "amdexperimental", "lm eval"),
            ),
        ),
        Topic(name="文档", words=("Doc", "Docs", "documentation", "README", "guide", "Blog")),
    )
    """How the chapter is grouped; what has none of these topics comes last."""

    @model_validator(mode="before")
    @classmethod
    def _start_empty_for_another(cls, values: Any) -> Any:
        """The rules of AMD/ROCm must not stay behind another ecosystem's name."""
        if not isinstance(values, dict) or values.get("name", _AMD) == _AMD:
            return values
        empty = {key: () for key in cls.model_fields if key not in {"name", "peers", "overviews", "topics"}}
        return empty | {"heading": f"{values['name']} 生态相关动态"} | values

    def compiled(self) -> "Focus":
        """The rules as `relevance.judge` takes them."""
        hardware = [*map(Rule, self.hardware)]
        names = [*map(Rule, self.words), *hardware, *(Rule(word, exact=True) for word in self.exact_words)]
        ours = Finder(names)
        others = (word for word in self.peers if not ours.found_in(_sample(word)))
        excluded = (
            Rule(word, Meaning.EXCLUDED, one.because) for one in self.exclusions for word in one.words
        )
        return Focus(
            words=FocusWords(self.name, self.heading, tuple(topic.name for topic in self.topics)),
            labels=frozenset(label.lower() for label in self.labels),
            texts=Finder(
                [
                    *excluded,
                    *(Rule(word, Meaning.MACHINE) for word in self.machine),
                    *(Rule(word, Meaning.FIELD) for word in self.dump_fields),
                    *names,
                    *(Rule(word, Meaning.WEAK, exact=True) for word in self.weak_words),
                ]
            ),
            paths=Finder([*names, *map(Rule, self.paths)]),
            people=Finder([*map(Rule, self.people)]),
            peers=Finder([*map(Rule, others), *(Rule(word, Meaning.EXCLUDED) for word in _NO_PLATFORM)]),
            overviews=Finder([*map(Rule, self.overviews)]),
            hardware=Finder(hardware),
            topics=Finder([Rule(word, because=topic.name) for topic in self.topics for word in topic.words]),
        )


def _sample(pattern: str) -> str:
    """A text that the pattern finds."""
    return pattern.replace("#", "0").replace("*", "")


@dataclass(frozen=True, slots=True)
class Focus:
    """The rules of `FocusSettings`, ready for use."""

    words: FocusWords
    labels: frozenset[str]
    """In small letters."""
    texts: Finder
    """Words, weak words, machine texts, dump fields and exclusions together."""
    paths: Finder
    people: Finder
    peers: Finder
    overviews: Finder
    hardware: Finder
    topics: Finder
    """A find's `because` is the topic's name."""


_NO_PLATFORM = ("CUDA_VISIBLE_DEVICES", "CUDA graph", "CUDA graphs", "cudagraph*", "torch.cuda", "cuda_alike")
"""CUDA's names that PyTorch and vLLM keep on other platforms."""
