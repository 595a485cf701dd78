"""A response's body → JSON within bounds: so many bytes, packed and unpacked, and so many levels.

A gzip of 1.5 MB unpacks to more than a gigabyte, and a document of 900 levels breaks whatever walks it.
"""

import json
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

from vllm_digest.llm.failures import InterruptedAnswerError
from vllm_digest.llm.streaming import completion_of, is_stream

MOST_BYTES = 4_000_000
"""Of a JSON document. An answer has 400,000 characters at most, of six bytes each if all are escaped."""
MOST_STREAMED = 16_000_000
"""Bytes of an answer in parts. A part takes some 300 bytes a token, so this is room for 50,000 tokens."""
_MOST_BRACKETS = 100_000
"""An empty list takes 2 bytes of JSON and 64 of memory."""
MOST_LEVELS = 64
"""Of nested objects and lists; an answer of ours has 6."""
_GZIP_OR_ZLIB = 47
"""`wbits` that let zlib see by itself which of the two it is."""


async def unpacked(chunks: AsyncIterator[bytes], encoding: str, most: int) -> bytes:
    """A body that arrives in chunks, unpacked as the `content-encoding` says.

    Raises InterruptedAnswerError if it has more than `most` bytes, packed or unpacked, or cannot be unpacked.
    """
    if encoding.strip().lower() not in {"", "identity", "gzip", "x-gzip", "deflate"}:
        raise InterruptedAnswerError("an answer packed in a way that was not asked for")
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
        raise InterruptedAnswerError("an answer that ends in its middle")
    return bytes(content)


def document_of(content: bytes) -> Any:
    """The JSON of a body; of a stream of events, the completion that its parts make.

    Raises InterruptedAnswerError if it is none, or too large or deep to be one.
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
        raise InterruptedAnswerError("an answer that is no JSON") from None


def parsed(content: bytes | str) -> Any:
    """JSON of bounded size and depth. Raises ValueError if it is none."""
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
    """Has it MOST_LEVELS of nesting at most? Python's own limit depends on who calls."""
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
        raise InterruptedAnswerError("a part of a stream that is no JSON") from None
