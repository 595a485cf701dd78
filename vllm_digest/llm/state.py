"""What a run learns about its model server and spends there, across windows."""

import threading
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

from vllm_digest.config import LlmSettings
from vllm_digest.llm.budget import TokenBudget
from vllm_digest.llm.cache import AnswerCache
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.llm.pacing import Pacing
from vllm_digest.model_protocol import ModelUnavailableError

if TYPE_CHECKING:
    from vllm_digest.llm.transport import Transport


class ServerState:
    """One server in one run; shared by all threads. `sleep`, `monotonic`: as in `llm.connect`."""

    def __init__(
        self,
        *,
        settings: LlmSettings,
        transport: "Transport",
        answers: AnswerCache,
        sleep: Callable[[float], None],
        monotonic: Callable[[], float],
    ) -> None:
        self.name = settings.model
        """The model's name; empty until it is looked up."""
        self.settings = settings
        self.transport = transport
        self.answers = answers
        self.sleep = sleep
        self.monotonic = monotonic
        self.budget = TokenBudget.of(settings)
        self.pacing = Pacing(settings.concurrency, settings.timeout)
        self.capabilities = ServerCapabilities(extra=settings.extra_body)
        self.closed: ModelUnavailableError | None = None
        """Why nothing more is asked in this run; None while it may be."""
        self.closed_models: dict[str, ModelUnavailableError] = {}
        """By model name, why nothing more is asked of it."""
        self.may_be_starting = True
        """True until the server answers or a full minute of attempts fails."""
        self.told_of_start = False
        self.access_lock = threading.Lock()
        self.access_granted: Counter[str] = Counter()
        """By model name, how often it answered a neutral question after refusing another one."""
