"""A client's request and the server's response."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from tests.servers.ids import read_node_id


@dataclass(frozen=True)
class Call:
    """One request in the log."""

    method: str
    path: str
    operation: str
    """A GraphQL operation's name, or `unknown`."""
    variables: Mapping[str, Any]
    """A GraphQL operation's variables."""
    document: str = ""
    """The GraphQL text."""
    cost: int = 0
    """Points of the rate limit."""
    nodes: int = 0
    """The largest number of nodes that a query can return."""
    at: datetime | None = None
    """The simulated time."""

    @property
    def numbers(self) -> list[int]:
        """Numbers of the threads requested by id, or by number in the text."""
        read = (read_node_id(value) for value in _strings(self.variables))
        by_id = [numbers[0] for _, numbers in filter(None, read)]
        return by_id + [int(number) for number in re.findall(r"\(number: (\d+)\)", self.document)]


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner)


class Ending(Enum):
    """What happens to a connection while an answer is sent."""

    WHOLE = auto()
    SHORT_BODY = auto()
    """Half of the body is sent, then the connection is closed in order."""
    RESET_IN_BODY = auto()
    SILENT_IN_BODY = auto()
    """Half of the body is sent, then nothing until the client goes away."""
    RESET = auto()
    """The connection is reset before a single byte."""
    SILENT = auto()
    """Not a single byte until the client goes away."""
    DRIP = auto()
    """The body comes byte by byte, always in time for the next read, for hours."""
    DRIP_HEAD = auto()
    """So does the head."""


@dataclass(frozen=True)
class Answer:
    """A response; `payload` is sent as JSON, unless there is a `text` or, to send what is none, `raw`."""

    status: int = 200
    payload: Any = None
    text: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    ending: Ending = Ending.WHOLE
    raw: bytes | None = None

    @property
    def body(self) -> bytes:
        if self.raw is not None:
            return self.raw
        return (json.dumps(self.payload) if self.text is None else self.text).encode()


class Budget:
    """The points of a rate limit: a number an hour, counted from the first request."""

    def __init__(self, resource: str, limit: int) -> None:
        self.resource = resource
        self.limit = limit
        self.used = 0
        self.reset_at: datetime | None = None

    def renew(self, now: datetime) -> datetime:
        """Starts a new hour if the old one has ended; returns the time of the next reset."""
        if self.reset_at is None or now >= self.reset_at:
            self.used = 0
            self.reset_at = now + timedelta(hours=1)
        return self.reset_at

    def spend(self, cost: int, now: datetime) -> bool:
        """Whether there was enough left."""
        self.renew(now)
        enough = self.used + cost <= self.limit
        self.used = self.used + cost if enough else self.limit
        return enough

    def wait(self, now: datetime) -> int:
        """Seconds until the next reset."""
        return int((self.renew(now) - now).total_seconds())

    def headers(self, now: datetime) -> dict[str, str]:
        reset_at = self.renew(now)
        return {
            "x-ratelimit-limit": str(self.limit),
            "x-ratelimit-remaining": str(self.limit - self.used),
            "x-ratelimit-used": str(self.used),
            "x-ratelimit-reset": str(int(reset_at.timestamp())),
            "x-ratelimit-resource": self.resource,
        }
