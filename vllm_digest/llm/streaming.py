"""Assemble the parts of a streamed answer (`stream: true`) into a completion.

Some servers and models only stream. A stream without a `finish_reason` is incomplete even if the connection
was closed properly.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from vllm_digest.llm.failures import InterruptedAnswerError

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


def is_stream(content: bytes) -> bool:
    """Whether a body is a stream of server-sent events; comments (`: ping`) may precede the first one."""
    start = content.lstrip()[:6]
    return start.startswith((b"data:", b"event:", b"id:", b"retry:")) or start[:1] == b":"


def completion_of(parts: Iterable[Any]) -> dict[str, Any]:
    """The completion made of the parts of a stream; a part that is None marks its end.

    Raises InterruptedAnswerError if the stream is incomplete.
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
