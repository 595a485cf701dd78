"""A model's server that is connected to when the first window has something to tell."""

import logging
from contextlib import ExitStack
from typing import Protocol

from vllm_digest.llm import Server, SessionOverError
from vllm_digest.model_protocol import Model, ModelUnavailableError

log = logging.getLogger(__name__)


class _Connect(Protocol):
    def __call__(self, *, may_be_starting: bool) -> Server: ...


class LazyServer(ExitStack):
    """The model's server, connected to once, or found once not to be there.

    `connect` is told by `may_be_starting` to wait for a server that is not there; that is done once.
    """

    def __init__(self, connect: _Connect) -> None:
        super().__init__()
        self._connect = connect
        self._server: Server | None = None
        self._failure: ModelUnavailableError | None = None
        self._may_be_starting = True

    def session(self) -> Model:
        """The model for one window. Raises ModelUnavailableError if there is none."""
        if self._failure is not None:
            raise self._failure
        if self._server is None:
            try:
                server = self._connect(may_be_starting=self._may_be_starting)
                self._server = self.enter_context(server)
            except ModelUnavailableError as error:
                log.warning("the model is not available: %s", error)
                self._may_be_starting = False
                # A server that is not there yet may be there for the next window.
                self._failure = None if isinstance(error, SessionOverError) else error
                raise
        return self._server.session()
