"""Run a workflow's jobs on this machine: shell steps with bash, actions with stand-ins.

Implements what our workflows use of GitHub Actions: contexts, the operators and status functions of `if`,
outputs of steps and jobs, the summary, and that steps after a failed one are skipped.
"""

import re
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

Outputs = Mapping[str, str]
StandIn = Callable[[Mapping[str, str], Path], Outputs]
"""A stand-in for an action: takes its inputs and the workspace, returns its outputs."""

_EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
_PART = re.compile(r"'[^']*'|&&|\|\||!=?|\b[a-z]+(\(\)|(\.[\w-]+)*)")
_OPERATORS = {"&&": " and ", "||": " or ", "!": " not ", "!=": "!="}


@dataclass
class Job:
    """The result of a job: `success`, `failure` or `skipped`, the results of its steps, and its output."""

    result: str = "success"
    steps: dict[str, str] = field(default_factory=dict)
    outputs: Outputs = field(default_factory=dict)
    said: str = ""
    summary: str = ""


@dataclass(frozen=True)
class Runner:
    """A machine for jobs: its workspace, its environment, and the stand-ins for actions."""

    home: Path
    environ: Mapping[str, str]
    stand_ins: Mapping[str, StandIn]
    contexts: Mapping[str, Mapping[str, Any]]

    def run(self, workflow: Path, *, until: str = "") -> dict[str, Job]:
        """Run the jobs of a workflow in the order of the file, all or up to one of them."""
        jobs: dict[str, Job] = {}
        for name, plan in yaml.safe_load(workflow.read_text("utf-8"))["jobs"].items():
            if until in jobs:
                break
            needs = plan.get("needs", [])
            needed = {
                need: {"result": jobs[need].result, "outputs": jobs[need].outputs}
                for need in ([needs] if isinstance(needs, str) else needs)
            }
            contexts = {**self.contexts, "needs": needed}
            ok = all(one["result"] == "success" for one in needed.values())
            jobs[name] = Job(result="skipped")
            if _evaluate(plan.get("if", "success()"), contexts, ok=ok):
                jobs[name] = self._job(self.home / name, plan, contexts)
        return jobs

    def _job(self, home: Path, plan: Mapping[str, Any], contexts: Mapping[str, Any]) -> Job:
        job = Job()
        for folder in ("work", "temp"):
            (home / folder).mkdir(parents=True)
        steps: dict[str, Any] = {}
        known = {**contexts, "steps": steps}
        for step in plan["steps"]:
            title = step.get("name") or step["uses"].partition("@")[0]
            outcome = "skipped"
            outputs: dict[str, str] = {}
            if _evaluate(step.get("if", "success()"), known, ok=job.result == "success"):
                ok, outputs = self._step(step, known, home, job)
                outcome = "success" if ok else "failure"
            if outcome == "failure":
                job.result = outcome
            job.steps[title] = outcome
            steps[step.get("id", title)] = {"outcome": outcome, "outputs": outputs}
        job.outputs = {key: _fill(text, known) for key, text in plan.get("outputs", {}).items()}
        return job

    def _step(
        self, step: Mapping[str, Any], known: Mapping[str, Any], home: Path, job: Job
    ) -> tuple[bool, dict[str, str]]:
        named = step.get("with", step.get("env", {}))
        given = {key: _fill(_text(value), known) for key, value in named.items()}
        if "uses" in step:
            return True, dict(self.stand_ins[step["uses"].partition("@")[0]](given, home / "work"))
        output, summary = home / "temp/output", home / "temp/summary"
        for path in (output, summary):
            path.write_text("", "utf-8")
        places = {"GITHUB_OUTPUT": output, "GITHUB_STEP_SUMMARY": summary, "RUNNER_TEMP": home / "temp"}
        # As the runner calls it for `shell: bash`.
        ran = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=home / "work",
            env={**self.environ, **given, **{name: str(path) for name, path in places.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        job.said += ran.stdout
        job.summary += summary.read_text("utf-8")
        return ran.returncode == 0, _outputs(output.read_text("utf-8"))


def _outputs(text: str) -> dict[str, str]:
    """Parse `name=value`, and `name<<END` with the lines up to `END`."""
    long = re.compile(r"^(\w+)<<(\w+)\n(.*?)^\2$\n?", re.MULTILINE | re.DOTALL)
    short = dict(line.split("=", 1) for line in long.sub("", text).splitlines())
    return short | {name: value.removesuffix("\n") for name, _, value in long.findall(text)}


def _fill(text: str, contexts: Mapping[str, Any]) -> str:
    """A value with its expressions replaced, as the runner writes them."""

    return _EXPRESSION.sub(lambda match: _text(_evaluate(match[1], contexts, ok=True)), text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _evaluate(expression: str, contexts: Mapping[str, Any], *, ok: bool) -> Any:
    """The value of an expression. `ok`: whether all earlier steps succeeded."""
    inner = match[1] if (match := _EXPRESSION.fullmatch(expression.strip())) else expression
    functions = {"success()": ok, "failure()": not ok, "always()": True, "cancelled()": False}

    def python(match: re.Match[str]) -> str:
        part = match[0]
        if part in _OPERATORS or part.startswith("'"):
            return _OPERATORS.get(part, part)
        return repr(functions[part] if part in functions else _look_up(part, contexts))

    return eval(_PART.sub(python, inner).strip(), {"__builtins__": {}})  # noqa: S307 - our own workflows


def _look_up(path: str, contexts: Mapping[str, Any]) -> Any:
    """The value at a path such as `needs.report.outputs.pages`; empty if there is none."""
    value: Any = contexts
    for key in path.split("."):
        value = value.get(key, "") if isinstance(value, Mapping) else ""
    return value
