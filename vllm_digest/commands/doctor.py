"""`vllm-digest doctor`: what a run needs, tried one after the other."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from vllm_digest.commands.common import configure_logging, settings_of
from vllm_digest.commands.source import github
from vllm_digest.commands.writing import answers_folder, model_server
from vllm_digest.config import USUAL_FILE, Settings
from vllm_digest.errors import DigestError, FallbackError
from vllm_digest.files import probe
from vllm_digest.model_protocol import ModelError
from vllm_digest.printing import print_product
from vllm_digest.runtime import Runtime
from vllm_digest.window import TimeWindow, floor_to_minute

_HOUR = timedelta(hours=1)
_PATIENCE = timedelta(minutes=1)
"""For the model's answer; a person waits for it."""


@dataclass(frozen=True, slots=True)
class DoctorOptions:
    """The options of `doctor` as they were given."""

    repo: str | None
    config: str | None
    output: str | None
    verbose: int
    quiet: bool


def doctor(runtime: Runtime, options: DoctorOptions) -> int:
    """Print a line for each thing tried; the exit code is that of the first that fails, 0 without one."""
    configure_logging(options)
    codes: list[int] = []

    def tell(what: str, trial: Callable[[], str]) -> None:
        try:
            said = f"ok    {what}: {trial()}"
        except DigestError as error:
            codes.append(error.exit_code)
            said = f"FAIL  {what}: {error}".replace("\n", "\n      ")
        print_product(f"{said}\n")

    flags = {"github": {"repo": options.repo}, "report": {"output": options.output}}
    settings = Settings()

    def configuration() -> str:
        nonlocal settings
        settings = settings_of(runtime, options.config, flags)
        file = options.config or (str(USUAL_FILE) if USUAL_FILE.exists() else "no file")
        return f"{file}, the environment and flags make sense"

    tell("configuration", configuration)
    if not codes:
        tell("GitHub", partial(_github, runtime, settings))
        tell("model", partial(_model, runtime, settings))
        tell("output", partial(_folder, settings.report.output))
        tell("answers", partial(_folder, answers_folder(runtime, settings.llm)))
    return codes[0] if codes else 0


def _github(runtime: Runtime, settings: Settings) -> str:
    """A small question, without waiting where GitHub asks for a pause."""
    source = replace(github(runtime, settings, runtime.clock), max_wait=timedelta())
    extent = source.extent(TimeWindow.last(_HOUR, floor_to_minute(runtime.clock())))
    if extent.limit is None:
        return f"{settings.github.repo} can be read"
    minutes = max(1, round(extent.limit.wait / timedelta(minutes=1)))
    return (
        f"{settings.github.repo} can be read; {extent.limit.remaining} of {extent.limit.points} points "
        f"are left, all of them again in {minutes} minutes"
    )


def _model(runtime: Runtime, settings: Settings) -> str:
    """A tiny question with a schema; FallbackError where a run would write by rules."""
    if not (settings.llm.base_url or runtime.model_key):
        return "none is configured, rules write everything; name one in llm.base_url or OPENAI_API_KEY"
    patient = settings.llm.model_copy(
        update={
            "timeout": min(_PATIENCE.total_seconds(), settings.llm.timeout),
            "max_time": min(_PATIENCE, settings.llm.max_time),
        }
    )
    begun = runtime.monotonic()
    try:
        with model_server(runtime, patient) as server:
            server.try_out()
    except ModelError as error:
        raise FallbackError(f"{error}.", "Until that is mended, rules write every page.") from None
    seconds = runtime.monotonic() - begun
    return f"{server.name} answers in {seconds:.1f} s, {server.capabilities.form.words}"


def _folder(folder: Path) -> str:
    probe(folder)
    return f"{folder} can be written"
