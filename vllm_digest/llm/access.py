"""Find out whether a server refuses one question or all of them, by asking a neutral one.

Gateways refuse a single prompt with the same statuses as a wrong key: moderation with 403 (OpenRouter), a web
application firewall that blocks a stack trace, a credit that is only enough for short answers (402).
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
    """Ask a neutral question after a refusal. Raises AccessDeniedError if the server refuses that as well.

    Returns if the server answers it, or if the result is unclear. `model`: the model that refused.
    `granted`: `ServerState.access_granted` of the model before the refused call.
    """
    server = calls.server
    with server.access_lock:
        # Concurrent questions are refused together; one of them asks the neutral question for all.
        if server.access_granted[model] > granted:
            return
        log.info("the model server refuses a question (%s); asking a neutral one", refusal)
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
            log.info("the neutral question was accepted")
        except (CallError, ModelError) as error:
            log.info("the neutral question was not answered (%s)", error)
            return
        server.access_granted[model] += 1
