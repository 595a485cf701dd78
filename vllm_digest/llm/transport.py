"""HTTP requests through openai, each with a deadline and a size limit."""

import asyncio
import concurrent.futures
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol
from urllib.request import getproxies

import httpx2
import openai

from vllm_digest.cleaning import clean_line, mask_secrets
from vllm_digest.llm.body import MOST_BYTES, MOST_STREAMED, document_of, parsed, unpacked
from vllm_digest.llm.failures import (
    CallError,
    InterruptedAnswerError,
    NotThereError,
    TimedOutError,
    failure_of,
)
from vllm_digest.model_protocol import ModelError, ModelUnavailableError

_CONNECT = 10.0
"""Seconds to establish a connection."""
_SLICE = 5.0
"""Seconds between two calls of `waiting`."""
_CLOSE = 5.0
"""Seconds to close connections; after that they are left to the operating system."""
_LONGEST_CAUSE = 200
"""Characters of a library's message that are shown."""
_MOST_FILE = 2_000_000_000
"""Bytes of an output file of a batch."""

Waiting = Callable[[float], None]


class _Raw(Protocol):
    @property
    def content(self) -> bytes: ...


class _BoundedClient(openai.DefaultAsyncHttpxClient):
    """Reads every response whole, up to a size limit. Requests no compression, but accepts gzip."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        response = await super().send(request, **{**options, "stream": True})
        try:
            encoding = response.headers.get("content-encoding", "")
            content = await unpacked(response.aiter_raw(), encoding, _most_bytes(request, response))
        finally:
            await response.aclose()
        headers = [one for one in response.headers.raw if one[0].lower() not in _OF_THE_BODY]
        return httpx2.Response(response.status_code, headers=headers, content=content, request=request)


_OF_THE_BODY = {b"content-encoding", b"content-length", b"transfer-encoding"}


class Transport:
    """HTTP client of one server; thread-safe.

    The library's timeouts are per read, so a slow trickle of bytes never exceeds them. Requests run on an
    event loop in a separate thread, where a deadline can cancel them at any point. Every request raises a
    CallError or a ModelError if it fails, TimedOutError after `seconds`.
    """

    def __init__(self, base_url: str, key: str) -> None:
        """Raises ModelUnavailableError if proxies, certificates or threads of the environment prevent it."""
        self.base_url = base_url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model", daemon=True)
        try:
            self._client = _client(base_url, key)
            self._thread.start()
        except RuntimeError as error:
            self._loop.close()
            raise ModelUnavailableError(
                f"the system gives no thread for the model's client ({error})"
            ) from None
        except ModelUnavailableError:
            self._loop.close()
            raise

    def close(self) -> None:
        """Cancel the requests in progress; their callers get ModelUnavailableError."""
        winding_up = asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop)
        concurrent.futures.wait([winding_up], _CLOSE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_CLOSE)
        if not self._thread.is_alive():
            self._loop.close()

    def chat(self, request: Mapping[str, Any], seconds: float, waiting: Waiting) -> Any:
        """Post to `/chat/completions`; returns the JSON of the answer.

        `waiting`: called now and then with the seconds that have passed.
        """
        known = {name: request[name] for name in ("model", "messages")}
        others = {name: value for name, value in request.items() if name not in known}
        create = self._client.chat.completions.with_raw_response.create
        return self._json(lambda: create(**known, extra_body=others), seconds, waiting)

    def models(self, seconds: float) -> Any:
        """The JSON of `/models`."""
        return self._json(self._client.models.with_raw_response.list, seconds)

    def begin_batch(self, requests: bytes, seconds: float) -> Any:
        """Upload a file of requests and start a batch; returns the JSON of the batch."""
        files, batches = self._client.files.with_raw_response, self._client.batches.with_raw_response
        file = self._json(lambda: files.create(file=("requests.jsonl", requests), purpose="batch"), seconds)
        name = str(file["id"])
        # 24 hours is the only value that OpenAI accepts.
        return self._json(
            lambda: batches.create(
                completion_window="24h", endpoint="/v1/chat/completions", input_file_id=name
            ),
            seconds,
        )

    def batch(self, name: str, seconds: float) -> Any:
        """The JSON of a batch in its current state."""
        return self._json(lambda: self._client.batches.with_raw_response.retrieve(name), seconds)

    def file(self, name: str, seconds: float) -> bytes:
        """The content of a file."""
        return self._content(lambda: self._client.files.with_raw_response.content(name), seconds)

    def _json(
        self, send: Callable[[], Awaitable[_Raw]], seconds: float, waiting: Waiting = lambda _: None
    ) -> Any:
        return _masked(document_of(self._content(send, seconds, waiting)))

    def _content(
        self, send: Callable[[], Awaitable[_Raw]], seconds: float, waiting: Waiting = lambda _: None
    ) -> bytes:
        try:
            under_way = asyncio.run_coroutine_threadsafe(self._exchange(send, seconds), self._loop)
        except RuntimeError:
            raise ModelUnavailableError("the run ends") from None
        waited = 0.0
        while not concurrent.futures.wait([under_way], _SLICE).done:
            waited += _SLICE
            waiting(waited)
        try:
            return under_way.result()
        except concurrent.futures.CancelledError:
            raise ModelUnavailableError("the run ends") from None

    async def _exchange(self, send: Callable[[], Awaitable[_Raw]], seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return (await send()).content
        except CallError:
            raise
        except TimeoutError:
            raise TimedOutError(f"no whole answer within {seconds:.3g} seconds") from None
        except openai.APIStatusError as error:
            raise _failure(error.response) from None
        except openai.APIConnectionError as error:
            raise _connection_failure(error.__cause__ or error) from None
        except (OSError, RuntimeError, ValueError, ArithmeticError, ExceptionGroup) as error:
            # Not wrapped by the library: no file descriptor or thread for a DNS lookup, a port of 99999.
            raise _connection_failure(error) from None

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.close()


def _most_bytes(request: httpx2.Request, response: httpx2.Response) -> int:
    if request.url.path.endswith("/content"):
        return _MOST_FILE
    return MOST_STREAMED if "event-stream" in response.headers.get("content-type", "") else MOST_BYTES


def _failure(response: httpx2.Response) -> CallError | ModelError:
    """The exception for a response without a success status."""
    try:
        body = parsed(response.content)
    except ValueError:
        body = response.content.decode(errors="replace")
    headers = {name.lower(): value for name, value in response.headers.items()}
    return failure_of(response.status_code, headers, _masked(body))


def _connection_failure(error: BaseException) -> InterruptedAnswerError:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    cause = clean_line(error, _LONGEST_CAUSE) or type(error).__name__
    not_there = isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout)
    if "CERTIFICATE" in cause:
        cause += "; check SSL_CERT_FILE, or the server's certificate"
    elif not_there and getproxies():
        cause += "; check the proxy of the environment as well"
    # Waiting does not help against a TLS error.
    kind = NotThereError if not_there and "SSL" not in cause else InterruptedAnswerError
    return kind(f"the connection failed ({cause})")


def _masked(said: Any) -> Any:
    """A document from a server with the API key masked, which a server may repeat. Depth is bounded."""
    if isinstance(said, str):
        return mask_secrets(said)
    if isinstance(said, Mapping):
        return {_masked(name): _masked(value) for name, value in said.items()}
    return [_masked(value) for value in said] if isinstance(said, list) else said


def _client(base_url: str, key: str) -> openai.AsyncOpenAI:
    """The library's client. Raises ModelUnavailableError with what to correct."""
    try:
        return openai.AsyncOpenAI(
            api_key=key,
            base_url=base_url,
            max_retries=0,
            timeout=openai.Timeout(None, connect=_CONNECT),
            # Following a redirect would send the prompt to another host.
            http_client=_BoundedClient(follow_redirects=False, headers={"accept-encoding": "identity"}),
        )
    except ImportError:
        problem = "the environment names a SOCKS proxy (ALL_PROXY, HTTPS_PROXY), which needs a package: "
        problem += "`pip install socksio`, or set NO_PROXY"
    except ssl.SSLError:
        problem = "the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read"
    except OSError as error:
        problem = (
            f"the model's client cannot be made ({error.strerror}); check SSL_CERT_FILE and SSL_CERT_DIR"
        )
    except (ValueError, httpx2.InvalidURL):
        problem = "llm.base_url or a proxy of the environment (ALL_PROXY, HTTP_PROXY, HTTPS_PROXY, NO_PROXY) "
        problem += "is not an HTTP address"
    except openai.OpenAIError as error:
        problem = f"the model's client cannot be made ({clean_line(error, _LONGEST_CAUSE)})"
    raise ModelUnavailableError(problem)
