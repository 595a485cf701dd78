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
"""How long to wait for a run without --wait: with a model a run may take half an hour."""


def pull(runtime: Runtime, options: PullOptions) -> None:
    """Write the published reports into the archive's folder."""
    with _data_branch(runtime, options) as branch:
        branch.pull(accepts_removals=options.accept_removals)


def push(runtime: Runtime, options: BranchOptions) -> None:
    """Publish the reports that only the archive's folder has; print the paths of their pages."""
    with _data_branch(runtime, options) as branch:
        pushed = branch.push()
    for page in pushed.pages:
        print_product(f"{page}\n")
    if pushed.aside:
        raise PageError.of_several(len(pushed.aside))


@contextmanager
def _data_branch(runtime: Runtime, options: BranchOptions) -> Iterator[DataBranch]:
    """The branch, while its folder is locked."""
    archive, now = resolve(runtime, options).archive, runtime.clock()
    around = Git(Path(), runtime.environ, now, searches_parents=True)
    remote = options.remote or around.query("remote", "get-url", "origin")
    if not remote:
        raise UsageError(
            "There is no repository to keep the reports in.",
            "Run this in a clone of it, or give its address to --remote.",
        )
    if Path(remote).exists():
        # Git runs in another folder, so a relative path must become absolute.
        remote = str(Path(remote).absolute())
    git = Git(archive.root, runtime.environ, now)
    wait = parse_length(options.wait) if options.wait else _WAIT
    with lock_whole(archive.root, wait=wait, sleep=runtime.sleep):
        yield DataBranch(
            archive, git, remote, options.branch, _find_problem, runtime.sleep, runtime.random_fraction
        )


def _find_problem(report: Report, page: str) -> str:
    """Why a stored page may not be published, empty if it may; it can be in any language.

    A page stays as it was made when `report.languages` is changed later.
    """
    problems = [find_problem(page, outline(report.digest, language)) for language in LANGUAGES]
    return "" if "" in problems else problems[0]
