"""What can go wrong at GitHub, and when: `github.fault(bad_gateway(), operation="Details", times=2)`.

An effect takes an `Exchange` and hands back the answer to be sent; `exchange.real()` is the answer
that GitHub would have given. A test may write its own.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.servers.answers import Answer, Call, Ending

if TYPE_CHECKING:
    from tests.servers.github import GitHub

DOCS = "https://docs.github.com/rest"
HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body><h1>{0}</h1></body>\r\n</html>\r\n"


@dataclass(frozen=True)
class Exchange:
    """A call that a fault was found for."""

    github: GitHub
    call: Call
    real: Callable[[], Answer]

    @property
    def now(self) -> datetime:
        return self.github.now


Effect = Callable[[Exchange], Answer]
When = Callable[[Call], bool]


@dataclass
class Fault:
    """A rule: what happens to which of the calls.

    It counts the calls that fit `operation` and `when`, and strikes from the `nth` of them on (the
    first is 1), `times` times; `None` is always.
    """

    effect: Effect
    operation: str | None = None
    when: When | None = None
    nth: int = 1
    times: int | None = 1
    seen: int = 0
    """How many calls have fitted so far."""

    def strikes(self, call: Call) -> bool:
        if self.operation not in {None, call.operation} or (self.when and not self.when(call)):
            return False
        self.seen += 1
        return self.nth <= self.seen and (self.times is None or self.seen < self.nth + self.times)


# When.


def bigger_than(size: int) -> When:
    """Calls for more than so many threads by id or number."""
    return lambda call: len(call.numbers) > size


def asks_for(*numbers: int) -> When:
    """Calls for any of these threads by id or number."""
    return lambda call: not set(numbers).isdisjoint(call.numbers)


# The connection.


def _ends(ending: Ending) -> Effect:
    return lambda exchange: replace(exchange.real(), ending=ending)


def hang() -> Effect:
    """No answer; ends when the client disconnects or the server closes."""
    return _ends(Ending.SILENT)


def hang_in_body() -> Effect:
    """Half of the body, then silence."""
    return _ends(Ending.SILENT_IN_BODY)


def reset() -> Effect:
    """The connection is reset before the answer."""
    return _ends(Ending.RESET)


def reset_in_body() -> Effect:
    """The connection is reset after half of the body."""
    return _ends(Ending.RESET_IN_BODY)


def drip() -> Effect:
    """The body comes byte by byte, for hours."""
    return _ends(Ending.DRIP)


def drip_head() -> Effect:
    """So does the head."""
    return _ends(Ending.DRIP_HEAD)


def short_body() -> Effect:
    """Half of the promised body, then an orderly end."""
    return _ends(Ending.SHORT_BODY)


# Invalid answers.


def says(status: int, payload: Any = None, *, text: str | None = None, **headers: str) -> Effect:
    """Any answer; `retry_after="3"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Answer(status, payload, text, named)


def bad_gateway() -> Effect:
    """502 with the web server's page, as after a query of over ten seconds."""
    return says(502, text=HTML.format("502 Bad Gateway"), content_type="text/html")


def gateway_timeout() -> Effect:
    """504 in JSON."""
    text = "We couldn't respond to your request in time. Sorry about that."
    return says(504, {"message": text, "documentation_url": DOCS})


def query_timed_out(status: int = 502) -> Effect:
    """GraphQL's message for a query that took too long; also seen with status 200."""
    text = (
        "Something went wrong while executing your query. This may be the result of a timeout, "
        "or it could be a GitHub bug. Please include `0B1C:2D3E` when reporting this issue."
    )
    return says(status, {"data": None, "errors": [{"message": text}]})


def html_page() -> Effect:
    """200 with a page instead of JSON."""
    return says(200, text=HTML.format("Unicorn!"), content_type="text/html")


def empty_body() -> Effect:
    """200 with nothing in it."""
    return says(200, text="")


def cut_json() -> Effect:
    """The first half of the answer's JSON in a response that is whole."""

    def effect(exchange: Exchange) -> Answer:
        real = exchange.real()
        text = json.dumps(real.payload)
        return replace(real, text=text[: len(text) // 2])

    return effect


def inflated(size: int) -> Effect:
    """An answer of some kilobytes that has so many bytes when it is unpacked."""
    packed = gzip.compress(b"{" + b" " * size + b"}")
    return lambda _: Answer(raw=packed, headers={"content-encoding": "gzip"})


def bad_credentials() -> Effect:
    """401, as after a token was revoked."""
    return lambda _: BAD_CREDENTIALS


BAD_CREDENTIALS = Answer(401, {"message": "Bad credentials", "documentation_url": DOCS, "status": "401"})


# Limits.


def _limit_headers(now: datetime, wait: int) -> dict[str, str]:
    reset_at = int((now + timedelta(seconds=wait)).timestamp())
    return {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(reset_at)}


def rate_limited(wait: int = 3_600) -> Effect:
    """The hour's points are spent: 200 with an error, and the reset in `wait` seconds."""
    error = {"type": "RATE_LIMITED", "message": "API rate limit already exceeded for user ID 1."}
    return lambda exchange: Answer(payload={"errors": [error]}, headers=_limit_headers(exchange.now, wait))


def rate_limit_exceeded(wait: int = 3_600) -> Effect:
    """The hour's requests are spent: 403, and the reset in `wait` seconds."""
    payload = {"message": "API rate limit exceeded for user ID 1.", "documentation_url": DOCS}
    return lambda exchange: Answer(403, payload, headers=_limit_headers(exchange.now, wait))


SECONDARY = {
    "message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    "documentation_url": f"{DOCS}/overview/rate-limits-for-the-rest-api#about-secondary-rate-limits",
}


def secondary_limit(status: int = 403, *, retry_after: int | None = None) -> Effect:
    """The limit on speed: 403 or 429, with Retry-After in seconds or without; 200 is GraphQL's way."""
    headers = {} if retry_after is None else {"retry_after": str(retry_after)}
    if status == 200:
        return says(200, {"errors": [{"type": "RATE_LIMITED", "message": SECONDARY["message"]}]}, **headers)
    return says(status, SECONDARY, **headers)


# Data with holes.


def resource_limits_exceeded(keep: int = 0) -> Effect:
    """Part of the data: of each list of nodes the first `keep`, nulls after them, an error for each."""

    def blank(_: Exchange, data: dict[str, Any]) -> Iterator[list[str | int]]:
        for name, value in data.items():
            if isinstance(value, list):
                for place in range(keep, len(value)):
                    value[place] = None
                    yield [name, place]
            elif name != "rateLimit" and not keep:
                data[name] = None
                yield [name]

    return _with_holes(blank, "RESOURCE_LIMITS_EXCEEDED", "Resource limits for this query exceeded.")


def null_nodes(*numbers: int) -> Effect:
    """Nulls in the places of these threads, and no error at all."""

    def holes(exchange: Exchange, data: dict[str, Any]) -> Iterator[list[str | int]]:
        for holder, key, _ in _threads(exchange, data, numbers):
            holder[key] = None
        yield from ()

    return _with_holes(holes, "", "")


def broken_field(
    number: int, field: str, *, kind: str = "SERVICE_UNAVAILABLE", message: str = "Something went wrong."
) -> Effect:
    """A null in one field of one thread, with an error that has the path to it."""

    def holes(exchange: Exchange, data: dict[str, Any]) -> Iterator[list[str | int]]:
        for holder, key, path in _threads(exchange, data, (number,)):
            if field in holder[key]:
                holder[key][field] = None
                yield [*path, field]

    return _with_holes(holes, kind, message)


Holes = Callable[[Exchange, dict[str, Any]], Iterator[list[str | int]]]


def _with_holes(holes: Holes, kind: str, message: str) -> Effect:
    """The real answer after `holes` blanked parts of its data; an error for each path it gives."""

    def effect(exchange: Exchange) -> Answer:
        real = exchange.real()
        payload: dict[str, Any] = dict(real.payload)
        errors = [
            {"type": kind, "path": path, "message": message} for path in holes(exchange, payload["data"])
        ]
        if errors:
            payload["errors"] = [*payload.get("errors", ()), *errors]
        return replace(real, payload=payload)

    return effect


def _threads(
    exchange: Exchange, data: dict[str, Any], numbers: tuple[int, ...]
) -> Iterator[tuple[Any, Any, list[str | int]]]:
    """Holder, key and path of each of these threads that was asked for by id or number."""
    for name, value in data.items():
        if isinstance(value, list):
            for place, node in enumerate(value):
                if node and node.get("number") in numbers:
                    yield value, place, [name, place]
        elif name == "repository" and value:
            for key, node in value.items():
                if isinstance(node, dict) and node.get("number") in numbers:
                    yield value, key, [name, key]
        elif name == "node" and value and set(exchange.call.numbers) & set(numbers):
            yield data, name, [name]


# Events during a request.


def meanwhile(action: Callable[[GitHub], None]) -> Effect:
    """Calls a function just before the correct answer, for example one that advances `github.now`."""

    def effect(exchange: Exchange) -> Answer:
        action(exchange.github)
        return exchange.real()

    return effect
