"""An answer in parts (`stream: true`) → the completion that a server sends at once otherwise.

Some servers and models answer in no other way. A stream that ends without a `finish_reason` lost its end,
whatever the connection says.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from vllm_digest.llm.failures import InterruptedAnswerError

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def is_stream(content: bytes) -> bool:
    """Does a body hold server-sent events? Comments (`: ping`) may come before the first."""
    start = content.lstrip()[:6]
    return start.startswith((b"data:", b"event:", b"id:", b"retry:")) or start[:1] == b":"


def completion_of(parts: Iterable[Any]) -> dict[str, Any]:
    """The document of a completion; None stands for the end of the stream.

    Raises InterruptedAnswerError if the stream has no end.
    """
    texts: dict[str, list[str]] = {}
    finish: Any = None
    usage: Any = None
    for part in parts:
        if not isinstance(part, Mapping):
            continue
        if part.get("error"):
            return dict(part)
        usage = part.get("usage") or usage
        choices = part.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if not isinstance(choice, Mapping):
            continue
        finish = choice.get("finish_reason") or finish
        delta = choice.get("delta")
        for name in _TEXTS:
            if isinstance(delta, Mapping) and isinstance(text := delta.get(name), str):
                texts.setdefault(name, []).append(text)
    if finish is None:
        raise InterruptedAnswerError("a stream that ended before the answer did")
    message = {name: "".join(some) for name, some in texts.items()}
    return {"choices": [{"finish_reason": finish, "message": message}], "usage": usage}
