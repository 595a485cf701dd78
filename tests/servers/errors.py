"""Error responses of GitHub's GraphQL API."""

from __future__ import annotations


class RefusedError(Exception):
    """An entry of `errors` in the answer: its `type`, for example NOT_FOUND, and its message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
