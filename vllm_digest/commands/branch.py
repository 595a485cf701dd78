"""`vllm-digest pull` and `vllm-digest push`: the archive's folder and the branch that keeps it."""

from pathlib import Path

from vllm_digest.errors import PageError, UsageError
from vllm_digest.options import BranchOptions
from vllm_digest.pagecheck import breakage
from vllm_digest.printing import print_product
from vllm_digest.publish.branch import DataBranch
from vllm_digest.publish.git import Git
from vllm_digest.runtime import Runtime, resolve


def pull(runtime: Runtime, options: BranchOptions) -> None:
    """Bring what is published into the archive's folder."""
    _data_branch(runtime, options).pull()


def push(runtime: Runtime, options: BranchOptions) -> None:
    """Publish what only stands in the archive's folder; print its pages' paths."""
    pushed = _data_branch(runtime, options).push()
    for page in pushed.pages:
        print_product(f"{page}\n")
    if pushed.aside:
        raise PageError.of_several(len(pushed.aside))


def _data_branch(runtime: Runtime, options: BranchOptions) -> DataBranch:
    root = resolve(runtime, options).archive.root
    now = runtime.clock()
    remote = options.remote or Git(Path(), runtime.environ, now).asked("remote", "get-url", "origin")
    if not remote:
        raise UsageError(
            "There is no repository to keep the reports in.",
            "Run this in a clone of it, or give its address to --remote.",
        )
    if Path(remote).exists():
        # Git works in another folder than the one this was said in.
        remote = str(Path(remote).absolute())
    git = Git(root, runtime.environ, now)
    return DataBranch(git, remote, options.branch, breakage, runtime.sleep, runtime.chance)
