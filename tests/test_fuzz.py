"""Random changes to stored reports and to a model's answers: accepted or refused, never a crash.

GitHub's answers are in `test_answers`, settings in `test_config`. `VLLM_DIGEST_FUZZ=20000` tries so many
examples of each property test.
"""

import copy
import json
import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import archives, examples, sample_author
from tests.test_answers import WRONG, places
from tests.test_archive import END
from tests.values import RULES
from vllm_digest.archive import Archive, document
from vllm_digest.classify import classify
from vllm_digest.config import Settings
from vllm_digest.digest import make_digest
from vllm_digest.errors import DocumentError
from vllm_digest.languages import LANGUAGES
from vllm_digest.llm.body import document_of
from vllm_digest.llm.failures import CallError
from vllm_digest.llm.replies import read_answer
from vllm_digest.model_protocol import ModelError, Question, Usage
from vllm_digest.pagecheck import find_problem
from vllm_digest.place import Place
from vllm_digest.render import render
from vllm_digest.report import Report
from vllm_digest.rules import writing_rules_of
from vllm_digest.sections import outline
from vllm_digest.snapshots import sample
from vllm_digest.stories.watch import contribution
from vllm_digest.write.writer import ModelWriter

BRIEFLY = settings(max_examples=examples(30))
WRITING = writing_rules_of(Settings())
ODD_TEXTS = (
    "{{ x }}",
    "\x1b[2J",
    "../../x",
    "`" * 9,
    "a\nb",
    "[x](javascript:1)",
    "\u202e",
    "0\ufe0f",
    "-" * 999,
)


def changed(value: Any, rng: Random) -> Any:
    """A JSON value with some of its parts swapped, duplicated, removed or replaced."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 2, 5))):
        found = list(places(value))
        if not found:
            return copy.deepcopy(rng.choice(WRONG))
        holder: Any
        key: Any
        holder, key = rng.choice(found)
        other, place = rng.choice(found)
        match rng.randrange(5):
            case 0 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 1:
                del holder[key]
            case 2:
                holder[key] = copy.deepcopy(other[place])
            case 3:
                holder[key] = rng.choice(ODD_TEXTS)
            case _:
                holder[key] = copy.deepcopy(rng.choice(WRONG))
    return value


def cut(content: bytes, rng: Random) -> bytes:
    """Bytes with a part removed, duplicated or replaced, as by a bad disk or connection; mostly unchanged."""
    if rng.random() < 0.7 or not content:
        return content
    start, end = sorted((rng.randrange(len(content)), rng.randrange(len(content))))
    return content[:start] + rng.choice((b"", content[start:end] * 2, rng.randbytes(9))) + content[end:]


@cache
def rich() -> Report:
    """The sample's report as a model writes it, in all languages, with all that a report can hold."""
    return written(Author())


class Author:
    """A model that answers well, or, with `rng`, as bytes of a server of which anything may be wrong."""

    name = "test-model"
    concurrency = 1

    def __init__(self, rng: Random | None = None) -> None:
        self._rng = rng

    def ask(self, question: Question) -> Mapping[str, Any]:
        answer, rng = sample_author.answer(question.messages[1].text), self._rng
        if rng is None:
            return answer
        text = json.dumps(changed(answer, rng), ensure_ascii=False)
        text = rng.choice(("{}", "{}", "<think>{}</think>" + text, "```json\n{}\n``` note {{}}")).replace(
            "{}", text
        )
        completion = {"choices": [{"finish_reason": "stop", "message": {"content": text}}], "usage": {}}
        if rng.random() < 0.2:
            completion = changed(completion, rng)
        body = cut(json.dumps(completion).encode(), rng)
        try:
            return read_answer(document_of(body), question.schema, question.answer_tokens)
        except CallError as error:
            raise ModelError(str(error)) from None

    def usage(self) -> Usage:
        return Usage()


def written(model: Author) -> Report:
    """A report on the sample by a model."""
    snapshot = sample()
    digest = make_digest(classify(snapshot, RULES), RULES.digest)
    narrative = ModelWriter(lambda: model, WRITING)(snapshot, digest)
    report = next(archives.reports([snapshot.window]))
    return replace(report, digest=digest, narrative=narrative, series="1h")


@BRIEFLY
@given(st.integers(0, 2**32))
def test_a_stored_report_is_read_and_shown_or_refused(seed: int) -> None:
    rng = Random(seed)  # noqa: S311 - to be repeatable
    report = rich()
    place = Place(archives.REPO, report.series, report.digest.window)
    content = cut(json.dumps(changed(json.loads(document(report)), rng)).encode(), rng)
    path = Path("archive", place.data)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    try:
        read = Archive(Path("archive"), END + timedelta(days=99)).load(place)
    except DocumentError:
        return
    for language in LANGUAGES:
        find_problem(render(read, language), outline(read.digest, language))
    contribution(read)
    assert f"{read.place}" == place.stem
    assert document(read)


class Bugs(logging.Handler):
    """The unexpected exceptions that the boundary around a model caught."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.found.append(record.getMessage())


@BRIEFLY
@given(st.integers(0, 2**32))
def test_whatever_a_model_answers_a_page_comes_of_it(seed: int) -> None:
    rng, bugs = Random(seed), Bugs()  # noqa: S311 - to be repeatable
    log = logging.getLogger("vllm_digest")
    log.addHandler(bugs)
    try:
        report = written(Author(rng))
    finally:
        log.removeHandler(bugs)
    assert bugs.found == []
    for language in LANGUAGES:
        assert not find_problem(render(report, language), outline(report.digest, language))
