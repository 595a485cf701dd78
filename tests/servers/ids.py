"""Node ids and cursors, opaque to clients as GitHub's are."""

from __future__ import annotations

import base64
import binascii
import json

_PREFIXES = {
    "Issue": "I_kwDO",
    "PullRequest": "PR_kwDO",
    "PullRequestReview": "PRR_kwDO",
    "Repository": "R_kgDO",
    "ClosedEvent": "CE_lADO",
    "MergedEvent": "ME_lADO",
    "ReopenedEvent": "REE_lADO",
    "MarkedAsDuplicateEvent": "MADE_lADO",
    "UnmarkedAsDuplicateEvent": "UADE_lADO",
}


def node_id(kind: str, *numbers: int) -> str:
    """The global id of a node; the review with id 8 in pull request 7 is `("PullRequestReview", 7, 8)`."""
    return _PREFIXES[kind] + _encode([kind, *numbers])


def read_node_id(text: str) -> tuple[str, tuple[int, ...]] | None:
    """The kind and the numbers behind a global id, or `None` when it is no such id."""
    for kind, prefix in _PREFIXES.items():
        if text.startswith(prefix):
            values = _decode(text.removeprefix(prefix))
            if values and values[0] == kind and all(isinstance(value, int) for value in values[1:]):
                return kind, tuple(int(str(value)) for value in values[1:])
    return None


def cursor(*values: int) -> str:
    """A cursor that stands for the values an entry is sorted by, so it survives changes before it."""
    return _encode(["cursor", *values])


def read_cursor(text: str) -> tuple[int, ...] | None:
    """The values behind a cursor, or `None` when it is none."""
    values = _decode(text)
    if values and values[0] == "cursor" and all(isinstance(value, int) for value in values[1:]):
        return tuple(int(str(value)) for value in values[1:])
    return None


def _encode(values: list[str | int]) -> str:
    return base64.urlsafe_b64encode(json.dumps(values, separators=(",", ":")).encode()).decode().rstrip("=")


def _decode(text: str) -> list[object] | None:
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (binascii.Error, ValueError):
        return None
    return values if isinstance(values, list) and values else None
