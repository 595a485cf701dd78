"""The model server of a run, as commands use it."""

from types import TracebackType
from typing import Self

from vllm_digest.boundary import contained
from vllm_digest.llm.access import NEUTRAL
from vllm_digest.llm.calls import WindowCalls
from vllm_digest.llm.retrying import RetryingRequest
from vllm_digest.llm.session import ModelSession
from vllm_digest.llm.state import ServerState
from vllm_digest.model_protocol import ModelUnavailableError


class Server(ServerState):
    """A model server for a whole run; a context manager that closes it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Cancel the calls in progress; their callers get ModelUnavailableError."""
        self.closed = self.closed or ModelUnavailableError("the run ends")
        contained("closing the model's client", self.transport.close, lambda: None)

    def try_out(self) -> None:
        """Ask a short question to learn what the server accepts; the answer is not stored.

        Raises ModelError if it gets none.
        """
        RetryingRequest(WindowCalls(self), NEUTRAL).answer()

    def session(self) -> ModelSession:
        """A `Model` for one window; its usage starts at zero, its time limit now."""
        return ModelSession(self)
