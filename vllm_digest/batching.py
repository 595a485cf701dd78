"""The steps of a batch: the requests of the pending windows, their submission, the files of answers."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from vllm_digest.archive import Pending
from vllm_digest.classify import Rules, classify
from vllm_digest.digest import make_digest
from vllm_digest.errors import NotReadyError, UsageError
from vllm_digest.llm import Server
from vllm_digest.llm.batch import answers, kept_answer, request_line, state, submit
from vllm_digest.llm.cache import AnswerCache
from vllm_digest.llm.capabilities import ServerCapabilities
from vllm_digest.model_protocol import ModelError, ModelUnavailableError
from vllm_digest.write import WritingRules
from vllm_digest.write.writer import questions

log = logging.getLogger(__name__)


def requests(
    pending: Pending,
    rules: Rules,
    writing: WritingRules,
    kept: AnswerCache,
    *,
    model: str,
    capabilities: ServerCapabilities,
) -> Iterator[tuple[str, bytes]]:
    """Yield the model and the JSON line of each question without an answer, each line once.

    `model`: for questions that name none.
    """
    written: set[bytes] = set()
    for window in pending.windows():
        snapshot = pending.load(window)
        digest = make_digest(classify(snapshot, rules), rules.digest)
        for question in questions(
            writing,
            snapshot,
            digest,
            lambda question: kept_answer(question.model or model, question, kept),
        ):
            asked = question.model or model
            line = request_line(asked, question, capabilities)
            # Windows may share a question, such as two that describe the same thread; an id may occur once:
            # https://platform.openai.com/docs/guides/batch (`custom_id`)
            if line not in written:
                written.add(line)
                yield asked, line


def submit_all(server: Server, paths: Iterable[Path]) -> list[str]:
    """Submit files of requests; return the names of the batches, up to the first file that is refused."""
    batches: list[str] = []
    try:
        for path in paths:
            batches.append(submit(server, path))  # noqa: PERF401 - those before a failure count
    except ModelUnavailableError as error:
        log.warning("the model server is given no batch: %s", error)
    return batches


def capabilities_of(server: Server | None) -> ServerCapabilities:
    """The server's capabilities, found by a trial request; lines of a batch cannot be adapted later."""
    if server is None:
        return ServerCapabilities()
    try:
        server.try_out()
    except ModelError as error:
        log.warning("the model does not answer now: %s", error)
    return server.capabilities


def answer_files(server: Server | None, pending: Pending) -> list[Path]:
    """Fetch the answers to the batches of a series from the server; returns their files.

    Raises NotReadyError while a batch is under way or the server is missing, UsageError if no server has
    the requests.
    """
    names = pending.batches()
    if not pending.requests():
        return []
    if not names:
        raise UsageError("No server has these requests.", "Give the answers' file with --answers FILE.")
    if server is None:
        raise NotReadyError("The server that has the batches cannot be reached.", "Try again later.")
    try:
        states = {name: state(server, name) for name in names}
        going = [f"{name} ({status})" for name, (status, _) in states.items() if status]
        if going:
            raise NotReadyError(f"Batches are under way: {', '.join(going)}.", "Collect again later.")
        return [
            pending.keep_answers(place, answers(server, file))
            for place, file in enumerate((file for _, files in states.values() for file in files), start=1)
        ]
    except ModelUnavailableError as error:
        raise NotReadyError(
            f"The answers cannot be fetched: {error}.",
            f"Try again later; to give these batches up, remove {pending.folder / 'batches.json'} "
            "and run `batch submit` again.",
        ) from None
