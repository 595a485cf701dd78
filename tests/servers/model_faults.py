"""What can go wrong at a model server: `server.fault(rate_limited(wait="7"))`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.servers.answers import Answer, Ending
from tests.servers.model import Effect
from tests.servers.model_kinds import openai_error


def gives(answer: Answer) -> Effect:
    """The same answer to everything."""
    return lambda _: answer


def _ends(ending: Ending) -> Effect:
    return lambda real: replace(real(), ending=ending)


# Statuses.


def status(number: int, message: str = "The server is overloaded.", **headers: str) -> Effect:
    """An error with a message; headers with `_` for `-`."""
    answer = openai_error(number, message)
    return gives(replace(answer, headers={name.replace("_", "-"): value for name, value in headers.items()}))


def rate_limited(**headers: str) -> Effect:
    """429, with `retry_after` or without."""
    return status(429, "Rate limit reached for requests.", **headers)


def no_quota() -> Effect:
    """429 for a reason that does not end by waiting."""
    return gives(openai_error(429, "You exceeded your current quota.", code="insufficient_quota"))


def filtered() -> Effect:
    """400 for what the prompt says."""
    return gives(openai_error(400, "The prompt triggered the content policy.", code="content_filter"))


def moved(url: str) -> Effect:
    """307 to another address."""
    return gives(Answer(307, text="", headers={"location": url}))


# The connection.


def reset() -> Effect:
    return _ends(Ending.RESET)


def reset_in_body() -> Effect:
    return _ends(Ending.RESET_IN_BODY)


def short_body() -> Effect:
    return _ends(Ending.SHORT_BODY)


def hang() -> Effect:
    """Not a byte, until the client goes away."""
    return _ends(Ending.SILENT)


def hang_in_body() -> Effect:
    return _ends(Ending.SILENT_IN_BODY)


def drip() -> Effect:
    """A body that never ends, and never waits long enough for a timeout of reads."""
    return _ends(Ending.DRIP)


def drip_head() -> Effect:
    return _ends(Ending.DRIP_HEAD)


# Invalid answers.


def html_page() -> Effect:
    """A 200 from a proxy's sign-in page."""
    return gives(Answer(text="<html><body>Sign in</body></html>", headers={"content-type": "text/html"}))


def empty_body() -> Effect:
    return gives(Answer(text=""))


def cut_json() -> Effect:
    """A whole answer of HTTP with half of the JSON in it."""
    return lambda real: Answer(raw=real().body[:-40])


def bad_utf8() -> Effect:
    return lambda real: Answer(raw=real().body.replace(b'"stop"', b'"st\xff\xfeop"'))


def error_in_200(code: int) -> Effect:
    """Another server's error as OpenRouter forwards it."""
    return gives(Answer(payload={"error": {"message": "Provider returned error", "code": code}}))


def no_choices(choices: Any = None) -> Effect:
    return lambda real: Answer(payload={**real().payload, "choices": choices})


def without_usage() -> Effect:
    return lambda real: Answer(payload={**real().payload, "usage": None})


def edited(edit: Callable[[Any], None]) -> Effect:
    """The answer's JSON after a change in place."""

    def effect(real: Callable[[], Answer]) -> Answer:
        payload = real().payload
        edit(payload)
        return Answer(payload=payload)

    return effect
