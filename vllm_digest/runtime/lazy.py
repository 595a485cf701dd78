"""A model server that is connected to on first use, and a writer that is loaded on first use."""

import logging
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from vllm_digest.llm import Server, SessionOverError
from vllm_digest.model_protocol import Model, ModelUnavailableError
from vllm_digest.models import Snapshot
from vllm_digest.narrative import Narrative
from vllm_digest.report import Digest

if TYPE_CHECKING:
    from vllm_digest.write.writer import ModelWriter

log = logging.getLogger(__name__)


class _Connect(Protocol):
    def __call__(self, *, may_be_starting: bool) -> Server: ...


# Connecting takes a request, and a wait of minutes for a server that is starting; windows without a question
# need neither.
class LazyServer(ExitStack):
    """The model server of a run, connected to when the first session is requested; a context manager.

    `connect`: called with `may_be_starting` true only the first time, so that a run waits only once for a
    server that may be starting.
    """

    def __init__(self, connect: _Connect) -> None:
        super().__init__()
        self._connect = connect
        self._server: Server | None = None
        self._failure: ModelUnavailableError | None = None
        self._may_be_starting = True

    def session(self) -> Model:
        """The model for one window. Raises ModelUnavailableError if there is none."""
        # A refusal, such as of the key, is final: it would cost a request and a warning for each window.
        if self._failure is not None:
            raise self._failure
        if self._server is None:
            try:
                server = self._connect(may_be_starting=self._may_be_starting)
                self._server = self.enter_context(server)
            except ModelUnavailableError as error:
                log.warning("the model is not available: %s", error)
                self._may_be_starting = False
                # A server that cannot be reached yet may be running by the next window.
                self._failure = None if isinstance(error, SessionOverError) else error
                raise
        return self._server.session()


@dataclass(frozen=True)
class LazyWriter:
    """A writer with a model, whose modules are loaded with the first window. `make`: loads them."""

    make: Callable[[], "ModelWriter"]

    def __call__(self, snapshot: Snapshot, digest: Digest) -> Narrative:
        return self.make()(snapshot, digest)

    def roll_up(self, digest: Digest, earlier: Narrative) -> Narrative:
        return self.make().roll_up(digest, earlier)
