"""Requests over HTTP through openai, each under a deadline of ours that nothing outlasts."""

import asyncio
import concurrent.futures
import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

import openai

from vllm_digest.llm.faults import InterruptedAnswerError, diagnose
from vllm_digest.model_protocol import ModelUnavailableError

_CONNECT = 10.0
"""Seconds until a server must have taken the connection."""


class _Raw(Protocol):
    @property
    def content(self) -> bytes: ...


class Transport:
    """One server. May be used from several threads; every request raises one of `faults` when it fails.

    The library's timeouts are per read, so a dripping answer never meets them. The requests run on an event
    loop in a thread of its own, where a deadline ends them wherever they are.
    """

    def __init__(self, base_url: str, key: str) -> None:
        self.base_url = base_url
        self._key = key
        self._loop = asyncio.new_event_loop()
        self._client = openai.AsyncOpenAI(
            api_key=key,
            base_url=base_url,
            max_retries=0,
            timeout=openai.Timeout(None, connect=_CONNECT),
            # A redirect to another host would take the prompt there.
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )
        self._thread = threading.Thread(target=self._loop.run_forever, name="model", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End what is under way; who waits for it gets ModelUnavailableError."""
        asyncio.run_coroutine_threadsafe(self._wind_up(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def chat(self, request: Mapping[str, Any], seconds: float) -> Any:
        """The JSON of an answer to `/chat/completions`."""
        create = self._client.chat.completions.with_raw_response.create
        return self._json(lambda: create(**request), seconds)

    def models(self, seconds: float) -> Any:
        """The JSON of `/models`."""
        return self._json(self._client.models.with_raw_response.list, seconds)

    def begin_batch(self, requests: bytes, seconds: float) -> Any:
        """The JSON of the batch that the server makes of a file of requests."""
        files, batches = self._client.files.with_raw_response, self._client.batches.with_raw_response
        file = self._json(lambda: files.create(file=("requests.jsonl", requests), purpose="batch"), seconds)
        name = str(file["id"])
        return self._json(
            lambda: batches.create(
                completion_window="24h", endpoint="/v1/chat/completions", input_file_id=name
            ),
            seconds,
        )

    def batch(self, name: str, seconds: float) -> Any:
        """The JSON of a batch as it stands."""
        return self._json(lambda: self._client.batches.with_raw_response.retrieve(name), seconds)

    def file(self, name: str, seconds: float) -> bytes:
        """What a file holds."""
        return self._content(lambda: self._client.files.with_raw_response.content(name), seconds)

    def _json(self, send: Callable[[], Awaitable[_Raw]], seconds: float) -> Any:
        content = self._content(send, seconds)
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise InterruptedAnswerError("an answer that is no JSON") from None

    def _content(self, send: Callable[[], Awaitable[_Raw]], seconds: float) -> bytes:
        under_way = asyncio.run_coroutine_threadsafe(self._exchange(send, seconds), self._loop)
        try:
            return under_way.result()
        except concurrent.futures.CancelledError:
            raise ModelUnavailableError("the run ends") from None

    async def _exchange(self, send: Callable[[], Awaitable[_Raw]], seconds: float) -> bytes:
        try:
            async with asyncio.timeout(seconds):
                return (await send()).content
        except TimeoutError:
            raise InterruptedAnswerError(f"no whole answer within {seconds:g} seconds") from None
        except openai.APIStatusError as error:
            raise diagnose(error.status_code, error.response.headers, self._clean(error.body)) from None
        except openai.APIConnectionError as error:
            cause = " ".join(str(error.__cause__ or "").split())[:200] or type(error.__cause__).__name__
            raise InterruptedAnswerError(f"the connection failed ({self._clean(cause)})") from None

    def _clean(self, said: Any) -> Any:
        """The server's words without our key, should it repeat it."""
        if isinstance(said, str):
            return said.replace(self._key, "***")
        if isinstance(said, Mapping):
            return {name: self._clean(value) for name, value in said.items()}
        return said

    async def _wind_up(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.close()
