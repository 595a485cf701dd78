"""Errors for refusals that no retry helps, with what a person can do.

The patterns are from GitHub's documentation of SAML single sign-on, IP allow lists and token policies, and
from responses seen.
"""

import re

from vllm_digest.errors import SourceError

_REMEDIES = (
    (
        r"saml",
        "The organization requires single sign-on. Open the token at GitHub under Settings, Developer "
        "settings, choose Configure SSO and authorize it for the organization.",
    ),
    (
        r"ip allow list|ip address is not permitted",
        "The organization has an IP allow list. Run this from an address on it, or ask an owner of the "
        "organization to add this machine's.",
    ),
    (
        r"token's lifetime",
        "The organization does not take a token that is valid for so long. Make one that its policy allows, "
        "and put it into GITHUB_TOKEN.",
    ),
    (
        r"forbids access via a personal access token \(classic\)",
        "The organization takes no classic tokens. Make a fine-grained one for this repository, with read "
        "access to its issues and pull requests, and put it into GITHUB_TOKEN.",
    ),
    (
        r"forbids access via a fine-grained",
        "The organization does not take this fine-grained token. Make one that its policy allows, and put it "
        "into GITHUB_TOKEN.",
    ),
    (
        r"not accessible by personal access token",
        "Give the fine-grained token access to this repository, with the permissions Issues: read and "
        "Pull requests: read.",
    ),
    (
        r"not accessible by integration",
        "Give the job `permissions: issues: read, pull-requests: read`, or the app these permissions.",
    ),
    (
        r"required scopes|insufficient_scopes",
        "Give the classic token the scope that is named (`public_repo`, or `repo` for a private repository).",
    ),
    (
        r"account was suspended|account has been (suspended|flagged)",
        "Use a token of another account, or ask GitHub's support.",
    ),
    (r"repository access blocked|dmca|unavailable", "GitHub has blocked the repository; nobody can read it."),
)
"""Patterns of GitHub's messages in lower case, with the remedy."""


def refusal(status: int, message: str) -> SourceError:
    """Return the error for a refusal. `status`: of HTTP. `message`: GitHub's, on one line."""
    known = next((remedy for words, remedy in _REMEDIES if re.search(words, message.lower())), "")
    said = f"{status} {message}".strip()
    if status == 401:
        return SourceError(
            f"GitHub refused the token ({said}).",
            known or "It may have expired or been revoked; make a new one and put it into GITHUB_TOKEN.",
        )
    if status == 403 or known:
        return SourceError(
            f"GitHub does not allow this ({said}).",
            known or "Give the token read access to the repository's issues and pull requests.",
        )
    if status == 407:
        return SourceError(
            f"A proxy on the way to GitHub asks for a login ({said}).",
            "Write the user and password into the proxy's address in the environment (HTTPS_PROXY).",
        )
    # GitHub says in JSON why it refuses; a response without that is from something else.
    if status in {404, 405, 410} or not message:
        return SourceError(
            f"There is no GraphQL API at this address ({said}).",
            "Check github.api_url: https://api.github.com, https://api.NAME.ghe.com, or https://HOST/api/v3 "
            "of a GitHub Enterprise Server.",
        )
    return SourceError(
        f"GitHub refused a request ({said}).",
        "If it happens again, this version does not work with that server: please report it.",
    )


def no_repository(repo: str) -> SourceError:
    """Return the error for a repository that GitHub does not know."""
    return SourceError(
        f"GitHub knows no repository {repo}, or the token may not see it.",
        "Check github.repo (OWNER/NAME) and what the token may read.",
    )
