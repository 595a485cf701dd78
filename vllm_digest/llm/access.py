"""Is it this question that a server refuses, or every one? A neutral question tells.

Gateways refuse a single prompt with the same statuses as a wrong key: a moderation with 403 (OpenRouter), a
web firewall that dislikes a stack trace, a credit that suffices for small answers only (402).
"""

import logging

from vllm_digest.llm.budget import Tokens
from vllm_digest.llm.calls import WindowCalls
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.llm.failures import (
    AccessDeniedError,
    CallError,
    CutAnswerError,
    NoAccessError,
    RefusedError,
    UnreadableAnswerError,
)
from vllm_digest.llm.replies import read_answer
from vllm_digest.llm.retries import estimate
from vllm_digest.model_protocol import (
    Message,
    ModelError,
    ModelUnavailableError,
    PromptTooLongError,
    Question,
    Role,
)

log = logging.getLogger(__name__)

NEUTRAL = Question(
    name="neutral question",
    messages=(
        Message(Role.SYSTEM, "Reply with one JSON object and nothing else."),
        Message(Role.USER, 'Reply with {"ready": true}.'),
    ),
    schema={
        "type": "object",
        "properties": {"ready": {"type": "boolean"}},
        "required": ["ready"],
        "additionalProperties": False,
    },
    answer_tokens=500,
    rank=-1,
)


def confirm_refusal(
    calls: WindowCalls, model: str, refusal: CallError, capabilities: ServerCapabilities, *, granted: int
) -> None:
    """Find out what a refusal is about; `granted` is `access_granted` as it was before the refused call.

    Raises AccessDeniedError if a neutral question is refused, too. Returns if it is not, or if that
    cannot be told.
    """
    server = calls.server
    with server.access_lock:
        # Eight questions side by side are refused together; one of them asks for all.
        if server.access_granted[model] > granted:
            return
        log.info("the model server refuses a question (%s); a neutral one is tried", refusal)
        request = capabilities.request(model, NEUTRAL, NEUTRAL.answer_tokens)
        try:
            most = Tokens(estimate(request), NEUTRAL.answer_tokens)
            document = calls.call(request, most, NEUTRAL, again=True)
            read_answer(document, NEUTRAL.schema, NEUTRAL.answer_tokens)
        except NoAccessError as error:
            raise AccessDeniedError(str(error)) from None
        except RefusedError as error:
            raise AccessDeniedError(f"the model server refuses every question ({error})") from None
        except ModelUnavailableError:
            raise
        except (CutAnswerError, UnreadableAnswerError, PromptTooLongError):
            log.info("the neutral question was let in")
        except (CallError, ModelError) as error:
            log.info("the neutral question was not answered (%s)", error)
            return
        server.access_granted[model] += 1
