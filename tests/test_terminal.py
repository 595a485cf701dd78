"""What a person sees at a terminal and a log does not: colors, progress, what to do next, completion."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import sample_author
from tests.authors import question
from tests.conftest import Run
from tests.servers.model import Asked, ModelServer

PROGRAM = str(Path(sys.executable).with_name("vllm-digest"))


def at_terminal(*arguments: str, **environ: str) -> str:
    """All that the program shows where both its streams are a terminal."""
    ours, theirs = os.openpty()
    known = {"PATH": os.defpath, "HOME": str(Path.cwd()), **environ}
    known |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    subprocess.run([PROGRAM, *arguments], env=known, stdout=theirs, stderr=theirs, check=False)
    os.close(theirs)
    seen = os.read(ours, 100_000).decode()
    os.close(ours)
    return seen.replace("\r\n", "\n")


def test_doctor_s_findings_have_colors_unless_somebody_objects() -> None:
    seen = at_terminal("doctor")
    assert "\x1b[32m\x1b[1mok    \x1b[0mconfiguration: " in seen
    assert "\x1b[31m\x1b[1mFAIL  \x1b[0mGitHub: There is no GitHub token." in seen
    plain = at_terminal("doctor", NO_COLOR="1")
    assert "\x1b" not in plain
    assert plain.startswith("ok    configuration: ")


@pytest.mark.parametrize(
    ("arguments", "step"),
    [
        (("run", "--sample"), "next: `vllm-digest doctor` says what"),
        (
            ("init", "pub"),
            "next: push pub to a repository on GitHub; pub/README.md has the three clicks left to do",
        ),
    ],
)
def test_what_to_do_next_is_one_line(arguments: tuple[str, ...], step: str) -> None:
    assert at_terminal(*arguments).splitlines()[-1].startswith(step)


def test_a_person_sees_how_far_the_model_is(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def sampled(asked: Asked) -> dict[str, object]:
        return sample_author.answer(question(asked))

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with ModelServer(sampled) as server:
        said = run("run", "--sample", environ=server.environ).err
    counts = [one.partition("\n")[0] for one in said.split("\r\x1b[Kmodel: ")[1:]]
    most = len(counts)
    assert most > 2
    assert counts == [f"{number} of {most}" for number in range(1, most + 1)]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_completes_commands_and_options(shell: str) -> None:
    def said(**environ: str) -> str:
        known = {**os.environ, **environ}
        return subprocess.run([PROGRAM], env=known, capture_output=True, check=True, text=True).stdout

    assert "vllm-digest" in said(_VLLM_DIGEST_COMPLETE=f"{shell}_source")
    words = {"COMP_WORDS": "vllm-digest roll", "COMP_CWORD": "roll" if shell == "fish" else "1"}
    assert "rollup" in said(_VLLM_DIGEST_COMPLETE=f"{shell}_complete", **words)
