"""Decode the body of a response as JSON, with limits on its size before and after unpacking and on its depth.

1.5 MB of gzip can unpack to more than a gigabyte, and code that walks a document fails on 900 levels.
"""

import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from vllm_digest.llm.failures import InterruptedAnswerError
from vllm_digest.llm.streaming import completion_of, is_stream

MOST_BYTES = 4_000_000
"""Of a JSON document: an answer has at most 400,000 characters of at most six bytes, if all are escaped."""
MOST_STREAMED = 16_000_000
"""Bytes of a streamed answer: 50,000 tokens of about 300 bytes each."""
_MOST_BRACKETS = 100_000
"""Limits memory: an empty list takes 2 bytes of JSON and 64 bytes of memory."""
MOST_LEVELS = 64
"""Of nested objects and lists; the answers asked for have 6."""
_GZIP_OR_ZLIB = 47
"""Value of `wbits` with which zlib detects the format."""


async def unpacked(chunks: AsyncIterator[bytes], encoding: str, most: int) -> bytes:
    """Read a body in chunks and unpack it. `encoding`: value of the `content-encoding` header.

    Raises InterruptedAnswerError if it has more than `most` bytes, packed or unpacked, or cannot be unpacked.
    """
    if encoding.strip().lower() not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise InterruptedAnswerError("an answer in an encoding that was not requested")
    unpack = None if encoding.strip().lower() in {"", "identity"} else zlib.decompressobj(_GZIP_OR_ZLIB)
    content = bytearray()
    arrived = 0
    async for chunk in chunks:
        arrived += len(chunk)
        try:
            content += unpack.decompress(chunk, most + 1 - len(content)) if unpack else chunk
        except zlib.error:
            raise InterruptedAnswerError("an answer that cannot be unpacked") from None
        if len(content) > most or arrived > most:
            raise InterruptedAnswerError(f"an answer of more than {most // 1_000_000} MB")
    if unpack and arrived and not unpack.eof:
        raise InterruptedAnswerError("a truncated answer")
    return bytes(content)


def document_of(content: bytes) -> Any:
    """The JSON document of a body; for a stream of events, the completion assembled from its parts.

    Raises InterruptedAnswerError if the body is neither, or too large or too deep.
    """
    if is_stream(content):
        return completion_of(_event(data) for data in _events(content))
    try:
        return parsed(content)
    except ValueError:
        if content.lstrip()[:1] == b"<":
            raise InterruptedAnswerError(
                "a web page instead of JSON; check llm.base_url, which mostly ends in /v1"
            ) from None
        raise InterruptedAnswerError("an answer that is not JSON") from None


def parsed(content: bytes | str) -> Any:
    """Parse JSON. Raises ValueError if it is not JSON, too large or too deep."""
    text = content if isinstance(content, str) else content.decode()
    if len(content) > MOST_BYTES or text.count("[") + text.count("{") > _MOST_BRACKETS:
        raise ValueError("too large")
    try:
        document = json.loads(text)
    except RecursionError:
        raise ValueError("too deep") from None
    if not is_shallow(document):
        raise ValueError("too deep")
    return document


def is_shallow(document: Any) -> bool:
    """Whether it has at most MOST_LEVELS levels; Python's recursion limit depends on the caller's depth."""
    level = [document]
    for _ in range(MOST_LEVELS):
        level = [inner for value in level for inner in _inner(value)]
        if not level:
            return True
    return False


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _events(content: bytes) -> Iterator[bytes]:
    """The data of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    for line in content.splitlines():
        if line.startswith(b"data:"):
            yield line.removeprefix(b"data:").strip()


def _event(data: bytes) -> Any:
    if data == b"[DONE]":
        return None
    try:
        return parsed(data)
    except ValueError:
        raise InterruptedAnswerError("a part of a stream that is not JSON") from None
