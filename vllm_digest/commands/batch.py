"""`vllm-digest batch`: submit a model's requests of many windows as a batch, and collect the answers."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

from vllm_digest import pipeline
from vllm_digest.archive import Pending, Stored
from vllm_digest.backfill_range import backfill_range
from vllm_digest.batching import answer_files, capabilities_of, requests, submit_all
from vllm_digest.commands.backfill import backfill_source, make_plan
from vllm_digest.errors import UsageError
from vllm_digest.llm import Server
from vllm_digest.llm.batch import BatchAnswers, CollectingModel
from vllm_digest.llm.cache import AnswerCache
from vllm_digest.model_protocol import ModelUnavailableError
from vllm_digest.models import Snapshot
from vllm_digest.options import BatchCollectOptions, BatchSubmitOptions
from vllm_digest.pipeline import Writer
from vllm_digest.printing import print_product
from vllm_digest.progress import fetch_counter
from vllm_digest.report import Report
from vllm_digest.rules import writing_rules_of
from vllm_digest.runtime import Runtime, Setup, resolve, source_if_any
from vllm_digest.summary import print_report
from vllm_digest.window import TimeWindow, format_length, local_window, parse_length, parse_zone
from vllm_digest.write import without_model

log = logging.getLogger(__name__)


def submit(runtime: Runtime, options: BatchSubmitOptions) -> None:
    """Fetch the windows that are not pending yet, and submit the requests of all pending ones."""
    setup = resolve(runtime, options)
    wanted = backfill_range(options, setup.settings, setup.now())
    source = backfill_source(setup, options.max_wait)
    pending = Pending.of(setup.archive.root, wanted.repo, wanted.series)
    with setup.locked(setup.context(wanted.series, without_model)):
        plan = make_plan(setup, wanted, source, force=options.force)
        waiting = set(pending.windows())
        windows = [window for window in plan.windows if window not in waiting]
        counter, zone = fetch_counter(shown=setup.shows_progress), setup.settings.report.timezone
        _prepare(setup, pending, pipeline.fetch(source, windows, counter, zone))


def collect(runtime: Runtime, options: BatchCollectOptions) -> None:
    """Publish the pending windows. Raises NotReadyError while the batch has no answers."""
    setup = resolve(runtime, options)
    series = format_length(parse_length(options.window))
    pending = Pending.of(setup.archive.root, setup.settings.github.repo, series)

    def on_stored(report: Report, stored: Stored) -> None:
        print_report(report, stored, context.language, as_json=options.as_json)

    with setup.locked(setup.context(series, without_model)), ExitStack() as stack:
        writer = _collecting_writer(stack, setup, pending, options.answers)
        context = setup.context(series, writer)
        fallbacks = pipeline.store_all(_reports(pending, context), context, on_stored)
    if options.strict:
        pipeline.refuse_fallbacks(fallbacks)


def _prepare(setup: Setup, pending: Pending, fetched: Iterable[Snapshot]) -> None:
    """Store the fetched windows, write the request files, and submit them if there is a server for batches.

    Prints the paths of the request files. Raises UsageError if an earlier batch is not collected yet.
    """
    # Its answers would not fit to new requests, and it may be paid for already.
    if pending.batches():
        raise UsageError("A batch is under way.", "Take its answers with `batch collect` first.")
    for snapshot in fetched:
        pending.save(snapshot)
    with ExitStack() as stack:
        server = _server(stack, setup)
        name = server.name if server else _named_model(setup)
        # OpenAI's batches and vLLM's `run-batch` take the same files, one JSON request per line.
        files = pending.save_requests(
            requests(
                pending,
                setup.rules,
                writing_rules_of(setup.settings),
                AnswerCache(setup.answers_folder),
                model=name,
                capabilities=capabilities_of(server),
            )
        )
        paths = tuple(files)
        for path in paths:
            print_product(f"{path}\n")
        if not paths:
            log.warning("there is nothing to ask: `batch collect` makes the pages")
            return
        batches = submit_all(server, paths) if server else []
    pending.save_batches(batches)
    if batches:
        log.warning("batches under way: %s; `batch collect` takes the answers", ", ".join(batches))
    else:
        log.warning(
            "run `vllm run-batch -i %s -o ANSWERS.jsonl --model %s`%s, then "
            "`vllm-digest batch collect --answers ANSWERS.jsonl`",
            paths[0],
            files[paths[0]],
            " and so on for each file" if len(paths) > 1 else "",
        )


def _collecting_writer(stack: ExitStack, setup: Setup, pending: Pending, given: Sequence[str]) -> Writer:
    """The writer that uses a batch's answers. `given`: files of answers; empty to fetch them from the
    server."""
    if not pending.windows():
        raise UsageError(
            "No window waits for answers.", "Begin a batch with `vllm-digest batch submit DATE`."
        )
    server = _server(stack, setup)
    name = server.name if server else _named_model(setup)
    batch_answers = BatchAnswers([Path(path) for path in given] or answer_files(server, pending))
    log.info("%d answers received", len(batch_answers))
    kept = AnswerCache(setup.answers_folder)
    return setup.model_writer(
        lambda: CollectingModel(name, kept, batch_answers, server.session() if server else None),
        source_if_any(setup),
    )


def _reports(pending: Pending, context: pipeline.ReportContext) -> Iterator[Report]:
    """Yield the reports of the pending windows; each is removed from them once the next one is requested."""
    for window in pending.windows():
        if _is_free(window, context):
            yield pipeline.make_report(pending.load(window), context)
        pending.done(window)
    pending.clear()


def _is_free(window: TimeWindow, context: pipeline.ReportContext) -> bool:
    """Whether no other stored window overlaps this one; else logs a warning."""
    kept = context.archive.listing(context.repo, context.series, since=window.start).reported
    others = [one for one in kept if one != window and one.start < window.end and window.start < one.end]
    if others:
        names = [local_window(one, parse_zone(context.timezone)) for one in (window, others[0])]
        log.warning("%s is left out: %s was reported meanwhile", *names)
    return not others


def _server(stack: ExitStack, setup: Setup) -> Server | None:
    """The model's server; None if none is configured or it is not available."""
    if not setup.has_model:
        return None
    try:
        return stack.enter_context(setup.model_server())
    except ModelUnavailableError as error:
        log.warning("the model is not available: %s", error)
        return None


def _named_model(setup: Setup) -> str:
    if not setup.settings.llm.model:
        raise UsageError(
            "A batch without a server needs the model's name.",
            "Name it in llm.model (VLLM_DIGEST_LLM_MODEL), as `vllm run-batch --model` does.",
        )
    return setup.settings.llm.model
