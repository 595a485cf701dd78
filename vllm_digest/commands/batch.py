"""`backfill --batch` and `--collect`: a model's requests of many windows at once, and its answers later."""

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from vllm_digest import archive, pipeline
from vllm_digest.classify import classify
from vllm_digest.commands.publishing import rules
from vllm_digest.commands.writing import answers_folder, model_server, model_writer
from vllm_digest.config import Settings
from vllm_digest.digest import make_digest
from vllm_digest.errors import NotReadyError, UsageError
from vllm_digest.llm import Server
from vllm_digest.llm.batch import Arrived, CollectingModel, NotingModel, answers, state, submit
from vllm_digest.llm.cache import Answers
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.model_protocol import Model, ModelError, ModelUnavailableError
from vllm_digest.models import Snapshot
from vllm_digest.pipeline import Writer
from vllm_digest.printing import print_product
from vllm_digest.report import Report
from vllm_digest.runtime import Runtime
from vllm_digest.window import TimeWindow

log = logging.getLogger(__name__)


def prepare(
    runtime: Runtime, settings: Settings, pending: archive.Pending, fetched: Iterable[Snapshot]
) -> None:
    """Keep what was fetched, write down what a model is to be asked, and give that to a server of batches.

    Prints the paths of the files of requests. UsageError while an earlier batch is not collected.
    """
    if pending.batches():
        raise UsageError("A batch is under way.", "Take its answers with `backfill --collect` first.")
    for snapshot in fetched:
        pending.save(snapshot)
    with ExitStack() as stack:
        server = _server(stack, runtime, settings)
        name = server.name if server else _named_model(settings)
        capabilities = _capabilities(server) if server else ServerCapabilities()
        paths = pending.save_requests(_requests(runtime, settings, pending, name, capabilities))
        for path in paths:
            print_product(f"{path}\n")
        if not paths:
            log.warning("there is nothing to ask: `backfill --collect` makes the pages")
            return
        batches = _submitted(server, paths) if server else []
    pending.save_batches(batches)
    if batches:
        log.warning("batches under way: %s; `backfill --collect` takes the answers", ", ".join(batches))
    else:
        log.warning(
            "run `vllm run-batch -i %s -o ANSWERS.jsonl --model %s`, then "
            "`vllm-digest backfill --collect --answers ANSWERS.jsonl`",
            paths[0],
            name,
        )


def collect(
    runtime: Runtime,
    settings: Settings,
    pending: archive.Pending,
    *,
    given: Sequence[str],
    publish: Callable[[Writer, Callable[[pipeline.ReportContext], Iterator[Report]]], None],
    clock: Callable[[], datetime],
) -> None:
    """Make and publish the reports of all windows that wait; NotReadyError while a batch is under way.

    `given` are files of answers that came another way than from a server.
    """
    windows = pending.windows()
    if not windows:
        raise UsageError("No window waits for answers.", "`backfill DATE --batch` begins with one.")
    with ExitStack() as stack:
        server = _server(stack, runtime, settings)
        name = server.name if server else _named_model(settings)
        arrived = Arrived([Path(path) for path in given] or _arrivals(server, pending))
        log.info("%d answers came", len(arrived))
        kept = Answers(answers_folder(runtime, settings.llm))

        def session() -> Model:
            return CollectingModel(name, kept, arrived, server.session() if server else None)

        def reports(context: pipeline.ReportContext) -> Iterator[Report]:
            for window in windows:
                if _is_free(window, settings.report.output, context):
                    yield pipeline.make_report(pending.load(window), context, clock())
                pending.done(window)
            pending.clear()

        publish(model_writer(settings, session), reports)


def _is_free(window: TimeWindow, root: Path, context: pipeline.ReportContext) -> bool:
    """Has no other window been reported meanwhile that covers a part of it?"""
    kept = archive.listing(root, context.repo, context.series).kept
    others = [one for one in kept if one != window and one.start < window.end and window.start < one.end]
    if others:
        log.warning("%s is left out: %s was reported meanwhile", window.slug, others[0].slug)
    return not others


def _submitted(server: Server, paths: Iterable[Path]) -> list[str]:
    """The batches that the server made of the files, up to the first that it does not take."""
    batches: list[str] = []
    try:
        for path in paths:
            batches.append(submit(server, path))  # noqa: PERF401 - those before a failure count
    except ModelUnavailableError as error:
        log.warning("the model server is given no batch: %s", error)
    return batches


def _capabilities(server: Server) -> ServerCapabilities:
    """What the server takes of a request: a batch's lines cannot be put another way once they are refused."""
    try:
        server.try_out()
    except ModelError as error:
        log.warning("the model does not answer now: %s", error)
    return server.capabilities


def _requests(
    runtime: Runtime,
    settings: Settings,
    pending: archive.Pending,
    name: str,
    capabilities: ServerCapabilities,
) -> Iterator[bytes]:
    """The lines of all questions that have no answer yet, each once."""
    lines: dict[str, bytes] = {}
    written: set[str] = set()
    kept = Answers(answers_folder(runtime, settings.llm))
    writer = replace(
        model_writer(settings, lambda: NotingModel(name, kept, capabilities, lines)), rehearses=True
    )
    known = rules(settings)
    for window in pending.windows():
        snapshot = pending.load(window)
        writer(snapshot, make_digest(classify(snapshot, known), known.digest))
        yield from (line for key, line in lines.items() if key not in written)
        written.update(lines)
        lines.clear()


def _server(stack: ExitStack, runtime: Runtime, settings: Settings) -> Server | None:
    """The model's server, None where none is configured or it is not there."""
    if not (settings.llm.base_url or runtime.model_key):
        return None
    try:
        return stack.enter_context(model_server(runtime, settings.llm))
    except ModelUnavailableError as error:
        log.warning("the model is not available: %s", error)
        return None


def _named_model(settings: Settings) -> str:
    if not settings.llm.model:
        raise UsageError(
            "A batch without a server needs the model's name.",
            "Name it in llm.model (VLLM_DIGEST_LLM_MODEL), as `vllm run-batch --model` does.",
        )
    return settings.llm.model


def _arrivals(server: Server | None, pending: archive.Pending) -> list[Path]:
    """The files of answers to the batches of a series, fetched from the server."""
    names = pending.batches()
    if not pending.requests():
        return []
    if not names:
        raise UsageError("No server has these requests.", "Give the answers' file with --answers FILE.")
    if server is None:
        raise NotReadyError("The server that has the batches is not there.", "Try again later.")
    try:
        states = {name: state(server, name) for name in names}
        going = [f"{name} ({status})" for name, (status, _) in states.items() if status]
        if going:
            raise NotReadyError(f"Batches are under way: {', '.join(going)}.", "Collect again later.")
        return [
            pending.keep_answers(file, answers(server, file))
            for _, files in states.values()
            for file in files
        ]
    except ModelUnavailableError as error:
        raise NotReadyError(
            f"The answers cannot be had: {error}.",
            f"Try again later; to give these batches up, remove {pending.folder / 'batches.json'} "
            "and run `backfill --batch` again.",
        ) from None


def not_waiting(windows: Iterable[TimeWindow], pending: archive.Pending) -> list[TimeWindow]:
    """Those that were not fetched for a batch yet."""
    waiting = set(pending.windows())
    return [window for window in windows if window not in waiting]
