"""`vllm-digest pull` and `vllm-digest push`: the archive's folder and the branch that keeps it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from vllm_digest.archive import lock_whole
from vllm_digest.errors import PageError, UsageError
from vllm_digest.languages import LANGUAGES
from vllm_digest.options import BranchOptions, PullOptions
from vllm_digest.pagecheck import find_problem
from vllm_digest.printing import print_product
from vllm_digest.publish.branch import DataBranch
from vllm_digest.publish.git import Git
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime, resolve
from vllm_digest.sections import outline
from vllm_digest.window import parse_length

_WAIT = timedelta(minutes=30)
"""How long to wait for a run, unless --wait says otherwise; with a model one may take half an hour."""


def pull(runtime: Runtime, options: PullOptions) -> None:
    """Bring what is published into the archive's folder."""
    with _data_branch(runtime, options) as branch:
        branch.pull(accepts_removals=options.accept_removals)


def push(runtime: Runtime, options: BranchOptions) -> None:
    """Publish what only stands in the archive's folder; print its pages' paths."""
    with _data_branch(runtime, options) as branch:
        pushed = branch.push()
    for page in pushed.pages:
        print_product(f"{page}\n")
    if pushed.aside:
        raise PageError.of_several(len(pushed.aside))


@contextmanager
def _data_branch(runtime: Runtime, options: BranchOptions) -> Iterator[DataBranch]:
    """The branch and its folder, which nobody else works in meanwhile."""
    archive, now = resolve(runtime, options).archive, runtime.clock()
    around = Git(Path(), runtime.environ, now, looks_up=True)
    remote = options.remote or around.asked("remote", "get-url", "origin")
    if not remote:
        raise UsageError(
            "There is no repository to keep the reports in.",
            "Run this in a clone of it, or give its address to --remote.",
        )
    if Path(remote).exists():
        # Git works in another folder than the one this was said in.
        remote = str(Path(remote).absolute())
    git = Git(archive.root, runtime.environ, now)
    wait = parse_length(options.wait) if options.wait else _WAIT
    with lock_whole(archive.root, wait=wait, sleep=runtime.sleep):
        yield DataBranch(archive, git, remote, options.branch, _find_problem, runtime.sleep, runtime.chance)


def _find_problem(report: Report, page: str) -> str:
    """Why a stored page may not be published; it may be in any language."""
    problems = [find_problem(page, outline(report.digest, language)) for language in LANGUAGES]
    return "" if "" in problems else problems[0]
