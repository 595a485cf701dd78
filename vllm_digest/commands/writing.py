"""Who writes the reports of a command: a model where there is one, else rules."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vllm_digest.commands.publishing import rules
from vllm_digest.config import LlmSettings, Settings
from vllm_digest.llm import Server, connect
from vllm_digest.model_protocol import Model, ModelUnavailableError
from vllm_digest.pipeline import Writer
from vllm_digest.runtime import Runtime
from vllm_digest.write import Limits, ModelWriter, by_rules, without_model

log = logging.getLogger(__name__)


@contextmanager
def writing(runtime: Runtime, settings: Settings, *, no_llm: bool) -> Iterator[Writer]:
    """The writer of a command. The model's server is first spoken to when a window has something to tell."""
    if no_llm:
        yield by_rules
    elif not (settings.llm.base_url or runtime.model_key):
        log.info("no model is configured: rules write everything")
        yield without_model
    else:
        with _LazyClient(runtime, settings) as client:
            yield model_writer(settings, client.session)


def model_writer(settings: Settings, session: Callable[[], Model]) -> ModelWriter:
    """A writer that asks the model that `session` gives for a window."""
    return ModelWriter(
        session=session,
        bots=rules(settings).bots,
        limits=Limits(
            threads=settings.llm.threads,
            thread_tokens=settings.llm.thread_tokens,
            overview_tokens=settings.llm.overview_tokens,
        ),
    )


def answers_folder(runtime: Runtime, settings: LlmSettings) -> Path:
    """Where a model's answers are kept."""
    return settings.cache or runtime.cache_folder / "answers"


def model_server(runtime: Runtime, settings: LlmSettings) -> Server:
    """The model's server; ModelUnavailableError."""
    return connect(
        settings,
        key=runtime.model_key,
        cache=answers_folder(runtime, settings),
        sleep=runtime.sleep,
        monotonic=runtime.monotonic,
    )


class _LazyClient(ExitStack):
    """The model's server, connected to once, or found once not to be there."""

    def __init__(self, runtime: Runtime, settings: Settings) -> None:
        super().__init__()
        self._runtime = runtime
        self._settings = settings
        self._server: Server | None = None
        self._failure: ModelUnavailableError | None = None

    def session(self) -> Model:
        """The model for one window; ModelUnavailableError where there is none."""
        if self._failure is not None:
            raise self._failure
        if self._server is None:
            try:
                self._server = self.enter_context(model_server(self._runtime, self._settings.llm))
            except ModelUnavailableError as error:
                log.warning("the model is not available: %s", error)
                self._failure = error
                raise
        return self._server.session()
