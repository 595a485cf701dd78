"""Who writes the reports of a command: a model where there is one, else rules."""

import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from vllm_digest.asking import Model, ModelUnavailableError
from vllm_digest.commands.publishing import rules
from vllm_digest.config import LlmSettings, Settings
from vllm_digest.llm import Server, connect
from vllm_digest.pipeline import Writer
from vllm_digest.world import World
from vllm_digest.write import Limits, ModelWriter, by_rules, without_model

log = logging.getLogger(__name__)


@contextmanager
def writing(world: World, settings: Settings, *, no_llm: bool) -> Iterator[Writer]:
    """The writer of a command. The model's server is first spoken to when a window has something to tell."""
    if no_llm:
        yield by_rules
    elif not (settings.llm.base_url or world.model_key):
        log.info("no model is configured: rules write everything")
        yield without_model
    else:
        with _Office(world, settings) as office:
            yield model_writer(settings, office.stage)


def model_writer(settings: Settings, stage: Callable[[], Model]) -> ModelWriter:
    """A writer that asks the model that `stage` gives for a window."""
    return ModelWriter(
        stage=stage,
        bots=rules(settings).bots,
        limits=Limits(
            threads=settings.llm.threads,
            thread_tokens=settings.llm.thread_tokens,
            overview_tokens=settings.llm.overview_tokens,
        ),
    )


def answers_folder(world: World, settings: LlmSettings) -> Path:
    """Where a model's answers are kept."""
    return settings.cache or world.cache_folder / "answers"


def model_server(world: World, settings: LlmSettings) -> Server:
    """The model's server; ModelUnavailableError."""
    return connect(
        settings,
        key=world.model_key,
        cache=answers_folder(world, settings),
        sleep=world.sleep,
        monotonic=world.monotonic,
    )


class _Office(ExitStack):
    """The model's server, connected to once, or found once not to be there."""

    def __init__(self, world: World, settings: Settings) -> None:
        super().__init__()
        self._world = world
        self._settings = settings
        self._server: Server | None = None
        self._failure: ModelUnavailableError | None = None

    def stage(self) -> Model:
        """The model for one window; ModelUnavailableError where there is none."""
        if self._failure is not None:
            raise self._failure
        if self._server is None:
            try:
                self._server = self.enter_context(model_server(self._world, self._settings.llm))
            except ModelUnavailableError as error:
                log.warning("the model is not available: %s", error)
                self._failure = error
                raise
        return self._server.stage()
