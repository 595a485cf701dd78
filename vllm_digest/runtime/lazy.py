"""A model's server that is connected to when the first window has something to tell."""

import logging
from collections.abc import Callable
from contextlib import ExitStack

from vllm_digest.llm import Server, SessionOverError
from vllm_digest.model_protocol import Model, ModelUnavailableError

log = logging.getLogger(__name__)


class LazyServer(ExitStack):
    """The model's server, connected to once, or found once not to be there."""

    def __init__(self, connect: Callable[[], Server]) -> None:
        super().__init__()
        self._connect = connect
        self._server: Server | None = None
        self._failure: ModelUnavailableError | None = None

    def session(self) -> Model:
        """The model for one window. Raises ModelUnavailableError if there is none."""
        if self._failure is not None:
            raise self._failure
        if self._server is None:
            try:
                self._server = self.enter_context(self._connect())
            except ModelUnavailableError as error:
                log.warning("the model is not available: %s", error)
                # A server that is not there yet may be there for the next window.
                self._failure = None if isinstance(error, SessionOverError) else error
                raise
        return self._server.session()
