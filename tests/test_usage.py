"""Changes that alter how the software is used are known by title, label, body mark and path."""

from typing import Any

import pytest

from tests.values import WINDOW, digest, issue, pull
from vllm_digest.digest.highlights import usage_rows, verdict_counts
from vllm_digest.facts import UsageChange
from vllm_digest.render import render
from vllm_digest.report import Provenance, Report


def kinds(title: str = "A change", **fields: object) -> list[str]:
    return [one.kind.value for one in digest(pull(1, title, merged_at=1, **fields)).thread(1).usage]


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("[V0 Deprecation] Warn about the old engine", "deprecation"),
        ("Remove `--enable-old-path`", "removal"),
        ("Drop support for Python 3.9", "removal"),
        ("[Core] Removed VLLM_USE_V1", "removal"),
        ("Rename `--max-len` to `--max-model-len`", "rename"),
        ("Add `--swap-space` to serve", "option"),
        ("[Frontend] Introduce a CLI flag for logging", "option"),
        ("[ROCm] Add VLLM_ROCM_FAST_PATH", "variable"),
        ("Use the new runner by default", "default"),
        ("Change default block size to 32", "default"),
        ("Bump torch to 2.9", "pin"),
        ("Update transformers to 5.0", "pin"),
        ("[Breaking] New output format", "breaking"),
        ("Add an env var for the cache", "variable"),
        ("Use triton_attn as default attention", "default"),
        ("[ROCm][Bugfix]: Disable AITER by default", "default"),
        ("[Quantization] Bump to use latest compressed-tensors", "pin"),
    ],
)
def test_a_title_tells_what_changes(title: str, kind: str) -> None:
    assert kind in kinds(title)


@pytest.mark.parametrize(
    "title",
    [
        "Fix a crash in the scheduler",
        "Remove unused import",
        "[CI] Bump the agent image",
        "[Docs] Describe the default backend",
        "Rename runner.py to engine.py",
        "Non-breaking cleanup",
        "Add a test",
        "Faster default path",
        "Fix crash when the default value is None",
        "Fix a hang with chunked prefill by default",
        "Use pinned memory for KV transfer",
        "Pin threads to cores",
        "Support rolling upgrades",
        "Bump actions/checkout from 6.0.0 to 6.0.1",
        "[Bug][Metrics] Remove a vacuous assertion breaking external-launcher",
        "Adapt to a breaking change of transformers 5.0",
        "Update tests to remove deprecated env vars",
        "[3/n] Remove usage of deprecated `seq_lens_cpu` properties",
        "Silence deprecation warnings",
        "[MoE][Refactor] Remove most arguments to FusedMoEMethodBase.apply",
        "Accuracy drops with MRV2 when FULL_DECODE_ONLY",
        "Add tip for VLLM_USE_PRECOMPILED arg",
        "Add a TRITON_MLA kernel for FP8_E4M3",
        "Enable eplb with default all2all backend",
        "Use default stream",
        'Revert "Add `--swap-space` to serve"',
        'Revert "[V0 Deprecation] Warn about the old engine"',
    ],
)
def test_a_title_that_tells_of_inner_work_tells_nothing(title: str) -> None:
    assert kinds(title) == []


def test_labels_body_marks_and_paths_tell_it_too() -> None:
    assert kinds(labels=("breaking-change",)) == ["breaking"]
    assert kinds(body="Text.\n\nBREAKING CHANGE: the API is gone.") == ["breaking"]
    assert kinds(body="```\nBREAKING CHANGE: no\n```") == []
    assert kinds(paths=("vllm/envs.py", "vllm/a.py")) == ["variable"]
    assert kinds(paths=("requirements/common.txt", "vllm/config/model.py")) == ["option", "pin"]
    assert kinds(paths=("requirements/test/rocm.txt", "tests/vllm/envs.py")) == []


@pytest.mark.parametrize(
    ("fields", "is_told"),
    [
        ({"body": "Runs CI. **Not for merge.**"}, False),
        ({"title": "[DO NOT MERGE] Bump torch to 2.9"}, False),
        ({"title": "[WIP] Bump torch to 2.9"}, False),
        ({"body": "WIP: needs tests."}, False),
        ({"draft": True}, False),
        ({"body": "Do not merge before #2 is in."}, True),
        ({"body": "Runs CI."}, True),
        ({"body": "Not for merge.", "merged_at": 1}, True),
    ],
)
def test_what_is_not_for_merging_changes_nothing_for_users(fields: dict[str, Any], is_told: bool) -> None:
    shown = usage_rows(digest(pull(1, created_at=0, **{"title": "Bump torch to 2.9", **fields})))
    assert bool(shown) is is_told


def test_each_kind_is_told_once_with_what_tells_it() -> None:
    both = pull(1, "Deprecate VLLM_OLD", merged_at=1, labels=("deprecation",), paths=("vllm/envs.py",))
    usage = digest(both).thread(1).usage
    assert [(one.kind.value, one.source, one.quote) for one in usage] == [
        ("deprecation", "title", "Deprecate"),
        ("variable", "path", "vllm/envs.py"),
    ]
    assert all(isinstance(one, UsageChange) for one in usage)


def test_an_issue_changes_nothing() -> None:
    assert digest(issue(1, "Deprecate it", created_at=1)).thread(1).usage == ()


def test_a_changed_file_alone_is_told_as_such_and_not_counted() -> None:
    facts = digest(
        pull(1, "Move things", merged_at=1, paths=("vllm/config/model.py",)),
        pull(2, "Add `--swap-space`", merged_at=1),
    )
    assert [row.number for row in usage_rows(facts)] == [2, 1]
    assert verdict_counts(facts).usage == 1
    report = Report("2h", "UTC", facts, Provenance(WINDOW.end, "github", WINDOW.end, 0, 0, "0"))
    assert "：选项（改动 `vllm/config/model.py`）。" in render(report)
    assert ": options (changes `vllm/config/model.py`)." in render(report, "en")
