"""Derive the facts of each thread of a snapshot by rules: its subject, and its references to others. Pure."""

from vllm_digest.classify.rules import RepositoryWords, Rules
from vllm_digest.facts import Facts
from vllm_digest.models import Snapshot

__all__ = ["RepositoryWords", "Rules", "classify"]


def classify(snapshot: Snapshot, rules: Rules) -> Facts:
    """The facts of all threads of a snapshot; the same snapshot and rules give the same facts."""
    # Imported here: `Rules` is needed by every command, the rules' expressions only once there is a snapshot.
    from vllm_digest.classify.facts import facts

    repo_url = _repo_url(snapshot)
    return Facts(
        repo=snapshot.repo,
        repo_url=repo_url,
        window=snapshot.window,
        threads=tuple(
            facts(thread, snapshot.window, rules, snapshot.repo, repo_url) for thread in snapshot.threads
        ),
        gaps=snapshot.gaps,
    )


def _repo_url(snapshot: Snapshot) -> str:
    """The address of the repository's page, derived from its threads' addresses if it is not stored."""
    if snapshot.repo_url:
        return snapshot.repo_url
    # The address of a thread ends in `/issues/NUMBER` or `/pull/NUMBER`.
    for thread in snapshot.threads:
        return thread.url.rsplit("/", 2)[0]
    return f"https://github.com/{snapshot.repo}"
