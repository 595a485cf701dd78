"""`vllm-digest doctor`: check what a run needs, one after the other."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from vllm_digest.cleaning import clean_line
from vllm_digest.config import DEFAULT_FILE
from vllm_digest.errors import DigestError, FallbackError, UsageError, counted
from vllm_digest.files import probe
from vllm_digest.installation import installation
from vllm_digest.llm import TooSlowError
from vllm_digest.model_protocol import ModelError
from vllm_digest.options import DoctorOptions
from vllm_digest.printing import print_check_result
from vllm_digest.publish.layout import PROGRAM, WORKFLOW, FileStatus, compare, is_pinned
from vllm_digest.runtime import Runtime, Setup, resolve
from vllm_digest.window import TimeWindow, floor_to_minute

_HOUR = timedelta(hours=1)
_LONGEST_ANSWER = timedelta(minutes=1)
"""Timeout of the model's answer; short, because a person waits for it."""


def doctor(runtime: Runtime, options: DoctorOptions) -> int:
    """Print a line for each check; return the exit code of the first that fails, 0 if none does."""
    codes: list[int] = []

    def tell(what: str, trial: Callable[[], str]) -> None:
        try:
            said, passed = clean_line(trial()), True
        except DigestError as error:
            codes.append(error.exit_code)
            said, passed = str(error).replace("\n", "\n      "), False
        print_check_result(passed=passed, said=f"{what}: {said}", is_colored=runtime.is_colored)

    setup: Setup | None = None

    def configuration() -> str:
        nonlocal setup
        setup = resolve(runtime, options)
        file = options.config or (str(DEFAULT_FILE) if DEFAULT_FILE.exists() else "no file")
        return f"{file}, the environment and flags make sense"

    tell("configuration", configuration)
    if setup is not None:
        tell("GitHub", partial(_github, setup))
        tell("model", partial(_model, setup))
        tell("output", partial(_folder, setup.archive.root))
        tell("answers", partial(_folder, setup.answers_folder))
    if Path(WORKFLOW).is_file():
        tell("workflow", _workflow)
    return codes[0] if codes else 0


def _workflow() -> str:
    """Check the workflow of a publishing repository against this version's. Raises UsageError if outdated."""
    files = {one.place: one for one in compare(Path(), installation())}
    workflow = files[WORKFLOW]
    if not is_pinned(Path()):
        raise UsageError(f"{PROGRAM} does not say which version to install.", "It says what to put there.")
    if workflow.status is FileStatus.OUTDATED:
        raise UsageError(
            f"{WORKFLOW} is outdated: it is as version {workflow.by} laid it out.",
            "`vllm-digest init --update .` replaces it.",
        )
    if workflow.status is FileStatus.CHANGED:
        return f"{WORKFLOW} was edited; it differs from what this version lays out"
    return f"{WORKFLOW} is this version's"


def _github(setup: Setup) -> str:
    """Check access to the repository with one request, without waiting for the rate limit."""
    extent = setup.source(max_wait=timedelta()).extent(TimeWindow.last(_HOUR, floor_to_minute(setup.now())))
    repo = setup.settings.github.repo
    if extent.limit is None:
        return f"{repo} can be read"
    minutes = max(1, round(extent.limit.wait / timedelta(minutes=1)))
    return (
        f"{repo} can be read; {extent.limit.remaining} of {extent.limit.points} points "
        f"are left, all of them again in {counted(minutes, 'minute')}"
    )


def _model(setup: Setup) -> str:
    """Ask the model a short question with a schema. Raises FallbackError if there is no answer."""
    if not setup.has_model:
        return "none is configured, rules write everything; name one in llm.base_url or OPENAI_API_KEY"
    llm, monotonic = setup.settings.llm, setup.runtime.monotonic
    quick = {
        "timeout": min(_LONGEST_ANSWER.total_seconds(), llm.timeout),
        "max_time": min(_LONGEST_ANSWER, llm.max_time),
    }
    settings = setup.settings.model_copy(update={"llm": llm.model_copy(update=quick)})
    begun = monotonic()
    try:
        # Runs wait for a server that does not accept connections yet; here that is the finding.
        with replace(setup, settings=settings).model_server(may_be_starting=False) as server:
            server.try_out()
    except TooSlowError:
        raise FallbackError(
            f"it gave no answer within {settings.llm.timeout:g} s.",
            "If it is only slow, set llm.timeout, llm.max_time and llm.concurrency, see docs/servers.md.",
        ) from None
    except ModelError as error:
        raise FallbackError(f"{error}.", "Until this is fixed, rules write every page.") from None
    seconds = monotonic() - begun
    return f"{server.name} answers in {seconds:.1f} s, {server.capabilities.form.words}"


def _folder(folder: Path | None) -> str:
    if folder is None:
        return "there is no home and no llm.cache: answers are not kept, and each is asked for again"
    probe(folder)
    return f"{folder} can be written"
