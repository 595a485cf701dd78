"""Send one GraphQL request to GitHub through PyGithub; the only module that imports it and requests.

PyGithub sets the token's header, finds the GraphQL address of every kind of server, reuses the connection and
follows redirects on the host. Its connection classes are replaced through its own hook: each response must
arrive whole within a deadline and below a size limit. PyGithub's timeouts are per read, so a slow trickle of
bytes never exceeds them. Its retries and pauses are turned off: they would repeat a query that timed out ten
times unchanged, wait for an hour without a message, and pause for a second before every query.
"""

import json
import re
from collections.abc import Mapping
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Any, NamedTuple

import requests
from github import Auth, Github
from github.Requester import (
    HTTPRequestsConnectionClass,
    HTTPSRequestsConnectionClass,
    Requester,
    RequestsResponse,
)
from urllib3.exceptions import HTTPError

from vllm_digest.sources.github.failures import InterruptedAnswerError, QueryTooLargeError
from vllm_digest.sources.github.headers import ResponseHeaders
from vllm_digest.sources.github.network import network_failure

_CONNECT_SECONDS = 5.0
"""Timeout of the TCP connection: a wrong address fails in seconds, and a lost packet costs only three."""
_LARGEST_ANSWER = 32_000_000
"""Bytes of an unpacked response; those of a busy day have under three million."""
_CHUNK = 16_384
"""Bytes read at once; compressed, they can unpack to a thousand times as many."""
_CHECK_ADDRESS = "If github.api_url is right, run the same command again later."
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class Reply(NamedTuple):
    """A response: HTTP status, the relevant headers, and the body as parsed JSON."""

    status: int
    head: ResponseHeaders
    body: Any


class Transport:
    """A persistent connection to GitHub's GraphQL API; not thread-safe.

    `timeout`: of each whole response, in seconds, at least 1.
    """

    def __init__(self, api_url: str, token: str, timeout: int) -> None:
        # A Requester uses the connection classes that are set when it is created.
        Requester.injectConnectionClasses(_HttpConnection, _HttpsConnection)
        try:
            self._github = Github(
                base_url=api_url.rstrip("/"),
                auth=Auth.Token(token),
                timeout=timeout,
                retry=None,
                seconds_between_requests=0,
                seconds_between_writes=0,
            )
        finally:
            Requester.resetConnectionClasses()

    def post(self, document: str, variables: Mapping[str, Any]) -> Reply:
        """Send a query. Raises an exception of `failures`, or SourceError for wrong local settings."""
        requester = self._github.requester
        sent = {"query": document, "variables": dict(variables)}
        try:
            status, headers, text = requester.requestJson("POST", requester.graphql_url, input=sent)
        except (OSError, HTTPError) as error:
            raise network_failure(error) from None
        except RuntimeError:
            # PyGithub does not follow a redirect to another host or scheme.
            raise InterruptedAnswerError("it redirects to another address", _CHECK_ADDRESS) from None
        return Reply(status, ResponseHeaders.of(headers), _parsed(text, status))


def _parsed(text: str, status: int) -> Any:
    """Return the JSON of a body; None if the body of an error is not JSON.

    A lone surrogate, which JSON can contain but UTF-8 cannot, becomes a question mark.
    """
    try:
        value = json.loads(text)
        if _SURROGATE.search(text):
            value = json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        # Load balancers and proxies send their errors as HTML; the status says enough.
        if status != 200:
            return None
        raise InterruptedAnswerError("an empty or unreadable answer", _CHECK_ADDRESS) from None
    return value


class _WholeResponse(RequestsResponse):
    """A response whose body has been read."""

    def __init__(self, response: requests.Response, content: bytes) -> None:
        super().__init__(response)
        self._text = content.decode("utf-8", "replace")

    def read(self) -> str:
        return self._text


class _HttpConnection(HTTPRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _exchange(self)


class _HttpsConnection(HTTPSRequestsConnectionClass):
    def getresponse(self) -> RequestsResponse:
        return _exchange(self)


def _exchange(connection: _HttpConnection | _HttpsConnection) -> RequestsResponse:
    """Send the connection's request and return the response once it has arrived whole.

    A response can trickle in at any point, even in its headers, and requests has no limit for that. So a
    separate thread reads it and is abandoned at the deadline; it ends with the next bytes or the program.
    """
    outcomes: SimpleQueue[_WholeResponse | OSError | HTTPError | QueryTooLargeError | None] = SimpleQueue()
    abandoned = Event()

    def read() -> None:
        outcome: _WholeResponse | OSError | HTTPError | QueryTooLargeError | None = None
        try:
            outcome = _read_whole(connection, abandoned)
        except (OSError, HTTPError, QueryTooLargeError) as error:
            outcome = error
        finally:
            outcomes.put(outcome)

    Thread(target=read, name="github", daemon=True).start()
    try:
        outcome = outcomes.get(timeout=connection.timeout)
    except Empty:
        raise requests.Timeout(f"no whole answer within {connection.timeout} s") from None
    finally:
        abandoned.set()
    if isinstance(outcome, _WholeResponse):
        # PyGithub fails with a ValueError on malformed numbers in these headers, so check them first.
        ResponseHeaders.of({name.lower(): value for name, value in outcome.getheaders()})
        return outcome
    raise outcome or RuntimeError("reading an answer failed in its thread")


def _read_whole(connection: _HttpConnection | _HttpsConnection, abandoned: Event) -> _WholeResponse:
    response = connection.session.request(
        connection.verb,
        f"{connection.protocol}://{connection.host}:{connection.port}{connection.url}",
        headers=connection.headers,
        data=connection.input,
        timeout=(_CONNECT_SECONDS, connection.timeout),
        verify=connection.verify,
        # PyGithub follows redirects itself, and only those to the same host.
        allow_redirects=False,
        stream=True,
    )
    content = bytearray()
    with response:
        # `read1` returns what has arrived; `read` would wait for a whole chunk, and not see `abandoned`.
        while chunk := response.raw.read1(_CHUNK, decode_content=True):
            content += chunk
            if len(content) > _LARGEST_ANSWER:
                raise QueryTooLargeError(f"an answer of over {_LARGEST_ANSWER // 1_000_000} MB")
            if abandoned.is_set():
                break
    return _WholeResponse(response, bytes(content))
