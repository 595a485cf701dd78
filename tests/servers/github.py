"""A local server that imitates GitHub's GraphQL API."""

from __future__ import annotations

import hmac
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from tests.servers import schema
from tests.servers.answers import Answer, Budget, Call
from tests.servers.faults import (
    BAD_CREDENTIALS,
    DOCS,
    Effect,
    Exchange,
    Fault,
    When,
    rate_limited,
)
from tests.servers.views import Request, iso
from tests.servers.wire import Server
from tests.servers.world import World

NOT_FOUND = Answer(404, {"message": "Not Found", "documentation_url": DOCS, "status": "404"})
TOKEN = "a-token-for-the-local-server"  # noqa: S105 it opens nothing but this server


class GitHub:
    """Serves a world as it looks at the simulated time `now`: `with GitHub(world, now=…) as github:`.

    `world`, `now` and `index_lag` may be changed at any time. A mistake inside the server itself is
    raised when the context ends, so that no test can miss it.
    """

    def __init__(
        self,
        world: World,
        *,
        now: datetime,
        token: str = TOKEN,
        index_lag: timedelta = timedelta(0),
        limit: int = 5_000,
        latency: float = 0.0,
        unknown: tuple[str, str] | None = None,
    ) -> None:
        """`limit`: points an hour. `latency`: seconds for a whole request. `unknown`: a type and a field
        of it that this server is too old to have."""
        self.unknown = unknown
        self.world = world
        self.now = now
        self.token = token
        self.index_lag = index_lag
        self.requests: list[Call] = []
        """The log: all calls, answered well or badly."""
        self.faults: list[Fault] = []
        self.budget = Budget("graphql", limit)
        self._lock = threading.Lock()
        self._server = Server(self._handle)
        self._server.latency = latency
        self.url = self._server.url
        """What a client's `base_url` is; GraphQL is at `/graphql` below it."""

    def __enter__(self) -> GitHub:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
        if self._server.bugs and error is None:
            raise self._server.bugs[0]

    def fault(
        self,
        effect: Effect,
        *,
        operation: str | None = None,
        when: When | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> Fault:
        """Adds a rule, see `Fault`; of several that strike the first added wins, the others wait."""
        fault = Fault(effect, operation, when, nth, times)
        self.faults.append(fault)
        return fault

    def asked(self, operation: str) -> list[Call]:
        """The calls of one operation so far; of anything but GraphQL `unknown`."""
        return [call for call in self.requests if call.operation == operation]

    @property
    def points(self) -> int:
        """What all GraphQL calls so far cost."""
        return sum(call.cost for call in self.requests if call.path == "/graphql")

    def _handle(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        address = urlsplit(target)
        is_graphql = (method, address.path) == ("POST", "/graphql")
        if is_graphql:
            call, real = self._graphql(json.loads(body))
        else:
            call, real = Call(method, address.path, "unknown", {}), lambda: NOT_FOUND
        with self._lock:
            self.requests.append(call)
            fault = next((fault for fault in self.faults if fault.strikes(call)), None)
        if not self._knows(headers.get("authorization", "")):
            answer = BAD_CREDENTIALS
        else:
            answer = fault.effect(Exchange(self, call, real)) if fault else real()
        usual = {
            "content-type": "application/json; charset=utf-8",
            "date": format_datetime(self.now.astimezone(UTC), usegmt=True),
            **self.budget.headers(self.now),
        }
        return replace(answer, headers={**usual, **answer.headers})

    def _knows(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        return scheme.casefold() in {"bearer", "token"} and hmac.compare_digest(token, self.token)

    def _graphql(self, sent: dict[str, Any]) -> tuple[Call, Callable[[], Answer]]:
        text, variables = sent["query"], sent.get("variables") or {}
        asked = schema.ask(text, sent.get("operationName"), variables)
        if self.unknown and self.unknown[1] in text:
            asked = {"errors": [schema.undefined_field(*self.unknown)]}
        if isinstance(asked, dict):
            call = Call("POST", "/graphql", "", variables, text, at=self.now)
            return call, lambda: Answer(payload=asked)
        price, name = asked.price, asked.operation.name
        call = Call(
            "POST",
            "/graphql",
            name.value if name else "",
            variables,
            text,
            price.points,
            price.nodes,
            self.now,
        )

        def real() -> Answer:
            now, budget = self.now, self.budget
            with self._lock:
                if not budget.spend(price.points, now):
                    return rate_limited(budget.wait(now))(Exchange(self, call, real))
            request = Request(self.world, now, self.index_lag, _rate(budget, call, now))
            return Answer(payload=schema.answer(asked, variables, request))

        return call, real


def _rate(budget: Budget, call: Call, now: datetime) -> dict[str, Any]:
    """The fields of RateLimit."""
    return {
        "cost": call.cost,
        "limit": budget.limit,
        "nodeCount": call.nodes,
        "remaining": budget.limit - budget.used,
        "resetAt": iso(budget.renew(now)),
        "used": budget.used,
    }
